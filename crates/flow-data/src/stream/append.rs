//! Streams one after another.

use super::{Batches, Stream};
use crate::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use crate::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use crate::{DataError, type_name};
use std::sync::Arc;

impl Stream {
    /// All streams as one, in the given order. They must have the same field names and types in the same order. What is
    /// not held is read when the result is.
    pub fn append(streams: &[Self]) -> Result<Self, DataError> {
        let [first, rest @ ..] = streams else {
            return Ok(Self::empty(Arc::new(Schema::empty())));
        };
        if rest.is_empty() {
            return Ok(first.clone());
        }
        let schema =
            rest.iter().try_fold(Schema::clone(&first.schema), |schema, next| combined(&schema, &next.schema))?;
        let schema = Arc::new(schema);
        if let Some(held) = streams.iter().map(Self::held).collect::<Option<Vec<_>>>() {
            let batches = held.into_iter().flatten().map(|batch| under(&schema, batch));
            return Ok(Self::new(Arc::clone(&schema), batches.collect::<Result<_, _>>()?));
        }
        let (streams, result) = (streams.to_vec(), Arc::clone(&schema));
        Ok(Self::flowing(result, move || {
            let schema = Arc::clone(&schema);
            let all = streams.clone().into_iter().flat_map(|stream| match stream.batches() {
                Ok(batches) => batches,
                Err(error) => Box::new(std::iter::once(Err(error))) as Batches,
            });
            Ok(Box::new(all.map(move |batch| under(&schema, &batch?))))
        }))
    }
}

/// The schema that holds the records of both: a field may be null if it may be null in one of them.
fn combined(one: &Schema, other: &Schema) -> Result<Schema, DataError> {
    let different = |message: String| DataError::DifferentFields { message };
    if one.fields().len() != other.fields().len() {
        return Err(different(format!("{} against {}", listed(one), listed(other))));
    }
    let fields = one.fields().iter().zip(other.fields()).map(|(a, b)| {
        if a.name() != b.name() {
            return Err(different(format!("“{}” against “{}”", a.name(), b.name())));
        }
        // A field that was always null takes the other's type.
        let data_type = match (a.data_type(), b.data_type()) {
            (DataType::Null, known) | (known, DataType::Null) => known.clone(),
            (x, y) if x == y => x.clone(),
            (x, y) => {
                return Err(different(format!(
                    "“{}” is {} in one and {} in another",
                    a.name(),
                    type_name(x),
                    type_name(y)
                )));
            }
        };
        Ok(Field::new(a.name(), data_type, a.is_nullable() || b.is_nullable()))
    });
    Ok(Schema::new(fields.collect::<Result<Vec<_>, _>>()?))
}

fn listed(schema: &Schema) -> String {
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    format!("({})", names.join(", "))
}

/// The same records under an equal or wider schema.
pub(crate) fn under(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch, DataError> {
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        if column.data_type() == field.data_type() {
            return Ok(Arc::clone(column));
        }
        crate::arrow::compute::cast(column, field.data_type())
    });
    let failed = |error: crate::arrow::error::ArrowError| DataError::DifferentFields { message: error.to_string() };
    let columns = columns.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(failed)
}
