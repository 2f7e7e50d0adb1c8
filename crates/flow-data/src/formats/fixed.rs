//! Records of fixed length: a record a line, each value at its place.

use super::bad::{BadRecord, Decoded, shortened};
use super::chunks::{Border, Chunk, count_lines, line_border};
use super::columns::Column;
use super::csv::values::column;
use super::reading::Decode;
use super::text::{lines_of, not_utf8};
use super::writing::each_record;
use crate::arrow::array::BooleanArray;
use crate::arrow::compute::filter_record_batch;
use crate::arrow::datatypes::{Field, Schema, SchemaRef};
use crate::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use crate::{DataError, Numbers, Stream, nearby_names, type_name, value_at};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

/// Fields with their places in characters, from 0.
#[derive(Debug)]
pub(super) struct FixedLength {
    pub(super) schema: SchemaRef,
    pub(super) places: Vec<Range<usize>>,
}

impl FixedLength {
    pub(super) fn new(columns: &[Column]) -> Result<Self, DataError> {
        let wrong = |name: &str, what: &str| DataError::Type { message: format!("the column “{name}” {what}") };
        let (mut places, mut behind) = (Vec::with_capacity(columns.len()), 0);
        for column in columns {
            let start = match column.start {
                Some(0) => return Err(wrong(&column.name, "starts at 0; the first character is number 1")),
                Some(start) => start - 1,
                None => behind,
            };
            let length = column.length.filter(|length| *length > 0);
            let Some(length) = length else { return Err(wrong(&column.name, "has no length")) };
            behind = start.saturating_add(length);
            places.push(start..behind);
        }
        if columns.is_empty() {
            let message = "a format of fixed length needs its columns: names, types and lengths".to_owned();
            return Err(DataError::Type { message });
        }
        let fields = columns.iter().map(|column| Field::new(&column.name, column.data_type.clone(), true));
        Ok(Self { schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())), places })
    }
}

impl Decode for FixedLength {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn border(&self) -> Border {
        Box::new(line_border)
    }

    fn decode(&self, chunk: Chunk) -> Result<Decoded, DataError> {
        let (mut lines, mut bad, mut count) = (Vec::new(), BTreeMap::new(), 0);
        for (number, line) in (1..).zip(lines_of(&chunk.bytes)) {
            if line.is_empty() {
                continue;
            }
            count += 1;
            match std::str::from_utf8(line) {
                Ok(line) => lines.push((count, number, line)),
                Err(_) => {
                    let field = self.schema.fields().first().map_or("", |field| field.name().as_str());
                    bad.insert(count, BadRecord { line: number, ..not_utf8(count, line, field) });
                }
            }
        }
        let arrays = self.schema.fields().iter().zip(&self.places).map(|(field, place)| {
            let values = lines.iter().map(|(_, _, line)| Some(part(line, place)).filter(|value| !value.is_empty()));
            let (array, misfits) = column(field.data_type(), values.map(|value| value.map(Cow::Borrowed)), lines.len());
            for misfit in misfits {
                let Some((row, number, line)) = lines.get(misfit) else { continue };
                let error = DataError::WrongValue {
                    row: *row,
                    field: field.name().clone(),
                    value: shortened(part(line, place)).into_owned(),
                    expected: type_name(field.data_type()),
                    inferred: false,
                };
                let text = shortened(line).into_owned();
                bad.entry(*row).or_insert(BadRecord { row: *row, line: *number, text, error });
            }
            array
        });
        let arrays = arrays.collect();
        let failed = |error: crate::arrow::error::ArrowError| DataError::Internal { message: error.to_string() };
        let options = RecordBatchOptions::new().with_row_count(Some(lines.len()));
        let mut batch =
            RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options).map_err(failed)?;
        if !bad.is_empty() {
            let good: BooleanArray = lines.iter().map(|(row, _, _)| Some(!bad.contains_key(row))).collect();
            batch = filter_record_batch(&batch, &good).map_err(failed)?;
        }
        Ok(Decoded { batch, rows: count, lines: count_lines(&chunk.bytes), bad: bad.into_values().collect() })
    }
}

impl FixedLength {
    /// Refuses fields that are not there.
    pub(super) fn check(&self, schema: &SchemaRef) -> Result<(), DataError> {
        let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        match self.schema.fields().iter().find(|field| schema.field_with_name(field.name()).is_err()) {
            None => Ok(()),
            Some(missing) => {
                let near = nearby_names(missing.name(), names.iter().map(String::as_str));
                Err(DataError::UnknownField { field: missing.name().clone(), near, all: names })
            }
        }
    }

    /// Writes a record a line. Numbers stand at the right of their place, everything else at the left. A value that is
    /// too long is an error.
    pub(super) fn write(&self, stream: &Stream, output: &mut impl Write) -> Result<u64, DataError> {
        let columns = self.schema.fields().iter().zip(&self.places).map(|(field, place)| {
            let from = stream.schema().index_of(field.name()).unwrap_or_default();
            (field, from, place)
        });
        let mut columns: Vec<_> = columns.collect();
        columns.sort_by_key(|(_, _, place)| place.start);
        each_record(stream, output, |text, batch, row, number| {
            let mut at = 0;
            for (field, from, place) in &columns {
                let value = match value_at(batch.column(*from), row, Numbers::Plain) {
                    Value::Null => String::new(),
                    Value::String(value) => value,
                    other => other.to_string(),
                };
                let (value, width) = (value.trim_end(), place.len());
                let length = value.chars().count();
                if length > width || value.contains(['\n', '\r']) {
                    let what = if length > width { "does not fit into its place" } else { "holds a line end" };
                    let message = format!("“{}” {what} of {width} characters", shortened(value));
                    let error = DataError::Evaluate { row: Some(number + 1), message };
                    return Err(error.about(format!("field “{}”", field.name())));
                }
                text.resize(text.len() + place.start.saturating_sub(at), b' ');
                let blanks = width - length;
                let is_number = batch.column(*from).data_type().is_numeric();
                text.resize(text.len() + if is_number { blanks } else { 0 }, b' ');
                text.extend_from_slice(value.as_bytes());
                text.resize(text.len() + if is_number { 0 } else { blanks }, b' ');
                at = place.end;
            }
            text.push(b'\n');
            Ok(())
        })
    }
}

/// The characters at a place, without the blanks around them; fewer where the line ends earlier.
fn part<'a>(line: &'a str, place: &Range<usize>) -> &'a str {
    let part = if line.is_ascii() {
        line.get(place.start.min(line.len())..place.end.min(line.len())).unwrap_or_default()
    } else {
        let at = |number: usize| line.char_indices().nth(number).map_or(line.len(), |(at, _)| at);
        &line[at(place.start)..at(place.end)]
    };
    part.trim()
}
