//! Texts and bytes as they are.

use super::bad::{BadRecord, Decoded, shortened};
use super::chunks::{Border, Chunk, count_lines, line_border};
use super::reading::Decode;
use super::source::{Source, read_whole};
use super::{Compression, Encoding, MOST_AT_ONCE};
use crate::arrow::array::{ArrayRef, BinaryArray, StringArray};
use crate::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use crate::arrow::record_batch::RecordBatch;
use crate::{DataError, Stream};
use std::sync::{Arc, LazyLock};

fn one_field(name: &str, data_type: DataType) -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new(name, data_type, true)]))
}

static TEXT: LazyLock<SchemaRef> = LazyLock::new(|| one_field("text", DataType::Utf8));
static BYTES: LazyLock<SchemaRef> = LazyLock::new(|| one_field("bytes", DataType::Binary));
static LINE: LazyLock<SchemaRef> = LazyLock::new(|| one_field("line", DataType::Utf8));

fn batch(schema: &SchemaRef, column: ArrayRef) -> Result<RecordBatch, DataError> {
    RecordBatch::try_new(Arc::clone(schema), vec![column])
        .map_err(|error| DataError::Internal { message: error.to_string() })
}

/// One record with the whole text.
pub(super) fn text(source: Source, compression: Compression, encoding: Encoding) -> Stream {
    Stream::flowing(Arc::clone(&TEXT), move || {
        let bytes = read_whole(source.text(compression, encoding)?, MOST_AT_ONCE)?;
        let text = String::from_utf8(bytes).map_err(|error| DataError::Encoding {
            message: format!("the byte at place {} is no UTF-8 text", error.utf8_error().valid_up_to() + 1),
        })?;
        Ok(Box::new(std::iter::once(batch(&TEXT, Arc::new(StringArray::from(vec![text]))))))
    })
}

/// One record with all bytes.
pub(super) fn bytes(source: Source, compression: Compression) -> Stream {
    Stream::flowing(Arc::clone(&BYTES), move || {
        let bytes = read_whole(source.unpacked(compression)?, MOST_AT_ONCE)?;
        Ok(Box::new(std::iter::once(batch(&BYTES, Arc::new(BinaryArray::from_vec(vec![&bytes]))))))
    })
}

/// A record a line; the empty ones too.
#[derive(Debug)]
pub(super) struct Lines;

impl Decode for Lines {
    fn schema(&self) -> &SchemaRef {
        &LINE
    }

    fn border(&self) -> Border {
        Box::new(line_border)
    }

    fn decode(&self, chunk: Chunk) -> Result<Decoded, DataError> {
        let (mut lines, mut bad, mut rows) = (Vec::new(), Vec::new(), 0);
        for line in lines_of(&chunk.bytes) {
            rows += 1;
            match std::str::from_utf8(line) {
                Ok(line) => lines.push(line),
                Err(_) => bad.push(not_utf8(rows, line, "line")),
            }
        }
        let batch = batch(&LINE, Arc::new(StringArray::from_iter_values(lines)))?;
        Ok(Decoded { batch, rows, lines: count_lines(&chunk.bytes), bad })
    }
}

/// The lines without their ends.
pub(super) fn lines_of(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    })
}

pub(super) fn not_utf8(row: u64, line: &[u8], field: &str) -> BadRecord {
    BadRecord {
        row,
        line: row,
        text: shortened(&String::from_utf8_lossy(line)).into_owned(),
        error: DataError::NotUtf8 { row, line: row, field: field.to_owned() },
    }
}
