//! Folders that triggers watch: on a disk, or in the bucket of the checkpoint storage.

use flow_components::{Folder, Places};
use flow_engine::storage_files;
use flow_model::{Afterwards, FileTrigger};
use flow_store::{BucketFile, BucketFiles, CheckpointStorage, RequestId, StorageError};
use globset::GlobMatcher;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// What tells one state of a file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) bytes: u64,
    /// Nanoseconds since 1970.
    pub(super) changed: u128,
    /// What a bucket calls this state; empty on a disk.
    tag: String,
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.bytes, self.changed)?;
        if self.tag.is_empty() { Ok(()) } else { write!(f, " {}", self.tag) }
    }
}

/// A folder that is watched, or that files are moved to.
pub(super) enum Watched {
    Disk(PathBuf),
    Bucket { files: BucketFiles, path: String },
}

/// Why no server of this cluster can look at the folder, or move files to where they are to go.
pub fn problem(storage: &CheckpointStorage, file: &FileTrigger) -> Option<String> {
    let to = match &file.afterwards {
        Afterwards::Remember => None,
        Afterwards::MoveTo(to) => Some(to),
    };
    std::iter::once(&file.folder).chain(to).find_map(|folder| Watched::at(storage, folder).err())
}

impl Watched {
    /// The folder that a trigger names.
    pub(super) fn at(storage: &CheckpointStorage, folder: &str) -> Result<Self, String> {
        let places = Places { storage: storage_files(storage), project: Arc::default(), local: PathBuf::from("/") };
        match (places.folder(folder), storage.bucket_files()) {
            (Ok(Folder::Disk(folder)), _) => Ok(Self::Disk(folder)),
            (Ok(Folder::Bucket(place)), Some(files)) => Ok(Self::Bucket { files, path: place.path }),
            (Ok(_), _) => Err("files of a project do not come".to_owned()),
            (Err(error), _) => Err(error.to_string()),
        }
    }

    pub(super) fn is_in_bucket(&self) -> bool {
        matches!(self, Self::Bucket { .. })
    }

    /// The files that fit, with their stamps. A folder that is not there is empty.
    pub(super) async fn list(&self, pattern: GlobMatcher) -> Result<BTreeMap<String, Stamp>, String> {
        match self {
            Self::Disk(folder) => {
                let folder = folder.clone();
                let listed = tokio::task::spawn_blocking(move || list(&folder, &pattern)).await;
                listed.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
            }
            Self::Bucket { files, path } => {
                let listed = files.list(path, false).await.map_err(|error| error.to_string())?;
                let named = listed.into_iter().filter_map(|file| Some((name_of(&file)?, stamp_of(file))));
                Ok(named.filter(|(name, _)| fits(name, &pattern)).collect())
            }
        }
    }

    /// Moves a file of this folder into another one of the same place; where its name is taken there, with its request's number.
    /// One that was replaced since it had this stamp stays: another request is to be made for it.
    pub(super) async fn move_to(
        &self,
        (name, stamp): (&str, &Stamp),
        to: Self,
        request: RequestId,
    ) -> Result<(), String> {
        match (self, to) {
            (Self::Disk(from), Self::Disk(to)) => {
                let (from, file) = (from.join(name), (name.to_owned(), stamp.clone()));
                let moved = tokio::task::spawn_blocking(move || rename(&from, &to, &file, request)).await;
                match moved.map_err(|error| error.to_string())? {
                    // Another server may have been faster.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                    moved => moved.map_err(|error| error.to_string()),
                }
            }
            (Self::Bucket { files, path }, Self::Bucket { path: to, .. }) => {
                match move_within(files, &format!("{path}/{name}"), &to, (name, stamp), request).await {
                    Err(StorageError::Missing { .. }) => Ok(()),
                    moved => moved.map_err(|error| error.to_string()),
                }
            }
            _ => Err("files are moved within a disk or within the storage".to_owned()),
        }
    }
}

fn rename(from: &Path, to: &Path, (name, stamp): &(String, Stamp), request: RequestId) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    if stamp_on_disk(&from.symlink_metadata()?)? != *stamp {
        return Ok(());
    }
    let plain = to.join(name);
    let target = if plain.exists() { to.join(format!("{request}-{name}")) } else { plain };
    std::fs::rename(from, target)
}

