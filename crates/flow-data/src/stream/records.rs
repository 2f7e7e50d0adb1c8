//! Streams of a record made of values, and streams as JSON.

use super::Stream;
use crate::arrow::array::ArrayRef;
use crate::arrow::datatypes::{DataType, Field, Schema};
use crate::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use crate::json::{Numbers, record};
use crate::variables::scalar;
use crate::{DataError, type_name};
use datafusion::scalar::ScalarValue;
use serde_json::{Map, Value};
use std::sync::Arc;

impl Stream {
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
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        match RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options) {
            Ok(batch) => Self::new(schema, vec![batch]),
            Err(_) => Self::empty(schema),
        }
    }

    /// The first `limit` records as JSON for people: 64-bit integers and decimals are texts, since JavaScript would
    /// round them.
    pub fn to_json_rows(&self, limit: usize) -> Result<Vec<Map<String, Value>>, DataError> {
        self.json_records(limit, Numbers::AsText)
    }

    /// Every record as JSON for programs: numbers are numbers.
    pub fn to_json_records(&self) -> Result<Vec<Map<String, Value>>, DataError> {
        self.json_records(usize::MAX, Numbers::Plain)
    }

    fn json_records(&self, limit: usize, numbers: Numbers) -> Result<Vec<Map<String, Value>>, DataError> {
        let mut records = Vec::new();
        if limit == 0 {
            return Ok(records);
        }
        for batch in self.batches()? {
            let batch = batch?;
            let rows = batch.num_rows().min(limit - records.len());
            records.extend((0..rows).map(|row| record(&batch, row, numbers)));
            if records.len() == limit {
                break;
            }
        }
        Ok(records)
    }
}
