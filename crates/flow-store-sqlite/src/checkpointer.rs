//! Brings the content of the write-ahead log to the database before the log has to grow, on a thread of its own: most of
//! it while others write, and only what they have added meanwhile under the write lock, which is a matter of a
//! millisecond or two. With no other writer and all of it brought, the next commit starts at the beginning of the log.

use crate::error::{DbError, DbResult};
use crate::open::Fatal;
use crate::write_lock::WriteLock;
use flow_store::StoreError;
use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, OptionalExtension};
use std::sync::Arc;
use std::thread;

/// Bytes of a page in the log: the page and its header.
const FRAME: u64 = 4096 + 24;
/// Pages that are brought under the write lock; more are brought beside other writers first.
const FEW: i64 = 128;
/// How often that is tried, should they write faster than it is brought.
const BESIDE_WRITERS: usize = 3;
/// Commits until the next look after one that failed: a full disk is not asked at each.
const AFTER_FAILURE: u32 = 256;

/// The way to the thread, which ends when this is dropped.
pub(crate) struct Checkpointer {
    due: Arc<Due>,
}

/// When the log is to be looked at.
struct Due {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Commits until then.
    commits: u32,
    closed: bool,
}

impl Checkpointer {
    /// Starts the thread. `connection` and `lock` are its own: it takes turns at writing as other processes do.
    pub(crate) fn start(
        connection: Connection,
        lock: WriteLock,
        log_bytes: u64,
        fatal: Fatal,
    ) -> Result<Self, StoreError> {
        let due = Arc::new(Due { state: Mutex::new(State { commits: 1, closed: false }), changed: Condvar::new() });
        let mut log = Log::new(connection, log_bytes);
        let waited = Arc::clone(&due);
        thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || {
                while waited.wait() {
                    let commits = match log.bring_to_database(&lock) {
                        Ok(commits) => commits,
                        Err(error) if error.is_fatal() => return fatal(&error.into()),
                        Err(error) => log.failed(&error),
                    };
                    waited.state.lock().commits = commits;
                }
            })
            .map_err(|error| StoreError::unavailable(format!("the log's thread cannot start: {error}")))?;
        Ok(Self { due })
    }

    /// Notes a commit.
    pub(crate) fn committed(&self) {
        let mut state = self.due.state.lock();
        if state.commits > 0 {
            state.commits -= 1;
            if state.commits == 0 {
                self.due.changed.notify_one();
            }
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.due.state.lock().closed = true;
        self.due.changed.notify_one();
    }
}

impl Due {
    /// Waits until the log is to be looked at; false when it never is again.
    fn wait(&self) -> bool {
        let mut state = self.state.lock();
        while state.commits > 0 && !state.closed {
            self.changed.wait(&mut state);
        }
        !state.closed
    }
}

/// The log, as seen by one connection.
struct Log {
    connection: Connection,
    /// Pages that it may hold before it is brought: half of the file, so that others can write meanwhile.
    limit: i64,
    /// The last look failed.
    failing: bool,
}

/// How many pages there are in the log, and how many of them are in the database already.
struct Pages {
    all: i64,
    brought: i64,
}

impl Log {
    fn new(connection: Connection, log_bytes: u64) -> Self {
        Self { connection, limit: i64::try_from(log_bytes / FRAME / 2).unwrap_or(i64::MAX).max(100), failing: false }
    }

    /// Looks at the log and brings its content to the database if it has become long. The answer is after how many commits
    /// it is to be looked at again.
    fn bring_to_database(&mut self, lock: &WriteLock) -> DbResult<u32> {
        let mut pages = self.checkpoint("NOOP")?;
        if pages.all >= self.limit {
            for _ in 0..BESIDE_WRITERS {
                if pages.all - pages.brought <= FEW {
                    break;
                }
                pages = self.checkpoint("PASSIVE")?;
            }
            let failed = |error| {
                StoreError::unavailable(format!("the lock on writing to the checkpoint database failed: {error}"))
            };
            let turn = lock.take_turn().map_err(failed)?;
            self.checkpoint("PASSIVE")?;
            drop(turn);
            pages = self.checkpoint("NOOP")?;
        }
        self.failing = false;
        // Looked at again before the log can have become much too long, one commit being a few pages.
        let room = if pages.brought == pages.all { self.limit } else { self.limit - pages.all };
        Ok(u32::try_from(room / 64).unwrap_or(0).clamp(1, 32))
    }

