//! SQLite.

mod read;
mod tables;

use super::pool::IfMissing;
use super::session::{Records, Session};
use super::{Cell, Cells, Dialect, Statement, Table, TableName, Write};
use crate::{ComponentError, ResolvedPath};
use async_trait::async_trait;
use flow_data::arrow::datatypes::SchemaRef;
use flow_data::arrow::record_batch::RecordBatch;
use parking_lot::Mutex;
use rusqlite::types::{Null, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ErrorCode, InterruptHandle, OpenFlags, ToSql};
use std::fs::metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long a statement waits for another program's lock on the database.
const BUSY: Duration = Duration::from_secs(10);
/// Connections kept open for each database.
const KEPT: usize = 4;

/// An SQLite database.
#[derive(Clone)]
pub(super) struct Sqlite {
    path: Arc<PathBuf>,
    /// The files of the project cannot be changed.
    idle: Arc<Mutex<Vec<Open>>>,
}

/// An open connection, with the identity of the file it leads to: the path may lead to another file by now.
struct Open {
    connection: Connection,
    file: Option<(u64, u64)>,
}

/// The database in a file; nothing is opened yet.
pub(super) fn database(path: Option<ResolvedPath>) -> Result<Sqlite, ComponentError> {
    match path {
        Some(ResolvedPath::File(path)) => Ok(Sqlite { path: Arc::new(path), idle: Arc::default() }),
        Some(ResolvedPath::ProjectFile { path, .. }) => {
            let message =
                format!("project:{path} is a file of the project, which a database cannot be: use a storage: path");
            Err(ComponentError::new("sql/read-only", message).for_good())
        }
        Some(ResolvedPath::InBucket(place)) => Err(place.only_read()),
        None => Err(ComponentError::new("sql/no-path", "the connection has no “path”").for_good()),
    }
}

impl Sqlite {
    pub(super) async fn open(&self, if_missing: IfMissing) -> Result<Box<dyn Session>, ComponentError> {
        let database = self.clone();
        let open = blocking(move || database.connect(if_missing)).await?;
        let interrupt = open.connection.get_interrupt_handle();
        Ok(Box::new(SqliteSession { database: self.clone(), open: Some(open), interrupt }))
    }

    fn connect(&self, if_missing: IfMissing) -> Result<Open, ComponentError> {
        let file = self.identity();
        let mut idle = self.idle.lock();
        idle.retain(|kept| kept.file == file);
        if let Some(kept) = idle.pop().filter(|_| file.is_some()) {
            return Ok(kept);
        }
        drop(idle);
        let make = if_missing == IfMissing::Make;
        if file.is_none() && !make {
            let message = format!("there is no database {}: create it, or correct the connection", self.path.display());
            return Err(ComponentError::new("sql/no-database", message));
        }
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, make);
        let connection = Connection::open_with_flags(self.path.as_path(), flags).map_err(|error| problem(&error))?;
        connection.busy_timeout(BUSY).map_err(|error| problem(&error))?;
        connection.pragma_update(None, "foreign_keys", true).map_err(|error| problem(&error))?;
        Ok(Open { connection, file: self.identity() })
    }

    fn keep(&self, open: Open) {
        let mut idle = self.idle.lock();
        if open.file.is_some() && open.connection.is_autocommit() && idle.len() < KEPT {
            idle.push(open);
        }
    }

    fn identity(&self) -> Option<(u64, u64)> {
        metadata(self.path.as_path()).ok().map(|file| (file.dev(), file.ino()))
    }
}

struct SqliteSession {
    database: Sqlite,
    /// `None` while a thread works with it, and after that was given up.
    open: Option<Open>,
    interrupt: InterruptHandle,
}

/// Whoever gives up waiting for a statement ends it.
impl Drop for SqliteSession {
    fn drop(&mut self) {
        if self.open.is_none() {
            self.interrupt.interrupt();
        }
    }
}

impl SqliteSession {
    /// Works with the connection on a thread that may block.
    async fn on_thread<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, ComponentError> + Send + 'static,
    ) -> Result<T, ComponentError> {
        let open = self.open.take().ok_or_else(|| ComponentError::new("sql/failed", "the session has ended"))?;
        let (open, done) = blocking(move || {
            let done = work(&open.connection);
            Ok((open, done))
        })
        .await?;
        self.open = Some(open);
        done
    }
}

#[async_trait]
impl Session for SqliteSession {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn version(&mut self) -> Result<String, ComponentError> {
        // Also shows that the file is a database.
        self.on_thread(|connection| {
            connection
                .query_row("SELECT sqlite_version() FROM (SELECT count(*) FROM sqlite_schema)", [], |row| {
                    row.get::<_, String>(0)
                })
                .map(|version| format!("SQLite {version}"))
                .map_err(|error| problem(&error))
        })
        .await
    }

    async fn describe(&mut self, query: &Statement) -> Result<SchemaRef, ComponentError> {
        let sql = query.sql(Dialect::Sqlite);
        self.on_thread(move |connection| read::describe(connection, &sql)).await
    }

