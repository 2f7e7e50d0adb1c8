//! A checkpoint storage in a bucket of an S3 service.
//!
//! Each object gets a key that nobody ever writes again, so equal streams are several objects here. That makes orphans simple:
//! one that is old and that no row names will never be named.

mod files;
mod key_file;
mod open;

use super::place::BucketAddress;
use super::{INLINE_LIMIT, OldObject, StorageError, StoredObject};
use crate::retention::HouseError;
use crate::{RetentionStore, SavedData, fault_point};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::aws::AmazonS3;
use object_store::path::Path as Key;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload, WriteMultipart};
use std::fmt;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::time::Duration;

pub use files::{BucketFile, BucketFiles};

/// An object of more bytes than this is sent in parts of this size.
const PART: usize = 8 * 1024 * 1024;
/// Parts that are on their way at the same time.
const PARTS: usize = 4;

/// The bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    service: AmazonS3,
    address: BucketAddress,
    /// Where streams are put that do not fit into memory.
    spool: PathBuf,
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

impl Bucket {
    /// Writes, reads back and removes a small object.
    pub(super) async fn check_writable(&self) -> Result<(), StorageError> {
        let key = self.key(&format!("probes/{}", suffix()));
        let probe = async {
            self.service.put(&key, PutPayload::from_static(b"cairn")).await?;
            let read = self.service.get(&key).await?.bytes().await?;
            self.service.delete(&key).await?;
            Ok::<_, Error>(read)
        };
        match probe.await {
            Ok(read) if read.as_ref() == b"cairn" => Ok(()),
            Ok(_) => Err(self.unusable("what was written is not what is read")),
            Err(error) => Err(self.unusable(&told(&error))),
        }
    }

    fn key(&self, key: &str) -> Key {
        Key::from_iter(self.address.prefix.split('/').chain(key.split('/')).filter(|part| !part.is_empty()))
    }

    /// The place of an object. Keys come from the database: one that leads elsewhere is not followed.
    fn object_key(&self, key: &str) -> Result<Key, StorageError> {
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if key.split('/').all(plain) { Ok(self.key(key)) } else { Err(self.missing(key)) }
    }

    fn unusable(&self, reason: &str) -> StorageError {
        StorageError::Bucket { place: self.to_string(), reason: reason.to_owned() }
    }

    fn missing(&self, key: &str) -> StorageError {
        StorageError::Missing { place: self.to_string(), key: key.to_owned() }
    }

    fn unreadable(&self, key: &str, error: &Error) -> StorageError {
        match error {
            Error::NotFound { .. } => self.missing(key),
            error => StorageError::Unreadable { place: self.to_string(), key: key.to_owned(), reason: told(error) },
        }
    }

    fn broken(&self, error: impl fmt::Display) -> StorageError {
        self.unusable(&error.to_string())
    }

    pub(super) async fn put_object(&self, data: Bytes) -> Result<StoredObject, StorageError> {
        let object = fresh(blake3::hash(&data), data.len() as u64);
        fault_point("before-object");
        let put = self.service.put(&self.object_key(&object.key)?, data.into()).await;
        put.map_err(|error| self.unusable(&told(&error)))?;
        fault_point("after-object");
        Ok(object)
    }

