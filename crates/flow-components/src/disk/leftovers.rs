//! What killed writers leave behind.
//!
//! A file is written under a name that begins with [`PREFIX`], and its writer holds an exclusive lock on it. The kernel
//! frees the lock when the process dies, so whoever gets the lock knows that nobody will finish the file.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::fs::{File, OpenOptions, read_dir, remove_file};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// How the names of files begin that are not yet whole.
pub(super) const PREFIX: &str = ".writing-";

/// A folder is looked through at most once in this time: a flow may write many files into a large one.
const EVERY: Duration = Duration::from_secs(60);
/// How many folders are remembered.
const REMEMBERED: usize = 4096;

static SWEPT: LazyLock<Mutex<HashMap<PathBuf, Instant>>> = LazyLock::new(Mutex::default);

/// Takes the lock that says: this file has a living writer. Gives false if a sweep took the file for a leftover between
/// its making and now, so that another one is needed. Where the file system knows no locks, nothing is ever swept.
pub(super) fn claim(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    match file.try_lock() {
        Ok(()) | Err(std::fs::TryLockError::Error(_)) => Ok(file.metadata()?.nlink() > 0),
        Err(std::fs::TryLockError::WouldBlock) => Ok(false),
    }
}

/// Removes the leftovers in `folder`, unless that was done a moment ago.
pub(super) fn sweep_now_and_then(folder: &Path) {
    let mut swept = SWEPT.lock();
    if swept.get(folder).is_some_and(|at| at.elapsed() < EVERY) {
        return;
    }
    if swept.len() >= REMEMBERED {
        swept.clear();
    }
    swept.insert(folder.to_owned(), Instant::now());
    drop(swept);
    sweep(folder);
}

/// Removes the leftovers in `folder`. What cannot be removed now is left to the next time.
pub(super) fn sweep(folder: &Path) {
    let Ok(entries) = read_dir(folder) else { return };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let Ok(file) = OpenOptions::new().write(true).open(entry.path()) else { continue };
        if file.try_lock().is_ok() {
            // Still under the lock: a writer that made the file just now sees that its file is gone.
            let _ = remove_file(entry.path());
        }
    }
}
