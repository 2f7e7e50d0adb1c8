//! A stream: the table of records that travels on a link.

use crate::arrow::array::ArrayRef;
use crate::arrow::compute::concat_batches;
use crate::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use crate::arrow::record_batch::RecordBatch;
use crate::json::{Numbers, record};
use crate::variables::scalar;
use crate::{DataError, type_name};
use datafusion::scalar::ScalarValue;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A table of records with a schema. Immutable and cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    schema: SchemaRef,
    batches: Arc<[RecordBatch]>,
    rows: usize,
}

impl Stream {
    /// A stream of `batches`, each of which has the schema `schema`. Batches without records are dropped.
    pub fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let batches = batches.into_iter().filter(|batch| batch.num_rows() > 0).collect();
        Self { schema, batches, rows }
    }

    /// A stream without records.
    pub fn empty(schema: SchemaRef) -> Self {
        Self { schema, batches: Arc::new([]), rows: 0 }
    }

    /// The fields of every record.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many records there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The records, in order. No batch is empty.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// The bytes of memory that the records take.
    pub fn memory(&self) -> usize {
        self.batches.iter().map(RecordBatch::get_array_memory_size).sum()
    }

    /// All streams as one, in the given order. They must have the same field names and types in the same order.
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
        let batches = streams.iter().flat_map(|stream| stream.batches.iter()).map(|batch| under(&schema, batch));
        Ok(Self::new(Arc::clone(&schema), batches.collect::<Result<_, _>>()?))
    }

    /// The `len` records from `offset` on, or as many of them as there are. Copies nothing.
    #[must_use]
    pub fn slice(&self, offset: usize, len: usize) -> Self {
        let (mut skip, mut left) = (offset, len);
        let mut batches = Vec::new();
        for batch in self.batches.iter() {
            if skip >= batch.num_rows() {
                skip -= batch.num_rows();
                continue;
            }
            let taken = left.min(batch.num_rows() - skip);
            if taken == 0 {
                break;
            }
            batches.push(batch.slice(skip, taken));
            (skip, left) = (0, left - taken);
        }
        Self::new(Arc::clone(&self.schema), batches)
    }

    /// The whole stream as one batch.
    pub fn to_batch(&self) -> Result<RecordBatch, DataError> {
        match &*self.batches {
            [only] => Ok(only.clone()),
            batches => {
                concat_batches(&self.schema, batches).map_err(|error| DataError::Type { message: error.to_string() })
            }
        }
    }

    /// A stream of one record with the given values; the types follow from the values.
    pub fn from_record(fields: &[(String, Value)]) -> Self {
        let typed = fields.iter().map(|(name, value)| (name.as_str(), scalar(value)));
        Self::from_scalars(typed)
    }

    /// A stream of one record whose fields have the given types, whatever the values (null, or 3 for a number).
    pub fn from_typed_record(fields: &[(&str, DataType, Value)]) -> Result<Self, DataError> {
        let typed = fields.iter().map(|(name, data_type, value)| {
            let given = scalar(value);
            let value = given.cast_to(data_type).map_err(|_| DataError::Type {
                message: format!("“{name}”: {value} is no {}", type_name(data_type)),
            })?;
            Ok((*name, value))
        });
        Ok(Self::from_scalars(typed.collect::<Result<Vec<_>, DataError>>()?))
    }

    fn from_scalars<'a>(values: impl IntoIterator<Item = (&'a str, ScalarValue)>) -> Self {
        let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = values
            .into_iter()
            .filter_map(|(name, value)| {
                let column = value.to_array_of_size(1).ok()?;
                Some((Field::new(name, column.data_type().clone(), true), column))
            })
            .unzip();
        let schema = Arc::new(Schema::new(fields));
        let options = crate::arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(1));
        match RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options) {
            Ok(batch) => Self::new(schema, vec![batch]),
            Err(_) => Self::empty(schema),
        }
    }

    /// The first `limit` records as JSON for people: 64-bit integers and decimals are texts, since JavaScript would
    /// round them.
    pub fn to_json_rows(&self, limit: usize) -> Vec<Map<String, Value>> {
        self.json_records(limit, Numbers::AsText)
    }

    /// Every record as JSON for programs: numbers are numbers.
    pub fn to_json_records(&self) -> Vec<Map<String, Value>> {
        self.json_records(usize::MAX, Numbers::Plain)
    }

    fn json_records(&self, limit: usize, numbers: Numbers) -> Vec<Map<String, Value>> {
        let rows = self.batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)));
        rows.take(limit).map(|(batch, row)| record(batch, row, numbers)).collect()
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
fn under(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch, DataError> {
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        if column.data_type() == field.data_type() {
            return Ok(Arc::clone(column));
        }
        crate::arrow::compute::cast(column, field.data_type())
    });
    let failed = |error: crate::arrow::error::ArrowError| DataError::DifferentFields { message: error.to_string() };
    let columns = columns.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let options = crate::arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(failed)
}

#[cfg(test)]
mod tests;
