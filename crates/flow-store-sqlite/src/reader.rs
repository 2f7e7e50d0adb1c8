//! Reads: on connections of their own, which see the last commit and wait for nobody.

use crate::error::DbResult;
use flow_store::StoreError;
use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// A few read-only connections, opened when needed.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl Readers {
    pub(crate) fn new(path: &Path, connections: usize) -> Arc<Self> {
        Arc::new(Self { path: path.to_path_buf(), idle: Mutex::default(), permits: Semaphore::new(connections) })
    }

    /// Runs `read` in one read transaction: it sees one state of the database however many statements it has.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> DbResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let closed = || StoreError::unavailable("the store is closed");
        let _permit = self.permits.acquire().await.map_err(|_| closed())?;
        let readers = self.clone();
        let task = tokio::task::spawn_blocking(move || readers.run_now(read));
        match task.await {
            Ok(result) => Ok(result?),
            Err(error) => Err(StoreError::unavailable(format!("a read ended early: {error}"))),
        }
    }

    fn run_now<T>(&self, read: impl FnOnce(&Connection) -> DbResult<T>) -> DbResult<T> {
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open_read_only(&self.path)?,
        };
        let transaction = connection.unchecked_transaction()?;
        let result = read(&transaction);
        transaction.finish()?;
        self.idle.lock().push(connection);
        result
    }
}

/// Opens a connection that cannot write.
pub(crate) fn open_read_only(path: &Path) -> DbResult<Connection> {
    // Opened read-write all the same: a reader may have to make the shared memory file of the log.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "mmap_size", 256 * 1024 * 1024)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}
