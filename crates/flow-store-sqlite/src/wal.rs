//! The write-ahead log: a commit overwrites part of a file that is long enough already, since making a file longer
//! costs a second write to the disk's journal at each fsync. So the file is filled with zeros up to its working length
//! when the first process opens the database, and its content goes to the database before it would get longer.

use crate::error::{DbError, DbResult};
use rusqlite::{Connection, OptionalExtension};
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes of a page in the log: the page and its header.
const FRAME: u64 = 4096 + 24;

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

/// Brings the log's content to the database in time.
pub(crate) struct Checkpointer {
    /// Pages that the log may hold.
    limit: i64,
    /// Commits until the log is looked at again.
    countdown: u32,
    /// The last look failed.
    failing: bool,
}

/// Commits until the next look after one that failed: whoever writes meanwhile is not held up by a full disk.
const AFTER_FAILURE: u32 = 256;

impl Checkpointer {
    pub(crate) fn new(log_bytes: u64) -> Self {
        Self {
            limit: i64::try_from(log_bytes / FRAME * 3 / 4).unwrap_or(i64::MAX).max(100),
            countdown: 1,
            failing: false,
        }
    }

    /// Notes a commit.
    pub(crate) fn committed(&mut self) {
        self.countdown = self.countdown.saturating_sub(1);
    }

    /// Whether the log is to be looked at.
    pub(crate) fn is_due(&self) -> bool {
        self.countdown == 0
    }

    /// Notes that a look failed. The answer is whether it is the first in a row, which is worth telling.
    pub(crate) fn failed(&mut self) -> bool {
        self.countdown = AFTER_FAILURE;
        !std::mem::replace(&mut self.failing, true)
    }

    /// Looks at the log and brings its content to the database if it has become long. To be called under the write
    /// lock: with no other writer, and unless a reader still needs older pages, the next commit then starts at the
    /// beginning of the log.
    pub(crate) fn bring_to_database(&mut self, connection: &Connection) -> DbResult<()> {
        let pages = checkpoint(connection, "NOOP")?;
        if pages >= self.limit {
            checkpoint(connection, "PASSIVE")?;
        }
        self.failing = false;
        // Looked at again before the log can have become much too long, one commit being a few pages.
        self.countdown = u32::try_from((self.limit - pages) / 64).unwrap_or(0).clamp(1, 32);
        Ok(())
    }
}

/// Runs a checkpoint; the pages in the log.
fn checkpoint(connection: &Connection, mode: &str) -> DbResult<i64> {
    let mut statement = connection.prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))?;
    let pages = statement.query_row([], |row| row.get::<_, i64>(1)).optional().map_err(DbError::from)?;
    Ok(pages.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_cannot_be_brought_to_the_database_is_told_of_once_and_looked_at_now_and_then() {
        let connection = Connection::open_in_memory().unwrap();
        let mut checkpointer = Checkpointer::new(1024 * 1024);
        assert!(checkpointer.failed(), "the first failure is worth telling");
        for _ in 0..3 {
            for _ in 0..AFTER_FAILURE {
                assert!(!checkpointer.is_due(), "no commit is held up by it");
                checkpointer.committed();
            }
            assert!(checkpointer.is_due());
            assert!(!checkpointer.failed(), "it is told already");
        }
        checkpointer.bring_to_database(&connection).unwrap();
        assert!(checkpointer.failed(), "after a success it is news again");
    }
}
