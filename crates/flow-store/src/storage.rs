//! The checkpoint storage: write-once objects for the streams that are too large for a database row, in a folder or in a
//! bucket of an S3 service. All servers of a cluster use the same one.

mod bucket;
mod error;
mod folder;
mod place;

use crate::retention::HouseError;
use crate::{RetentionStore, SavedData, ServerId};
use bucket::Bucket;
use bytes::Bytes;
use folder::Folder;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use bucket::{BucketFile, BucketFiles};
pub use error::StorageError;
pub use place::{BucketAddress, StoragePlace};

/// A stream of at most so many bytes is kept in the database row itself; a larger one becomes an object.
pub const INLINE_LIMIT: usize = 16 * 1024;

/// Where an object is and how to tell that it is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Where, within the storage.
    pub key: String,
    /// BLAKE3 of its bytes, in hex.
    pub hash: String,
    /// Its size.
    pub bytes: u64,
}

impl StoredObject {
    /// The object of the bytes with this hash.
    fn of(hash: blake3::Hash, bytes: u64) -> Self {
        let hash = hash.to_hex().to_string();
        let (folder, rest) = hash.split_at(2);
        Self { key: format!("objects/{folder}/{rest}"), hash, bytes }
    }
}

/// An object that nobody has written for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldObject {
    /// Where, within the storage.
    pub key: String,
    /// Its size.
    pub bytes: u64,
}

/// By what servers see that they all use the same storage, and no other cluster's: an object with a name of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageMarker {
    /// The identity of the checkpoint database whose objects are in the storage.
    pub cluster: String,
    /// The storage's own identity.
    pub storage: String,
}

/// The name of the marker.
const MARKER: &str = "cairn-storage.json";

/// A checkpoint storage. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CheckpointStorage(Where);

#[derive(Debug, Clone)]
enum Where {
    Folder(Folder),
    Bucket(Arc<Bucket>),
}

