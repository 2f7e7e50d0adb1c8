//! Statements: prepared once a connection, and run.

use crate::error::{DbError, DbResult};
use deadpool_postgres::ClientWrapper;
use std::borrow::Cow;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// The values of a statement.
pub(crate) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The rows of a query.
pub(crate) async fn rows(db: &ClientWrapper, sql: &str, values: Values<'_>) -> DbResult<Vec<Row>> {
    let statement = db.prepare_cached(sql).await?;
    Ok(db.query(&statement, values).await?)
}

/// The one row of a query.
pub(crate) async fn row(db: &ClientWrapper, sql: &str, values: Values<'_>) -> DbResult<Row> {
    let statement = db.prepare_cached(sql).await?;
    Ok(db.query_one(&statement, values).await?)
}

/// The row of a query, if there is one.
pub(crate) async fn row_if_any(db: &ClientWrapper, sql: &str, values: Values<'_>) -> DbResult<Option<Row>> {
    let statement = db.prepare_cached(sql).await?;
    Ok(db.query_opt(&statement, values).await?)
}

/// Runs a statement; how many rows it touched.
pub(crate) async fn execute(db: &ClientWrapper, sql: &str, values: Values<'_>) -> DbResult<u64> {
    let statement = db.prepare_cached(sql).await?;
    Ok(db.execute(&statement, values).await?)
}

/// Reads every row.
pub(crate) fn read<T>(rows: &[Row], read: impl Fn(&Row) -> DbResult<T>) -> DbResult<Vec<T>> {
    rows.iter().map(read).collect()
}

/// A number that cannot be negative.
pub(crate) fn count(row: &Row, column: usize) -> DbResult<u64> {
    let number: i64 = row.try_get(column)?;
    u64::try_from(number).map_err(|_| DbError::Store(crate::error::corrupt("a negative number", number)))
}

/// A small number that cannot be negative.
pub(crate) fn small(row: &Row, column: usize) -> DbResult<u32> {
    let number: i64 = row.try_get(column)?;
    u32::try_from(number).map_err(|_| DbError::Store(crate::error::corrupt("a number out of range", number)))
}

/// A number as the database keeps it.
pub(crate) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A text as the database can keep it: PostgreSQL has no place for the character with the number 0.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}
