//! Union: the records of several streams one after another, by the names of their fields.

use crate::arrow::array::{ArrayRef, new_null_array};
use crate::arrow::compute::{CastOptions, cast_with_options};
use crate::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use crate::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use crate::arrow::util::display::FormatOptions;
use crate::{DataError, Stream, type_name};
use std::sync::Arc;

/// All records of all streams, in that order. The fields are those of all of them, in the order in which they first
/// occur; where a stream has no such field, it is null. Integers and numbers meet as numbers; fields of the same name
/// that otherwise differ in type are an error.
pub fn union(streams: &[Stream]) -> Result<Stream, DataError> {
    let schema = common_schema(streams)?;
    let widened = streams.iter().map(|stream| {
        if *stream.schema() == schema {
            return Ok(stream.clone());
        }
        let target = Arc::clone(&schema);
        stream.map_batches(Arc::clone(&schema), move |batch| widen(batch, &target))
    });
    Stream::append(&widened.collect::<Result<Vec<_>, DataError>>()?)
}

fn common_schema(streams: &[Stream]) -> Result<SchemaRef, DataError> {
    let mut fields: Vec<Field> = Vec::new();
    for field in streams.iter().flat_map(|stream| stream.schema().fields()) {
        match fields.iter_mut().find(|known| known.name() == field.name()) {
            None => fields.push(Field::new(field.name(), field.data_type().clone(), true)),
            Some(known) => {
                let both = common_type(known.data_type(), field.data_type()).ok_or_else(|| {
                    let (one, other) = (type_name(known.data_type()), type_name(field.data_type()));
                    let message = format!("“{}” is {one} in one stream and {other} in another", field.name());
                    DataError::DifferentFields { message }
                })?;
                *known = known.clone().with_data_type(both);
            }
        }
    }
    Ok(Arc::new(Schema::new(fields)))
}

fn common_type(one: &DataType, other: &DataType) -> Option<DataType> {
    match (one, other) {
        (same, also) if same == also => Some(same.clone()),
        (DataType::Null, known) | (known, DataType::Null) => Some(known.clone()),
        (a, b) if a.is_integer() && b.is_integer() => Some(DataType::Int64),
        (a, b) if (a.is_integer() || a.is_floating()) && (b.is_integer() || b.is_floating()) => Some(DataType::Float64),
        (a, b) if a.is_string() && b.is_string() => Some(DataType::Utf8),
        _ => None,
    }
}

/// A number that does not fit becomes an error, not null.
const STRICT: CastOptions<'static> = CastOptions { safe: false, format_options: FormatOptions::new() };

fn widen(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, DataError> {
    let failed = |error: crate::arrow::error::ArrowError| DataError::Type { message: error.to_string() };
    let column = |field: &Arc<Field>| -> Result<ArrayRef, DataError> {
        match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
            Some(column) => cast_with_options(column, field.data_type(), &STRICT)
                .map_err(|error| failed(error).about(format!("field “{}”", field.name()))),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        }
    };
    let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(failed)
}
