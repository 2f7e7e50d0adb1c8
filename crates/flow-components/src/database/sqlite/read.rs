//! Reading the rows of a query. SQLite's columns hold values of any type, so a column's type is the declared one if the
//! first values fit it, else what they are.

use super::problem;
use crate::ComponentError;
use crate::database::Cell;
use crate::database::rows::{Rows, date, timestamp, unzoned, zoned};
use crate::database::session::unique_names;
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use flow_data::arrow::record_batch::RecordBatch;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement};
use std::sync::Arc;
use tokio::sync::mpsc;

/// By how many rows the types are decided.
const SAMPLE: usize = 1000;

/// The fields that a query gives, by its first rows. A statement that would change something is not run.
pub(super) fn describe(connection: &Connection, sql: &str) -> Result<SchemaRef, ComponentError> {
    let mut statement = connection.prepare(sql).map_err(|error| problem(&error))?;
    let declared = declared(&statement)?;
    if !statement.readonly() {
        return Ok(schema(&declared, &[]));
    }
    let mut sample = Vec::new();
    // What needs values that are not there fails, and is known by its declarations.
    let read = sample_rows(&mut statement, &[], declared.len(), &mut sample).is_ok();
    Ok(schema(&declared, if read { &sample } else { &[] }))
}

/// Sends the rows batch by batch, as long as somebody receives them.
pub(super) fn rows(
    connection: &Connection,
    sql: &str,
    values: &[Cell<'_>],
    to: &mpsc::Sender<RecordBatch>,
) -> Result<(), ComponentError> {
    let mut statement = connection.prepare_cached(sql).map_err(|error| problem(&error))?;
    let declared = declared(&statement)?;
    let mut sample = Vec::new();
    let mut found = sample_rows(&mut statement, values, declared.len(), &mut sample)?;
    let mut rows = Rows::new(schema(&declared, &sample));
    for row in sample {
        for (at, cell) in row.into_iter().enumerate() {
            rows.push(at, cell)?;
        }
        if rows.end_row() && to.blocking_send(rows.take()?).is_err() {
            return Ok(());
        }
    }
    while let Some(row) = found.next().map_err(|error| problem(&error))? {
        for at in 0..declared.len() {
            rows.push(at, cell(row.get_ref(at).map_err(|error| problem(&error))?))?;
        }
        if rows.end_row() && to.blocking_send(rows.take()?).is_err() {
            return Ok(());
        }
    }
    // Nobody receiving any more is no error.
    let _ = to.blocking_send(rows.take()?);
    Ok(())
}

/// The columns with the types that are declared for them.
fn declared(statement: &Statement<'_>) -> Result<Vec<(String, Option<DataType>)>, ComponentError> {
    let columns: Vec<(String, Option<DataType>)> =
        statement.columns().map(|column| (column.name().to_owned(), column.decl_type().and_then(data_type))).collect();
    unique_names(columns.iter().map(|(name, _)| name.as_str()))?;
    Ok(columns)
}

/// Begins a query and takes its first rows.
fn sample_rows<'s>(
    statement: &'s mut Statement<'_>,
    values: &[Cell<'_>],
    columns: usize,
    sample: &mut Vec<Vec<Cell<'static>>>,
) -> Result<rusqlite::Rows<'s>, ComponentError> {
    let mut found = statement.query(rusqlite::params_from_iter(values)).map_err(|error| problem(&error))?;
    while sample.len() < SAMPLE
        && let Some(row) = found.next().map_err(|error| problem(&error))?
    {
        let cells = (0..columns).map(|at| row.get_ref(at).map(|value| cell(value).into_owned()));
        sample.push(cells.collect::<Result<_, _>>().map_err(|error| problem(&error))?);
    }
    Ok(found)
}

fn cell(value: ValueRef<'_>) -> Cell<'_> {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Integer(value),
        ValueRef::Real(value) => Cell::Number(value),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.into()),
    }
}

