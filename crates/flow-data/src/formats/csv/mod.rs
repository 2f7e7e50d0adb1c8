//! CSV in and out. A piece of the file is decoded by itself, on any thread, straight into columns.

mod decode;
mod index;
mod infer;
pub(in crate::formats) mod values;
mod write;

use super::bad::{Decoded, OnBadRecord};
use super::chunks::{Border, Chunk, Chunks};
use super::columns::{Column, asked, check_asked, unique_names};
use super::reading::{Decode, decoded};
use super::source::{Source, read_whole};
use super::{Compression, Encoding, SAMPLE};
use crate::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use crate::{DataError, Spool, Stream};
use decode::Layout;
use index::Marks;
use infer::Common;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
pub use write::write_csv;

/// How a CSV text is written.
#[derive(Debug, Clone, PartialEq)]
pub struct CsvOptions {
    /// Whether the first row holds the names of the fields. Without it they are `column_1`, `column_2`, …
    pub header: bool,
    /// The character between two fields.
    pub delimiter: u8,
    /// The character around fields that hold a delimiter, a line end or (twice) itself.
    pub quote: u8,
    /// Whether lines are ended by carriage return and line feed when written.
    pub crlf: bool,
    /// Types that some fields must have. The others get the narrowest type that the values at the beginning have.
    pub types: BTreeMap<String, DataType>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { header: true, delimiter: b',', quote: b'"', crlf: false, types: BTreeMap::new() }
    }
}

/// Reads a whole CSV text into memory. Every row must have the same number of fields, and the text must be UTF-8. The
/// type of a field follows from its values (boolean, integer, number, date, time stamp, else text); an empty value is
/// null. A name that occurs twice gets `_2`, an empty one becomes `column_N`. For files see [`super::Reading`].
pub fn read_csv(input: impl Read, options: &CsvOptions) -> Result<Stream, DataError> {
    let source = Source::bytes(read_whole(input, u64::MAX - 1)?);
    let columns: Vec<Column> =
        options.types.iter().map(|(name, data_type)| Column::new(name, data_type.clone())).collect();
    let csv = Csv::open(&source, Compression::None, Encoding::default(), options, &columns, SAMPLE)?;
    let schema = Arc::clone(csv.schema());
    decoded(schema, source, Compression::None, Encoding::default(), OnBadRecord::Fail, Arc::new(csv))
        .hold(&Spool::in_memory())
}

/// A CSV text whose fields are known.
#[derive(Debug)]
pub(super) struct Csv {
    layout: Layout,
}

impl Csv {
    /// Finds the fields from the first `sample` bytes of the text. A record that is cut there does not count.
    pub(super) fn open(
        source: &Source,
        compression: Compression,
        encoding: Encoding,
        options: &CsvOptions,
        columns: &[Column],
        sample: usize,
    ) -> Result<Self, DataError> {
        let marks = Marks { delimiter: options.delimiter, quote: options.quote };
        let text = source.text(compression, encoding)?;
        let (beginning, _) = beginning(Chunks::new(text, Box::new(move |bytes| marks.border(bytes))), sample)?;
        let (first, body) = marks.first_record(&beginning);
        let names: Vec<String> = match options.header {
            true => unique_names(&first),
            false => (1..=first.len()).map(|number| format!("column_{number}")).collect(),
        };
        check_asked(&names, columns)?;
        let records = if options.header { beginning.get(body..).unwrap_or_default() } else { &beginning };
        let common = common_types(marks, records, names.len());
        let fields = names.iter().zip(common).map(|(name, common)| {
            let data_type = asked(columns, name).cloned().unwrap_or_else(|| common.data_type());
            Field::new(name, data_type, true)
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let inferred = names.iter().map(|name| asked(columns, name).is_none()).collect();
        Ok(Self { layout: Layout { marks, header: options.header.then_some(first), schema, inferred } })
    }
}

impl Decode for Csv {
    fn schema(&self) -> &SchemaRef {
        &self.layout.schema
    }

    fn border(&self) -> Border {
        let marks = self.layout.marks;
        Box::new(move |bytes| marks.border(bytes))
    }

    fn decode(&self, chunk: Chunk) -> Result<Decoded, DataError> {
        self.layout.decode(&chunk)
    }
}

/// The first whole records of a text: at least one, and more up to `sample` bytes; and whether that is all of it.
pub(super) fn beginning<R: Read>(chunks: Chunks<R>, sample: usize) -> Result<(Vec<u8>, bool), DataError> {
    let mut bytes = Vec::new();
    for chunk in chunks {
        let chunk = chunk?;
        bytes.extend(chunk.bytes);
        if bytes.len() >= sample && !chunk.last {
            return Ok((bytes, false));
        }
    }
    Ok((bytes, true))
}

/// What the values of each column have in common.
fn common_types(marks: Marks, bytes: &[u8], columns: usize) -> Vec<Common> {
    let mut common = vec![Common::Nothing; columns];
    let index = marks.index(bytes, Some(columns));
    for spans in index.spans.chunks(columns.max(1)) {
        for (common, span) in common.iter_mut().zip(spans) {
            let value = std::str::from_utf8(bytes.get(span.range()).unwrap_or_default()).unwrap_or("\u{fffd}");
            if !value.is_empty() {
                *common = common.with(value);
            }
        }
    }
    common
}

#[cfg(test)]
mod tests;
