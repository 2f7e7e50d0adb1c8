//! Reading the rows of a query.

use super::error::problem;
use super::values::{Parameter, Raw, numeric, uuid};
use crate::ComponentError;
use crate::database::rows::{Rows, unzoned, zoned};
use crate::database::session::unique_names;
use crate::database::{Cell, Dialect, Statement};
use deadpool_postgres::ClientWrapper;
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use flow_data::arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Column, Row};

/// Days and microseconds from 1970 to 2000, from where PostgreSQL counts.
const DAYS: i64 = 10_957;
const MICROSECONDS: i64 = DAYS * 86_400_000_000;
/// What a `numeric` without precision becomes: what does not fit is an error, digits beyond the scale are rounded.
const ANY_NUMERIC: (u8, i8) = (38, 10);

/// A query that the server has read.
pub(super) struct Prepared {
    statement: tokio_postgres::Statement,
    pub(super) schema: SchemaRef,
    decoders: Vec<Decoder>,
}

/// How the binary form of a type is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decoder {
    Boolean,
    Int2,
    Int4,
    Int8,
    Unsigned4,
    Float4,
    Float8,
    Numeric(u8, i8),
    Text,
    /// Text behind a byte that tells the version.
    Jsonb,
    Uuid,
    Bytes,
    Date,
    Time,
    Timestamp {
        zoned: bool,
    },
    /// Anything else: the server is asked for its text.
    Other,
}

/// Has the server read a query, and learns its fields.
pub(super) async fn prepare(client: &ClientWrapper, query: &Statement) -> Result<Prepared, ComponentError> {
    let sql = query.sql(Dialect::Postgres);
    let mut statement = client.prepare_cached(&sql).await.map_err(|error| problem(&error))?;
    let decoders =
        |statement: &tokio_postgres::Statement| statement.columns().iter().map(Decoder::of).collect::<Vec<_>>();
    let names: Vec<String> = statement.columns().iter().map(|column| column.name().to_owned()).collect();
    unique_names(names.iter().map(String::as_str))?;
    if decoders(&statement).contains(&Decoder::Other) {
        let sql = with_texts(&sql, statement.columns());
        statement = client
            .prepare_cached(&sql)
            .await
            .map_err(|error| problem(&error).about("a column has a type that must be cast to text in the query"))?;
    }
    let decoders = decoders(&statement);
    let fields: Vec<Field> =
        names.iter().zip(&decoders).map(|(name, decoder)| Field::new(name, decoder.data_type(), true)).collect();
    Ok(Prepared { statement, schema: Arc::new(Schema::new(fields)), decoders })
}

/// The query with a cast to text around every column of a type that is not known here (arrays, intervals, ranges …).
fn with_texts(sql: &str, columns: &[Column]) -> String {
    let quoted: Vec<String> = columns.iter().map(|column| Dialect::Postgres.quoted(column.name())).collect();
    let selected = quoted.iter().zip(columns).map(|(name, column)| match Decoder::of(column) {
        Decoder::Other => format!("cairn.{name}::text AS {name}"),
        _ => format!("cairn.{name}"),
    });
    let selected = selected.collect::<Vec<_>>().join(", ");
    format!("SELECT {selected} FROM (\n{sql}\n) AS cairn ({})", quoted.join(", "))
}

