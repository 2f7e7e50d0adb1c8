//! The checkpoint format: an Arrow IPC stream, so that pandas, DuckDB or any other Arrow program can open it, followed
//! by a checksum behind the end marker, where those programs no longer look.

mod frames;
mod small;

use crate::arrow::array::Array;
use crate::arrow::buffer::Buffer;
use crate::arrow::datatypes::SchemaRef;
use crate::arrow::error::ArrowError;
use crate::arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use crate::arrow::ipc::{CompressionType, MetadataVersion, reader::StreamDecoder};
use crate::arrow::record_batch::RecordBatch;
use crate::stream::stored::{Cursor, StoredFile};
use crate::{DataError, Stream};
use bytes::Bytes;
pub(crate) use frames::{FrameWriter, Frames};
use frames::{damaged, guarded};
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::sync::{Arc, LazyLock};

/// Streams with more data than this are compressed. Below it, compression costs more time than the bytes do.
const COMPRESSED_ABOVE: usize = 4 * 1024;
const READ_BUFFER: usize = 256 * 1024;
/// Bytes of the checksum (the first of BLAKE3) at the end.
const CHECKSUM: usize = 8;

/// 8 bytes is the least alignment the format allows; it keeps small streams small.
static PLAIN: LazyLock<Option<IpcWriteOptions>> =
    LazyLock::new(|| IpcWriteOptions::try_new(8, false, MetadataVersion::V5).ok());
static COMPRESSED: LazyLock<Option<IpcWriteOptions>> = LazyLock::new(|| {
    let plain = IpcWriteOptions::try_new(64, false, MetadataVersion::V5).ok()?;
    plain.try_with_compression(Some(CompressionType::ZSTD)).ok()
});

/// How a stream is laid out in the checkpoint format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Plain,
    Compressed,
}

impl Layout {
    fn options(self) -> IpcWriteOptions {
        let options = match self {
            Self::Plain => &*PLAIN,
            Self::Compressed => &*COMPRESSED,
        };
        options.clone().unwrap_or_default()
    }
}

/// Encodes a stream in the checkpoint format; compressed with zstd when it holds more than 4 KiB of data. The whole
/// result is in memory: use [`write()`] for streams that are not held.
pub fn encode(stream: &Stream) -> Result<Bytes, DataError> {
    let Some(batches) = stream.held() else {
        let mut bytes = Vec::new();
        write(stream, &mut bytes)?;
        return Ok(Bytes::from(bytes));
    };
    // Memory is quick to know, but counts what buffers could hold and what a slice leaves out.
    let memory = stream.memory();
    let data = if memory > COMPRESSED_ABOVE { data_size(batches) } else { memory };
    let encoded = if data > COMPRESSED_ABOVE {
        compressed(stream.schema(), batches, data)
    } else {
        small::encode(stream.schema(), batches, data)
    };
    let mut bytes = encoded.map_err(|error| DataError::Encode { message: error.to_string() })?;
    let checksum = shortened(blake3::hash(&bytes));
    bytes.extend_from_slice(&checksum);
    Ok(Bytes::from(bytes))
}

fn compressed(schema: &SchemaRef, batches: &[RecordBatch], data: usize) -> Result<Vec<u8>, ArrowError> {
    let space = 512 + 128 * schema.fields().len() + data.min(1024 * 1024);
    let options = Layout::Compressed.options();
    let mut writer = StreamWriter::try_new_with_options(Vec::with_capacity(space), schema, options)?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.into_inner()
}

/// Writes a stream of any size in the checkpoint format, batch by batch as it is read. Gives the number of records.
pub fn write(stream: &Stream, output: impl Write) -> Result<u64, DataError> {
    let mut writer = Writer::new(output, stream.schema())?;
    for batch in stream.batches()? {
        writer.write(&batch?)?;
    }
    let rows = writer.rows();
    writer.finish()?;
    Ok(rows)
}

