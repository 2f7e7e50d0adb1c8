//! What can go wrong with the checkpoint storage.

use std::path::PathBuf;

/// An error of the checkpoint storage.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    /// The folder cannot be written.
    #[error(
        "the checkpoint storage {path} cannot be written ({reason}): check that the folder exists on a mounted disk \
         with free space and that this account may write to it"
    )]
    NotWritable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// An object is not there.
    #[error(
        "the checkpoint storage {path} has no object {key}: check that every server uses the same storage folder and \
         that nothing was deleted from it"
    )]
    Missing {
        /// The folder.
        path: PathBuf,
        /// The object.
        key: String,
    },
    /// An object cannot be read.
    #[error("object {key} of the checkpoint storage {path} cannot be read: {reason}")]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// The object.
        key: String,
        /// What the system said.
        reason: String,
    },
    /// The storage is not the one that the cluster uses, or the cluster is not the one that uses the storage.
    #[error("the checkpoint storage {path} is not this cluster's: {reason}")]
    Another {
        /// The folder.
        path: PathBuf,
        /// How that can be seen, and the way out.
        reason: String,
    },
    /// An object's bytes are not those that were written.
    #[error(
        "object {key} of the checkpoint storage {path} is damaged: its bytes do not match its hash; check the disk, \
         bring the object back from a backup, or re-execute the request from an earlier saved point"
    )]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// The object.
        key: String,
    },
}

impl StorageError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotWritable { .. } => "storage/not-writable",
            Self::Missing { .. } => "storage/missing-object",
            Self::Unreadable { .. } => "storage/unreadable",
            Self::Another { .. } => "storage/another",
            Self::Damaged { .. } => "storage/corrupt",
        }
    }
}
