//! Records as JSON, and JSON as records.

mod decode;
mod infer;

use crate::arrow::array::{Array, ArrayRef, AsArray};
use crate::arrow::datatypes::{
    DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};
use crate::arrow::datatypes::{UInt8Type, UInt16Type, UInt32Type, UInt64Type};
use crate::arrow::record_batch::RecordBatch;
use crate::arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Map, Value};

pub use decode::json_to_batch;
pub use infer::json_schema_of;

/// How 64-bit integers and decimals are written in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// As texts, so that JavaScript does not round them.
    AsText,
    /// As JSON numbers.
    Plain,
}

/// One record of a batch.
pub(crate) fn record(batch: &RecordBatch, row: usize, numbers: Numbers) -> Map<String, Value> {
    let fields = batch.schema_ref().fields().iter().zip(batch.columns());
    fields.map(|(field, column)| (field.name().clone(), value_at(column, row, numbers))).collect()
}

/// The value of `column` at `row` as JSON. Dates and times are in ISO 8601; bytes in hexadecimal.
pub fn value_at(column: &ArrayRef, row: usize, numbers: Numbers) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    macro_rules! integer {
        ($kind:ty) => {
            Value::from(column.as_primitive::<$kind>().value(row))
        };
    }
    macro_rules! wide_integer {
        ($kind:ty) => {{
            let value = column.as_primitive::<$kind>().value(row);
            if numbers == Numbers::AsText { Value::from(value.to_string()) } else { Value::from(value) }
        }};
    }
    match column.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::from(column.as_boolean().value(row)),
        DataType::Int8 => integer!(Int8Type),
        DataType::Int16 => integer!(Int16Type),
        DataType::Int32 => integer!(Int32Type),
        DataType::UInt8 => integer!(UInt8Type),
        DataType::UInt16 => integer!(UInt16Type),
        DataType::UInt32 => integer!(UInt32Type),
        DataType::Int64 => wide_integer!(Int64Type),
        DataType::UInt64 => wide_integer!(UInt64Type),
        DataType::Float16 => Value::from(column.as_primitive::<Float16Type>().value(row).to_f64()),
        DataType::Float32 => Value::from(column.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => Value::from(column.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => Value::from(column.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Value::from(column.as_string::<i64>().value(row)),
        DataType::Utf8View => Value::from(column.as_string_view().value(row)),
        DataType::List(_) => list(&column.as_list::<i32>().value(row), numbers),
        DataType::LargeList(_) => list(&column.as_list::<i64>().value(row), numbers),
        DataType::FixedSizeList(..) => list(&column.as_fixed_size_list().value(row), numbers),
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(column.as_struct().columns());
            Value::Object(
                columns.map(|(field, column)| (field.name().clone(), value_at(column, row, numbers))).collect(),
            )
        }
        decimal if decimal.is_decimal() => {
            let text = formatted(column, row);
            match (numbers, text.parse::<serde_json::Number>()) {
                (Numbers::Plain, Ok(number)) => Value::Number(number),
                _ => Value::String(text),
            }
        }
        _ => Value::String(formatted(column, row)),
    }
}

fn list(items: &ArrayRef, numbers: Numbers) -> Value {
    Value::Array((0..items.len()).map(|row| value_at(items, row, numbers)).collect())
}

fn formatted(column: &ArrayRef, row: usize) -> String {
    ArrayFormatter::try_new(column, &FormatOptions::default())
        .and_then(|formatter| formatter.value(row).try_to_string())
        .unwrap_or_else(|error| error.to_string())
}
