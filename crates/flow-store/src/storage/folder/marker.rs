//! The marker of a folder: a small file.

use super::{Folder, StorageError};
use crate::storage::MARKER;
use std::fs::{self, File};
use std::io::{self, Write};

impl Folder {
    /// What the marker says; none if there is none yet.
    pub(in crate::storage) fn marker(&self) -> Result<Option<Vec<u8>>, StorageError> {
        match fs::read(self.root.join(MARKER)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.unreadable(MARKER, &error)),
        }
    }

    /// Makes the marker unless there is one.
    pub(in crate::storage) fn mark(&self, text: &[u8]) -> Result<(), StorageError> {
        let made = || -> io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".marker-").tempfile_in(&self.root)?;
            file.write_all(text)?;
            self.sync(file.as_file())?;
            match file.persist_noclobber(self.root.join(MARKER)) {
                Ok(_) => self.sync(&File::open(&self.root)?),
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                Err(error) => Err(error.error),
            }
        };
        made().map_err(|error| self.not_writable(&error))
    }
}
