//! Which server a command calls, and with whose rights.

use crate::outcome::Failure;
use clap::Args;
use flow_api::Client;
use rustix::fs::{Mode, OFlags};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The variable that a token may come in.
const TOKEN: &str = "CAIRN_TOKEN";

/// The server to call.
#[derive(Debug, Clone, Args)]
pub struct RemoteArgs {
    /// The address of a server of the cluster.
    #[arg(long, env = "CAIRN_SERVER", default_value = "http://127.0.0.1:7401", value_name = "URL", global = true)]
    server: String,
    /// The file that holds the token to act with (from `cairn user token`). Without it CAIRN_TOKEN is taken, else the
    /// file cairn/token in your configuration folder.
    #[arg(long, value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
}

impl RemoteArgs {
    /// A client for the server.
    pub fn client(&self) -> Result<Client, Failure> {
        Ok(Client::new(&self.server, self.token()?)?)
    }

    fn token(&self) -> Result<String, Failure> {
        if self.token_file.is_none()
            && let Ok(token) = std::env::var(TOKEN)
        {
            return Ok(token.trim().to_owned());
        }
        let path = match &self.token_file {
            Some(path) => path.clone(),
            None => designer::default_config_folder().join("token"),
        };
        read_token(&path)
    }
}

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

fn read_token(path: &Path) -> Result<String, Failure> {
    let mut file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Failure::new(
                "token/missing",
                format!("there is no token: set {TOKEN}, or make “{}” with `cairn user token`", path.display()),
            ));
        }
        Err(error) => return Err(Failure::file("read the token in", path, &error)),
    };
    let failed = |error: std::io::Error| Failure::file("read the token in", path, &error);
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
