//! Writing a stream as a file.

use super::csv::{CsvOptions, write_csv};
use super::fixed::FixedLength;
use super::output::{Encoded, Packed, write_error};
use super::{Compression, Encoding, Format, parquet};
use crate::arrow::array::{Array, ArrayRef, AsArray};
use crate::arrow::compute::cast;
use crate::arrow::datatypes::{DataType, SchemaRef};
use crate::arrow::record_batch::RecordBatch;
use crate::json::record;
use crate::{DataError, Numbers, Stream, value_at};
use serde_json::Value;
use std::io::Write;

/// How a stream is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Writing {
    /// What the file looks like.
    pub format: Format,
    /// How it is packed.
    pub compression: Compression,
    /// How its text is written in bytes.
    pub encoding: Encoding,
}

impl Writing {
    /// A writing of a plain UTF-8 file.
    pub fn new(format: Format) -> Self {
        Self { format, compression: Compression::default(), encoding: Encoding::default() }
    }

    /// Writes all records, batch by batch as they are read, and gives their number.
    pub fn write(&self, stream: &Stream, output: impl Write + Send) -> Result<u64, DataError> {
        self.check(stream.schema())?;
        let mut output = Packed::new(output, self.compression)?;
        let rows = match &self.format {
            Format::Parquet => parquet::write(stream, &mut output)?,
            Format::Bytes => bytes(stream, &mut output)?,
            _ => {
                let mut text = Encoded::new(&mut output, self.encoding);
                let rows = self.text(stream, &mut text)?;
                text.finish();
                rows
            }
        };
        output.finish()?;
        Ok(rows)
    }

    fn text(&self, stream: &Stream, output: &mut impl Write) -> Result<u64, DataError> {
        match &self.format {
            Format::Csv { header, delimiter, quote, crlf, .. } => {
                let options = CsvOptions {
                    header: *header,
                    delimiter: *delimiter,
                    quote: *quote,
                    crlf: *crlf,
                    ..CsvOptions::default()
                };
                write_csv(stream, output, &options)
            }
            Format::JsonLines { .. } => each_record(stream, output, |text, batch, row, _| {
                json_record(text, batch, row)?;
                text.push(b'\n');
                Ok(())
            }),
            Format::Json { records, .. } => {
                let names: Vec<&str> = records.split('.').map(str::trim).filter(|name| !name.is_empty()).collect();
                let opening: String = names.iter().map(|name| format!("{{{}:", Value::from(*name))).collect();
                put(output, format!("{opening}[").as_bytes())?;
                let rows = each_record(stream, output, |text, batch, row, number| {
                    text.extend_from_slice(if number == 0 { b"\n" } else { b",\n" });
                    json_record(text, batch, row)
                })?;
                put(output, format!("\n]{}\n", "}".repeat(names.len())).as_bytes())?;
                Ok(rows)
            }
            Format::Xml { records, .. } => super::xml::write(stream, output, records, self.encoding),
            Format::FixedLength { columns } => FixedLength::new(columns)?.write(stream, output),
            Format::Text => texts(stream, output, ""),
            Format::Lines => texts(stream, output, "\n"),
            Format::Parquet | Format::Bytes => Ok(0),
        }
    }

    /// Refuses fields that the format cannot hold.
    pub fn check(&self, schema: &SchemaRef) -> Result<(), DataError> {
        match &self.format {
            Format::Text => only_field(schema, "text", DataType::is_text).map(|_| ()),
            Format::Lines => only_field(schema, "line", DataType::is_text).map(|_| ()),
            Format::Bytes => {
                only_field(schema, "bytes", |data_type| data_type.is_text() || data_type.is_bytes()).map(|_| ())
            }
            Format::FixedLength { columns } => FixedLength::new(columns)?.check(schema),
            Format::Xml { .. } => super::xml::check(schema),
            _ => Ok(()),
        }
    }
}

trait Kind {
    fn is_text(&self) -> bool;
    fn is_bytes(&self) -> bool;
}

impl Kind for DataType {
    fn is_text(&self) -> bool {
        matches!(self, Self::Utf8 | Self::LargeUtf8 | Self::Utf8View | Self::Null)
    }

    fn is_bytes(&self) -> bool {
        matches!(self, Self::Binary | Self::LargeBinary | Self::BinaryView)
    }
}

/// The place of the field that is written: the one of that name, or the only one.
fn only_field(schema: &SchemaRef, name: &str, fits: fn(&DataType) -> bool) -> Result<usize, DataError> {
    let found = schema.index_of(name).ok().or_else(|| (schema.fields().len() == 1).then_some(0));
    match found.and_then(|place| Some((place, schema.fields().get(place)?))) {
        Some((place, field)) if fits(field.data_type()) => Ok(place),
        _ => {
            let kind = if name == "bytes" { "bytes or text" } else { "text" };
            let message = format!("there must be a field “{name}”, or a single field, and it must hold {kind}");
            Err(DataError::Type { message })
        }
    }
}

pub(super) fn put(output: &mut impl Write, bytes: &[u8]) -> Result<(), DataError> {
    output.write_all(bytes).map_err(|error| write_error(&error))
}

/// Makes the text of each record and writes it batch by batch. The closure gets the number of the record, from 0.
pub(super) fn each_record(
    stream: &Stream,
    output: &mut impl Write,
    mut make: impl FnMut(&mut Vec<u8>, &RecordBatch, usize, u64) -> Result<(), DataError>,
) -> Result<u64, DataError> {
    let (mut text, mut number) = (Vec::new(), 0);
    for batch in stream.batches()? {
        let batch = batch?;
        text.clear();
        for row in 0..batch.num_rows() {
            make(&mut text, &batch, row, number)?;
            number += 1;
        }
        put(output, &text)?;
    }
    Ok(number)
}

fn json_record(text: &mut Vec<u8>, batch: &RecordBatch, row: usize) -> Result<(), DataError> {
    serde_json::to_writer(text, &record(batch, row, Numbers::Plain))
        .map_err(|error| DataError::Internal { message: error.to_string() })
}

fn texts(stream: &Stream, output: &mut impl Write, end: &str) -> Result<u64, DataError> {
    let place = only_field(stream.schema(), if end.is_empty() { "text" } else { "line" }, DataType::is_text)?;
    each_record(stream, output, |text, batch, row, _| {
        if let Value::String(value) = value_at(batch.column(place), row, Numbers::Plain) {
            text.extend_from_slice(value.as_bytes());
        }
        text.extend_from_slice(end.as_bytes());
        Ok(())
    })
}

fn bytes(stream: &Stream, output: &mut impl Write) -> Result<u64, DataError> {
    let place = only_field(stream.schema(), "bytes", |data_type| data_type.is_text() || data_type.is_bytes())?;
    let mut rows = 0;
    for batch in stream.batches()? {
        let batch = batch?;
        let column: ArrayRef = cast(batch.column(place), &DataType::Binary)
            .map_err(|error| DataError::Type { message: error.to_string() })?;
        for value in column.as_binary::<i32>().iter().flatten() {
            put(output, value)?;
        }
        rows += column.len() as u64;
    }
    Ok(rows)
}
