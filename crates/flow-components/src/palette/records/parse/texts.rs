//! From texts to records.

use super::FIELD;
use crate::ComponentError;
use crate::formats::{BadRecords, Look};
use crate::json_records::{Chunk, JsonRecords};
use flow_data::arrow::array::{Array, ArrayRef, AsArray, UInt32Array, new_null_array};
use flow_data::arrow::compute::{cast, take};
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use flow_data::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use flow_data::formats::{Format, Source, rejected_schema, xml_to_json};
use flow_data::{DataError, Spool, Stream, json_to_batch};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// How texts are parsed.
#[derive(Clone)]
pub(super) struct Texts {
    pub(super) look: Look,
    pub(super) bad: BadRecords,
    /// The fields that leave, if they are known beforehand.
    pub(super) fields: Option<SchemaRef>,
}

fn fields_at(schema: &SchemaRef, places: &[usize]) -> Vec<Field> {
    places
        .iter()
        .filter_map(|at| schema.fields().get(*at))
        .map(|field| field.as_ref().clone().with_nullable(true))
        .collect()
}

pub(super) fn csv_source(text: &str) -> Source {
    Source::bytes(text.as_bytes().to_vec())
}

/// The records of a text as JSON objects.
pub(super) fn values(format: &Format, text: &str) -> Result<Vec<Value>, DataError> {
    let (path, document) = match format {
        Format::Xml { records, .. } => return xml_to_json(text, records),
        Format::Json { records, .. } => (records.as_str(), serde_json::from_str::<Value>(text)),
        _ => ("", serde_json::from_str::<Value>(text)),
    };
    let mut found = document.map_err(|error| malformed(format!("this is no JSON: {error}")))?;
    for name in path.split('.').map(str::trim).filter(|name| !name.is_empty()) {
        found = found
            .get_mut(name)
            .map(Value::take)
            .ok_or_else(|| malformed(format!("there is no “{name}” on the way {path}")))?;
    }
    let items = match found {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        one => vec![one],
    };
    // What is no object is a value without a name.
    let as_record = |item: Value| match item {
        Value::Object(members) => Value::Object(members),
        other => Value::Object(Map::from_iter([("value".to_owned(), other)])),
    };
    Ok(items.into_iter().map(as_record).collect())
}

fn malformed(message: String) -> DataError {
    DataError::Malformed { row: None, line: None, message }
}

impl Texts {
    /// Parses the texts at `place` of all records, and puts the fields at `others` before what comes of each. Gives the
    /// records, and what could not be read.
    pub(super) fn parse(
        &self,
        input: &Stream,
        place: usize,
        others: &[usize],
        spool: &Spool,
    ) -> Result<(Stream, Stream), ComponentError> {
        match &self.look.format {
            Format::Csv { .. } => self.parse_csv(input, place, others, spool),
            _ => self.parse_documents(input, place, others, spool),
        }
    }

    /// Parses JSON or XML.
    fn parse_documents(
        &self,
        input: &Stream,
        place: usize,
        others: &[usize],
        spool: &Spool,
    ) -> Result<(Stream, Stream), ComponentError> {
        let mut parsed = JsonRecords::new(spool, fields_at(input.schema(), others), self.fields.clone());
        let mut rejects = Rejects::new(spool);
        let mut row_before = 0;
        for batch in input.batches()? {
            let batch = batch?;
            let texts = texts_of(&batch, place)?;
            let (mut all, mut rows): (Vec<Value>, Vec<u32>) = (Vec::new(), Vec::new());
            for row in (0..batch.num_rows()).filter(|row| texts.is_valid(*row)) {
                let text = texts.as_string::<i32>().value(row);
                let number = row_before + row as u64 + 1;
                let found = values(&self.look.format, text).and_then(|values| self.fitting(values));
                match found {
                    Ok(values) => {
                        rows.extend(std::iter::repeat_n(u32::try_from(row).unwrap_or(u32::MAX), values.len()));
                        all.extend(values);
                    }
                    Err(error) => self.bad(error, number, text, &mut rejects)?,
                }
            }
            row_before += batch.num_rows() as u64;
            parsed.add(Chunk { values: all, before: repeated(&batch, others, rows)? }).map_err(|error| {
                ComponentError::from(error).on(if self.fields.is_some() { "Columns" } else { FIELD })
            })?;
        }
        Ok((parsed.finish()?, rejects.finish()?))
    }

    /// The values, if they have the types that are declared. Where bad ones end everything, that shows later.
    fn fitting(&self, values: Vec<Value>) -> Result<Vec<Value>, DataError> {
        if let (Some(fields), BadRecords::Skip | BadRecords::Reject) = (&self.fields, self.bad) {
            json_to_batch(&values, fields)?;
        }
        Ok(values)
    }

