//! The checkpoint storage: a folder of write-once objects for the streams that are too large for a database row. All
//! servers of a cluster see the same folder.

use crate::SavedData;
use bytes::Bytes;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;

/// A stream of at most so many bytes is kept in the database row itself; a larger one becomes an object.
pub const INLINE_LIMIT: usize = 16 * 1024;

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
    /// An object's bytes are not those that were written.
    #[error(
        "object {key} of the checkpoint storage {path} is damaged: its bytes do not match its hash; check the disk \
         and bring the object back from a backup"
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
            Self::Damaged { .. } => "storage/damaged-object",
        }
    }
}

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

/// A file that is being written, and the hash of what is in it so far.
struct Hashing {
    file: NamedTempFile,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.hasher.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A checkpoint storage folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CheckpointStorage {
    root: Arc<Path>,
}

impl CheckpointStorage {
    /// Opens the storage, makes its folder where it is missing, and checks that it can be written.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StorageError> {
        let root: PathBuf = root.into();
        let storage = Self { root: root.into() };
        fs::create_dir_all(storage.root.join("objects")).map_err(|error| storage.not_writable(&error))?;
        storage.check_writable()?;
        Ok(storage)
    }

    /// The storage's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes, reads back and removes a small file.
    pub fn check_writable(&self) -> Result<(), StorageError> {
        let probe = || -> io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".probe-").tempfile_in(&self.root)?;
            file.write_all(b"cairn")?;
            file.as_file().sync_data()?;
            let read = fs::read(file.path())?;
            file.close()?;
            if read == b"cairn" { Ok(()) } else { Err(io::Error::other("what was written is not what is read")) }
        };
        probe().map_err(|error| self.not_writable(&error))
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

    /// Writes an object: temporary file, fsync, rename, fsync of the folder. Equal bytes are one object.
    pub async fn put_object(&self, data: Bytes) -> Result<StoredObject, StorageError> {
        let storage = self.clone();
        blocking(move || storage.put_now(&data)).await.map_err(|error| self.not_writable(&error))
    }

    /// Saves what `write` writes, however much that is, as [`Self::save`] does with bytes. The inner result is that of
    /// `write`, with what it answered.
    pub async fn save_written<T: Send + 'static, E: Send + 'static>(
        &self,
        write: impl FnOnce(&mut dyn Write) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<(SavedData, T), E>, StorageError> {
        let storage = self.clone();
        blocking(move || storage.write_now(write)).await.map_err(|error| self.not_writable(&error))
    }

    /// Opens the file of an object, to read it bit by bit. Whether it is whole has to be seen from what it holds.
    pub async fn open_object(&self, key: &str) -> Result<File, StorageError> {
        let path = self.object_path(key)?;
        blocking(move || File::open(path)).await.map_err(|error| self.unreadable(key, &error))
    }

    /// Reads an object and checks that it is whole.
    pub async fn get_object(&self, key: &str, hash: &str) -> Result<Bytes, StorageError> {
        let path = self.object_path(key)?;
        let read = blocking(move || fs::read(path)).await.map_err(|error| self.unreadable(key, &error))?;
        if blake3::hash(&read).to_hex().as_str() != hash {
            return Err(StorageError::Damaged { path: self.root.to_path_buf(), key: key.to_owned() });
        }
        Ok(read.into())
    }

    fn put_now(&self, data: &[u8]) -> io::Result<StoredObject> {
        let object = StoredObject::of(blake3::hash(data), data.len() as u64);
        self.keep(object, |folder| {
            let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
            file.write_all(data)?;
            Ok(file)
        })
    }

    fn write_now<T, E>(
        &self,
        write: impl FnOnce(&mut dyn Write) -> Result<T, E>,
    ) -> io::Result<Result<(SavedData, T), E>> {
        let file = tempfile::Builder::new().prefix(".new-").tempfile_in(self.root.join("objects"))?;
        let mut hashing = Hashing { file, hasher: blake3::Hasher::new(), bytes: 0 };
        let written = match write(&mut hashing) {
            Ok(written) => written,
            Err(error) => return Ok(Err(error)),
        };
        let Hashing { file, hasher, bytes } = hashing;
        if bytes <= INLINE_LIMIT as u64 {
            return Ok(Ok((SavedData::Inline(fs::read(file.path())?.into()), written)));
        }
        let object = self.keep(StoredObject::of(hasher.finalize(), bytes), |_| Ok(file))?;
        let StoredObject { key, hash, bytes } = object;
        Ok(Ok((SavedData::Object { key, hash, bytes }, written)))
    }

    /// Brings the file that `write` makes, below the folder it is given, to its place and makes it durable there.
    fn keep(
        &self,
        object: StoredObject,
        write: impl FnOnce(&Path) -> io::Result<NamedTempFile>,
    ) -> io::Result<StoredObject> {
        let path = self.root.join(&object.key);
        let objects = self.root.join("objects");
        let folder = path.parent().unwrap_or(&objects);
        if make_folder(folder)? {
            File::open(&objects)?.sync_all()?;
        }
        if fs::metadata(&path).is_ok_and(|known| known.len() == object.bytes) {
            // Another writer may have put it there a moment ago and not yet made it durable.
            File::open(&path)?.sync_all()?;
        } else {
            let file = write(folder)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
        }
        File::open(folder)?.sync_all()?;
        Ok(object)
    }

    /// The file of an object. Keys come from the database: one that leads out of the storage is not followed.
    fn object_path(&self, key: &str) -> Result<PathBuf, StorageError> {
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if key.split('/').all(plain) {
            return Ok(self.root.join(key));
        }
        Err(StorageError::Missing { path: self.root.to_path_buf(), key: key.to_owned() })
    }

    fn not_writable(&self, error: &io::Error) -> StorageError {
        StorageError::NotWritable { path: self.root.to_path_buf(), reason: error.to_string() }
    }

    fn unreadable(&self, key: &str, error: &io::Error) -> StorageError {
        let (path, key) = (self.root.to_path_buf(), key.to_owned());
        match error.kind() {
            io::ErrorKind::NotFound => StorageError::Missing { path, key },
            _ => StorageError::Unreadable { path, key, reason: error.to_string() },
        }
    }
}

/// Makes a folder; whether it is new.
fn make_folder(folder: &Path) -> io::Result<bool> {
    match fs::create_dir(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests;
