//! What can go wrong with the checkpoint storage.

/// An error of the checkpoint storage.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    /// The folder cannot be written.
    #[error(
        "the checkpoint storage {place} cannot be written ({reason}): check that the folder exists on a mounted disk \
         with free space and that this account may write to it"
    )]
    NotWritable {
        /// Where the storage is.
        place: String,
        /// What the system said.
        reason: String,
    },
    /// The bucket cannot be used.
    #[error(
        "the checkpoint storage {place} cannot be used ({reason}): check the bucket, the endpoint and the region, and that \
         the credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the machine's role, or credentials=FILE in the \
         address) may list, read, write and delete there"
    )]
    Bucket {
        /// Where the storage is.
        place: String,
        /// What the service said.
        reason: String,
    },
    /// An object is not there.
    #[error(
        "the checkpoint storage {place} has no object {key}: check that every server uses the same storage and \
         that nothing was deleted from it"
    )]
    Missing {
        /// Where the storage is.
        place: String,
        /// The object.
        key: String,
    },
    /// An object cannot be read.
    #[error("object {key} of the checkpoint storage {place} cannot be read: {reason}")]
    Unreadable {
        /// Where the storage is.
        place: String,
        /// The object.
        key: String,
        /// What the system said.
        reason: String,
    },
    /// The storage is not the one that the cluster uses, or the cluster is not the one that uses the storage.
    #[error("the checkpoint storage {place} is not this cluster's: {reason}")]
    Another {
        /// Where the storage is.
        place: String,
        /// How that can be seen, and the way out.
        reason: String,
    },
    /// An object's bytes are not those that were written.
    #[error(
        "object {key} of the checkpoint storage {place} is damaged: its bytes do not match its hash; check the disk, \
         bring the object back from a backup, or re-execute the request from an earlier saved point"
    )]
    Damaged {
        /// Where the storage is.
        place: String,
        /// The object.
        key: String,
    },
}

impl StorageError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotWritable { .. } => "storage/not-writable",
            Self::Bucket { .. } => "storage/bucket",
            Self::Missing { .. } => "storage/missing-object",
            Self::Unreadable { .. } => "storage/unreadable",
            Self::Another { .. } => "storage/another",
            Self::Damaged { .. } => "storage/corrupt",
        }
    }
}