    /// Notes that a look failed, and tells of the first one in a row. All commits are durable already; so it is for later.
    fn failed(&mut self, error: &DbError) -> u32 {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::warn!(?error, "the log could not be brought to the database; trying again now and then");
        }
        AFTER_FAILURE
    }

    fn checkpoint(&self, mode: &str) -> DbResult<Pages> {
        let mut statement = self.connection.prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))?;
        let read = statement.query_row([], |row| Ok(Pages { all: row.get(1)?, brought: row.get(2)? }));
        Ok(read.optional().map_err(DbError::from)?.unwrap_or(Pages { all: 0, brought: 0 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wal;
    use std::time::{Duration, Instant};
    use tempfile::TempDir;

    const LOG: u64 = 1024 * 1024;

    fn open(folder: &TempDir) -> (Connection, WriteLock) {
        let connection = Connection::open(folder.path().join("test.db")).unwrap();
        let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
        connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        connection.execute_batch("CREATE TABLE IF NOT EXISTS filled (bytes)").unwrap();
        (connection, WriteLock::open(&folder.path().join("locks")).unwrap())
    }

    fn fill(connection: &Connection, pages: i64) {
        let sql = "INSERT INTO filled SELECT zeroblob(4000) FROM generate_series(1, ?)";
        let sql = sql.replace(
            "generate_series(1, ?)",
            "(WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?1) SELECT i FROM n)",
        );
        connection.execute(&sql, [pages]).unwrap();
    }

    #[test]
    fn a_log_that_cannot_be_brought_to_the_database_is_told_of_once_and_looked_at_now_and_then() {
        let folder = TempDir::new().unwrap();
        let (connection, lock) = open(&folder);
        let mut log = Log::new(connection, LOG);
        let error = DbError::from(StoreError::Full("test".to_owned()));
        assert_eq!(log.failed(&error), AFTER_FAILURE, "no commit is held up by it");
        assert!(log.failing, "it is told already");
        log.bring_to_database(&lock).unwrap();
        assert!(!log.failing, "after a success it is news again");
    }

    #[test]
    fn a_long_log_is_brought_to_the_database_whole_and_begins_anew() {
        let folder = TempDir::new().unwrap();
        let (writer, _) = open(&folder);
        let (connection, lock) = open(&folder);
        let mut log = Log::new(connection, LOG);
        fill(&writer, 60);
        log.bring_to_database(&lock).unwrap();
        let short = log.checkpoint("NOOP").unwrap();
        assert!(short.all >= 60 && short.brought == 0, "a short log is left alone");
        fill(&writer, 400);
        log.bring_to_database(&lock).unwrap();
        fill(&writer, 1);
        assert!(log.checkpoint("NOOP").unwrap().all < 60, "the next commit is at its beginning");
    }

    #[test]
    fn others_write_while_the_log_is_brought_to_the_database_and_it_stays_short() {
        let folder = TempDir::new().unwrap();
        wal::fill(&folder.path().join("test.db"), LOG).unwrap();
        let (writer, lock) = open(&folder);
        let (connection, own) = open(&folder);
        let fatal: Fatal = Arc::new(|error| panic!("{error}"));
        let checkpointer = Checkpointer::start(connection, own, LOG, fatal).unwrap();
        let (begun, mut longest) = (Instant::now(), 0);
        while begun.elapsed() < Duration::from_secs(1) {
            let turn = lock.take_turn().unwrap();
            fill(&writer, 8);
            drop(turn);
            checkpointer.committed();
            longest = longest.max(std::fs::metadata(folder.path().join("test.db-wal")).unwrap().len());
        }
        assert!(longest <= 4 * LOG, "{longest} bytes");
    }
}
