//! The markers of a folder: small files.

use super::{Folder, StorageError, blocking};
use std::fs::{self, File};
use std::io::{self, Write};

impl Folder {
    /// What a marker says; none if there is none.
    pub(in crate::storage) async fn marker(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let path = self.root.join(name);
        let read = blocking(move || match fs::read(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        });
        read.await.map_err(|error| self.unreadable(name, &error))
    }

    /// Makes a marker, which is durable when this returns. Unless `over`, one that is there stays as it is.
    pub(in crate::storage) async fn mark(&self, name: &str, text: Vec<u8>, over: bool) -> Result<(), StorageError> {
        let (storage, path) = (self.clone(), self.root.join(name));
        let made = blocking(move || {
            let mut file = tempfile::Builder::new().prefix(".marker-").tempfile_in(&storage.root)?;
            file.write_all(&text)?;
            storage.sync(file.as_file())?;
            let put = if over { file.persist(path) } else { file.persist_noclobber(path) };
            match put {
                Ok(_) => storage.sync(&File::open(&storage.root)?),
                Err(error) if !over && error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                Err(error) => Err(error.error),
            }
        });
        made.await.map_err(|error| self.not_writable(&error))
    }
}
