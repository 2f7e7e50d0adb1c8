//! What can go wrong inside of a command, and what callers get to see of it.

use flow_store::StoreError;
use flow_store::transition::TransitionError;
use rusqlite::ErrorCode;

/// An error inside of a command or a read.
#[derive(Debug)]
pub(crate) enum DbError {
    /// What the rules say.
    Store(StoreError),
    /// What SQLite says.
    Sqlite(rusqlite::Error),
}

pub(crate) type DbResult<T> = Result<T, DbError>;

impl DbError {
    /// Whether the disk failed, so that nobody knows what is durable: the process must end.
    pub(crate) fn is_fatal(&self) -> bool {
        let Self::Sqlite(rusqlite::Error::SqliteFailure(failure, _)) = self else {
            return false;
        };
        matches!(failure.code, ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            && !is_full(failure)
    }
}

/// Whether there was no room. The shared memory of the log, a file too, gets longer with the log: that it cannot is told
/// as a failure of input and output, but breaks nothing.
fn is_full(failure: &rusqlite::ffi::Error) -> bool {
    failure.code == ErrorCode::DiskFull || failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
}

impl From<StoreError> for DbError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<TransitionError> for DbError {
    fn from(error: TransitionError) -> Self {
        Self::Store(error.into())
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<DbError> for StoreError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Store(error) => error,
            DbError::Sqlite(error) => of_sqlite(&error),
        }
    }
}

fn of_sqlite(error: &rusqlite::Error) -> StoreError {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) if is_full(failure) => StoreError::Full(error.to_string()),
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => StoreError::Corrupt(error.to_string()),
        other => StoreError::unavailable(other.to_string()),
    }
}

/// The error for a stored value that this release does not understand.
pub(crate) fn corrupt(what: &str, found: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("{what}: {found}"))
}
