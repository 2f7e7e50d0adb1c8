//! JSON lines and JSON documents in.

mod elements;

use super::bad::{BadRecord, Decoded, OnBadRecord, shortened};
use super::chunks::{Border, Chunk, Chunks, count_lines, line_border};
use super::columns::{Column, with_asked};
use super::csv::beginning;
use super::reading::Decode;
use super::source::Source;
use super::{Compression, Encoding};
use crate::arrow::compute::concat_batches;
use crate::arrow::datatypes::SchemaRef;
use crate::stream::flow::{Computed, Flow, Origin, Portion, Portions};
use crate::{DataError, Stream, json_schema_of, json_to_batch};
use elements::{Elements, Piece};
use serde_json::Value;
use std::sync::Arc;

/// Where a text comes from.
pub(super) type Text = (Source, Compression, Encoding);

/// The fields of JSON records, and what is done to records that do not have them.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) schema: SchemaRef,
    /// Whether a member that is no field is an error: the fields were found from a part of the records.
    closed: bool,
}

impl Fields {
    /// The fields of the records in a sample, which are all records if `whole`, with the types asked for.
    pub(super) fn of(sample: &[Value], whole: bool, columns: &[Column]) -> Self {
        Self { schema: Arc::new(with_asked(&json_schema_of(sample), columns)), closed: !whole }
    }

    /// Records as a batch. Those that came as an error, or do not fit, are left out.
    pub(super) fn decode(&self, parsed: Vec<Parsed>, lines: u64) -> Result<Decoded, DataError> {
        let rows = parsed.len() as u64;
        let (mut values, mut lines_of, mut bad) = (Vec::with_capacity(parsed.len()), Vec::new(), Vec::new());
        for (row, parsed) in (1..).zip(parsed) {
            match self.checked(parsed.value) {
                Ok(value) => {
                    values.push(value);
                    lines_of.push((row, parsed.line));
                }
                Err((message, text)) => {
                    let error = DataError::Malformed { row: Some(row), line: Some(parsed.line), message };
                    bad.push(BadRecord { row, line: parsed.line, text, error });
                }
            }
        }
        let batch = match json_to_batch(&values, &self.schema) {
            Ok(batch) => batch,
            Err(_) => self.one_by_one(&values, &lines_of, &mut bad)?,
        };
        bad.sort_by_key(|bad| bad.row);
        Ok(Decoded { batch, rows, lines, bad })
    }

    /// Finds the records that do not fit.
    fn one_by_one(
        &self,
        values: &[Value],
        places: &[(u64, u64)],
        bad: &mut Vec<BadRecord>,
    ) -> Result<crate::arrow::record_batch::RecordBatch, DataError> {
        let mut good = Vec::new();
        for (value, (row, line)) in values.iter().zip(places) {
            match json_to_batch(std::slice::from_ref(value), &self.schema) {
                Ok(batch) => good.push(batch),
                Err(error) => {
                    let text = shortened(&value.to_string()).into_owned();
                    bad.push(BadRecord { row: *row, line: *line, text, error: error.later(row - 1, 0) });
                }
            }
        }
        concat_batches(&self.schema, &good).map_err(|error| DataError::Internal { message: error.to_string() })
    }

    fn checked(&self, value: Result<Value, (String, String)>) -> Result<Value, (String, String)> {
        let value = value?;
        let unfit = |message: String| Err((message, shortened(&value.to_string()).into_owned()));
        let Value::Object(members) = &value else {
            return unfit("it is no object, so it has no fields".to_owned());
        };
        let unknown = members.keys().find(|name| self.closed && self.schema.field_with_name(name).is_err());
        match unknown {
            None => Ok(value),
            Some(name) => unfit(format!(
                "it has a field “{name}” that the first records do not have; give the columns with their types"
            )),
        }
    }
}

/// A record as it was found: a value, or why it is none and its text.
pub(super) struct Parsed {
    pub(super) value: Result<Value, (String, String)>,
    /// The line where it begins, from 1.
    pub(super) line: u64,
}

/// A JSON object a line.
#[derive(Debug)]
pub(super) struct JsonLines {
    fields: Fields,
}

