//! Rows of history on their way into the database: a few by a part of the one statement, with no round trip of their own;
//! many by COPY before it, which costs the database half as much a row.

use super::statements::{Write, column};
use super::{HistoryRow, What};
use crate::error::DbResult;
use crate::requests::prepared::kind_number;
use crate::sql::{number, text};
use crate::transaction::Transaction;
use flow_store::SavedData;
use futures::pin_mut;
use std::borrow::Cow;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

/// So many rows go by COPY.
pub(super) const MANY: usize = 500;

/// The columns of a row, in the order of [`StoredRow::values`].
macro_rules! columns {
    () => {
        "request, number, kind, attempt, at, records, component, name, iteration, variables, outlets, due, object_key,
         object_hash, object_bytes, first, log, data, joined"
    };
}

/// The part of the statement that adds rows; its values are their [`columns`].
const INSERT: &str = concat!(
    "INSERT INTO history (",
    columns!(),
    ")
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[],
                     $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::text[], $14::text[],
                     $15::bigint[], $16::bigint[], $17::bytea[], $18::bytea[], $19::boolean[])"
);

const COPY: &str = concat!("COPY history (", columns!(), ") FROM STDIN BINARY");

/// How many columns there are.
const COLUMNS: usize = 19;

/// The types of the columns.
fn types() -> [Type; COLUMNS] {
    [
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::INT8,
        Type::TEXT,
        Type::TEXT,
        Type::INT8,
        Type::INT8,
        Type::BYTEA,
        Type::BYTEA,
        Type::BOOL,
    ]
}

/// A row as the database keeps it; see the table.
#[derive(Default)]
pub(super) struct StoredRow<'r> {
    request: i64,
    number: i64,
    kind: Option<i64>,
    attempt: Option<i64>,
    at: Option<i64>,
    records: Option<i64>,
    component: Option<Cow<'r, str>>,
    name: Option<Cow<'r, str>>,
    iteration: Option<Cow<'r, str>>,
    variables: Option<&'r str>,
    outlets: Option<&'r str>,
    due: Option<i64>,
    object_key: Option<&'r str>,
    object_hash: Option<&'r str>,
    object_bytes: Option<i64>,
    first: Option<i64>,
    log: Option<&'r [u8]>,
    data: Option<&'r [u8]>,
    joined: Option<bool>,
}

impl<'r> StoredRow<'r> {
    pub(super) fn of(row: &'r HistoryRow<'_>) -> Self {
        let mut stored = match &row.what {
            What::Log => Self::default(),
            What::StepBack(to) => Self { records: Some(*to), ..Self::default() },
            What::Point(prepared, joined) => {
                let point = &prepared.point;
                Self {
                    kind: Some(kind_number(point.kind)),
                    attempt: Some(i64::from(point.attempt)),
                    at: Some(point.at.0),
                    records: Some(number(point.rows)),
                    component: Some(text(&point.component)),
                    name: Some(text(&point.name)),
                    iteration: (!point.iteration.is_empty()).then(|| text(&point.iteration)),
                    variables: prepared.variables.as_deref(),
                    outlets: prepared.outlets.as_deref(),
                    due: point.due.map(|due| due.0),
                    joined: joined.then_some(true),
                    ..Self::default()
                }
                .with(&point.data)
            }
        };
        (stored.request, stored.number) = (row.request.0, row.number);
        if let Some((first, json)) = &row.log {
            (stored.first, stored.log) = (Some(*first), Some(json.as_ref()));
        }
        stored
    }

    fn with(self, data: &'r SavedData) -> Self {
        match data {
            SavedData::None => self,
            SavedData::Inline(data) => Self { data: Some(data.as_ref()), ..self },
            SavedData::Object { key, hash, bytes } => {
                let (object_key, object_hash) = (Some(key.as_str()), Some(hash.as_str()));
                Self { object_key, object_hash, object_bytes: Some(number(*bytes)), ..self }
            }
        }
    }

    fn values(&self) -> [&(dyn ToSql + Sync); COLUMNS] {
        [
            &self.request,
            &self.number,
            &self.kind,
            &self.attempt,
            &self.at,
            &self.records,
            &self.component,
            &self.name,
            &self.iteration,
            &self.variables,
            &self.outlets,
            &self.due,
            &self.object_key,
            &self.object_hash,
            &self.object_bytes,
            &self.first,
            &self.log,
            &self.data,
            &self.joined,
        ]
    }
}

/// Adds the part that writes these rows.
pub(super) fn insert<'r>(rows: &'r [StoredRow<'r>], writes: &mut Vec<Write<'r>>) {
    if rows.is_empty() {
        return;
    }
    let columns = vec![
        column(rows, |row| row.request),
        column(rows, |row| row.number),
        column(rows, |row| row.kind),
        column(rows, |row| row.attempt),
        column(rows, |row| row.at),
        column(rows, |row| row.records),
        column(rows, |row| row.component.as_deref()),
        column(rows, |row| row.name.as_deref()),
        column(rows, |row| row.iteration.as_deref()),
        column(rows, |row| row.variables),
        column(rows, |row| row.outlets),
        column(rows, |row| row.due),
        column(rows, |row| row.object_key),
        column(rows, |row| row.object_hash),
        column(rows, |row| row.object_bytes),
        column(rows, |row| row.first),
        column(rows, |row| row.log),
        column(rows, |row| row.data),
        column(rows, |row| row.joined),
    ];
    writes.push(Write { sql: INSERT, columns });
}

/// Writes these rows.
pub(super) async fn copy(transaction: &Transaction, rows: &[StoredRow<'_>]) -> DbResult<()> {
    let statement = transaction.prepare_cached(COPY).await?;
    let writer = BinaryCopyInWriter::new(transaction.copy_in(&statement).await?, &types());
    pin_mut!(writer);
    for row in rows {
        writer.as_mut().write(&row.values()).await?;
    }
    writer.finish().await?;
    Ok(())
}