/// Sends the rows batch by batch. False when nobody receives them any more, so that the server may still be sending.
pub(super) async fn rows(
    client: &ClientWrapper,
    prepared: &Prepared,
    values: &[Cell<'static>],
    to: &mpsc::Sender<RecordBatch>,
) -> Result<bool, ComponentError> {
    let found = client.query_raw(&prepared.statement, values.iter().map(Parameter)).await;
    let mut found = pin!(found.map_err(|error| problem(&error))?);
    let mut rows = Rows::new(Arc::clone(&prepared.schema));
    while let Some(row) = found.try_next().await.map_err(|error| problem(&error))? {
        for (at, decoder) in prepared.decoders.iter().enumerate() {
            decoder.push(&row, at, &mut rows)?;
        }
        if rows.end_row() && to.send(rows.take()?).await.is_err() {
            return Ok(false);
        }
    }
    Ok(to.send(rows.take()?).await.is_ok())
}

impl Decoder {
    fn of(column: &Column) -> Self {
        Self::of_type(column.type_(), column.type_modifier())
    }

    fn of_type(kind: &Type, modifier: i32) -> Self {
        match *kind {
            Type::BOOL => Self::Boolean,
            Type::INT2 => Self::Int2,
            Type::INT4 => Self::Int4,
            Type::INT8 => Self::Int8,
            Type::OID => Self::Unsigned4,
            Type::FLOAT4 => Self::Float4,
            Type::FLOAT8 => Self::Float8,
            Type::NUMERIC => {
                let (precision, scale) = numeric_size(modifier).unwrap_or(ANY_NUMERIC);
                Self::Numeric(precision, scale)
            }
            Type::TEXT
            | Type::VARCHAR
            | Type::BPCHAR
            | Type::NAME
            | Type::UNKNOWN
            | Type::JSON
            | Type::XML
            | Type::CHAR => Self::Text,
            Type::JSONB => Self::Jsonb,
            Type::UUID => Self::Uuid,
            Type::BYTEA => Self::Bytes,
            Type::DATE => Self::Date,
            Type::TIME => Self::Time,
            Type::TIMESTAMP => Self::Timestamp { zoned: false },
            Type::TIMESTAMPTZ => Self::Timestamp { zoned: true },
            _ => match kind.kind() {
                Kind::Enum(_) => Self::Text,
                Kind::Domain(inner) => Self::of_type(inner, modifier),
                _ if kind.name() == "citext" => Self::Text,
                _ => Self::Other,
            },
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int2 | Self::Int4 | Self::Int8 | Self::Unsigned4 => DataType::Int64,
            Self::Float4 | Self::Float8 => DataType::Float64,
            Self::Numeric(precision, scale) => DataType::Decimal128(precision, scale),
            Self::Text | Self::Jsonb | Self::Uuid | Self::Other => DataType::Utf8,
            Self::Bytes => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp { zoned: false } => unzoned(),
            Self::Timestamp { zoned: true } => zoned(),
        }
    }

    fn push(self, row: &Row, at: usize, rows: &mut Rows) -> Result<(), ComponentError> {
        let raw: Option<Raw<'_>> = row.try_get(at).map_err(|error| problem(&error))?;
        let Some(Raw(raw)) = raw else { return rows.push(at, Cell::Null) };
        match self {
            Self::Boolean => rows.push(at, Cell::Boolean(raw.first().is_some_and(|byte| *byte != 0))),
            Self::Int2 => word(raw).map(i16::from_be_bytes).map(i64::from).push_integer(rows, at),
            Self::Int4 => word(raw).map(i32::from_be_bytes).map(i64::from).push_integer(rows, at),
            Self::Int8 => word(raw).map(i64::from_be_bytes).push_integer(rows, at),
            Self::Unsigned4 => word(raw).map(u32::from_be_bytes).map(i64::from).push_integer(rows, at),
            Self::Float4 => rows.push(at, number(word(raw).map(f32::from_be_bytes).map(f64::from))),
            Self::Float8 => rows.push(at, number(word(raw).map(f64::from_be_bytes))),
            Self::Numeric(precision, scale) => {
                let Some(value) = numeric(raw, precision, scale) else {
                    let message = format!(
                        "the value does not fit a decimal({precision},{scale}); convert it in the query with CAST"
                    );
                    return Err(rows.unfit(at, &message));
                };
                rows.push_decimal(at, value);
                Ok(())
            }
            Self::Text | Self::Other => rows.push(at, text(raw)),
            Self::Jsonb => rows.push(at, text(raw.get(1..).unwrap_or_default())),
            Self::Uuid => rows.push(at, Cell::Text(uuid(raw).into())),
            Self::Bytes => rows.push(at, Cell::Bytes(raw.into())),
            Self::Date => {
                let days = word(raw).map(i32::from_be_bytes).filter(|days| !matches!(*days, i32::MIN | i32::MAX));
                days.map(|days| i64::from(days) + DAYS).push_time(rows, at)
            }
            Self::Time => word(raw).map(i64::from_be_bytes).push_time(rows, at),
            Self::Timestamp { .. } => {
                let since = word(raw).map(i64::from_be_bytes).filter(|since| !matches!(*since, i64::MIN | i64::MAX));
                since.and_then(|since| since.checked_add(MICROSECONDS)).push_time(rows, at)
            }
        }
    }
}

/// What a value that may be missing in the bytes becomes.
trait Pushed {
    fn push_integer(self, rows: &mut Rows, at: usize) -> Result<(), ComponentError>;
    fn push_time(self, rows: &mut Rows, at: usize) -> Result<(), ComponentError>;
}

impl Pushed for Option<i64> {
    fn push_integer(self, rows: &mut Rows, at: usize) -> Result<(), ComponentError> {
        match self {
            Some(value) => rows.push(at, Cell::Integer(value)),
            None => Err(rows.unfit(at, "the server sent something else than a number")),
        }
    }

    fn push_time(self, rows: &mut Rows, at: usize) -> Result<(), ComponentError> {
        match self {
            Some(value) => {
                rows.push_time(at, value);
                Ok(())
            }
            None => Err(rows.unfit(at, "the value is infinite, which a date or time stamp here cannot be")),
        }
    }
}

fn word<const N: usize>(raw: &[u8]) -> Option<[u8; N]> {
    raw.try_into().ok()
}

fn number(value: Option<f64>) -> Cell<'static> {
    value.map_or(Cell::Null, Cell::Number)
}

fn text(raw: &[u8]) -> Cell<'_> {
    Cell::Text(String::from_utf8_lossy(raw))
}

/// Precision and scale of a declared `numeric(p, s)`, if it fits here.
fn numeric_size(modifier: i32) -> Option<(u8, i8)> {
    let packed = modifier.checked_sub(4).filter(|packed| *packed >= 0)?;
    let precision = u8::try_from(packed >> 16).ok().filter(|precision| *precision <= 38)?;
    // Eleven bits with a sign.
    let scale = ((packed & 0x7ff) ^ 0x400) - 0x400;
    Some((precision, i8::try_from(scale).ok().filter(|scale| (0..=38).contains(scale))?))
}
