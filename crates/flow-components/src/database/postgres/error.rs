//! PostgreSQL's errors in our words.

use crate::ComponentError;
use crate::database::session::commit_unknown;
use tokio_postgres::Error;
use tokio_postgres::error::DbError;

/// What the database says, with a code.
pub(super) fn problem(error: &Error) -> ComponentError {
    match error.as_db_error() {
        Some(said) => of_database(said),
        None if error.is_closed() || is_io(error) => {
            ComponentError::new("sql/connection-lost", format!("the connection to the database broke: {}", all(error)))
        }
        None => ComponentError::new("sql/failed", all(error)),
    }
}

/// The same for a COMMIT: when the connection breaks meanwhile, nobody knows whether it happened.
pub(super) fn uncertain(error: &Error) -> ComponentError {
    commit_unknown(problem(error))
}

fn of_database(said: &DbError) -> ComponentError {
    let state = said.code().code();
    let code = match (state, state.get(..2).unwrap_or_default()) {
        ("57014", _) => "sql/cancelled",
        ("57P01" | "57P02" | "57P03" | "57P05" | "25P03", _) | (_, "08") => "sql/connection-lost",
        ("40001" | "40P01" | "55P03", _) => "sql/busy",
        ("42P01", _) => "sql/no-table",
        ("42703", _) => "sql/no-column",
        ("42601" | "42P02" | "42883" | "42P18", _) => "sql/syntax",
        ("42501", _) | (_, "28") => "sql/access-denied",
        ("3D000", _) => "sql/no-database",
        ("25006", _) => "sql/read-only",
        ("53100", _) => "sql/disk-full",
        (_, "53") => "sql/busy",
        (_, "23") => "sql/constraint",
        (_, "22") => "sql/value",
        _ => "sql/failed",
    };
    let mut message = said.message().to_owned();
    for more in [said.detail(), said.hint()].into_iter().flatten() {
        message.push_str(". ");
        message.push_str(more.trim_end_matches('.'));
    }
    if let Some(column) = column(said) {
        message = format!("column “{column}”: {message}");
    }
    let mut error = ComponentError::new(code, message);
    error.row = line(said);
    error
}

/// The column that is to blame: as the server names it, or from where it was in a COPY
/// (`COPY orders, line 3, column id: "x"`).
fn column(said: &DbError) -> Option<&str> {
    if let Some(column) = said.column() {
        return Some(column);
    }
    let (_, after) = said.where_()?.lines().find(|line| line.starts_with("COPY "))?.split_once(", column ")?;
    Some(after.split(':').next().unwrap_or(after))
}

/// The line of a COPY, which is the number of the record.
fn line(said: &DbError) -> Option<u64> {
    let (_, after) = said.where_()?.lines().find(|line| line.starts_with("COPY "))?.split_once(", line ")?;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn is_io(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
}

/// The error and the reasons behind it.
fn all(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) if !error.to_string().contains(&source.to_string()) => format!("{error}: {source}"),
        _ => error.to_string(),
    }
}
