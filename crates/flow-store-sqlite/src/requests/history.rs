//! What requests save and log: the chain of rows from a request's newest one back.

mod back;
mod log;
mod points;
mod remove;
mod write;

use crate::error::{DbResult, corrupt};
use flow_store::{RequestId, SavedKind, StoreError};
use rusqlite::{Connection, OptionalExtension, Row};

pub(super) use back::{go_on, step_back};
pub(super) use log::{PreparedLog, log};
pub(super) use points::{outlines, saved_at, saved_points};
pub(crate) use remove::{remove_unlinked, unlink};
pub(super) use write::{PreparedWrite, add_log};

/// The row before a row, for the log.
const LOG: &str = "previous";
/// The row before a row, for saved points: see the migration `retention` for steps back.
const POINTS: &str = "iif(kind IS NULL AND records IS NOT NULL, nullif(records, 0), previous)";

/// Shows the rows of a request, newest first, until `visit` has seen enough (false). The first column is `previous`, which
/// is [`LOG`] or [`POINTS`].
fn walk(
    connection: &Connection,
    id: RequestId,
    previous: &str,
    columns: &str,
    visit: impl FnMut(&Row<'_>) -> DbResult<bool>,
) -> DbResult<()> {
    let mut newest = connection.prepare_cached("SELECT newest FROM request WHERE id = ?")?;
    let newest: Option<Option<i64>> = newest.query_row([id.0], |row| row.get(0)).optional()?;
    walk_from(connection, newest.ok_or_else(|| StoreError::no_request(id))?, previous, columns, visit)
}

/// The same from a row on.
fn walk_from(
    connection: &Connection,
    mut next: Option<i64>,
    previous: &str,
    columns: &str,
    mut visit: impl FnMut(&Row<'_>) -> DbResult<bool>,
) -> DbResult<()> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {previous}, {columns} FROM history WHERE id = ?"))?;
    while let Some(row_id) = next {
        let visited = statement.query_row([row_id], |row| Ok((row.get(0)?, visit(row)))).optional()?;
        let (previous, goes_on) = visited.ok_or_else(|| corrupt("history of a request without row", row_id))?;
        next = if goes_on? { previous } else { None };
    }
    Ok(())
}

fn kind(number: i64) -> DbResult<SavedKind> {
    let kind = SavedKind::ALL.into_iter().find(|kind| kind_number(*kind) == number);
    Ok(kind.ok_or_else(|| corrupt("kind of saved point", number))?)
}

/// The number of a kind in the database. Never changes.
fn kind_number(kind: SavedKind) -> i64 {
    match kind {
        SavedKind::Begin => 0,
        SavedKind::Checkpoint => 1,
        SavedKind::Wait => 2,
        SavedKind::Stream => 3,
        SavedKind::Completed => 4,
        SavedKind::Outlets => 5,
        SavedKind::Withdrawn => 6,
        SavedKind::Input => 7,
    }
}
