//! A piece of CSV as a batch.

use super::index::{Index, Marks, Record, Span};
use super::values::column;
use crate::arrow::array::{ArrayRef, BooleanArray};
use crate::arrow::compute::filter_record_batch;
use crate::arrow::datatypes::{DataType, SchemaRef};
use crate::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use crate::formats::bad::{BadRecord, Decoded, shortened};
use crate::formats::chunks::{Chunk, count_lines};
use crate::{DataError, type_name};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a CSV text looks like.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) marks: Marks,
    /// The values of the first record, if they are names.
    pub(super) header: Option<Vec<String>>,
    pub(super) schema: SchemaRef,
    /// For each column, whether its type was found from the first records and not asked for.
    pub(super) inferred: Vec<bool>,
}

/// A piece, and where its values are.
struct Piece<'a> {
    bytes: &'a [u8],
    /// The same as text, if all of it is.
    text: Option<&'a str>,
    index: Index,
    columns: usize,
}

/// Bad records by their number, with what is wrong; lines are filled in at the end.
type Bad = BTreeMap<u32, (Record, DataError)>;

impl Layout {
    /// Decodes a piece. Bad records are left out of the batch; they count from the start of the piece.
    pub(super) fn decode(&self, chunk: &Chunk) -> Result<Decoded, DataError> {
        let body = self.body(chunk)?;
        let (head, bytes) = chunk.bytes.split_at_checked(body).unwrap_or((&chunk.bytes, &[]));
        let lines_before = count_lines(head);
        let columns = self.schema.fields().len();
        let text = std::str::from_utf8(bytes).ok();
        let index = self.marks.index(bytes, Some(columns));
        let piece = Piece { bytes, text, index, columns };

        let mut bad = Bad::new();
        for (record, flaw) in &piece.index.bad {
            bad.insert(record.number, (*record, flaw.error(u64::from(record.number) + 1, columns)));
        }
        if piece.text.is_none() {
            self.find_no_text(&piece, &mut bad);
        }
        let arrays = self.columns(&piece, &mut bad);
        let batch = self.batch(&piece, arrays, &bad)?;
        let (mut line, mut counted) = (lines_before + 1, 0);
        let records = bad.into_values().map(|(record, error)| {
            line += count_lines(bytes.get(counted..record.start as usize).unwrap_or_default());
            counted = record.start as usize;
            BadRecord {
                row: u64::from(record.number) + 1,
                line,
                text: shortened(&String::from_utf8_lossy(piece.bytes_of(&record))).into_owned(),
                error: error.later(0, line),
            }
        });
        let bad = records.collect();
        Ok(Decoded { batch, rows: piece.index.count, lines: lines_before + count_lines(bytes), bad })
    }

    /// Where the records begin.
    fn body(&self, chunk: &Chunk) -> Result<usize, DataError> {
        let Some(header) = self.header.as_ref().filter(|_| chunk.first) else { return Ok(0) };
        let (found, body) = self.marks.first_record(&chunk.bytes);
        if found != *header {
            let message = "the file has another header than before: it was changed while it was read".to_owned();
            return Err(DataError::File { message });
        }
        Ok(body)
    }

    /// Notes the records that are no UTF-8.
    fn find_no_text(&self, piece: &Piece<'_>, bad: &mut Bad) {
        let spans = piece.index.spans.chunks(piece.columns.max(1));
        for (record, spans) in piece.index.records.iter().zip(spans) {
            let Some(place) = spans.iter().position(|span| piece.value(*span).is_none()) else { continue };
            let field = self.schema.fields().get(place).map(|field| field.name().clone()).unwrap_or_default();
            let row = u64::from(record.number) + 1;
            bad.insert(record.number, (*record, DataError::NotUtf8 { row, line: 0, field }));
        }
    }

    /// The columns of all good records. Values of a wrong type are null, and their records are noted.
    fn columns(&self, piece: &Piece<'_>, bad: &mut Bad) -> Vec<ArrayRef> {
        let fields = self.schema.fields().iter().zip(&self.inferred).enumerate();
        let columns = fields.map(|(place, (field, inferred))| {
            let spans = piece.index.spans.iter().skip(place).step_by(piece.columns.max(1)).copied();
            let is_text = *field.data_type() == DataType::Utf8;
            let values = spans.clone().map(|span| {
                let value = piece.value(span)?;
                // A value in quotes is a text, be it empty.
                let missing = value.is_empty() && !(is_text && span.is_quoted());
                (!missing).then(|| self.marks.unquoted(span, value))
            });
            let (array, misfits) = column(field.data_type(), values, piece.index.records.len());
            for misfit in misfits {
                let Some(record) = piece.index.records.get(misfit) else { continue };
                let value = spans.clone().nth(misfit).and_then(|span| piece.value(span)).unwrap_or_default();
                let error = DataError::WrongValue {
                    row: u64::from(record.number) + 1,
                    field: field.name().clone(),
                    value: shortened(value).into_owned(),
                    expected: type_name(field.data_type()),
                    inferred: *inferred,
                };
                bad.entry(record.number).or_insert((*record, error));
            }
            array
        });
        columns.collect()
    }

    fn batch(&self, piece: &Piece<'_>, arrays: Vec<ArrayRef>, bad: &Bad) -> Result<RecordBatch, DataError> {
        let failed = |error: crate::arrow::error::ArrowError| DataError::Csv { message: error.to_string() };
        let records = &piece.index.records;
        let options = RecordBatchOptions::new().with_row_count(Some(records.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options).map_err(failed)?;
        if bad.len() == piece.index.bad.len() {
            return Ok(batch);
        }
        let good: BooleanArray = records.iter().map(|record| Some(!bad.contains_key(&record.number))).collect();
        filter_record_batch(&batch, &good).map_err(failed)
    }
}

impl<'a> Piece<'a> {
    /// The value as it is written; `None` if it is no text.
    fn value(&self, span: Span) -> Option<&'a str> {
        match self.text {
            Some(text) => text.get(span.range()),
            None => std::str::from_utf8(self.bytes.get(span.range())?).ok(),
        }
    }

    fn bytes_of(&self, record: &Record) -> &'a [u8] {
        self.bytes.get(record.start as usize..record.end as usize).unwrap_or_default()
    }
}