/// Decodes what [`encode`] or [`write()`] made, without copying where alignment allows it. Damaged bytes are an error.
pub fn decode(bytes: Bytes) -> Result<Stream, DataError> {
    let body = body_of(bytes.len() as u64)? as usize;
    if bytes[body..] != shortened(blake3::hash(&bytes[..body])) {
        return Err(changed());
    }
    // The checksum keeps damaged bytes out; what is left is another program's valid checksum over nonsense.
    Frames::new(&bytes[..body], body as u64).count()?;
    let mut buffer = Buffer::from(bytes.slice(..body));
    let mut decoder = StreamDecoder::new();
    let decoded = guarded(|| {
        let mut batches = Vec::new();
        while let Some(batch) = decoder.decode(&mut buffer)? {
            batches.push(batch);
        }
        decoder.finish()?;
        Ok(batches)
    })?;
    let schema = decoder.schema().ok_or_else(|| damaged("it has no schema"))?;
    Ok(Stream::new(schema, decoded))
}

/// The stream in a file that [`write()`] or [`encode`] made. The file is read through once now, so that a damaged one is
/// known before anything is done with its records; these are decoded whenever the stream is read.
pub fn decode_file(file: File) -> Result<Stream, DataError> {
    let failed =
        |error: std::io::Error| DataError::File { message: format!("the saved stream cannot be read: {error}") };
    let file = Arc::new(file);
    let length = file.metadata().map_err(failed)?.len();
    let body = body_of(length)?;
    let cursor = |from, end| Cursor { file: Arc::clone(&file), at: from, end };

    let mut summed = Summed { inner: cursor(0, body), sum: blake3::Hasher::new() };
    let counted = Frames::new(BufReader::with_capacity(READ_BUFFER, &mut summed), body).count();
    std::io::copy(&mut summed, &mut std::io::sink()).map_err(failed)?;
    let mut saved = Vec::with_capacity(CHECKSUM);
    cursor(body, length).read_to_end(&mut saved).map_err(failed)?;
    if saved != shortened(summed.sum.finalize()) {
        return Err(changed());
    }
    let rows = counted?;
    let schema = Frames::new(BufReader::new(cursor(0, body)), body).schema()?;
    Ok(Stream::stored(schema, Arc::new(StoredFile::shared(file, body, rows))))
}

/// Writes a stream in the checkpoint format batch by batch, compressed.
pub struct Writer<W: Write> {
    frames: FrameWriter<Summed<W>>,
    rows: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a stream with the given fields.
    pub fn new(output: W, schema: &SchemaRef) -> Result<Self, DataError> {
        let output = Summed { inner: output, sum: blake3::Hasher::new() };
        Ok(Self { frames: FrameWriter::new(output, schema, Layout::Compressed)?, rows: 0 })
    }

    /// Adds the records of a batch of the stream's schema.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), DataError> {
        self.rows += batch.num_rows() as u64;
        self.frames.write(batch)
    }

    /// How many records were written.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes the end and gives the output back. Without it, what was written is damaged.
    pub fn finish(self) -> Result<W, DataError> {
        let (Summed { mut inner, sum }, _) = self.frames.finish()?;
        let written = inner.write_all(&shortened(sum.finalize())).and_then(|()| inner.flush());
        written
            .map_err(|error| DataError::File { message: format!("the stream cannot be written: {error}") })
            .map(|()| inner)
    }
}

/// Sums up the bytes that pass.
struct Summed<T> {
    inner: T,
    sum: blake3::Hasher,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.sum.update(&buffer[..read]);
        Ok(read)
    }
}

/// How much of so many bytes is the stream, and not its checksum.
fn body_of(length: u64) -> Result<u64, DataError> {
    length.checked_sub(CHECKSUM as u64).ok_or_else(|| damaged("it is too short"))
}

fn changed() -> DataError {
    damaged("its checksum does not match; it was damaged after it was saved")
}

/// The bytes of the values themselves.
fn data_size(batches: &[RecordBatch]) -> usize {
    let columns = batches.iter().flat_map(|batch| batch.columns());
    columns
        .map(|column| column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size()))
        .sum()
}

fn shortened(hash: blake3::Hash) -> [u8; CHECKSUM] {
    let mut short = [0; CHECKSUM];
    short.copy_from_slice(&hash.as_bytes()[..CHECKSUM]);
    short
}

#[cfg(test)]
mod tests;
