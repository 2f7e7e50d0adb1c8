//! Orphans: objects that no row names, left behind by a server that ended between the object and its row, or by requests
//! that are no longer kept.
//!
//! An object is written before the row that names it, and equal streams share one. So an orphan must be old, and writing
//! the same bytes again makes it young (see `renew`). It is first moved aside and looked at once more: whoever writes it
//! before that is seen by the object's age, and whoever comes after it writes it anew.

use super::{Folder, blocking};
use crate::RetentionStore;
use crate::retention::HouseError;
use crate::storage::{OldObject, StorageError};
use std::fs::{self, DirEntry, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What is put behind the name of an object that is moved aside.
const ASIDE: &str = ".aside";

/// Where an object is while it is looked at.
pub(in crate::storage) fn aside(path: &Path) -> Option<PathBuf> {
    Some(path.with_file_name(format!("{}{ASIDE}", path.file_name()?.to_str()?)))
}

impl Folder {
    /// The objects that were last written at least `age` ago, by the clock of the storage's own file system. Brings back
    /// what an earlier look left aside, and removes what writers that ended early left behind.
    pub(in crate::storage) async fn old_objects(&self, age: Duration) -> Result<Vec<OldObject>, StorageError> {
        let storage = self.clone();
        let listed = blocking(move || storage.list_old(age)).await;
        listed.map_err(|error| self.unreadable("objects", &error))
    }

    /// Removes those of the objects that no row names and that are still old. How many, and their size in bytes.
    pub(in crate::storage) async fn remove_unnamed<S: RetentionStore + ?Sized>(
        &self,
        old: Vec<OldObject>,
        age: Duration,
        store: &S,
    ) -> Result<(u64, u64), HouseError> {
        let named = store.named_objects(old.iter().map(|object| object.key.clone()).collect()).await?;
        let unnamed: Vec<OldObject> = old.into_iter().filter(|object| !named.contains(&object.key)).collect();
        if unnamed.is_empty() {
            return Ok((0, 0));
        }
        let storage = self.clone();
        let moved = blocking(move || unnamed.into_iter().map(|object| storage.set_aside(object)).collect());
        let moved: Vec<Option<OldObject>> = moved.await.map_err(|error| self.unreadable("objects", &error))?;
        let moved: Vec<OldObject> = moved.into_iter().flatten().collect();
        // A row may have come to name one in the meantime.
        let named = store.named_objects(moved.iter().map(|object| object.key.clone()).collect()).await?;
        let storage = self.clone();
        let removed = blocking(move || {
            let mut removed = (0, 0);
            let now = storage.now()?;
            for object in moved {
                if !named.contains(&object.key) && storage.remove_aside(&object, now, age)? {
                    removed = (removed.0 + 1, removed.1 + object.bytes);
                } else {
                    storage.bring_back(&storage.root.join(&object.key))?;
                }
            }
            Ok(removed)
        });
        Ok(removed.await.map_err(|error| self.unreadable("objects", &error))?)
    }

    fn list_old(&self, age: Duration) -> io::Result<Vec<OldObject>> {
        let now = self.now()?;
        let mut old = Vec::new();
        for folder in entries(&self.root.join("objects"))? {
            if !folder.file_type()?.is_dir() {
                self.remove_leftover(&folder, now)?;
                continue;
            }
            for file in entries(&folder.path())? {
                let Some(name) = file.file_name().to_str().map(ToOwned::to_owned) else { continue };
                if let Some(name) = name.strip_suffix(ASIDE) {
                    self.bring_back(&folder.path().join(name))?;
                } else if name.starts_with('.') {
                    self.remove_leftover(&file, now)?;
                } else if let Some(metadata) = present(file.metadata())?
                    && is_old(&metadata, now, age)
                {
                    let key = format!("objects/{}/{name}", folder.file_name().to_string_lossy());
                    old.push(OldObject { key, bytes: metadata.len() });
                }
            }
        }
        old.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(old)
    }

    /// The time by the clock of the storage's file system.
    pub(super) fn now(&self) -> io::Result<SystemTime> {
        tempfile::Builder::new().prefix(".probe-").tempfile_in(&self.root)?.as_file().metadata()?.modified()
    }

    /// Removes the temporary file of a writer that ended long ago.
    fn remove_leftover(&self, file: &DirEntry, now: SystemTime) -> io::Result<()> {
        const LONG: Duration = Duration::from_secs(24 * 60 * 60);
        match present(file.metadata())? {
            Some(metadata) if is_old(&metadata, now, LONG) => present(fs::remove_file(file.path())).map(drop),
            _ => Ok(()),
        }
    }

    fn set_aside(&self, object: OldObject) -> io::Result<Option<OldObject>> {
        let path = self.root.join(&object.key);
        let Some(aside) = aside(&path) else { return Ok(None) };
        Ok(present(fs::rename(&path, aside))?.map(|()| object))
    }

    /// Removes an object that was moved aside, if it is still old. Whether it was.
    fn remove_aside(&self, object: &OldObject, now: SystemTime, age: Duration) -> io::Result<bool> {
        let Some(aside) = aside(&self.root.join(&object.key)) else { return Ok(false) };
        let old = present(File::open(&aside).and_then(|file| file.metadata()))?.is_some_and(|m| is_old(&m, now, age));
        Ok(old && present(fs::remove_file(aside))?.is_some())
    }

    /// Brings an object back that was moved aside.
    fn bring_back(&self, path: &Path) -> io::Result<()> {
        let Some(aside) = aside(path) else { return Ok(()) };
        present(fs::rename(aside, path)).map(drop)
    }
}

fn is_old(metadata: &fs::Metadata, now: SystemTime, age: Duration) -> bool {
    metadata.modified().is_ok_and(|at| now.duration_since(at).unwrap_or_default() >= age)
}

fn entries(folder: &Path) -> io::Result<Vec<DirEntry>> {
    present(fs::read_dir(folder))?.map_or_else(|| Ok(Vec::new()), Iterator::collect)
}

/// None if the file has gone in the meantime.
fn present<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