fn schema(declared: &[(String, Option<DataType>)], sample: &[Vec<Cell<'static>>]) -> SchemaRef {
    let fields: Vec<Field> = declared
        .iter()
        .enumerate()
        .map(|(at, (name, declared))| {
            let values = || sample.iter().filter_map(move |row| row.get(at));
            let fitting = declared.clone().filter(|declared| values().all(|value| fits(value, declared)));
            Field::new(name, fitting.unwrap_or_else(|| seen(values())), true)
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// The type of what is there; text if there is nothing.
fn seen<'a>(values: impl Iterator<Item = &'a Cell<'static>>) -> DataType {
    let mut found = DataType::Null;
    for value in values {
        let this = match value {
            Cell::Null => continue,
            Cell::Integer(_) | Cell::Boolean(_) => DataType::Int64,
            Cell::Number(_) => DataType::Float64,
            Cell::Text(_) => DataType::Utf8,
            Cell::Bytes(_) => DataType::Binary,
        };
        found = match (found, this) {
            (DataType::Null, this) => this,
            (found, this) if found == this => found,
            (DataType::Int64 | DataType::Float64, DataType::Int64 | DataType::Float64) => DataType::Float64,
            (DataType::Binary, _) | (_, DataType::Binary) => DataType::Binary,
            _ => DataType::Utf8,
        };
    }
    if found == DataType::Null { DataType::Utf8 } else { found }
}

fn fits(value: &Cell<'_>, declared: &DataType) -> bool {
    match (value, declared) {
        (Cell::Null, _) => true,
        (Cell::Integer(value), DataType::Boolean) => matches!(value, 0 | 1),
        (Cell::Integer(_), DataType::Int64 | DataType::Float64 | DataType::Decimal128(..)) => true,
        (Cell::Number(_), DataType::Float64 | DataType::Decimal128(..)) => true,
        (Cell::Text(_), DataType::Utf8) => true,
        (Cell::Text(text), DataType::Date32) => date(text).is_some(),
        (Cell::Text(text), DataType::Timestamp(..)) => timestamp(text).is_some(),
        (Cell::Text(text), DataType::Time64(_)) => text.contains(':'),
        (Cell::Bytes(_), DataType::Binary) => true,
        _ => false,
    }
}

/// The type that a declaration speaks of, by the words that SQL knows and then by SQLite's own rules of affinity.
fn data_type(declared: &str) -> Option<DataType> {
    let declared = declared.trim().to_ascii_uppercase();
    let word = declared.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    match word {
        "BOOLEAN" | "BOOL" => return Some(DataType::Boolean),
        "DATE" => return Some(DataType::Date32),
        "TIME" => return Some(DataType::Time64(TimeUnit::Microsecond)),
        "DATETIME" => return Some(unzoned()),
        "TIMESTAMPTZ" => return Some(zoned()),
        "TIMESTAMP" => return Some(if declared.contains("WITH TIME ZONE") { zoned() } else { unzoned() }),
        "DECIMAL" | "NUMERIC" => return decimal(&declared),
        _ => {}
    }
    let has = |part: &str| declared.contains(part);
    if has("INT") {
        Some(DataType::Int64)
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        Some(DataType::Utf8)
    } else if has("BLOB") {
        Some(DataType::Binary)
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        Some(DataType::Float64)
    } else {
        None
    }
}

/// `DECIMAL(10, 2)`.
fn decimal(declared: &str) -> Option<DataType> {
    let (_, sizes) = declared.split_once('(')?;
    let mut sizes = sizes.trim_end_matches(')').split(',').map(|size| size.trim().parse::<u8>().ok());
    let precision = sizes.next()?.filter(|precision| (1..=38).contains(precision))?;
    let scale = sizes.next().unwrap_or(Some(0))?;
    Some(DataType::Decimal128(precision, i8::try_from(scale).ok().filter(|_| scale <= precision)?))
}
