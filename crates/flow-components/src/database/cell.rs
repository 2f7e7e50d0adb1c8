//! Single values on their way between Arrow and a database.

use super::Dialect;
use flow_data::arrow::array::{Array, ArrayRef, AsArray};
use flow_data::arrow::compute::cast;
use flow_data::arrow::datatypes::{DataType, Float64Type, Int64Type};
use flow_data::{Numbers, value_at};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// A value as databases take it. Dates, times and decimals are texts in ISO form, lists and records JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
}

impl Cell<'_> {
    /// The same without a tie to where it came from.
    pub(crate) fn into_owned(self) -> Cell<'static> {
        match self {
            Cell::Null => Cell::Null,
            Cell::Boolean(value) => Cell::Boolean(value),
            Cell::Integer(value) => Cell::Integer(value),
            Cell::Number(value) => Cell::Number(value),
            Cell::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
            Cell::Bytes(bytes) => Cell::Bytes(Cow::Owned(bytes.into_owned())),
        }
    }

    /// The value of a flow variable.
    pub(crate) fn of_json(value: &Value) -> Cell<'static> {
        match value {
            Value::Null => Cell::Null,
            Value::Bool(value) => Cell::Boolean(*value),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => Cell::Integer(integer),
                (None, Some(float)) if !number.is_u64() => Cell::Number(float),
                _ => Cell::Text(number.to_string().into()),
            },
            Value::String(text) => Cell::Text(text.clone().into()),
            nested => Cell::Text(nested.to_string().into()),
        }
    }
}

/// The values of a field of a batch, one type for all of them.
pub(crate) struct Cells {
    column: ArrayRef,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Boolean,
    Integer,
    Number,
    Text,
    Bytes,
    Json,
}

impl Cells {
    /// The values of a column for a database of this dialect.
    pub(crate) fn of(column: &ArrayRef, dialect: Dialect) -> Self {
        // MySQL reads no zones; its sessions here are in UTC.
        if let (Dialect::MySql, DataType::Timestamp(unit, Some(_))) = (dialect, column.data_type()) {
            let utc = DataType::Timestamp(*unit, Some("UTC".into()));
            let plain = cast(column, &utc).and_then(|utc| cast(&utc, &DataType::Timestamp(*unit, None)));
            if let Ok(plain) = plain {
                return Self::of(&plain, dialect);
            }
        }
        let (target, kind) = match column.data_type() {
            DataType::Boolean => (DataType::Boolean, Kind::Boolean),
            // What does not fit 64 bits with a sign is written as text.
            DataType::UInt64 => (DataType::Utf8, Kind::Text),
            integer if integer.is_integer() => (DataType::Int64, Kind::Integer),
            number if number.is_floating() => (DataType::Float64, Kind::Number),
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                (DataType::Binary, Kind::Bytes)
            }
            DataType::List(_)
            | DataType::LargeList(_)
            | DataType::FixedSizeList(..)
            | DataType::Struct(_)
            | DataType::Map(..)
            | DataType::Null => (column.data_type().clone(), Kind::Json),
            _ => (DataType::Utf8, Kind::Text),
        };
        match cast(column, &target) {
            Ok(column) => Self { column, kind },
            Err(_) => Self { column: Arc::clone(column), kind: Kind::Json },
        }
    }

    /// The value of the record at `row`, from 0.
    pub(crate) fn at(&self, row: usize) -> Cell<'_> {
        if self.column.is_null(row) {
            return Cell::Null;
        }
        match self.kind {
            Kind::Boolean => Cell::Boolean(self.column.as_boolean().value(row)),
            Kind::Integer => Cell::Integer(self.column.as_primitive::<Int64Type>().value(row)),
            Kind::Number => Cell::Number(self.column.as_primitive::<Float64Type>().value(row)),
            Kind::Text => Cell::Text(self.column.as_string::<i32>().value(row).into()),
            Kind::Bytes => Cell::Bytes(self.column.as_binary::<i32>().value(row).into()),
            Kind::Json => Cell::of_json(&value_at(&self.column, row, Numbers::Plain)),
        }
    }
}
