//! A checkpoint storage in a folder that all servers of a cluster see.

mod marker;
mod orphans;

#[cfg(test)]
pub(super) use orphans::aside;

use super::{INLINE_LIMIT, StorageError, StoredObject};
use crate::{SavedData, fault_point};
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;

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

/// The folder. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: Arc<Path>,
    /// Makes a file durable.
    pub(super) sync: fn(&File) -> io::Result<()>,
    /// What to do when that fails.
    pub(super) fatal: fn(&io::Error),
    /// The folders of objects that this process knows to be durable.
    durable: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl Folder {
    /// Opens the storage, makes its folder where it is missing, and checks that it can be written.
    pub(super) fn open(root: impl Into<PathBuf>) -> Result<Self, StorageError> {
        let root: PathBuf = root.into();
        let storage = Self { root: root.into(), sync: File::sync_all, fatal: abort, durable: Arc::default() };
        fs::create_dir_all(storage.root.join("objects")).map_err(|error| storage.not_writable(&error))?;
        storage.check_writable()?;
        Ok(storage)
    }

    /// The storage's folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// [`Self::check_writable`] where nothing may block.
    pub(super) async fn probe(&self) -> Result<(), StorageError> {
        let storage = self.clone();
        let probed = tokio::task::spawn_blocking(move || storage.check_writable()).await;
        probed.unwrap_or_else(|error| Err(self.not_writable(&io::Error::other(error))))
    }

    /// Writes, reads back and removes a small file.
    pub(super) fn check_writable(&self) -> Result<(), StorageError> {
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

    /// Writes an object: temporary file, fsync, rename, fsync of the folder. Equal bytes are one object.
    pub(super) async fn put_object(&self, data: Bytes) -> Result<StoredObject, StorageError> {
        let storage = self.clone();
        blocking(move || storage.put_now(&data)).await.map_err(|error| self.not_writable(&error))
    }

    /// Saves what `write` writes, however much that is, as [`Self::save`] does with bytes. The inner result is that of
    /// `write`, with what it answered.
    pub(super) async fn save_written<T: Send + 'static, E: Send + 'static>(
        &self,
        write: impl FnOnce(&mut dyn Write) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<(SavedData, T), E>, StorageError> {
        let storage = self.clone();
        blocking(move || storage.write_now(write)).await.map_err(|error| self.not_writable(&error))
    }

    /// Opens the file of an object, to read it bit by bit, having read it once to check that it is whole: nothing may
    /// act on the first records of a stream that turns out to be damaged further on.
    pub(super) async fn open_object(&self, key: &str, hash: &str) -> Result<File, StorageError> {
        let path = self.object_path(key)?;
        let opened = blocking(move || {
            let mut file = open_kept(&path)?;
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(&mut file)?;
            file.rewind()?;
            Ok((file, hasher.finalize()))
        });
        let (file, found) = opened.await.map_err(|error| self.unreadable(key, &error))?;
        self.check_hash(key, hash, found)?;
        Ok(file)
    }

    /// Reads an object and checks that it is whole.
    pub(super) async fn get_object(&self, key: &str, hash: &str) -> Result<Bytes, StorageError> {
        let path = self.object_path(key)?;
        let read = blocking(move || {
            let mut read = Vec::new();
            open_kept(&path)?.read_to_end(&mut read)?;
            Ok(read)
        });
        let read = read.await.map_err(|error| self.unreadable(key, &error))?;
        self.check_hash(key, hash, blake3::hash(&read))?;
        Ok(read.into())
    }

    /// Writes an object that has its key already.
    pub(super) async fn put_at(&self, object: StoredObject, mut from: File) -> Result<(), StorageError> {
        self.object_path(&object.key)?;
        let storage = self.clone();
        let put = blocking(move || {
            storage.keep(object, |folder| {
                let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
                io::copy(&mut from, &mut file)?;
                Ok(file)
            })
        });
        put.await.map(drop).map_err(|error| self.not_writable(&error))
    }

    /// Sees that an object is there and has its size.
    pub(super) async fn check_object(&self, object: &StoredObject) -> Result<(), StorageError> {
        let path = self.object_path(&object.key)?;
        let found = blocking(move || open_kept(&path)?.metadata()).await;
        let found = found.map_err(|error| self.unreadable(&object.key, &error))?;
        if found.len() == object.bytes {
            return Ok(());
        }
        Err(StorageError::Damaged { place: self.place(), key: object.key.clone() })
    }

    fn place(&self) -> String {
        self.root.display().to_string()
    }

    fn check_hash(&self, key: &str, wanted: &str, found: blake3::Hash) -> Result<(), StorageError> {
        if found.to_hex().as_str() == wanted {
            return Ok(());
        }
        Err(StorageError::Damaged { place: self.place(), key: key.to_owned() })
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
        fault_point("before-object");
        let path = self.root.join(&object.key);
        let objects = self.root.join("objects");
        let folder = path.parent().unwrap_or(&objects);
        // Whoever made it may have ended before it was durable.
        if make_folder(folder)? || !self.durable.lock().contains(folder) {
            self.sync(&File::open(&objects)?)?;
            self.durable.lock().insert(folder.to_owned());
        }
        // Another writer may have put it there a moment ago and not yet made it durable.
        if !self.renew(&path, &object)? {
            let file = write(folder)?;
            self.sync(file.as_file())?;
            file.persist(&path).map_err(|error| error.error)?;
        }
        self.sync(&File::open(folder)?)?;
        fault_point("after-object");
        Ok(object)
    }

    /// Makes an object that is there already durable, and young again so that it is not taken for an orphan while its row
    /// is being written. Whether it is there; one that is damaged is not, so that whoever runs again mends it.
    fn renew(&self, path: &Path, object: &StoredObject) -> io::Result<bool> {
        let file = match OpenOptions::new().read(true).append(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        if file.metadata()?.len() != object.bytes
            || blake3::Hasher::new().update_reader(&file)?.finalize().to_hex().as_str() != object.hash
        {
            return Ok(false);
        }
        // Not by this machine's clock, which may be hours off.
        file.set_modified(self.now()?)?;
        self.sync(&file)?;
        // It may have been moved away between the two.
        Ok(path.exists())
    }

    /// Makes a file or folder durable. When that fails, nobody knows what is on the disk, and asking again would only
    /// hide it: the process must end. A full disk is no such failure.
    fn sync(&self, file: &File) -> io::Result<()> {
        let synced = (self.sync)(file);
        if let Err(error) = &synced
            && !matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        {
            (self.fatal)(error);
        }
        synced
    }

    /// The file of an object. Keys come from the database: one that leads out of the storage is not followed.
    fn object_path(&self, key: &str) -> Result<PathBuf, StorageError> {
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if key.split('/').all(plain) {
            return Ok(self.root.join(key));
        }
        Err(StorageError::Missing { place: self.place(), key: key.to_owned() })
    }

    fn not_writable(&self, error: &io::Error) -> StorageError {
        StorageError::NotWritable { place: self.place(), reason: error.to_string() }
    }

    fn unreadable(&self, key: &str, error: &io::Error) -> StorageError {
        let (place, key) = (self.place(), key.to_owned());
        match error.kind() {
            io::ErrorKind::NotFound => StorageError::Missing { place, key },
            _ => StorageError::Unreadable { place, key, reason: error.to_string() },
        }
    }
}

/// Opens an object, also one that is just being looked at whether it is an orphan.
fn open_kept(path: &Path) -> io::Result<File> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            orphans::aside(path).map_or(Err(error), |aside| File::open(aside).or_else(|_| File::open(path)))
        }
        opened => opened,
    }
}

fn abort(error: &io::Error) {
    // The log may not be flushed any more. If even this cannot be written, there is nobody left to tell.
    let _ = writeln!(
        io::stderr(),
        "fatal: the checkpoint storage could not make a file durable, so this process ends: {error}"
    );
    std::process::abort();
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
