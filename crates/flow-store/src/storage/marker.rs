//! The marker: a small file by which servers see that they all use the same storage, and no other cluster's.

use super::{CheckpointStorage, StorageError};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::PathBuf;

/// What the marker says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageMarker {
    /// The identity of the checkpoint database whose objects are in the storage.
    pub cluster: String,
    /// The storage's own identity.
    pub storage: String,
}

impl CheckpointStorage {
    /// The marker's file.
    pub fn marker_path(&self) -> PathBuf {
        self.root.join("cairn-storage.json")
    }

    /// The marker; none if the storage has none yet.
    pub fn marker(&self) -> Result<Option<StorageMarker>, StorageError> {
        match fs::read(self.marker_path()) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .map_err(|error| self.another(format!("its marker cairn-storage.json cannot be understood ({error})"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.unreadable("cairn-storage.json", &error)),
        }
    }

    /// Makes the marker for a cluster. If another server was faster, its marker stands. The marker that is there now.
    pub fn mark(&self, cluster: &str) -> Result<StorageMarker, StorageError> {
        let marker = StorageMarker { cluster: cluster.to_owned(), storage: new_id() };
        let made = || -> io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".marker-").tempfile_in(&self.root)?;
            file.write_all(&serde_json::to_vec_pretty(&marker)?)?;
            self.sync(file.as_file())?;
            match file.persist_noclobber(self.marker_path()) {
                Ok(_) => self.sync(&File::open(&self.root)?),
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                Err(error) => Err(error.error),
            }
        };
        made().map_err(|error| self.not_writable(&error))?;
        self.marker()?.ok_or_else(|| self.without_marker())
    }

    pub(crate) fn without_marker(&self) -> StorageError {
        self.another(
            "the cluster has a storage already, but this folder has no marker cairn-storage.json; check that it is the \
             folder that the other servers use and that its disk is mounted; if the storage was moved, bring the marker \
             along"
                .to_owned(),
        )
    }

    pub(crate) fn of_another_cluster(&self) -> StorageError {
        self.another(
            "its marker cairn-storage.json names another checkpoint database; check both settings, and give each \
             cluster a storage of its own"
                .to_owned(),
        )
    }

    pub(crate) fn is_another(&self) -> StorageError {
        self.another(
            "the other servers of the cluster use another folder; give every server the same checkpoint storage"
                .to_owned(),
        )
    }

    fn another(&self, reason: String) -> StorageError {
        StorageError::Another { path: self.root.to_path_buf(), reason }
    }
}

/// An identity that is not given twice.
fn new_id() -> String {
    let random = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", random(), random())
}