    fn parse_csv(
        &self,
        input: &Stream,
        place: usize,
        others: &[usize],
        spool: &Spool,
    ) -> Result<(Stream, Stream), ComponentError> {
        let reading = self.look.reading("", self.bad);
        let kept = fields_at(input.schema(), others);
        let mut fields = self.fields.clone();
        let mut parsed = None;
        let mut rejects = Rejects::new(spool);
        let mut row_before = 0;
        for batch in input.batches()? {
            let batch = batch?;
            let texts = texts_of(&batch, place)?;
            for row in (0..batch.num_rows()).filter(|row| texts.is_valid(*row)) {
                let text = texts.as_string::<i32>().value(row);
                let number = row_before + row as u64 + 1;
                let found = match self.bad {
                    BadRecords::Reject => reading.read_parted(&csv_source(text), spool).and_then(|(good, bad)| {
                        rejects.add(&bad)?;
                        Ok(good)
                    }),
                    BadRecords::Fail | BadRecords::Skip => reading.read(&csv_source(text)),
                };
                let found = found.and_then(|stream| match &fields {
                    Some(fields) => stream_of(&stream, fields),
                    None => stream.hold(spool),
                });
                let stream = match found {
                    Ok(stream) => stream,
                    Err(error) => {
                        self.bad(error, number, text, &mut rejects)?;
                        continue;
                    }
                };
                let fields = fields.get_or_insert_with(|| Arc::clone(stream.schema()));
                let schema: SchemaRef = Arc::new(Schema::new(
                    kept.iter().cloned().map(Arc::new).chain(fields.fields().iter().cloned()).collect::<Vec<_>>(),
                ));
                let collector = parsed.get_or_insert_with(|| spool.collect(Arc::clone(&schema)));
                for rows in stream.batches()? {
                    let rows = rows?;
                    let from = u32::try_from(row).unwrap_or(u32::MAX);
                    let mut columns = repeated(&batch, others, vec![from; rows.num_rows()])?;
                    columns.extend(rows.columns().iter().cloned());
                    let whole = RecordBatch::try_new(Arc::clone(&schema), columns).map_err(unfit)?;
                    collector.push(whole)?;
                }
            }
            row_before += batch.num_rows() as u64;
        }
        let parsed = match parsed {
            Some(parsed) => parsed.finish()?,
            None => {
                let known = fields.iter().flat_map(|fields| fields.fields().iter().cloned());
                Stream::empty(Arc::new(Schema::new(kept.into_iter().map(Arc::new).chain(known).collect::<Vec<_>>())))
            }
        };
        Ok((parsed, rejects.finish()?))
    }

    /// A text that cannot be read.
    fn bad(&self, error: DataError, number: u64, text: &str, rejects: &mut Rejects) -> Result<(), ComponentError> {
        match self.bad {
            BadRecords::Fail => {
                Err(ComponentError::from(error.about(format!("record {number}"))).at_row(number).on(FIELD))
            }
            BadRecords::Skip => Ok(()),
            BadRecords::Reject => Ok(rejects.push(number, text, &error)?),
        }
    }
}

fn unfit(error: flow_data::arrow::error::ArrowError) -> ComponentError {
    ComponentError::new("data/type", error.to_string())
}

/// The texts of a batch.
fn texts_of(batch: &RecordBatch, place: usize) -> Result<ArrayRef, ComponentError> {
    cast(batch.column(place), &DataType::Utf8).map_err(unfit)
}

/// The other fields of the records that held the texts, once for each record parsed from it.
fn repeated(batch: &RecordBatch, others: &[usize], rows: Vec<u32>) -> Result<Vec<ArrayRef>, ComponentError> {
    let rows = UInt32Array::from(rows);
    let columns = others.iter().map(|at| take(batch.column(*at), &rows, None).map_err(unfit));
    columns.collect()
}

/// The same records with exactly these fields.
fn stream_of(stream: &Stream, fields: &SchemaRef) -> Result<Stream, DataError> {
    let batch = stream.to_batch()?;
    let columns = fields.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) => cast(column, field.data_type())
            .map_err(|error| DataError::Type { message: format!("field “{}”: {error}", field.name()) }),
        None => Ok(new_null_array(field.data_type(), batch.num_rows())),
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(fields), columns, &options)
        .map_err(|error| DataError::Type { message: error.to_string() })?;
    Ok(Stream::new(Arc::clone(fields), vec![batch]))
}

/// What could not be read.
struct Rejects(flow_data::Collector);

impl Rejects {
    fn new(spool: &Spool) -> Self {
        Self(spool.collect(Arc::clone(rejected_schema())))
    }

    fn push(&mut self, row: u64, text: &str, error: &DataError) -> Result<(), DataError> {
        let record =
            json!({"row": row, "line": null, "text": text, "code": error.code(), "message": error.to_string()});
        self.0.push(json_to_batch(&[record], rejected_schema())?)
    }

    fn add(&mut self, rejected: &Stream) -> Result<(), DataError> {
        for batch in rejected.batches()? {
            self.0.push(batch?)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Stream, DataError> {
        self.0.finish()
    }
}
