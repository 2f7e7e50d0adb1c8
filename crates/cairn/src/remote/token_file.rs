//! Tokens in files that only their owner can read.

use crate::outcome::Failure;
use rustix::fs::{Mode, OFlags};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Writes a token to a file that only this account can read.
pub fn write_token(path: &Path, token: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::file("write the token to", path, &error);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::TRUNC | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::from_raw_mode(0o600)).map_err(|error| failed(error.into()))?;
    let mut file = std::fs::File::from(file);
    // The mode above holds for a new file only.
    file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    writeln!(file, "{token}").map_err(failed)
}

/// Reads a token, and refuses a file that others can read.
pub fn read_token(path: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::file("read the token in", path, &error);
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        let message = format!("others can read the token in “{0}”: `chmod 600 {0}`, or make a new one", path.display());
        return Err(Failure::new("token/readable-by-others", message));
    }
    let mut token = String::new();
    file.read_to_string(&mut token).map_err(failed)?;
    Ok(token.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_file_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/token");
        write_token(&path, "secret").unwrap();
        assert_eq!(read_token(&path).unwrap(), "secret");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(read_token(&path).unwrap_err().code, "token/readable-by-others");
        write_token(&path, "other").unwrap();
        assert_eq!(read_token(&path).unwrap(), "other");
    }
}
