//! Opening the database.

use crate::changes::Changes;
use crate::checkpointer::Checkpointer;
use crate::error::{DbError, DbResult};
use crate::reader::Readers;
use crate::write_lock::WriteLock;
use crate::writer::Writer;
use crate::{cluster, filesystem, schema, wal};
use flow_store::copy::{CopyMark, MARK};
use flow_store::{Clock, Store, StoreError, StoreStatistics, SystemClock};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What to do when the disk fails so that nobody knows what is durable. In a server: end the process.
pub type Fatal = Arc<dyn Fn(&StoreError) + Send + Sync>;

/// How a database is opened.
#[derive(Clone)]
pub struct SqliteOptions {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Length in bytes that the file of the write-ahead log is given from the start.
    pub log_bytes: u64,
    /// Reads at the same time.
    pub readers: usize,
    /// Called when the disk fails. The default logs the error and aborts the process: survivors take over from what is
    /// durable, whereas nobody could tell what a second try had made of it.
    pub fatal: Fatal,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), log_bytes: 16 * 1024 * 1024, readers: 4, fatal: Arc::new(abort) }
    }
}

/// The checkpoint database in one SQLite file; see the crate.
pub struct SqliteStore {
    pub(crate) writer: Writer,
    pub(crate) readers: Arc<Readers>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lock: Arc<WriteLock>,
    changes: Changes,
    lock_folder: PathBuf,
}

impl SqliteStore {
    /// Opens the database at `path`; makes it, its folder and its lock folder where they are missing, and brings its
    /// schema up to date. Blocks for a moment.
    ///
    /// Fails with `store/network-filesystem`, `store/newer-schema`, `store/conflict` (the file is something else) or
    /// `store/unavailable`.
    pub fn open(path: impl AsRef<Path>) -> Result<Arc<Self>, StoreError> {
        Self::open_with(path, SqliteOptions::default())
    }

    /// As [`SqliteStore::open`], with options.
    pub fn open_with(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Arc<Self>, StoreError> {
        let path = path.as_ref();
        let cannot = |what: &str, error: &dyn std::fmt::Display| {
            StoreError::unavailable(format!("{what} {}: {error}", path.display()))
        };
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|error| cannot("its folder cannot be made for", &error))?;
        filesystem::refuse_network(folder, path)?;
        let lock_folder = lock_folder(path);
        let lock = WriteLock::open(&lock_folder).map_err(|error| cannot("no lock folder can be made for", &error))?;
        let turn = lock.take_turn().map_err(|error| cannot("the write lock failed for", &error))?;
        let connection = prepare(path, &options).map_err(|error| match error {
            DbError::Store(error) => error,
            DbError::Sqlite(error) => cannot("it cannot be opened at", &error),
        })?;
        refuse_copied(&connection)?;
        wal::fill(path, options.log_bytes).map_err(|error| cannot("no log can be made for", &error))?;
        drop(turn);
        let lock = Arc::new(lock);
        let own_lock =
            WriteLock::open(&lock_folder).map_err(|error| cannot("no lock folder can be made for", &error))?;
        let checkpointer = Checkpointer::start(open_beside(path)?, own_lock, options.log_bytes, options.fatal.clone())?;
        let writer =
            Writer::start(connection, lock.clone(), checkpointer, options.clock.clone(), options.fatal.clone())?;
        Ok(Arc::new(Self {
            writer,
            readers: Readers::new(path, options.readers),
            clock: options.clock,
            lock,
            changes: Changes::new(path.to_path_buf()),
            lock_folder,
        }))
    }

    /// The folder beside the database for lock files: its own and those by which servers see each other live.
    pub fn lock_folder(&self) -> &Path {
        &self.lock_folder
    }
}

impl Store for SqliteStore {
    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn statistics(&self) -> StoreStatistics {
        self.writer.statistics()
    }
}

pub(crate) fn lock_folder(path: &Path) -> PathBuf {
    let mut folder = OsString::from(path);
    folder.push(".d");
    folder.into()
}

/// Opens the writer's connection. Under the write lock, so that processes that start together do not meet in here.
pub(crate) fn prepare(path: &Path, options: &SqliteOptions) -> DbResult<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(256);
    // Writers take turns by locks of their own; this is for other programs that look at the file.
    connection.busy_timeout(Duration::from_secs(10))?;
    // Without this SQLite plans statements anew whenever a value that it looked at while planning is bound anew.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "page_size", 4096)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::unavailable(format!("its file system offers no write-ahead log ({mode})")).into());
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -16 * 1024)?;
    connection.pragma_update(None, "mmap_size", 256 * 1024 * 1024)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    schema::migrate(&mut connection, path, options.clock.now())?;
    Ok(connection)
}

/// Opens a connection that brings the log to the database beside the writer's.
fn open_beside(path: &Path) -> DbResult<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

/// Refuses a database that holds a part of a copy, or whose cluster has moved away.
fn refuse_copied(connection: &Connection) -> Result<(), StoreError> {
    cluster::known(connection, MARK)?.map_or(Ok(()), |mark| Err(CopyMark::read(&mark)?.refusal()))
}

fn abort(error: &StoreError) {
    tracing::error!(code = error.code(), %error, "the checkpoint database failed; this process ends so that others can go on from what is durable");
    // The log may not be flushed any more. That this cannot be written either must not keep the process from ending.
    let _ = writeln!(std::io::stderr(), "fatal: the checkpoint database failed, so this process ends: {error}");
    std::process::abort();
}

#[cfg(test)]
mod tests;
