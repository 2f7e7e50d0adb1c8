//! Rows of a database on their way into Arrow batches.

use super::cell::Cell;
use super::decimal;
use crate::ComponentError;
use flow_data::arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, NullArray,
    StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder, UInt64Builder,
};
use flow_data::arrow::compute::kernels::cast_utils::Parser;
use flow_data::arrow::datatypes::{
    DataType, Date32Type, SchemaRef, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};
use flow_data::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use flow_data::type_name;
use std::sync::Arc;

/// How many rows go into a batch.
pub(crate) const BATCH_ROWS: usize = 8192;
/// About how many bytes of texts go into a batch at most.
const BATCH_BYTES: usize = 8 << 20;

/// A point in time of a column with a zone.
pub(crate) fn zoned() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// A point in time of a column without one.
pub(crate) fn unzoned() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

/// Collects rows, value by value.
pub(crate) struct Rows {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
    /// The rows of the batches that were taken before.
    before: u64,
}

enum Column {
    Null(usize),
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Unsigned(UInt64Builder),
    Number(Float64Builder),
    Decimal(Decimal128Builder, u8, i8),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
}

impl Rows {
    /// Rows of these fields, whose types are among those that the drivers map to.
    pub(crate) fn new(schema: SchemaRef) -> Self {
        let columns = schema.fields().iter().map(|field| Column::of(field.data_type())).collect();
        Self { schema, columns, rows: 0, bytes: 0, before: 0 }
    }

    /// Adds the next row's value of the column at `at`.
    pub(crate) fn push(&mut self, at: usize, cell: Cell<'_>) -> Result<(), ComponentError> {
        if let Cell::Text(text) = &cell {
            self.bytes += text.len();
        } else if let Cell::Bytes(bytes) = &cell {
            self.bytes += bytes.len();
        }
        let pushed = match self.columns.get_mut(at) {
            Some(column) => column.push(&cell),
            None => Ok(()),
        };
        pushed.map_err(|()| {
            let data_type = self.schema.fields().get(at).map(|field| type_name(field.data_type())).unwrap_or_default();
            self.unfit(at, &format!("{} is no {data_type}; convert it in the query with CAST", shown(&cell)))
        })
    }

    /// The error about a value of the row that is being collected.
    pub(crate) fn unfit(&self, at: usize, message: &str) -> ComponentError {
        let name = self.schema.fields().get(at).map(|field| field.name().as_str()).unwrap_or_default();
        let row = self.before + self.rows as u64 + 1;
        ComponentError::new("sql/value", format!("row {row} of the result, column “{name}”: {message}"))
    }

    /// Says that every column of the row has its value. Whether it is time to take the batch.
    pub(crate) fn end_row(&mut self) -> bool {
        self.rows += 1;
        self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// The rows collected so far, and begins anew.
    pub(crate) fn take(&mut self) -> Result<RecordBatch, ComponentError> {
        let columns: Vec<ArrayRef> = self.columns.iter_mut().map(|column| column.finish()).collect();
        let columns = columns.into_iter().zip(self.schema.fields()).map(|(column, field)| {
            if column.data_type() == field.data_type() {
                return Ok(column);
            }
            flow_data::arrow::compute::cast(&column, field.data_type())
        });
        let failed = |error: flow_data::arrow::error::ArrowError| ComponentError::new("sql/value", error.to_string());
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        self.before += self.rows as u64;
        (self.rows, self.bytes) = (0, 0);
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options).map_err(failed)
    }
}

