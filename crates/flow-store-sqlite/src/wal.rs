//! The write-ahead log: a commit overwrites part of a file that is long enough already, since making a file longer
//! costs a second write to the disk's journal at each fsync. So the file is filled with zeros up to its working length
//! when the first process opens the database, and its content goes to the database before it would get longer (`checkpointer`).

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Fills the log file of `database` up to `length` bytes. Only under the write lock, with the log in use (so that the
/// file is there). SQLite takes zeros behind its last frame for what they are: not a frame.
pub(crate) fn fill(database: &Path, length: u64) -> io::Result<()> {
    let mut log = match OpenOptions::new().write(true).open(log_path(database)) {
        Ok(log) => log,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let zeros = [0_u8; 64 * 1024];
    let mut at = log.seek(SeekFrom::End(0))?;
    if at >= length {
        return Ok(());
    }
    while at < length {
        let part = usize::try_from(length - at).unwrap_or(usize::MAX).min(zeros.len());
        log.write_all(&zeros[..part])?;
        at += part as u64;
    }
    log.sync_all()
}

fn log_path(database: &Path) -> PathBuf {
    let mut path = OsString::from(database);
    path.push("-wal");
    path.into()
}
