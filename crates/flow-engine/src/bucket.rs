//! What `storage:` stands for, wherever the checkpoint storage is.

use flow_components::{Bucket, BucketFile, StorageFiles};
use flow_store::{BucketFiles, CheckpointStorage, StorageError};
use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::sync::Arc;
use std::sync::mpsc::channel;
use tokio::runtime::Handle;

/// The files of a checkpoint storage, for components. Is called within the runtime that asks a bucket for what they need.
pub fn storage_files(storage: &CheckpointStorage) -> StorageFiles {
    match storage.bucket_files() {
        Some(files) => StorageFiles::Bucket(Arc::new(Asked { files, runtime: Handle::current() })),
        None => StorageFiles::Folder(storage.folder().map(ToOwned::to_owned).unwrap_or_default()),
    }
}

/// A bucket that is asked from threads which may wait.
#[derive(Debug)]
struct Asked {
    files: BucketFiles,
    runtime: Handle,
}

impl Asked {
    fn wait<T: Send + 'static>(
        &self,
        answer: impl Future<Output = std::result::Result<T, StorageError>> + Send + 'static,
    ) -> Result<T> {
        let (give, take) = channel();
        self.runtime.spawn(async move {
            // Nobody waits any more where that fails.
            let _ = give.send(answer.await);
        });
        match take.recv() {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(StorageError::Missing { .. })) => Err(ErrorKind::NotFound.into()),
            Ok(Err(error)) => Err(Error::other(error)),
            Err(_) => Err(Error::other("the program is about to end")),
        }
    }
}

impl Bucket for Asked {
    fn look(&self, path: &str) -> Result<BucketFile> {
        let (files, path) = (self.files.clone(), path.to_owned());
        self.wait(async move { files.file(&path).await }).map(shown)
    }

    fn list(&self, folder: &str, deep: bool) -> Result<Vec<BucketFile>> {
        let (files, folder) = (self.files.clone(), folder.to_owned());
        let listed = self.wait(async move { files.list(&folder, deep).await })?;
        Ok(listed.into_iter().map(shown).collect())
    }

    fn open(&self, path: &str) -> Result<File> {
        let (files, path) = (self.files.clone(), path.to_owned());
        self.wait(async move { files.open(&path).await })
    }
}

fn shown(file: flow_store::BucketFile) -> BucketFile {
    BucketFile { path: file.path, size: file.bytes, modified: file.modified }
}
