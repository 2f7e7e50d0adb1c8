//! Writing records, many with one statement. When a statement is refused, its records are tried one by one, so that the
//! error names the one to blame.

use super::error::problem;
use super::value;
use crate::ComponentError;
use crate::database::session::Records;
use crate::database::{Cell, Cells, Dialect, Mode, Write};
use flow_data::arrow::record_batch::RecordBatch;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params};
use std::fmt::Write as _;
use std::ops::Range;

const DIALECT: Dialect = Dialect::MySql;
/// About how many bytes go into one statement; servers take 16 MiB or more unless told otherwise.
const STATEMENT: usize = 512 * 1024;
/// How many records go into one statement at most.
const MOST: usize = 5000;

/// Writes the records within the transaction.
pub(super) async fn records(connection: &mut Conn, write: &Write, mut records: Records) -> Result<(), ComponentError> {
    let mut before = 0;
    while let Some(batch) = records.next().await? {
        let columns = columns(&batch, write);
        let mut row = 0;
        while row < batch.num_rows() {
            let (sql, rows) = statement(write, &columns, row..batch.num_rows())
                .map_err(|(row, error)| write.refused(error, before + row as u64 + 1))?;
            connection.query_drop("SAVEPOINT cairn_put").await.map_err(|error| write.failed(problem(&error)))?;
            let written = match sql {
                Some(sql) => connection.query_drop(sql).await,
                None => one_statement_each(connection, write, &columns, rows.clone()).await,
            };
            if let Err(error) = written {
                return Err(to_blame(connection, write, &columns, rows, before, problem(&error)).await);
            }
            row = rows.end;
        }
        before += batch.num_rows() as u64;
    }
    Ok(())
}

/// The error about the first of the rows that is refused when it comes alone.
async fn to_blame(
    connection: &mut Conn,
    write: &Write,
    columns: &[Cells],
    rows: Range<usize>,
    before: u64,
    error: ComponentError,
) -> ComponentError {
    let may_go_on = !matches!(error.code.as_str(), "sql/connection-lost" | "sql/busy" | "sql/cancelled");
    if !may_go_on || connection.query_drop("ROLLBACK TO SAVEPOINT cairn_put").await.is_err() {
        return write.failed(error);
    }
    let (sql, order) = write.for_one(DIALECT);
    for row in rows {
        let written = connection.exec_drop(sql.as_str(), one(columns, &order, row)).await;
        if let Err(error) = written {
            return write.refused(problem(&error), before + row as u64 + 1);
        }
    }
    write.failed(error)
}

/// Where many records cannot go into one statement.
async fn one_statement_each(
    connection: &mut Conn,
    write: &Write,
    columns: &[Cells],
    rows: Range<usize>,
) -> Result<(), mysql_async::Error> {
    let (sql, order) = write.for_one(DIALECT);
    // MariaDB takes them all at once.
    connection.exec_batch(sql, rows.map(|row| one(columns, &order, row)).collect::<Vec<_>>()).await
}

fn one(columns: &[Cells], order: &[usize], row: usize) -> Params {
    Params::Positional(order.iter().filter_map(|at| columns.get(*at)).map(|column| value(&column.at(row))).collect())
}

/// The values of a batch in the order of the columns.
fn columns(batch: &RecordBatch, write: &Write) -> Vec<Cells> {
    write
        .targets
        .iter()
        .filter_map(|target| batch.columns().get(target.field))
        .map(|column| Cells::of(column, DIALECT))
        .collect()
}

/// The statement that writes the first of these rows, and which ones those are; none where each needs its own. `Err` with
/// the row that cannot be written.
fn statement(
    write: &Write,
    columns: &[Cells],
    rows: Range<usize>,
) -> Result<(Option<String>, Range<usize>), (usize, ComponentError)> {
    let first = rows.start;
    let most = first..rows.end.min(first + MOST);
    let table = write.table.quoted(DIALECT);
    let names = DIALECT.list(write.columns());
    let (mut sql, end) = match write.mode {
        Mode::Insert => (format!("INSERT INTO {table} ({names}) VALUES "), String::new()),
        Mode::Upsert => (format!("INSERT INTO {table} ({names}) VALUES "), write.on_conflict(DIALECT)),
        Mode::Delete => (format!("DELETE FROM {table} WHERE ({names}) IN ("), ")".to_owned()),
        Mode::Update => return Ok((None, most)),
    };
    let mut last = first;
    for row in most {
        if row > first {
            sql.push(',');
        }
        sql.push('(');
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                sql.push(',');
            }
            literal(&column.at(row), &mut sql).map_err(|error| (row, error))?;
        }
        sql.push(')');
        last = row + 1;
        if sql.len() >= STATEMENT {
            break;
        }
    }
    sql.push_str(&end);
    Ok((Some(sql), first..last))
}

/// A value as it stands in a statement. The session takes a backslash in a literal for an escape.
fn literal(cell: &Cell<'_>, out: &mut String) -> Result<(), ComponentError> {
    // Writing to a text cannot fail.
    match cell {
        Cell::Null => out.push_str("NULL"),
        Cell::Boolean(value) => out.push(if *value { '1' } else { '0' }),
        Cell::Integer(value) => drop(write!(out, "{value}")),
        Cell::Number(value) if value.is_finite() => drop(write!(out, "{value:e}")),
        Cell::Number(value) => {
            return Err(ComponentError::new("sql/value", format!("the database has no number {value}")));
        }
        Cell::Text(text) => {
            out.push('\'');
            for character in text.chars() {
                match character {
                    '\'' => out.push_str("\\'"),
                    '\\' => out.push_str("\\\\"),
                    '\0' => out.push_str("\\0"),
                    other => out.push(other),
                }
            }
            out.push('\'');
        }
        Cell::Bytes(bytes) => {
            out.push_str("X'");
            for byte in bytes.iter() {
                let _ = write!(out, "{byte:02x}");
            }
            out.push('\'');
        }
    }
    Ok(())
}
