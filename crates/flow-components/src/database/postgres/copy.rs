//! Writing records: a few of them one by one, many by COPY.

use super::error::problem;
use super::values::{Parameter, write_text};
use crate::ComponentError;
use crate::database::session::Records;
use crate::database::{Cell, Cells, Dialect, Mode, Target, Write};
use bytes::Bytes;
use deadpool_postgres::ClientWrapper;
use flow_data::arrow::record_batch::RecordBatch;
use futures::SinkExt;
use std::pin::pin;
use tokio_postgres::CopyInSink;

const DIALECT: Dialect = Dialect::Postgres;
/// The table that records are copied to first. It is the session's own and ends with the transaction.
const STAGING: &str = "cairn_staging";
/// How many bytes are sent at a time.
const CHUNK: usize = 64 * 1024;
/// The error that one statement would update a row twice.
const TWICE: &str = "21000";

/// Writes each record by a statement of its own.
pub(super) async fn one_by_one(
    client: &ClientWrapper,
    write: &Write,
    mut records: Records,
) -> Result<(), ComponentError> {
    let (sql, order) = write.for_one(DIALECT);
    let statement = client.prepare_cached(&sql).await.map_err(|error| write.failed(problem(&error)))?;
    let mut record = 0;
    while let Some(batch) = records.next().await? {
        let columns = columns(&batch, &write.targets)?;
        for row in 0..batch.num_rows() {
            record += 1;
            let cells: Vec<Cell<'_>> = order.iter().map(|at| columns[*at].at(row)).collect();
            let written = client.execute_raw(&statement, cells.iter().map(Parameter)).await;
            written.map_err(|error| write.refused(problem(&error), record))?;
        }
    }
    Ok(())
}

/// Copies the records straight into the table.
pub(super) async fn into_table(client: &ClientWrapper, write: &Write, records: Records) -> Result<(), ComponentError> {
    copy(client, write, &write.table.quoted(DIALECT), records).await
}

/// Copies the records into a table of our own and writes them from there in one statement.
pub(super) async fn through_staging(
    client: &ClientWrapper,
    write: &Write,
    records: Records,
) -> Result<(), ComponentError> {
    let run = async |sql: &str| client.batch_execute(sql).await;
    let failed = |error: tokio_postgres::Error| write.failed(problem(&error));
    run(&staging(write)).await.map_err(failed)?;
    copy(client, write, STAGING, records).await?;
    if write.mode == Mode::Delete {
        return run(&from_staging(write, STAGING)).await.map_err(failed);
    }
    // Records may stand for the same row, and the last one counts. Sorting them out costs time, and mostly there are none.
    run("SAVEPOINT cairn_put").await.map_err(failed)?;
    if write.mode == Mode::Update {
        return run(&from_staging(write, &last_of_each(write))).await.map_err(failed);
    }
    match run(&from_staging(write, STAGING)).await {
        Ok(()) => Ok(()),
        Err(error) if error.code().is_some_and(|code| code.code() == TWICE) => {
            run("ROLLBACK TO SAVEPOINT cairn_put").await.map_err(failed)?;
            run(&from_staging(write, &last_of_each(write))).await.map_err(failed)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Makes the table of our own. What cannot be null is refused there already, with the record's number.
fn staging(write: &Write) -> String {
    let columns = DIALECT.list(write.columns());
    let table = write.table.quoted(DIALECT);
    let mut sql =
        format!("CREATE TEMPORARY TABLE {STAGING} ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA");
    let not_null = |target: &&Target| write.mode != Mode::Delete && !target.nullable;
    for target in write.targets.iter().filter(not_null) {
        sql.push_str(&format!("; ALTER TABLE {STAGING} ALTER COLUMN {} SET NOT NULL", DIALECT.quoted(&target.column)));
    }
    sql
}

/// The staged records without those that a later one replaces.
fn last_of_each(write: &Write) -> String {
    let keys = DIALECT.list(write.keys());
    format!("(SELECT DISTINCT ON ({keys}) * FROM {STAGING} ORDER BY {keys}, ctid DESC)")
}

/// The statement that writes the records of `source`.
fn from_staging(write: &Write, source: &str) -> String {
    let table = write.table.quoted(DIALECT);
    let columns = DIALECT.list(write.columns());
    let same = |column: &str| format!("target.{0} = source.{0}", DIALECT.quoted(column));
    let keys = write.keys().map(same).collect::<Vec<_>>().join(" AND ");
    match write.mode {
        Mode::Insert => format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {source} AS source"),
        Mode::Upsert => {
            let conflict = write.on_conflict(DIALECT);
            format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {source} AS source{conflict}")
        }
        Mode::Update => {
            let set = write.others().map(|column| format!("{0} = source.{0}", DIALECT.quoted(column)));
            let set = set.collect::<Vec<_>>().join(", ");
            format!("UPDATE {table} AS target SET {set} FROM {source} AS source WHERE {keys}")
        }
        Mode::Delete => format!("DELETE FROM {table} AS target USING {source} AS source WHERE {keys}"),
    }
}

async fn copy(client: &ClientWrapper, write: &Write, table: &str, mut records: Records) -> Result<(), ComponentError> {
    let refused = |error: tokio_postgres::Error| {
        let error = problem(&error);
        match error.row {
            Some(record) => write.refused(error, record),
            None => write.failed(error),
        }
    };
    let sql = format!("COPY {table} ({}) FROM STDIN", DIALECT.list(write.columns()));
    let sink: CopyInSink<Bytes> = client.copy_in(sql.as_str()).await.map_err(refused)?;
    let mut sink = pin!(sink);
    let mut text = String::with_capacity(CHUNK * 2);
    while let Some(batch) = records.next().await? {
        let columns = columns(&batch, &write.targets)?;
        for row in 0..batch.num_rows() {
            write_line(&columns, row, &mut text);
            if text.len() >= CHUNK {
                let chunk = std::mem::replace(&mut text, String::with_capacity(CHUNK * 2));
                sink.feed(Bytes::from(chunk)).await.map_err(refused)?;
            }
        }
    }
    sink.feed(Bytes::from(text)).await.map_err(refused)?;
    sink.as_mut().finish().await.map_err(refused)?;
    Ok(())
}

/// The values of a batch in the order of the columns.
fn columns(batch: &RecordBatch, targets: &[Target]) -> Result<Vec<Cells>, ComponentError> {
    let of = |target: &Target| batch.columns().get(target.field).map(|column| Cells::of(column, DIALECT));
    let missing = || ComponentError::new("sql/failed", "a batch has fewer fields than its stream");
    targets.iter().map(|target| of(target).ok_or_else(missing)).collect()
}

/// One record as COPY reads it.
fn write_line(columns: &[Cells], row: usize, out: &mut String) {
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            out.push('\t');
        }
        match column.at(row) {
            Cell::Null => out.push_str("\\N"),
            Cell::Text(text) => escape(&text, out),
            bytes @ Cell::Bytes(_) => {
                out.push('\\');
                write_text(&bytes, out);
            }
            plain => write_text(&plain, out),
        }
    }
    out.push('\n');
}

/// Writes a text so that what means something to COPY stands for itself.
fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '\n', '\r', '\t']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            _ => "\\t",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}
