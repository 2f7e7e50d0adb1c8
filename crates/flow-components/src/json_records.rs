//! Records that come as JSON (from a server, from a script) on their way into a stream.

use flow_data::arrow::array::ArrayRef;
use flow_data::arrow::datatypes::{Field, Schema, SchemaRef};
use flow_data::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use flow_data::{Collector, DataError, Spool, Stream, json_schema_of, json_to_batch};
use serde_json::Value;
use std::sync::Arc;

/// So many records show which fields there are, where nobody has declared them.
const SHOWING: usize = 10_000;

/// Collects JSON records into a stream, with the fields that are declared or else those that the first 10,000 records
/// show. Columns that have another source may stand before them. Writes to a file what is too large for memory: call it
/// where blocking holds nobody up.
pub(crate) struct JsonRecords {
    spool: Spool,
    /// The fields of the columns that stand before those of the JSON records.
    before: Vec<Field>,
    /// The fields of the JSON records, once they are known.
    fields: Option<SchemaRef>,
    /// What has come before the fields were known.
    waiting: Vec<Chunk>,
    collector: Option<Collector>,
    rows: usize,
}

/// Some records.
pub(crate) struct Chunk {
    /// The JSON objects.
    pub(crate) values: Vec<Value>,
    /// The columns that stand before them, with a row for each of them.
    pub(crate) before: Vec<ArrayRef>,
}

impl JsonRecords {
    /// Begins a stream with the fields `before` and then `fields`, if these are declared.
    pub(crate) fn new(spool: &Spool, before: Vec<Field>, fields: Option<SchemaRef>) -> Self {
        Self { spool: spool.clone(), before, fields, waiting: Vec::new(), collector: None, rows: 0 }
    }

    /// How many records there are so far.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds records. An error names the record by its number among all, from 1.
    pub(crate) fn add(&mut self, chunk: Chunk) -> Result<(), DataError> {
        self.rows += chunk.values.len();
        match self.fields.clone() {
            Some(fields) => self.push(&fields, chunk),
            None => {
                self.waiting.push(chunk);
                if self.rows >= SHOWING { self.settle() } else { Ok(()) }
            }
        }
    }

    /// The stream.
    pub(crate) fn finish(mut self) -> Result<Stream, DataError> {
        self.settle()?;
        match self.collector.take() {
            Some(collector) => collector.finish(),
            None => Ok(Stream::empty(self.schema(&self.fields.clone().unwrap_or_else(|| Arc::new(Schema::empty()))))),
        }
    }

    /// Takes the fields from what has come so far.
    fn settle(&mut self) -> Result<(), DataError> {
        if self.fields.is_some() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        let shown: Vec<&Value> = waiting.iter().flat_map(|chunk| &chunk.values).collect();
        let fields = json_schema_of(shown);
        self.fields = Some(Arc::clone(&fields));
        self.rows = 0;
        for chunk in waiting {
            self.rows += chunk.values.len();
            self.push(&fields, chunk)?;
        }
        Ok(())
    }

    fn push(&mut self, fields: &SchemaRef, chunk: Chunk) -> Result<(), DataError> {
        if chunk.values.is_empty() {
            return Ok(());
        }
        let schema = self.schema(fields);
        if let Some(twice) =
            fields.fields().iter().find(|field| self.before.iter().any(|own| own.name() == field.name()))
        {
            let message = format!("there is a field “{}” twice: leave it out where it is added", twice.name());
            return Err(DataError::Type { message });
        }
        let before = (self.rows - chunk.values.len()) as u64;
        let json = json_to_batch(&chunk.values, fields).map_err(|error| error.after(before))?;
        let columns = chunk.before.into_iter().chain(json.columns().iter().cloned()).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(chunk.values.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)
            .map_err(|error| DataError::Type { message: error.to_string() })?;
        self.collector.get_or_insert_with(|| self.spool.collect(schema)).push(batch)
    }

    fn schema(&self, fields: &SchemaRef) -> SchemaRef {
        let before = self.before.iter().cloned().map(Arc::new);
        Arc::new(Schema::new(before.chain(fields.fields().iter().cloned()).collect::<Vec<_>>()))
    }
}
