//! What expressions do to whole streams: map, filter, decide.

use crate::arrow::array::{Array, BooleanArray};
use crate::arrow::compute::{filter_record_batch, not, prep_null_mask_filter};
use crate::arrow::datatypes::{Field, Schema, SchemaRef};
use crate::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use crate::{DataError, Expression, Stream};
use std::sync::Arc;

/// The fields that a mapper puts out, each with its expression.
#[derive(Debug)]
pub struct Projection {
    schema: SchemaRef,
    expressions: Vec<Arc<Expression>>,
}

impl Projection {
    /// A projection to the fields of the given names, in this order.
    pub fn new<N: Into<String>>(fields: impl IntoIterator<Item = (N, Arc<Expression>)>) -> Self {
        let (fields, expressions): (Vec<Field>, Vec<_>) = fields
            .into_iter()
            .map(|(name, expression)| (Field::new(name, expression.data_type(), true), expression))
            .unzip();
        Self { schema: Arc::new(Schema::new(fields)), expressions }
    }

    /// The fields it puts out.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Maps every record of the stream. An error carries the name of the field whose expression failed.
    pub fn map(&self, stream: &Stream) -> Result<Stream, (String, DataError)> {
        let mut rows_before = 0;
        let mut batches = Vec::with_capacity(stream.batches().len());
        for batch in stream.batches() {
            batches.push(self.map_batch(batch, rows_before)?);
            rows_before += batch.num_rows() as u64;
        }
        Ok(Stream::new(Arc::clone(&self.schema), batches))
    }

    fn map_batch(&self, batch: &RecordBatch, rows_before: u64) -> Result<RecordBatch, (String, DataError)> {
        let columns = self.expressions.iter().zip(self.schema.fields()).map(|(expression, field)| {
            expression.evaluate(batch).map_err(|error| (field.name().clone(), error.after(rows_before)))
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .map_err(|error| (String::new(), DataError::Type { message: error.to_string() }))
    }
}

/// Parts a stream in two: the records for which the condition is true, and the others (false or null).
pub fn split(stream: &Stream, condition: &Expression) -> Result<(Stream, Stream), DataError> {
    let (mut matching, mut others) = (Vec::new(), Vec::new());
    let mut rows_before = 0;
    for batch in stream.batches() {
        let holds = condition.evaluate_condition(batch).map_err(|error| error.after(rows_before))?;
        rows_before += batch.num_rows() as u64;
        match holds.true_count() {
            0 => others.push(batch.clone()),
            all if all == batch.num_rows() => matching.push(batch.clone()),
            _ => {
                let chosen = |mask: &BooleanArray| {
                    filter_record_batch(batch, mask).map_err(|error| DataError::Type { message: error.to_string() })
                };
                matching.push(chosen(&holds)?);
                others.push(chosen(&not(&holds).map_err(|error| DataError::Type { message: error.to_string() })?)?);
            }
        }
    }
    let schema = stream.schema();
    Ok((Stream::new(Arc::clone(schema), matching), Stream::new(Arc::clone(schema), others)))
}

/// Whether the condition is true for the first record of the stream. Over a stream without records every field is
/// null, so that conditions over flow variables alone still decide.
pub fn holds_for_first(stream: &Stream, condition: &Expression) -> Result<bool, DataError> {
    let first = match stream.batches().first() {
        Some(batch) => batch.slice(0, 1),
        None => record_of_nulls(stream.schema())?,
    };
    Ok(condition.evaluate_condition(&first)?.value(0))
}

fn record_of_nulls(schema: &SchemaRef) -> Result<RecordBatch, DataError> {
    let fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let columns = fields.iter().map(|field| crate::arrow::array::new_null_array(field.data_type(), 1)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
        .map_err(|error| DataError::Type { message: error.to_string() })
}

/// A mask in which null counts as false.
pub(crate) fn without_nulls(mask: BooleanArray) -> BooleanArray {
    if mask.null_count() == 0 { mask } else { prep_null_mask_filter(&mask) }
}

#[cfg(test)]
mod tests;