impl CheckpointStorage {
    /// Opens the storage in a folder, makes that where it is missing, and checks that it can be written.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, StorageError> {
        Ok(Self(Where::Folder(Folder::open(folder)?)))
    }

    /// Opens the storage at a place, and checks that it can be written. What does not fit into memory on its way to a bucket
    /// is put into `spool` meanwhile.
    pub async fn open_at(place: &StoragePlace, spool: &Path) -> Result<Self, StorageError> {
        match place {
            StoragePlace::Folder(folder) => Self::open(folder),
            StoragePlace::Bucket(address) => {
                let bucket = Bucket::open(address, spool)?;
                bucket.check_writable().await?;
                Ok(Self(Where::Bucket(Arc::new(bucket))))
            }
        }
    }

    /// Writes, reads back and removes something small.
    pub async fn check_writable(&self) -> Result<(), StorageError> {
        match &self.0 {
            Where::Folder(folder) => folder.probe().await,
            Where::Bucket(bucket) => bucket.check_writable().await,
        }
    }

    /// The storage's folder; none if it is in a bucket.
    pub fn folder(&self) -> Option<&Path> {
        match &self.0 {
            Where::Folder(folder) => Some(folder.root()),
            Where::Bucket(_) => None,
        }
    }

    /// The files in the storage's bucket; none if it is a folder.
    pub fn bucket_files(&self) -> Option<BucketFiles> {
        match &self.0 {
            Where::Folder(_) => None,
            Where::Bucket(bucket) => Some(BucketFiles(Arc::clone(bucket))),
        }
    }

    /// Keeps the encoded stream of a saved point: in the row where it is small, else as an object, which is durable
    /// when this returns (so before the row that names it).
    pub async fn save(&self, data: Bytes) -> Result<SavedData, StorageError> {
        if data.len() <= INLINE_LIMIT {
            return Ok(SavedData::Inline(data));
        }
        let StoredObject { key, hash, bytes } = self.put_object(data).await?;
        Ok(SavedData::Object { key, hash, bytes })
    }

    /// The encoded stream of a saved point; none if it has none.
    pub async fn load(&self, data: &SavedData) -> Result<Option<Bytes>, StorageError> {
        match data {
            SavedData::None => Ok(None),
            SavedData::Inline(bytes) => Ok(Some(bytes.clone())),
            SavedData::Object { key, hash, .. } => self.get_object(key, hash).await.map(Some),
        }
    }

    /// Writes an object, which is durable when this returns.
    pub async fn put_object(&self, data: Bytes) -> Result<StoredObject, StorageError> {
        match &self.0 {
            Where::Folder(folder) => folder.put_object(data).await,
            Where::Bucket(bucket) => bucket.put_object(data).await,
        }
    }

    /// Saves what `write` writes, however much that is, as [`Self::save`] does with bytes. The inner result is that of
    /// `write`, with what it answered.
    pub async fn save_written<T: Send + 'static, E: Send + 'static>(
        &self,
        write: impl FnOnce(&mut dyn Write) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<(SavedData, T), E>, StorageError> {
        match &self.0 {
            Where::Folder(folder) => folder.save_written(write).await,
            Where::Bucket(bucket) => bucket.save_written(write).await,
        }
    }

    /// Opens an object as a file, to read it bit by bit, having read it once to check that it is whole: nothing may
    /// act on the first records of a stream that turns out to be damaged further on.
    pub async fn open_object(&self, key: &str, hash: &str) -> Result<File, StorageError> {
        match &self.0 {
            Where::Folder(folder) => folder.open_object(key, hash).await,
            Where::Bucket(bucket) => bucket.open_object(key, hash).await,
        }
    }

    /// Reads an object and checks that it is whole.
    pub async fn get_object(&self, key: &str, hash: &str) -> Result<Bytes, StorageError> {
        match &self.0 {
            Where::Folder(folder) => folder.get_object(key, hash).await,
            Where::Bucket(bucket) => bucket.get_object(key, hash).await,
        }
    }

    /// Copies an object into another storage, where it gets the same key, and checks that it is whole.
    pub async fn copy_object(&self, object: &StoredObject, to: &Self) -> Result<(), StorageError> {
        let file = self.open_object(&object.key, &object.hash).await?;
        match &to.0 {
            Where::Folder(folder) => folder.put_at(object.clone(), file).await,
            Where::Bucket(bucket) => bucket.put_at(object, file).await,
        }
    }

    /// Sees that an object is there and has the size that it should have.
    pub async fn check_object(&self, object: &StoredObject) -> Result<(), StorageError> {
        match &self.0 {
            Where::Folder(folder) => folder.check_object(object).await,
            Where::Bucket(bucket) => bucket.check_object(object).await,
        }
    }

    /// The objects that were last written at least `age` ago, by the storage's own clock. Removes, too, what writers that
    /// ended early left behind.
    pub async fn old_objects(&self, age: Duration) -> Result<Vec<OldObject>, StorageError> {
        match &self.0 {
            Where::Folder(folder) => folder.old_objects(age).await,
            Where::Bucket(bucket) => bucket.old_objects(age).await,
        }
    }

    /// The objects that are there, with their sizes, by key.
    pub async fn objects(&self) -> Result<Vec<OldObject>, StorageError> {
        self.old_objects(Duration::ZERO).await
    }

    /// Removes those of the objects that no row names and that are still old. How many, and their size in bytes.
    pub async fn remove_unnamed<S: RetentionStore + ?Sized>(
        &self,
        old: Vec<OldObject>,
        age: Duration,
        store: &S,
    ) -> Result<(u64, u64), HouseError> {
        match &self.0 {
            Where::Folder(folder) => folder.remove_unnamed(old, age, store).await,
            Where::Bucket(bucket) => bucket.remove_unnamed(old, store).await,
        }
    }

    /// The marker; none if the storage has none yet.
    pub async fn marker(&self) -> Result<Option<StorageMarker>, StorageError> {
        let not_understood = |error| self.another(&format!("its marker {MARKER} cannot be understood ({error})"));
        let text = self.read_marker(MARKER).await?;
        text.map(|text| serde_json::from_slice(&text).map_err(not_understood)).transpose()
    }

    /// Makes the marker for a cluster. If another server was faster, its marker stands. The marker that is there now.
    pub async fn mark(&self, cluster: &str) -> Result<StorageMarker, StorageError> {
        let marker = StorageMarker { cluster: cluster.to_owned(), storage: new_id() };
        let text = serde_json::to_vec_pretty(&marker).map_err(|error| self.another(&error.to_string()))?;
        self.write_marker(MARKER, text, false).await?;
        self.marker().await?.ok_or_else(|| self.without_marker())
    }

    /// Sees that the storage is still the one with this marker: behind a mount that was lost there is another folder.
    pub async fn check_marker(&self, expected: &StorageMarker) -> Result<(), StorageError> {
        match self.marker().await? {
            Some(marker) if marker == *expected => Ok(()),
            Some(_) => Err(self.is_another()),
            None => Err(self.without_marker()),
        }
    }

    /// Makes the marker of a server, in the place of that of its start before. What it says: a word that is never given
    /// again. It is durable when this returns.
    pub async fn mark_for(&self, server: &ServerId) -> Result<String, StorageError> {
        let word = new_id();
        self.write_marker(&marker_of(server), word.clone().into_bytes(), true).await?;
        Ok(word)
    }

    /// What the marker of a server says; none if it has none here.
    pub async fn marker_for(&self, server: &ServerId) -> Result<Option<String>, StorageError> {
        let text = self.read_marker(&marker_of(server)).await?;
        Ok(text.map(|text| String::from_utf8_lossy(&text).into_owned()))
    }

    async fn read_marker(&self, name: &str) -> Result<Option<Bytes>, StorageError> {
        match &self.0 {
            Where::Folder(folder) => Ok(folder.marker(name).await?.map(Bytes::from)),
            Where::Bucket(bucket) => bucket.marker(name).await,
        }
    }

    async fn write_marker(&self, name: &str, text: Vec<u8>, over: bool) -> Result<(), StorageError> {
        match &self.0 {
            Where::Folder(folder) => folder.mark(name, text, over).await,
            Where::Bucket(bucket) => bucket.mark(name, text, over).await,
        }
    }

    /// The error for a storage without the marker that it should have.
    pub fn without_marker(&self) -> StorageError {
        let check = match &self.0 {
            Where::Folder(_) => "check that it is the folder that the other servers use and that its disk is mounted",
            Where::Bucket(_) => "check that it is the bucket and the prefix that the other servers use",
        };
        self.another(&format!(
            "the cluster has a storage already, but this one has no marker {MARKER}; {check}; if the storage was moved, \
             bring the marker along"
        ))
    }

    /// The error for a storage with the marker of another cluster.
    pub fn of_another_cluster(&self) -> StorageError {
        self.another(&format!(
            "its marker {MARKER} names another checkpoint database; check both settings, and give each cluster a storage \
             of its own"
        ))
    }

    pub(crate) fn is_another(&self) -> StorageError {
        self.another("the other servers of the cluster use another one; give every server the same checkpoint storage")
    }

    /// The error for a storage that a living server does not see: its marker says something else here, or is not here.
    pub(crate) fn is_not_that_of(&self, id: &ServerId, name: &str) -> StorageError {
        let marker = marker_of(id);
        self.another(&format!(
            "server “{name}”, which is running, has another one: its marker {marker} is not here, or is that of an earlier \
             start, as in a copy. Give every server the same checkpoint storage; if “{name}” has the wrong one, stop that. A \
             server that was lost no longer counts a minute later"
        ))
    }

    fn another(&self, reason: &str) -> StorageError {
        let place = match &self.0 {
            Where::Folder(folder) => folder.root().display().to_string(),
            Where::Bucket(bucket) => bucket.to_string(),
        };
        StorageError::Another { place, reason: reason.to_owned() }
    }
}

/// The name of a server's marker. Copies and backups leave hidden files out: another storage gets markers of its own.
fn marker_of(server: &ServerId) -> String {
    format!(".cairn-server-{server}")
}

/// An identity that is not given twice.
fn new_id() -> String {
    let random = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", random(), random())
}

#[cfg(test)]
mod tests;
