//! Copying files so that they are whole and durable, or not there.

use crate::outcome::Failure;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes that are copied at once.
const CHUNK: usize = 1024 * 1024;

/// The modes of what is made.
struct Modes {
    file: u32,
    folder: u32,
}

/// What others may read, as far as the account's mask lets them.
const READABLE: Modes = Modes { file: 0o644, folder: 0o777 };
/// What is nobody's but the owner's.
const SECRET: Modes = Modes { file: 0o600, folder: 0o700 };

/// Copies `from` to the new file `to`, makes its folders, and makes it durable. Its size and its BLAKE3 in hex.
pub fn copy(from: &Path, to: &Path) -> Result<(u64, String), Failure> {
    copy_as(from, to, &READABLE)
}

/// The same for a file that only its owner may read, and for the folders that are made for it.
pub fn copy_secret(from: &Path, to: &Path) -> Result<(u64, String), Failure> {
    copy_as(from, to, &SECRET)
}

fn copy_as(from: &Path, to: &Path, modes: &Modes) -> Result<(u64, String), Failure> {
    make_folder(to.parent().unwrap_or(to), modes)?;
    let mut source = File::open(from).map_err(|error| Failure::file("read", from, &error))?;
    let mut copied = || -> io::Result<(u64, String)> {
        let mut target = OpenOptions::new().write(true).create_new(true).mode(modes.file).open(to)?;
        let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0);
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = source.read(&mut chunk)?;
            let Some(part) = chunk.get(..read).filter(|part| !part.is_empty()) else { break };
            target.write_all(part)?;
            hasher.update(part);
            bytes += read as u64;
        }
        target.sync_all()?;
        Ok((bytes, hasher.finalize().to_hex().to_string()))
    };
    copied().map_err(|error| Failure::file("copy to", to, &error))
}

/// Makes a folder that only its owner may look into. One that is there stays as it is.
pub fn make_secret_folder(folder: &Path) -> Result<(), Failure> {
    make_folder(folder, &SECRET)
}

fn make_folder(folder: &Path, modes: &Modes) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(modes.folder).create(folder);
    made.map_err(|error| Failure::file("make the folder", folder, &error))
}

/// Makes what was put into a folder, and the folders below it, durable.
pub fn sync_folders(folder: &Path) -> Result<(), Failure> {
    let failed = |error: &io::Error| Failure::file("make durable", folder, error);
    for entry in entries(folder)? {
        if entry.is_dir() {
            sync_folders(&entry)?;
        }
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(&error))
}

/// The files below a folder, relative to it, save those that `skip` names (a folder with all that is in it).
pub fn below(root: &Path, skip: &dyn Fn(&Path) -> bool) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in entries(&folder)? {
            let Ok(relative) = entry.strip_prefix(root) else { continue };
            if skip(relative) {
                continue;
            }
            let kind = fs::symlink_metadata(&entry).map_err(|error| Failure::file("read", &entry, &error))?;
            if kind.is_dir() {
                folders.push(entry);
            } else if kind.is_file() {
                found.push(relative.to_owned());
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: &io::Error| Failure::file("read the folder", folder, error);
    let entries = fs::read_dir(folder).map_err(|error| failed(&error))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(|error| failed(&error))).collect()
}

/// Whether there is nothing at a path, or an empty folder.
pub fn is_empty(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// A size in bytes, for people.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let unit = UNITS.get(unit).copied().unwrap_or("B");
    if bytes < 1024 { format!("{bytes} {unit}") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn sizes_are_readable() {
        assert_eq!([size(0), size(1023), size(1536), size(5 << 30)], ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]);
    }

    #[test]
    fn a_copy_has_the_hash_of_its_source_and_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("new/to"));
        fs::write(&from, vec![7; CHUNK + 5]).unwrap();
        let (bytes, hash) = copy_secret(&from, &to).unwrap();
        assert_eq!((bytes as usize, hash), (CHUNK + 5, blake3::hash(&vec![7; CHUNK + 5]).to_hex().to_string()));
        assert_eq!(fs::read(&to).unwrap(), fs::read(&from).unwrap());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&to), mode(&folder.path().join("new"))), (0o600, 0o700), "a secret is nobody else's");
        assert!(copy(&from, &to).is_err());
        assert_eq!(below(folder.path(), &|path| path.starts_with("new")).unwrap(), [PathBuf::from("from")]);
        assert!(!is_empty(folder.path()) && is_empty(&folder.path().join("none")));
    }
}
