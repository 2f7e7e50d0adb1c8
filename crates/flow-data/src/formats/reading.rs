//! Reading a file as a stream.

use super::bad::{Decoded, OnBadRecord, rejected, rejected_schema};
use super::chunks::{Border, Chunk, Chunks};
use super::csv::{Csv, CsvOptions};
use super::fixed::FixedLength;
use super::json::{JsonDocument, JsonLines};
use super::source::Source;
use super::text::{self, Lines};
use super::xml::Xml;
use super::{Compression, Encoding, Format, SAMPLE, parquet};
use crate::arrow::datatypes::SchemaRef;
use crate::stream::flow::{Computed, Flow, Origin, Portion, Portions};
use crate::{DataError, Spool, Stream};
use std::sync::Arc;

/// How a file is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What it looks like.
    pub format: Format,
    /// How it is packed.
    pub compression: Compression,
    /// How its text is written in bytes; a byte order mark comes first.
    pub encoding: Encoding,
    /// What happens to records that cannot be read.
    pub on_bad: OnBadRecord,
}

/// Decodes pieces of a text, each by itself.
pub(super) trait Decode: Send + Sync {
    fn schema(&self) -> &SchemaRef;
    /// Where pieces may end.
    fn border(&self) -> Border;
    fn decode(&self, chunk: Chunk) -> Result<Decoded, DataError>;
}

/// A file that is open for reading: its fields are known.
enum Opened {
    Pieces(Arc<dyn Decode>),
    Stream(Stream),
}

impl Reading {
    /// A reading of a plain UTF-8 file that fails on the first bad record.
    pub fn new(format: Format) -> Self {
        let (compression, encoding) = (Compression::default(), Encoding::default());
        Self { format, compression, encoding, on_bad: OnBadRecord::Fail }
    }

    /// The records as a flowing stream. Its fields are known at once: those not asked for are found from the beginning of
    /// the file, and a value that does not fit later is an error with its record and field.
    pub fn read(&self, source: &Source) -> Result<Stream, DataError> {
        Ok(match self.open(source, SAMPLE)? {
            Opened::Stream(stream) => stream,
            Opened::Pieces(decode) => {
                let schema = Arc::clone(decode.schema());
                decoded(schema, source.clone(), self.compression, self.encoding, self.on_bad, decode)
            }
        })
    }

    /// The good records, and those that cannot be read, with [`rejected_schema`]. Both are computed when it comes back.
    pub fn read_parted(&self, source: &Source, spool: &Spool) -> Result<(Stream, Stream), DataError> {
        let mut rejects = spool.collect(Arc::clone(rejected_schema()));
        match self.open(source, SAMPLE)? {
            Opened::Stream(stream) => Ok((stream.hold(spool)?, rejects.finish()?)),
            Opened::Pieces(decode) => {
                let mut good = spool.collect(Arc::clone(decode.schema()));
                let (mut rows, mut lines) = (0, 0);
                let text = source.text(self.compression, self.encoding)?;
                for chunk in Chunks::new(text, decode.border()) {
                    let decoded = decode.decode(chunk?).map_err(|error| error.later(rows, lines))?;
                    good.push(decoded.batch)?;
                    if !decoded.bad.is_empty() {
                        rejects.push(rejected(decoded.bad, rows, lines)?)?;
                    }
                    rows += decoded.rows;
                    lines += decoded.lines;
                }
                Ok((good.finish()?, rejects.finish()?))
            }
        }
    }

    /// The fields, as far as the first `sample` bytes tell.
    pub fn schema(&self, source: &Source, sample: usize) -> Result<SchemaRef, DataError> {
        Ok(match self.open(source, sample)? {
            Opened::Stream(stream) => Arc::clone(stream.schema()),
            Opened::Pieces(decode) => Arc::clone(decode.schema()),
        })
    }

    fn open(&self, source: &Source, sample: usize) -> Result<Opened, DataError> {
        let (compression, encoding) = (self.compression, self.encoding);
        Ok(match &self.format {
            Format::Csv { header, delimiter, quote, columns, crlf } => {
                let options = CsvOptions {
                    header: *header,
                    delimiter: *delimiter,
                    quote: *quote,
                    crlf: *crlf,
                    ..CsvOptions::default()
                };
                Opened::Pieces(Arc::new(Csv::open(source, compression, encoding, &options, columns, sample)?))
            }
            Format::JsonLines { columns } => {
                Opened::Pieces(Arc::new(JsonLines::open(source, compression, encoding, columns, sample)?))
            }
            Format::FixedLength { columns } => Opened::Pieces(Arc::new(FixedLength::new(columns)?)),
            Format::Lines => Opened::Pieces(Arc::new(Lines)),
            Format::Json { records, columns } => {
                let text = (source.clone(), compression, encoding);
                Opened::Stream(JsonDocument::open(text, records, columns, sample, self.on_bad)?)
            }
            Format::Xml { records, columns } => {
                let text = (source.clone(), compression, encoding);
                Opened::Stream(Xml::open(text, records, columns, sample, self.on_bad)?)
            }
            Format::Parquet => Opened::Stream(parquet::read(source, compression)?),
            Format::Text => Opened::Stream(text::text(source.clone(), compression, encoding)),
            Format::Bytes => Opened::Stream(text::bytes(source.clone(), compression)),
        })
    }
}

/// The stream of a text that is decoded piece by piece.
pub(super) fn decoded(
    schema: SchemaRef,
    source: Source,
    compression: Compression,
    encoding: Encoding,
    on_bad: OnBadRecord,
    decode: Arc<dyn Decode>,
) -> Stream {
    Stream::of_flow(schema, Flow::new(Pieces { source, compression, encoding, on_bad, decode }))
}

struct Pieces {
    source: Source,
    compression: Compression,
    encoding: Encoding,
    on_bad: OnBadRecord,
    decode: Arc<dyn Decode>,
}

impl Origin for Pieces {
    fn open(&self) -> Result<Portions, DataError> {
        let text = self.source.text(self.compression, self.encoding)?;
        let (decode, on_bad) = (Arc::clone(&self.decode), self.on_bad);
        Ok(Box::new(Chunks::new(text, decode.border()).map(move |chunk| {
            let (chunk, decode) = (chunk?, Arc::clone(&decode));
            Ok(Portion::Work(Box::new(move || match decode.decode(chunk) {
                Ok(decoded) => decoded.computed(on_bad),
                Err(error) => Computed { failed: Some(error), ..Computed::default() },
            })))
        })))
    }
}