impl Column {
    fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Null => Self::Null(0),
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::UInt64 => Self::Unsigned(UInt64Builder::new()),
            integer if integer.is_integer() => Self::Integer(Int64Builder::new()),
            number if number.is_floating() => Self::Number(Float64Builder::new()),
            DataType::Decimal128(precision, scale) => {
                let builder = Decimal128Builder::new().with_data_type(data_type.clone());
                Self::Decimal(builder, *precision, *scale)
            }
            DataType::Binary => Self::Bytes(BinaryBuilder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Time64(_) => Self::Time(Time64MicrosecondBuilder::new()),
            DataType::Timestamp(_, zone) => {
                Self::Timestamp(TimestampMicrosecondBuilder::new().with_timezone_opt(zone.clone()))
            }
            _ => Self::Text(StringBuilder::new()),
        }
    }

    /// `Err` when the value does not fit.
    fn push(&mut self, cell: &Cell<'_>) -> Result<(), ()> {
        match (self, cell) {
            (Self::Null(rows), Cell::Null) => *rows += 1,
            (column, Cell::Null) => column.push_null(),
            (Self::Boolean(builder), Cell::Boolean(value)) => builder.append_value(*value),
            (Self::Boolean(builder), Cell::Integer(value @ (0 | 1))) => builder.append_value(*value == 1),
            (Self::Boolean(builder), Cell::Text(text)) => builder.append_value(boolean(text).ok_or(())?),
            (Self::Integer(builder), Cell::Integer(value)) => builder.append_value(*value),
            (Self::Integer(builder), Cell::Boolean(value)) => builder.append_value(i64::from(*value)),
            (Self::Integer(builder), Cell::Text(text)) => builder.append_value(text.trim().parse().map_err(drop)?),
            (Self::Unsigned(builder), Cell::Integer(value)) => builder.append_value((*value).try_into().map_err(drop)?),
            (Self::Unsigned(builder), Cell::Text(text)) => builder.append_value(text.trim().parse().map_err(drop)?),
            (Self::Number(builder), Cell::Number(value)) => builder.append_value(*value),
            #[expect(clippy::cast_precision_loss, reason = "what a column of numbers does to integers")]
            (Self::Number(builder), Cell::Integer(value)) => builder.append_value(*value as f64),
            (Self::Number(builder), Cell::Text(text)) => builder.append_value(text.trim().parse().map_err(drop)?),
            (Self::Decimal(builder, precision, scale), value) => {
                let text = match value {
                    Cell::Integer(value) => value.to_string(),
                    Cell::Number(value) => value.to_string(),
                    Cell::Text(text) => text.trim().to_owned(),
                    _ => return Err(()),
                };
                builder.append_value(decimal::parse(&text, *precision, *scale).ok_or(())?);
            }
            (Self::Text(builder), Cell::Text(text)) => builder.append_value(text),
            (Self::Text(builder), Cell::Integer(value)) => builder.append_value(value.to_string()),
            (Self::Text(builder), Cell::Number(value)) => builder.append_value(value.to_string()),
            (Self::Text(builder), Cell::Boolean(value)) => builder.append_value(value.to_string()),
            (Self::Bytes(builder), Cell::Bytes(bytes)) => builder.append_value(bytes),
            (Self::Bytes(builder), Cell::Text(text)) => builder.append_value(text.as_bytes()),
            (Self::Date(builder), Cell::Text(text)) => builder.append_value(date(text).ok_or(())?),
            (Self::Time(builder), Cell::Text(text)) => {
                builder.append_value(Time64MicrosecondType::parse(text).ok_or(())?)
            }
            (Self::Timestamp(builder), Cell::Text(text)) => builder.append_value(timestamp(text).ok_or(())?),
            _ => return Err(()),
        }
        Ok(())
    }

    fn push_null(&mut self) {
        match self {
            Self::Null(rows) => *rows += 1,
            Self::Boolean(builder) => builder.append_null(),
            Self::Integer(builder) => builder.append_null(),
            Self::Unsigned(builder) => builder.append_null(),
            Self::Number(builder) => builder.append_null(),
            Self::Decimal(builder, ..) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
            Self::Bytes(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Time(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Null(rows) => Arc::new(NullArray::new(std::mem::take(rows))),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Unsigned(builder) => Arc::new(builder.finish()),
            Self::Number(builder) => Arc::new(builder.finish()),
            Self::Decimal(builder, ..) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Bytes(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
        }
    }
}

impl Rows {
    /// The same as [`Self::push`] for a decimal of the column's scale.
    pub(crate) fn push_decimal(&mut self, at: usize, unscaled: i128) {
        if let Some(Column::Decimal(builder, ..)) = self.columns.get_mut(at) {
            builder.append_value(unscaled);
        }
    }

    /// The same for days, or microseconds, since 1970 or midnight: what the column's type counts in.
    pub(crate) fn push_time(&mut self, at: usize, value: i64) {
        match self.columns.get_mut(at) {
            Some(Column::Date(builder)) => builder.append_value(i32::try_from(value).unwrap_or(i32::MAX)),
            Some(Column::Time(builder)) => builder.append_value(value),
            Some(Column::Timestamp(builder)) => builder.append_value(value),
            _ => {}
        }
    }
}

/// `YYYY-MM-DD`, and nothing else.
pub(crate) fn date(text: &str) -> Option<i32> {
    Date32Type::parse(text.trim()).filter(|_| text.trim().len() <= 10)
}

/// A date with a time; with a zone, or else in UTC.
pub(crate) fn timestamp(text: &str) -> Option<i64> {
    TimestampMicrosecondType::parse(text.trim())
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "1" => Some(true),
        "false" | "f" | "0" => Some(false),
        _ => None,
    }
}

/// A value as errors show it.
fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Null => "nothing".to_owned(),
        Cell::Boolean(value) => value.to_string(),
        Cell::Integer(value) => value.to_string(),
        Cell::Number(value) => value.to_string(),
        Cell::Text(text) if text.chars().count() <= 40 => format!("“{text}”"),
        Cell::Text(text) => format!("“{}…”", text.chars().take(40).collect::<String>()),
        Cell::Bytes(bytes) => format!("a value of {} bytes", bytes.len()),
    }
}
