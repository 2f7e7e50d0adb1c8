//! Files in a bucket, where the checkpoint storage is one: components read them, and change nothing there.

use crate::ComponentError;
use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

/// A file in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketFile {
    /// Its path below `storage:`.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was written.
    pub modified: SystemTime,
}

/// The files of a bucket, by their paths below `storage:`. All calls wait for the service, so they are made where blocking is
/// allowed. What is not there is [`io::ErrorKind::NotFound`].
pub trait Bucket: fmt::Debug + Send + Sync {
    /// What is known of a file.
    fn look(&self, path: &str) -> io::Result<BucketFile>;

    /// The files in a folder; with `deep`, those in the folders below it, too. One that is not there is empty.
    fn list(&self, folder: &str, deep: bool) -> io::Result<Vec<BucketFile>>;

    /// A copy of a file on this machine's disk, gone when it is closed.
    fn open(&self, path: &str) -> io::Result<File>;
}

/// The place of a file or a folder in a bucket; it need not exist.
#[derive(Debug, Clone)]
pub struct BucketPath {
    /// The bucket.
    pub bucket: Arc<dyn Bucket>,
    /// The path below `storage:`.
    pub path: String,
}

impl PartialEq for BucketPath {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && Arc::ptr_eq(&self.bucket, &other.bucket)
    }
}

impl Eq for BucketPath {}

impl BucketPath {
    pub(crate) fn look(&self) -> io::Result<BucketFile> {
        self.bucket.look(&self.path)
    }

    pub(crate) fn list(&self, deep: bool) -> io::Result<Vec<BucketFile>> {
        self.bucket.list(&self.path, deep)
    }

    pub(crate) fn open(&self) -> io::Result<File> {
        self.bucket.open(&self.path)
    }

    /// Another file of the same bucket.
    pub(crate) fn of(&self, path: String) -> Self {
        Self { bucket: Arc::clone(&self.bucket), path }
    }

    /// Why nothing else is done here than reading.
    pub(crate) fn only_read(&self) -> ComponentError {
        let message = format!(
            "“storage:{}”: the checkpoint storage of this cluster is in a bucket, where flows read files (File Read, File List, \
             File Move that copies them to a folder) and do nothing else: use the path of a folder that all servers see",
            self.path
        );
        ComponentError::new("file/no-storage-folder", message).for_good()
    }
}