    pub(super) async fn save_written<T: Send + 'static, E: Send + 'static>(
        &self,
        write: impl FnOnce(&mut dyn Write) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<(SavedData, T), E>, StorageError> {
        let spool = self.spool.clone();
        let written = tokio::task::spawn_blocking(move || {
            let mut hashing = Hashing { file: tempfile::tempfile_in(spool)?, hasher: blake3::Hasher::new(), bytes: 0 };
            let answer = match write(&mut hashing) {
                Ok(answer) => answer,
                Err(error) => return Ok(Err(error)),
            };
            let Hashing { mut file, hasher, bytes } = hashing;
            file.rewind()?;
            Ok::<_, io::Error>(Ok((file, hasher.finalize(), bytes, answer)))
        });
        let written = written.await.map_err(|error| self.broken(error))?.map_err(|error| self.broken(error))?;
        let (mut file, hash, bytes, answer) = match written {
            Ok(written) => written,
            Err(error) => return Ok(Err(error)),
        };
        if bytes <= INLINE_LIMIT as u64 {
            let mut data = Vec::new();
            file.read_to_end(&mut data).map_err(|error| self.broken(error))?;
            return Ok(Ok((SavedData::Inline(data.into()), answer)));
        }
        let object = fresh(hash, bytes);
        self.send(&object, file).await?;
        let StoredObject { key, hash, bytes } = object;
        Ok(Ok((SavedData::Object { key, hash, bytes }, answer)))
    }

    /// Writes an object that has its key already, unless it is there.
    pub(super) async fn put_at(&self, object: &StoredObject, file: File) -> Result<(), StorageError> {
        match self.check_object(object).await {
            Ok(()) => Ok(()),
            Err(StorageError::Missing { .. } | StorageError::Damaged { .. }) => self.send(object, file).await,
            Err(error) => Err(error),
        }
    }

    /// Sends a file: all of it is there in the end, or nothing.
    async fn send(&self, object: &StoredObject, file: File) -> Result<(), StorageError> {
        fault_point("before-object");
        self.send_all(object, file).await?;
        fault_point("after-object");
        Ok(())
    }

    async fn send_all(&self, object: &StoredObject, file: File) -> Result<(), StorageError> {
        let failed = |error: Error| self.unusable(&told(&error));
        let key = self.object_key(&object.key)?;
        let mut file = Some(file);
        let mut next = async || {
            let taken = file.take();
            let read = tokio::task::spawn_blocking(move || {
                let mut part = Vec::with_capacity(PART);
                let Some(mut file) = taken else { return Ok((part, None)) };
                Read::by_ref(&mut file).take(PART as u64).read_to_end(&mut part)?;
                Ok::<_, io::Error>((part, Some(file)))
            });
            let (part, rest) = read.await.map_err(|error| self.broken(error))?.map_err(|error| self.broken(error))?;
            file = rest;
            Ok::<_, StorageError>(Bytes::from(part))
        };
        let first = next().await?;
        if object.bytes <= PART as u64 {
            self.service.put(&key, first.into()).await.map_err(failed)?;
            return Ok(());
        }
        let upload = self.service.put_multipart(&key).await.map_err(failed)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
        let mut part = first;
        while !part.is_empty() {
            if let Err(error) = upload.wait_for_capacity(PARTS).await {
                return Err(self.abort(upload, &error).await);
            }
            upload.put(part);
            part = match next().await {
                Ok(part) => part,
                Err(error) => {
                    let _ = upload.abort().await;
                    return Err(error);
                }
            };
        }
        // What fails here is ended by the service, or by the bucket's rule for uploads that were begun.
        upload.finish().await.map_err(failed)?;
        Ok(())
    }

    async fn abort(&self, upload: WriteMultipart, error: &Error) -> StorageError {
        let _ = upload.abort().await;
        self.unusable(&told(error))
    }

    pub(super) async fn open_object(&self, key: &str, hash: &str) -> Result<File, StorageError> {
        let (file, found) = self.download(key, &self.object_key(key)?).await?;
        self.check_hash(key, hash, found)?;
        Ok(file)
    }

    /// Brings what is at a key into a file of the spool, which is read from its start; and its hash. Errors name `key`.
    async fn download(&self, key: &str, place: &Key) -> Result<(File, blake3::Hash), StorageError> {
        let unreadable = |error: Error| self.unreadable(key, &error);
        let found = self.service.get(place).await.map_err(unreadable)?;
        let spool = self.spool.clone();
        let file = tokio::task::spawn_blocking(move || tempfile::tempfile_in(spool));
        let mut file = file.await.map_err(|error| self.broken(error))?.map_err(|error| self.broken(error))?;
        let (mut parts, mut hasher) = (found.into_stream(), blake3::Hasher::new());
        while let Some(part) = parts.try_next().await.map_err(unreadable)? {
            hasher.update(&part);
            let written = tokio::task::spawn_blocking(move || file.write_all(&part).map(|()| file));
            file = written.await.map_err(|error| self.broken(error))?.map_err(|error| self.broken(error))?;
        }
        file.rewind().map_err(|error| self.broken(error))?;
        Ok((file, hasher.finalize()))
    }

    pub(super) async fn get_object(&self, key: &str, hash: &str) -> Result<Bytes, StorageError> {
        let unreadable = |error: Error| self.unreadable(key, &error);
        let found = self.service.get(&self.object_key(key)?).await.map_err(unreadable)?;
        let data = found.bytes().await.map_err(unreadable)?;
        self.check_hash(key, hash, blake3::hash(&data))?;
        Ok(data)
    }

    pub(super) async fn check_object(&self, object: &StoredObject) -> Result<(), StorageError> {
        let found = self.service.head(&self.object_key(&object.key)?).await;
        let found = found.map_err(|error| self.unreadable(&object.key, &error))?;
        if found.size == object.bytes { Ok(()) } else { Err(self.damaged(&object.key)) }
    }

    fn check_hash(&self, key: &str, wanted: &str, found: blake3::Hash) -> Result<(), StorageError> {
        if found.to_hex().as_str() == wanted { Ok(()) } else { Err(self.damaged(key)) }
    }

    fn damaged(&self, key: &str) -> StorageError {
        StorageError::Damaged { place: self.to_string(), key: key.to_owned() }
    }

    /// The time by the service's clock, in seconds.
    async fn now(&self) -> Result<i64, Error> {
        let key = self.key(&format!("probes/{}", suffix()));
        self.service.put(&key, PutPayload::from_static(b"cairn")).await?;
        let now = self.service.head(&key).await?.last_modified.timestamp();
        self.service.delete(&key).await?;
        Ok(now)
    }

    pub(super) async fn old_objects(&self, age: Duration) -> Result<Vec<OldObject>, StorageError> {
        let listed = async {
            let now = self.now().await?;
            let age = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
            let below = self.key("objects");
            let mut old: Vec<OldObject> = self
                .service
                .list(Some(&below))
                .try_filter_map(|found: ObjectMeta| {
                    let key = found.location.prefix_match(&below).map(|parts| {
                        let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
                        format!("objects/{}", parts.join("/"))
                    });
                    let is_old = now.saturating_sub(found.last_modified.timestamp()) >= age;
                    std::future::ready(Ok(key.filter(|_| is_old).map(|key| OldObject { key, bytes: found.size })))
                })
                .try_collect()
                .await?;
            old.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            Ok::<_, Error>(old)
        };
        listed.await.map_err(|error| self.unreadable("objects", &error))
    }

    pub(super) async fn remove_unnamed<S: RetentionStore + ?Sized>(
        &self,
        old: Vec<OldObject>,
        store: &S,
    ) -> Result<(u64, u64), HouseError> {
        let named = store.named_objects(old.iter().map(|object| object.key.clone()).collect()).await?;
        let mut removed = (0, 0);
        for object in old.into_iter().filter(|object| !named.contains(&object.key)) {
            match self.service.delete(&self.object_key(&object.key)?).await {
                Ok(()) => removed = (removed.0 + 1, removed.1 + object.bytes),
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(self.unreadable(&object.key, &error).into()),
            }
        }
        Ok(removed)
    }

    pub(super) async fn marker(&self, name: &str) -> Result<Option<Bytes>, StorageError> {
        let unreadable = |error: &Error| self.unreadable(name, error);
        match self.service.get(&self.key(name)).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(|error| unreadable(&error))?)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(unreadable(&error)),
        }
    }

    /// Makes a marker. Unless `over`, one that is there stays as it is.
    pub(super) async fn mark(&self, name: &str, text: Vec<u8>, over: bool) -> Result<(), StorageError> {
        let mode = if over { PutMode::Overwrite } else { PutMode::Create };
        match self.service.put_opts(&self.key(name), text.into(), mode.into()).await {
            Ok(_) => Ok(()),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) if !over => Ok(()),
            Err(error) => Err(self.unusable(&told(&error))),
        }
    }
}

/// A new object for bytes with this hash.
fn fresh(hash: blake3::Hash, bytes: u64) -> StoredObject {
    let mut object = StoredObject::of(hash, bytes);
    object.key.push_str(&suffix());
    object
}

/// What makes a key one that was never used.
fn suffix() -> String {
    format!("{:016x}", RandomState::new().hash_one(std::time::SystemTime::now()))
}

/// A file that is being written, and the hash of what is in it so far.
struct Hashing {
    file: File,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.hasher.update(buffer.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What the service said, without what was tried how often.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
