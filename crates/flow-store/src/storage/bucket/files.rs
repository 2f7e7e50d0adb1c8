//! Files that others bring into the bucket, below the storage's prefix and beside the objects.

use super::{Bucket, told};
use crate::storage::StorageError;
use futures::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt};
use std::fs::File;
use std::sync::Arc;
use std::time::SystemTime;

/// The files in the bucket of a checkpoint storage. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BucketFiles(pub(in crate::storage) Arc<Bucket>);

/// A file in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketFile {
    /// Its path within the storage.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written, by the service's clock.
    pub modified: SystemTime,
    /// By what the service knows this state of it (ETag); empty where it gives none.
    pub tag: String,
}

impl BucketFiles {
    /// The files in a folder, by path; with `deep`, those in the folders below it, too. One that is not there is empty.
    pub async fn list(&self, folder: &str, deep: bool) -> Result<Vec<BucketFile>, StorageError> {
        let below = match folder {
            "" => self.0.key(""),
            folder => self.key(folder)?,
        };
        let found = match deep {
            true => self.0.service.list(Some(&below)).try_collect().await,
            false => self.0.service.list_with_delimiter(Some(&below)).await.map(|found| found.objects),
        };
        let found: Vec<ObjectMeta> = found.map_err(|error| self.0.unreadable(folder, &error))?;
        let mut files: Vec<BucketFile> = found.into_iter().filter_map(|found| self.file_of(found)).collect();
        // What stands for the folder itself is none of its files.
        files.retain(|file| file.path != folder && !file.path.is_empty());
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// What is known of a file.
    pub async fn file(&self, path: &str) -> Result<BucketFile, StorageError> {
        let found = self.0.service.head(&self.key(path)?).await;
        let found = found.map_err(|error| self.0.unreadable(path, &error))?;
        self.file_of(found).ok_or_else(|| self.0.missing(path))
    }

    /// A copy of a file on this machine's disk, gone when it is closed.
    pub async fn open(&self, path: &str) -> Result<File, StorageError> {
        Ok(self.0.download(path, &self.key(path)?).await?.0)
    }

    /// Moves a file to another path of the bucket, over what may be there. One that is gone is missing.
    pub async fn move_to(&self, from: &str, to: &str) -> Result<(), StorageError> {
        let (from_key, to_key) = (self.key(from)?, self.key(to)?);
        self.0.service.copy(&from_key, &to_key).await.map_err(|error| self.0.unreadable(from, &error))?;
        match self.0.service.delete(&from_key).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.0.unusable(&told(&error))),
        }
    }

    /// The key of a file as it is written: whoever brings files need not know which signs Cairn would write otherwise.
    fn key(&self, path: &str) -> Result<Key, StorageError> {
        Key::parse(format!("{}/{path}", self.0.key(""))).map_err(|_| self.0.missing(path))
    }

    fn file_of(&self, found: ObjectMeta) -> Option<BucketFile> {
        let root = self.0.key("");
        let parts: Vec<String> = found.location.prefix_match(&root)?.map(|part| part.as_ref().to_owned()).collect();
        let (path, modified) = (parts.join("/"), SystemTime::from(found.last_modified));
        Some(BucketFile { path, bytes: found.size, modified, tag: found.e_tag.unwrap_or_default() })
    }
}
