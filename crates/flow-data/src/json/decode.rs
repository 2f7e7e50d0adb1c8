//! JSON records as columns of given types.

use crate::arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, ListArray, NullArray, StringArray,
    StructArray,
};
use crate::arrow::buffer::{NullBuffer, OffsetBuffer};
use crate::arrow::compute::{CastOptions, cast_with_options};
use crate::arrow::datatypes::{DataType, Field, FieldRef, Fields, SchemaRef};
use crate::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use crate::{DataError, type_name};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// JSON objects as records with the fields of `schema`. What is missing is null; members that are no fields are left
/// out. 64-bit integers and decimals may also come as texts, in which no digit is lost. An error names the record (from
/// 1), the field and the value that does not fit.
pub fn json_to_batch(records: &[Value], schema: &SchemaRef) -> Result<RecordBatch, DataError> {
    let nullable: Fields = schema.fields().iter().map(|field| Field::clone(field).with_nullable(true)).collect();
    let columns = nullable.iter().map(|field| {
        let values: Vec<Option<&Value>> = records.iter().map(|record| record.get(field.name())).collect();
        column(&values, field.data_type()).map_err(|misfit| misfit.within(field.name()).told())
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(records.len()));
    let failed = |error: crate::arrow::error::ArrowError| DataError::Type { message: error.to_string() };
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(failed)
}

/// A value that does not fit its field.
struct Misfit {
    /// The record, from 0.
    row: usize,
    /// The place within the record: `address.lines[2]`.
    place: String,
    value: String,
    expected: String,
}

impl Misfit {
    fn new(row: usize, value: &Value, expected: &DataType) -> Self {
        Self { row, place: String::new(), value: shortened(value), expected: type_name(expected) }
    }

    /// The same one level further out.
    fn within(self, name: &str) -> Self {
        let place = match self.place.as_str() {
            "" => name.to_owned(),
            inner if inner.starts_with('[') => format!("{name}{inner}"),
            inner => format!("{name}.{inner}"),
        };
        Self { place, ..self }
    }

    fn told(self) -> DataError {
        DataError::WrongValue {
            row: self.row as u64 + 1,
            field: self.place,
            value: self.value,
            expected: self.expected,
            inferred: false,
        }
    }
}

fn shortened(value: &Value) -> String {
    let text = text(value);
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// Missing values and nulls are the same.
fn present<'a>(value: &Option<&'a Value>) -> Option<&'a Value> {
    value.filter(|value| !value.is_null())
}

fn column(values: &[Option<&Value>], data_type: &DataType) -> Result<ArrayRef, Misfit> {
    Ok(match data_type {
        DataType::Null => Arc::new(NullArray::new(values.len())),
        DataType::Boolean => Arc::new(BooleanArray::from(each(values, data_type, boolean)?)),
        DataType::Int64 => Arc::new(Int64Array::from(each(values, data_type, integer)?)),
        DataType::Float64 => Arc::new(Float64Array::from(each(values, data_type, number)?)),
        DataType::Utf8 => Arc::new(values.iter().map(|value| present(value).map(text)).collect::<StringArray>()),
        DataType::Binary => {
            let bytes = each(values, data_type, bytes)?;
            Arc::new(bytes.iter().map(Option::as_ref).collect::<BinaryArray>())
        }
        DataType::List(item) => list(values, data_type, item)?,
        DataType::Struct(fields) => record(values, data_type, fields)?,
        other => converted(values, other)?,
    })
}

fn each<'a, T>(
    values: &[Option<&'a Value>],
    data_type: &DataType,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Result<Vec<Option<T>>, Misfit> {
    let one = |(row, value): (usize, &Option<&'a Value>)| match present(value) {
        None => Ok(None),
        Some(value) => read(value).map(Some).ok_or_else(|| Misfit::new(row, value, data_type)),
    };
    values.iter().enumerate().map(one).collect()
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            // 3.0 is a whole number; beyond 2^53 nobody knows which one is meant.
            let number = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15)?;
            Some(number as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

/// Bytes are written in hexadecimal.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    let text = value.as_str()?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::try_from(digit(*pair.first()?)? * 16 + digit(*pair.get(1)?)?).ok()).collect()
}

/// Any value as text: a text as it is, everything else as JSON.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// The text of what is neither a list nor an object.
fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    (!value.is_object() && !value.is_array()).then(|| text(value))
}

/// The other types have a form as text that arrow reads: dates and times in ISO 8601, decimals.
fn converted(values: &[Option<&Value>], data_type: &DataType) -> Result<ArrayRef, Misfit> {
    let texts = each(values, data_type, scalar)?;
    let texts: StringArray = texts.iter().map(Option::as_deref).collect();
    let wrong = |row: usize| match values.get(row).copied().flatten() {
        Some(value) => Misfit::new(row, value, data_type),
        None => Misfit::new(row, &Value::Null, data_type),
    };
    // What cannot be converted becomes null.
    let options = CastOptions { safe: true, ..CastOptions::default() };
    let column = cast_with_options(&texts, data_type, &options).map_err(|_| wrong(0))?;
    match (0..values.len()).find(|row| column.is_null(*row) && !texts.is_null(*row)) {
        Some(row) => Err(wrong(row)),
        None => Ok(column),
    }
}

fn list(values: &[Option<&Value>], data_type: &DataType, item: &FieldRef) -> Result<ArrayRef, Misfit> {
    let lists = each(values, data_type, Value::as_array)?;
    let all: Vec<Option<&Value>> = lists.iter().flatten().flat_map(|items| items.iter()).map(Some).collect();
    let items = column(&all, item.data_type()).map_err(|misfit| {
        let mut before = 0;
        for (row, items) in lists.iter().enumerate() {
            let length = items.map_or(0, Vec::len);
            if misfit.row < before + length {
                let place = format!("[{}]", misfit.row - before);
                return Misfit { row, ..misfit }.within(&place);
            }
            before += length;
        }
        misfit
    })?;
    let offsets = OffsetBuffer::from_lengths(lists.iter().map(|items| items.map_or(0, Vec::len)));
    let nulls: NullBuffer = lists.iter().map(Option::is_some).collect();
    let item = Arc::new(Field::clone(item).with_nullable(true));
    Ok(Arc::new(ListArray::new(item, offsets, items, Some(nulls))))
}

fn record(values: &[Option<&Value>], data_type: &DataType, fields: &Fields) -> Result<ArrayRef, Misfit> {
    let records = each(values, data_type, Value::as_object)?;
    let columns = fields.iter().map(|field| {
        let parts: Vec<Option<&Value>> =
            records.iter().map(|record| record.and_then(|record| record.get(field.name()))).collect();
        column(&parts, field.data_type()).map_err(|misfit| misfit.within(field.name()))
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let nulls: NullBuffer = records.iter().map(Option::is_some).collect();
    let fields: Fields = fields.iter().map(|field| Field::clone(field).with_nullable(true)).collect();
    // The row count follows from the columns, and there is at least one.
    Ok(match StructArray::try_new_with_length(fields, columns, Some(nulls), values.len()) {
        Ok(array) => Arc::new(array),
        Err(_) => Arc::new(NullArray::new(values.len())),
    })
}

#[cfg(test)]
mod tests;
