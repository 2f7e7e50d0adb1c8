//! What expressions do to whole streams: map, filter, decide.

use crate::arrow::array::{Array, BooleanArray};
use crate::arrow::compute::{filter_record_batch, not, prep_null_mask_filter};
use crate::arrow::datatypes::{Field, Schema, SchemaRef};
use crate::arrow::error::ArrowError;
use crate::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use crate::{DataError, Expression, Spool, Stream};
use std::sync::Arc;

/// The fields that a mapper puts out, each with its expression. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Projection {
    schema: SchemaRef,
    expressions: Arc<[Arc<Expression>]>,
}

impl Projection {
    /// A projection to the fields of the given names, in this order.
    pub fn new<N: Into<String>>(fields: impl IntoIterator<Item = (N, Arc<Expression>)>) -> Self {
        let (fields, expressions): (Vec<Field>, Vec<_>) = fields
            .into_iter()
            .map(|(name, expression)| (Field::new(name, expression.data_type(), true), expression))
            .unzip();
        Self { schema: Arc::new(Schema::new(fields)), expressions: expressions.into() }
    }

    /// The fields it puts out.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Maps every record of the stream. An error names the field whose expression failed, and the record.
    pub fn map(&self, stream: &Stream) -> Result<Stream, DataError> {
        let projection = self.clone();
        stream.map_batches(Arc::clone(&self.schema), move |batch| projection.map_batch(batch))
    }

    /// Maps the records of one batch.
    pub fn map_batch(&self, batch: &RecordBatch) -> Result<RecordBatch, DataError> {
        let columns = self.expressions.iter().zip(self.schema.fields()).map(|(expression, field)| {
            expression.evaluate(batch).map_err(|error| error.about(format!("field “{}”", field.name())))
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .map_err(|error| DataError::Type { message: error.to_string() })
    }
}

/// The records for which the condition is true; with `negated` all others (false or null).
pub fn keep(stream: &Stream, condition: &Arc<Expression>, negated: bool) -> Result<Stream, DataError> {
    condition.require_condition()?;
    let condition = Arc::clone(condition);
    stream.map_batches(Arc::clone(stream.schema()), move |batch| {
        let holds = condition.evaluate_condition(batch)?;
        let chosen = if negated { not(&holds).map_err(unfit)? } else { holds };
        chosen_of(batch, &chosen)
    })
}

/// Parts a stream in two: the records for which the condition is true, and the others (false or null). Both are
/// computed when it comes back, in `spool` where they are large.
pub fn split(stream: &Stream, condition: &Expression, spool: &Spool) -> Result<(Stream, Stream), DataError> {
    let schema = stream.schema();
    let mut rows_before = 0;
    if let Some(batches) = stream.held() {
        let (mut matching, mut others) = (Vec::new(), Vec::new());
        for batch in batches {
            let (yes, no) = split_batch(batch, condition).map_err(|error| error.after(rows_before))?;
            matching.push(yes);
            others.push(no);
            rows_before += batch.num_rows() as u64;
        }
        return Ok((Stream::new(Arc::clone(schema), matching), Stream::new(Arc::clone(schema), others)));
    }
    let (mut matching, mut others) = (spool.collect(Arc::clone(schema)), spool.collect(Arc::clone(schema)));
    for batch in stream.batches()? {
        let batch = batch?;
        let (yes, no) = split_batch(&batch, condition).map_err(|error| error.after(rows_before))?;
        matching.push(yes)?;
        others.push(no)?;
        rows_before += batch.num_rows() as u64;
    }
    Ok((matching.finish()?, others.finish()?))
}

fn split_batch(batch: &RecordBatch, condition: &Expression) -> Result<(RecordBatch, RecordBatch), DataError> {
    let holds = condition.evaluate_condition(batch)?;
    match holds.true_count() {
        0 => Ok((batch.slice(0, 0), batch.clone())),
        all if all == batch.num_rows() => Ok((batch.clone(), batch.slice(0, 0))),
        _ => Ok((chosen_of(batch, &holds)?, chosen_of(batch, &not(&holds).map_err(unfit)?)?)),
    }
}

fn chosen_of(batch: &RecordBatch, mask: &BooleanArray) -> Result<RecordBatch, DataError> {
    if mask.true_count() == batch.num_rows() {
        return Ok(batch.clone());
    }
    filter_record_batch(batch, mask).map_err(unfit)
}

fn unfit(error: ArrowError) -> DataError {
    DataError::Type { message: error.to_string() }
}

/// Whether the condition is true for the first record of the stream. Over a stream without records every field is
/// null, so that conditions over flow variables alone still decide.
pub fn holds_for_first(stream: &Stream, condition: &Expression) -> Result<bool, DataError> {
    let first = match stream.first(1)?.held().and_then(<[_]>::first) {
        Some(batch) => batch.clone(),
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