/// A bucket copies and removes: what is in the new place already, in the same state, is what somebody did not finish to move.
async fn move_within(
    files: &BucketFiles,
    from: &str,
    to: &str,
    (name, stamp): (&str, &Stamp),
    request: RequestId,
) -> Result<(), StorageError> {
    let plain = format!("{to}/{name}");
    let moving = files.file(from).await?;
    if (moving.bytes, &moving.tag) != (stamp.bytes, &stamp.tag) {
        return Ok(());
    }
    let target = match (files.file(&plain).await, moving) {
        (Err(StorageError::Missing { .. }), _) => plain,
        (Ok(there), moving) if (there.bytes, &there.tag) == (moving.bytes, &moving.tag) => plain,
        (Ok(_), _) => format!("{to}/{request}-{name}"),
        (Err(error), _) => return Err(error),
    };
    files.move_to(from, &target).await
}

/// The files of a folder on a disk that fit, with their stamps.
fn list(folder: &Path, pattern: &GlobMatcher) -> io::Result<BTreeMap<String, Stamp>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        entries => entries?,
    };
    let mut files = BTreeMap::new();
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !fits(&name, pattern) {
            continue;
        }
        // A file that is gone by now does not count.
        let Ok(about) = entry.metadata() else { continue };
        if about.is_file() {
            files.insert(name, stamp_on_disk(&about)?);
        }
    }
    Ok(files)
}

fn fits(name: &str, pattern: &GlobMatcher) -> bool {
    !name.starts_with('.') && pattern.is_match(name)
}

fn name_of(file: &BucketFile) -> Option<String> {
    file.path.rsplit('/').next().map(str::to_owned)
}

fn stamp_on_disk(about: &Metadata) -> io::Result<Stamp> {
    Ok(Stamp { bytes: about.len(), changed: nanos(about.modified()?), tag: String::new() })
}

fn stamp_of(file: BucketFile) -> Stamp {
    Stamp { bytes: file.bytes, changed: nanos(file.modified), tag: file.tag }
}

fn nanos(time: SystemTime) -> u128 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watching(folder: &str, afterwards: Afterwards) -> FileTrigger {
        FileTrigger { folder: folder.to_owned(), pattern: "*".to_owned(), settle_ms: 1, afterwards, server: None }
    }

    #[tokio::test]
    async fn a_file_that_was_replaced_since_it_was_listed_is_not_moved() {
        let folder = tempfile::tempdir().unwrap();
        let (incoming, done) = (folder.path().join("in"), folder.path().join("done"));
        std::fs::create_dir(&incoming).unwrap();
        std::fs::write(incoming.join("a.csv"), "old").unwrap();
        let watched = Watched::Disk(incoming.clone());
        let list = async || {
            let every = globset::Glob::new("*").unwrap().compile_matcher();
            watched.list(every).await.unwrap()
        };
        let listed = list().await;
        std::fs::write(incoming.join("a.csv"), "newer").unwrap();
        let moved = async |stamp: &Stamp| {
            watched.move_to(("a.csv", stamp), Watched::Disk(done.clone()), RequestId(7)).await.unwrap();
            done.join("a.csv").exists()
        };
        assert!(!moved(&listed["a.csv"]).await, "a request is still to be made for it");
        assert!(moved(&list().await["a.csv"]).await);
    }

    #[test]
    fn a_folder_that_no_server_can_look_at_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        let storage = CheckpointStorage::open(folder.path()).unwrap();
        let moved = |to: &str| Afterwards::MoveTo(to.to_owned());
        assert_eq!(problem(&storage, &watching("storage:incoming", moved("storage:incoming/done"))), None);
        assert_eq!(problem(&storage, &watching("/incoming", moved("/done"))), None);
        let told = problem(&storage, &watching("storage:objects", Afterwards::Remember)).unwrap();
        assert!(told.contains("saved points"), "{told}");
        let told = problem(&storage, &watching("storage:incoming", moved("storage:objects"))).unwrap();
        assert!(told.contains("saved points"), "{told}");
    }
}
