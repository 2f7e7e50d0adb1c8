//! What can go wrong inside of a command, and what callers get to see of it.

use deadpool_postgres::PoolError;
use flow_store::StoreError;
use flow_store::transition::TransitionError;
use std::error::Error as _;
use tokio_postgres::error::Severity;

/// An error inside of a command or a read.
#[derive(Debug)]
pub(crate) enum DbError {
    /// What the rules say.
    Store(StoreError),
    /// What PostgreSQL says.
    Postgres(tokio_postgres::Error),
}

pub(crate) type DbResult<T> = Result<T, DbError>;

impl DbError {
    /// Whether the same may succeed once the database is there again: it restarts, the connection broke, all that it allows
    /// are taken for a moment, or two transactions stood in each other's way.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) => matches!(error, StoreError::Unavailable(_)),
            Self::Postgres(error) => match error.as_db_error() {
                Some(said) => {
                    let code = said.code().code();
                    let class = code.get(..2).unwrap_or_default();
                    matches!(class, "08" | "40")
                        || matches!(code, "53300" | "57P01" | "57P02" | "57P03" | "57P05" | "25P03")
                }
                None => error.is_closed() || is_io(error),
            },
        }
    }
}

/// Whether the database refused a statement, which so has changed nothing. A session that ends says so as well, and that may come
/// behind a commit.
pub(crate) fn is_refusal(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|said| said.parsed_severity() == Some(Severity::Error))
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

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<PoolError> for DbError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::Postgres(error),
            PoolError::Timeout(_) => {
                Self::Store(StoreError::unavailable("no connection to it was made, or became free, in time"))
            }
            other => Self::Store(StoreError::unavailable(other.to_string())),
        }
    }
}

impl From<DbError> for StoreError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Store(error) => error,
            DbError::Postgres(error) => of_postgres(&error),
        }
    }
}

fn of_postgres(error: &tokio_postgres::Error) -> StoreError {
    let text = told(error);
    match error.as_db_error().map(|said| said.code().code()) {
        Some("53100") => StoreError::Full(text),
        Some("42501") => StoreError::unavailable(format!(
            "{text}: the account needs to create tables in its schema, and to read and write those of Cairn"
        )),
        Some("25006") => StoreError::unavailable(format!("{text}: connect to the primary, not to a standby")),
        // A statement that this session has prepared is not there, or one that it has not is.
        Some("26000" | "42P05") => StoreError::unavailable(format!(
            "{text}: a pooler of connections shares its sessions and knows nothing of prepared statements. Connect to the \
             database itself, use pool_mode = session, or a PgBouncer from 1.21 on with max_prepared_statements"
        )),
        None if is_conversion(error) => StoreError::Corrupt(text),
        _ => StoreError::unavailable(text),
    }
}

/// The error and the reasons behind it. Nothing of the connection's settings is in it.
pub(crate) fn told(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        let more = [said.detail(), said.hint()].into_iter().flatten();
        let parts: Vec<&str> = std::iter::once(said.message()).chain(more).collect();
        return parts.join(". ");
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        let reason_text = reason.to_string();
        if !text.contains(&reason_text) {
            text.push_str(&format!(": {reason_text}"));
        }
        source = reason.source();
    }
    text
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(|source| source.is::<std::io::Error>())
}

/// Whether a value came that could not be read: neither the server nor the way to it is at fault.
fn is_conversion(error: &tokio_postgres::Error) -> bool {
    error.to_string().contains("deserializing column")
}

/// The error for a stored value that this release does not understand.
pub(crate) fn corrupt(what: &str, found: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("{what}: {found}"))
}
