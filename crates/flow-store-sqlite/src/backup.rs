//! A copy of the database while servers work on it.

use crate::check::open_checked;
use crate::error::{DbError, DbResult};
use flow_store::StoreError;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Copies the database at `from` into the new file `to`, which only its owner may read, as it is at one moment, and makes
/// the copy durable. Blocks.
/// Servers go on meanwhile; only their write-ahead log cannot be cut short for so long.
pub fn back_up(from: &Path, to: &Path) -> Result<(), StoreError> {
    let source = open_checked(from)?;
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        StoreError::unavailable(format!("{what} {}: {error}", to.display()))
    };
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    made.map_err(|error| failed("it could not be copied to", &error))?;
    copy(&source, to).map_err(|error| match error {
        DbError::Store(error) => error,
        DbError::Sqlite(error) => failed("it could not be copied to", &error),
    })?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(to).and_then(|file| file.sync_all()).and_then(|()| File::open(folder)?.sync_all());
    synced.map_err(|error| failed("the copy could not be made durable at", &error))
}

fn copy(source: &Connection, to: &Path) -> DbResult<()> {
    let mut target = Connection::open(to)?;
    let backup = Backup::new(source, &mut target)?;
    // All at once, so that it is one state however much is written meanwhile.
    loop {
        match backup.step(-1)? {
            StepResult::Done => return Ok(()),
            _ => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Whether there is a database at `path`, or what is left of one: a file that belongs to it.
pub fn is_there(path: &Path) -> bool {
    ["", "-wal", "-shm", "-journal"].iter().any(|suffix| {
        let mut file = OsString::from(path);
        file.push(suffix);
        PathBuf::from(file).exists()
    })
}