    async fn read(
        &mut self,
        query: &Statement,
        values: &[Cell<'static>],
        to: &mpsc::Sender<RecordBatch>,
    ) -> Result<(), ComponentError> {
        let (sql, values, to) = (query.sql(Dialect::Sqlite), values.to_vec(), to.clone());
        self.on_thread(move |connection| read::rows(connection, &sql, &values, &to)).await
    }

    async fn tables(&mut self) -> Result<Vec<Table>, ComponentError> {
        self.on_thread(tables::all).await
    }

    async fn table(&mut self, name: &TableName) -> Result<Option<Table>, ComponentError> {
        let name = name.table.clone();
        self.on_thread(move |connection| tables::one(connection, &name)).await
    }

    async fn begin(&mut self) -> Result<(), ComponentError> {
        // Locks at once: a transaction that began by reading could not be made to write while another one writes.
        self.run("BEGIN IMMEDIATE").await.map(drop)
    }

    async fn execute(&mut self, statement: &Statement, values: &[Cell<'static>]) -> Result<u64, ComponentError> {
        let (sql, values) = (statement.sql(Dialect::Sqlite), values.to_vec());
        self.on_thread(move |connection| execute(connection, &sql, &values)).await
    }

    async fn run(&mut self, sql: &str) -> Result<u64, ComponentError> {
        let sql = sql.to_owned();
        self.on_thread(move |connection| execute(connection, &sql, &[])).await
    }

    async fn write(&mut self, write: &Write, records: Records) -> Result<(), ComponentError> {
        let write = write.clone();
        self.on_thread(move |connection| write_records(connection, &write, records)).await
    }

    async fn commit(mut self: Box<Self>) -> Result<(), ComponentError> {
        self.run("COMMIT").await?;
        self.release();
        Ok(())
    }

    fn release(mut self: Box<Self>) {
        if let Some(open) = self.open.take() {
            self.database.keep(open);
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ComponentError> + Send + 'static,
) -> Result<T, ComponentError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(ComponentError::new("sql/failed", error.to_string())))
}

/// Runs one statement, whether or not it gives rows; the answer is how many rows it changed.
fn execute(connection: &Connection, sql: &str, values: &[Cell<'_>]) -> Result<u64, ComponentError> {
    let mut statement = connection.prepare_cached(sql).map_err(|error| problem(&error))?;
    let before = connection.total_changes();
    let mut rows = statement.query(rusqlite::params_from_iter(values)).map_err(|error| problem(&error))?;
    while rows.next().map_err(|error| problem(&error))?.is_some() {}
    Ok(connection.total_changes().saturating_sub(before))
}

fn write_records(connection: &Connection, write: &Write, mut records: Records) -> Result<(), ComponentError> {
    let (sql, order) = write.for_one(Dialect::Sqlite);
    let mut statement = connection.prepare_cached(&sql).map_err(|error| write.failed(problem(&error)))?;
    let mut record = 0;
    while let Some(batch) = records.next_blocking()? {
        let columns: Vec<Cells> = write
            .targets
            .iter()
            .filter_map(|target| batch.columns().get(target.field))
            .map(|column| Cells::of(column, Dialect::Sqlite))
            .collect();
        for row in 0..batch.num_rows() {
            record += 1;
            let values = order.iter().filter_map(|at| columns.get(*at)).map(|column| column.at(row));
            let written = statement.execute(rusqlite::params_from_iter(values));
            written.map_err(|error| write.refused(problem(&error), record))?;
        }
    }
    Ok(())
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Cell::Null => ToSqlOutput::from(Null),
            Cell::Boolean(value) => ToSqlOutput::Owned(Value::Integer(i64::from(*value))),
            Cell::Integer(value) => ToSqlOutput::Owned(Value::Integer(*value)),
            Cell::Number(value) => ToSqlOutput::Owned(Value::Real(*value)),
            Cell::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Cell::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// SQLite's error in our words.
fn problem(error: &rusqlite::Error) -> ComponentError {
    let code = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "sql/busy",
        Some(ErrorCode::ConstraintViolation) => "sql/constraint",
        Some(ErrorCode::TypeMismatch) => "sql/value",
        Some(ErrorCode::CannotOpen | ErrorCode::NotADatabase) => "sql/no-database",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "sql/read-only",
        Some(ErrorCode::DiskFull) => "sql/disk-full",
        Some(ErrorCode::OperationInterrupted) => "sql/cancelled",
        _ => "sql/failed",
    };
    let text = match error {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    // SQLite has one code for all that is wrong with a statement.
    let code = match code {
        "sql/failed" if text.starts_with("no such table") => "sql/no-table",
        "sql/failed" if text.starts_with("no such column") => "sql/no-column",
        "sql/failed" if text.contains("syntax error") || text.starts_with("incomplete input") => "sql/syntax",
        code => code,
    };
    ComponentError::new(code, text)
}