impl JsonLines {
    pub(super) fn open(
        source: &Source,
        compression: Compression,
        encoding: Encoding,
        columns: &[Column],
        sample: usize,
    ) -> Result<Self, DataError> {
        let text = source.text(compression, encoding)?;
        let (bytes, whole) = beginning(Chunks::new(text, Box::new(line_border)), sample)?;
        let values: Vec<Value> = parse_lines(&bytes).filter_map(|parsed| parsed.value.ok()).collect();
        Ok(Self { fields: Fields::of(&values, whole, columns) })
    }
}

impl Decode for JsonLines {
    fn schema(&self) -> &SchemaRef {
        &self.fields.schema
    }

    fn border(&self) -> Border {
        Box::new(line_border)
    }

    fn decode(&self, chunk: Chunk) -> Result<Decoded, DataError> {
        self.fields.decode(parse_lines(&chunk.bytes).collect(), count_lines(&chunk.bytes))
    }
}

fn parse_lines(bytes: &[u8]) -> impl Iterator<Item = Parsed> {
    let lines = (1..).zip(bytes.split(|byte| *byte == b'\n'));
    let filled = lines.filter(|(_, text)| !text.trim_ascii().is_empty());
    filled.map(|(line, text)| {
        let shown = || shortened(&String::from_utf8_lossy(text)).into_owned();
        let value = serde_json::from_slice(text).map_err(|error| (not_json(&error), shown()));
        Parsed { value, line }
    })
}

fn not_json(error: &serde_json::Error) -> String {
    // The line is that of the record, which is known better here.
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    format!("it is not JSON: {what} (character {})", error.column())
}

/// A JSON document with records in it.
pub(super) struct JsonDocument {
    text: Text,
    path: Vec<String>,
    fields: Arc<Fields>,
    on_bad: OnBadRecord,
}

impl JsonDocument {
    pub(super) fn open(
        text: Text,
        records: &str,
        columns: &[Column],
        sample: usize,
        on_bad: OnBadRecord,
    ) -> Result<Stream, DataError> {
        let path: Vec<String> =
            records.split('.').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let (mut values, mut read, mut whole) = (Vec::new(), 0, true);
        for piece in Elements::open(text.0.text(text.1, text.2)?, &path)? {
            // What is wrong further on is an error when it is read.
            let Ok(piece) = piece else { break };
            read += piece.bytes.len();
            values.extend(parse_piece(&piece).into_iter().filter_map(|parsed| parsed.value.ok()));
            if read >= sample {
                whole = false;
                break;
            }
        }
        let fields = Arc::new(Fields::of(&values, whole, columns));
        let schema = Arc::clone(&fields.schema);
        Ok(Stream::of_flow(schema, Flow::new(Self { text, path, fields, on_bad })))
    }
}

impl Origin for JsonDocument {
    fn open(&self) -> Result<Portions, DataError> {
        let (source, compression, encoding) = &self.text;
        let elements = Elements::open(source.text(*compression, *encoding)?, &self.path)?;
        let (fields, on_bad) = (Arc::clone(&self.fields), self.on_bad);
        Ok(Box::new(elements.map(move |piece| {
            let (piece, fields) = (piece?, Arc::clone(&fields));
            Ok(Portion::Work(Box::new(move || match fields.decode(parse_piece(&piece), piece.lines) {
                Ok(decoded) => decoded.computed(on_bad),
                Err(error) => Computed { failed: Some(error), ..Computed::default() },
            })))
        })))
    }
}

/// The values in a piece of a document. Lines count from the start of the piece.
fn parse_piece(piece: &Piece) -> Vec<Parsed> {
    let mut line = 1 + piece.head;
    let parts = piece
        .ends
        .iter()
        .scan(0, |from, end| Some(piece.bytes.get(std::mem::replace(from, *end)..*end).unwrap_or_default()));
    parts
        .map(|text| {
            let begins = line + count_lines(&text[..text.len() - text.trim_ascii_start().len()]);
            line += count_lines(text);
            let shown = || shortened(&String::from_utf8_lossy(text)).into_owned();
            let value = serde_json::from_slice(text.trim_ascii()).map_err(|error| (not_json(&error), shown()));
            Parsed { value, line: begins }
        })
        .collect()
}
