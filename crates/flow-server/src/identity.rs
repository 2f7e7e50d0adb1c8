//! Who this server is, beyond one start: its state folder.

use crate::ServeError;
use flow_store::ServerId;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The state folder of a server, held by this process alone: the server's id and its working copies.
pub struct StateFolder {
    path: PathBuf,
    id: ServerId,
    /// Locked for as long as it is open.
    _lock: File,
}

impl StateFolder {
    /// Opens the folder, and makes it with a new server id at the first start.
    ///
    /// # Errors
    /// `serve/state-folder` if it cannot be written, `serve/state-in-use` if another process has it.
    pub fn open(path: &Path) -> Result<Self, ServeError> {
        let failed = |source| ServeError::StateFolder { path: path.to_owned(), source };
        std::fs::create_dir_all(path).map_err(failed)?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ServeError::StateInUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let id = read_or_make_id(path).map_err(failed)?;
        Ok(Self { path: path.to_owned(), id, _lock: lock })
    }

    /// The server's id.
    pub fn id(&self) -> &ServerId {
        &self.id
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the local files of flows are, if their paths are relative.
    pub fn local_files(&self) -> PathBuf {
        self.path.join("local")
    }

    /// Where what does not fit into memory is put, unless another place is given.
    pub fn spool(&self) -> PathBuf {
        self.path.join("spool")
    }

    /// Where the working copies of projects are.
    pub fn projects(&self) -> PathBuf {
        self.path.join("projects")
    }
}

fn read_or_make_id(folder: &Path) -> std::io::Result<ServerId> {
    let file = folder.join("server-id");
    let invalid = |error: flow_model::InvalidName| {
        let message = format!("{} does not hold a server id ({error}); remove it to be a new server", file.display());
        std::io::Error::new(std::io::ErrorKind::InvalidData, message)
    };
    match std::fs::read_to_string(&file) {
        Ok(text) => ServerId::parse(text.trim()).map_err(invalid),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let id = ServerId::parse(&format!("server-{:016x}", rand::random::<u64>())).map_err(invalid)?;
            let temporary = folder.join("server-id.new");
            let mut new = File::create(&temporary)?;
            writeln!(new, "{id}")?;
            new.sync_all()?;
            std::fs::rename(&temporary, &file)?;
            File::open(folder)?.sync_all()?;
            Ok(id)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_keeps_its_id_and_its_folder_for_itself() {
        let folder = tempfile::tempdir().unwrap();
        let first = StateFolder::open(folder.path()).unwrap();
        let error = StateFolder::open(folder.path()).err().unwrap();
        assert_eq!(error.code(), "serve/state-in-use");
        let id = first.id().clone();
        drop(first);
        assert_eq!(StateFolder::open(folder.path()).unwrap().id(), &id);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a file");
        std::fs::write(&file, "").unwrap();
        let error = StateFolder::open(&file).err().unwrap();
        assert_eq!(error.code(), "serve/state-folder");
        assert!(error.to_string().contains("a file"), "{error}");
    }
}
