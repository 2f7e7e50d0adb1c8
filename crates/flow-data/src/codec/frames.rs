//! The messages of an Arrow IPC stream, one by one: written into any output, and read from any input without believing
//! what it says about its own size.

use super::Layout;
use crate::DataError;
use crate::arrow::buffer::Buffer;
use crate::arrow::datatypes::SchemaRef;
use crate::arrow::error::ArrowError;
use crate::arrow::ipc::reader::StreamDecoder;
use crate::arrow::ipc::writer::StreamWriter;
use crate::arrow::ipc::{MessageHeader, root_as_message};
use crate::arrow::record_batch::RecordBatch;
use std::io::{BufWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The most that one message may hold when it is unpacked, in bytes. Only address space is taken by what a damaged
/// message claims, memory by what is really there.
const MOST_UNPACKED: i64 = 4 << 30;
/// The most records that one batch may claim to have.
const MOST_RECORDS: i64 = 1 << 31;
/// The mark that begins each message.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// What stands before a message: the mark, and the size of its description.
const PREFIX: usize = 8;
const WRITE_BUFFER: usize = 64 * 1024;

/// Writes a stream batch by batch.
pub(crate) struct FrameWriter<W: Write> {
    inner: StreamWriter<BufWriter<Counted<W>>>,
}

/// Counts the bytes that pass.
struct Counted<W> {
    inner: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Write> FrameWriter<W> {
    /// Without compression, for files that live shortly.
    pub(crate) fn plain(output: W, schema: &SchemaRef) -> Result<Self, DataError> {
        Self::new(output, schema, Layout::Plain)
    }

    pub(crate) fn new(output: W, schema: &SchemaRef, layout: Layout) -> Result<Self, DataError> {
        let output = BufWriter::with_capacity(WRITE_BUFFER, Counted { inner: output, bytes: 0 });
        let inner = StreamWriter::try_new_with_options(output, schema, layout.options()).map_err(not_written)?;
        Ok(Self { inner })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), DataError> {
        self.inner.write(batch).map_err(not_written)
    }

    /// Writes the end. Gives the output and how many bytes went into it.
    pub(crate) fn finish(self) -> Result<(W, u64), DataError> {
        let output = self.inner.into_inner().map_err(not_written)?;
        let Counted { inner, bytes } = output.into_inner().map_err(|error| file_error(error.error()))?;
        Ok((inner, bytes))
    }
}

fn not_written(error: ArrowError) -> DataError {
    match error {
        ArrowError::IoError(_, error) => file_error(&error),
        other => DataError::Encode { message: other.to_string() },
    }
}

fn file_error(error: &std::io::Error) -> DataError {
    DataError::File { message: format!("the stream cannot be written: {error}") }
}

/// A whole message, and the number of its records if it is a batch.
type Message = (Vec<u8>, Option<usize>);

/// Reads the batches of a stream one by one.
pub(crate) struct Frames<R> {
    input: R,
    left: u64,
    decoder: StreamDecoder,
    /// Whether the decoder has a message already.
    begun: bool,
    ended: bool,
}

impl<R: Read> Frames<R> {
    /// `length` is that of the whole stream in bytes.
    pub(crate) fn new(input: R, length: u64) -> Self {
        Self { input, left: length, decoder: StreamDecoder::new(), begun: false, ended: false }
    }

    /// The fields, reading as far as needed.
    pub(crate) fn schema(&mut self) -> Result<SchemaRef, DataError> {
        while self.decoder.schema().is_none() {
            match self.message()? {
                Some((bytes, None)) => self.feed(bytes).map(|_| ())?,
                Some((_, Some(_))) | None => return Err(damaged("it has no schema")),
            }
        }
        self.decoder.schema().ok_or_else(|| damaged("it has no schema"))
    }

    pub(crate) fn next_batch(&mut self) -> Result<Option<RecordBatch>, DataError> {
        while !self.ended {
            let step = match self.message() {
                Ok(Some((bytes, _))) => self.feed(bytes),
                Ok(None) => {
                    self.ended = true;
                    Ok(None)
                }
                Err(error) => Err(error),
            };
            match step {
                Ok(Some(batch)) => return Ok(Some(batch)),
                Ok(None) => {}
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// Reads to the end without unpacking anything, and counts the records.
    pub(crate) fn count(mut self) -> Result<usize, DataError> {
        let mut rows = 0;
        while let Some((_, records)) = self.message()? {
            rows += records.unwrap_or(0);
        }
        Ok(rows)
    }

    /// The next whole message, with the number of records if it is a batch; none at the end of the stream.
    fn message(&mut self) -> Result<Option<Message>, DataError> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut bytes = self.take(Vec::new(), PREFIX as u64)?;
        let size = match *bytes.as_slice() {
            [0xff, 0xff, 0xff, 0xff, a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
            _ => return Err(damaged("it is not in the checkpoint format")),
        };
        if size == 0 {
            return if self.left == 0 { Ok(None) } else { Err(damaged("something is behind its end")) };
        }
        bytes = self.take(bytes, u64::from(size))?;
        let (body, records) = described(&bytes[PREFIX..])?;
        bytes = self.take(bytes, body)?;
        if records.is_some() {
            check_sizes(&bytes, PREFIX + size as usize)?;
        }
        Ok(Some((bytes, records)))
    }

    /// Appends the next `count` bytes, if there are as many.
    fn take(&mut self, mut bytes: Vec<u8>, count: u64) -> Result<Vec<u8>, DataError> {
        if count > self.left {
            return Err(damaged("it ends too early"));
        }
        self.left -= count;
        let have = bytes.len();
        bytes.reserve_exact(usize::try_from(count).map_err(|_| damaged("it is too large"))?);
        let read = self.input.by_ref().take(count).read_to_end(&mut bytes);
        read.map_err(|error| DataError::File { message: format!("the saved stream cannot be read: {error}") })?;
        if (bytes.len() - have) as u64 != count {
            return Err(damaged("it ends too early"));
        }
        Ok(bytes)
    }

    fn feed(&mut self, mut bytes: Vec<u8>) -> Result<Option<RecordBatch>, DataError> {
        // The decoder takes up a message without a body only when something follows, so it gets the mark of the next
        // message with each one.
        bytes.extend_from_slice(&CONTINUATION);
        let mut buffer = Buffer::from_vec(bytes);
        if std::mem::replace(&mut self.begun, true) {
            buffer.advance(CONTINUATION.len());
        }
        let decoder = &mut self.decoder;
        guarded(move || {
            let mut found = None;
            while !buffer.is_empty() {
                found = decoder.decode(&mut buffer)?.or(found);
            }
            Ok(found)
        })
    }
}

/// Runs the Arrow library on bytes that may be nonsense, on which it may panic.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, DataError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| damaged(&error.to_string())),
        Err(_) => Err(damaged("it is not in the checkpoint format")),
    }
}

/// The size of the body behind a message's description, and the number of records if it is a batch.
fn described(description: &[u8]) -> Result<(u64, Option<usize>), DataError> {
    let message = root_as_message(description).map_err(|_| damaged("it is not in the checkpoint format"))?;
    let body = u64::try_from(message.bodyLength()).map_err(|_| damaged("a part of it has a negative size"))?;
    let records = match message.header_type() {
        MessageHeader::RecordBatch => {
            let length = message.header_as_record_batch().map_or(0, |batch| batch.length());
            Some(within(length, MOST_RECORDS)?)
        }
        _ => None,
    };
    Ok((body, records))
}

/// Whether what a batch claims to hold when it is unpacked is believable.
fn check_sizes(message: &[u8], body_at: usize) -> Result<(), DataError> {
    let format = || damaged("it is not in the checkpoint format");
    let description = message.get(PREFIX..body_at).ok_or_else(format)?;
    let found = root_as_message(description).map_err(|_| format())?;
    let Some(batch) = found.header_as_record_batch() else { return Ok(()) };
    for node in batch.nodes().into_iter().flatten() {
        within(node.length(), MOST_RECORDS)?;
    }
    if batch.compression().is_none() {
        return Ok(());
    }
    let mut unpacked: i64 = 0;
    for buffer in batch.buffers().into_iter().flatten().filter(|buffer| buffer.length() > 0) {
        let at = usize::try_from(buffer.offset()).ok().and_then(|offset| body_at.checked_add(offset));
        let claim = at.and_then(|at| message.get(at..at.checked_add(8)?)).ok_or_else(format)?;
        let claim = i64::from_le_bytes(claim.try_into().map_err(|_| format())?);
        unpacked = unpacked.saturating_add(claim.max(0));
    }
    within(unpacked, MOST_UNPACKED).map(|_| ())
}

fn within(size: i64, most: i64) -> Result<usize, DataError> {
    let size = usize::try_from(size).map_err(|_| damaged("a part of it has a negative size"))?;
    if size as i64 > most { Err(damaged("a part of it is impossibly large")) } else { Ok(size) }
}

pub(super) fn damaged(message: &str) -> DataError {
    DataError::Decode { message: message.to_owned() }
}
