//! The checkpoint format: an Arrow IPC stream, so that pandas, DuckDB or any other Arrow program can open it, followed
//! by a checksum behind the end marker, where those programs no longer look.

use crate::arrow::array::Array;
use crate::arrow::buffer::Buffer;
use crate::arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use crate::arrow::ipc::{CompressionType, MetadataVersion, reader::StreamDecoder};
use crate::{DataError, Stream};
use bytes::Bytes;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

/// Streams with more data than this are compressed. Below it, compression costs more time than the bytes do.
const COMPRESSED_ABOVE: usize = 4 * 1024;
/// Bytes of the checksum (the first of BLAKE3) at the end.
const CHECKSUM: usize = 8;

/// 8 bytes is the least alignment the format allows; it keeps small streams small.
static PLAIN: LazyLock<Option<IpcWriteOptions>> =
    LazyLock::new(|| IpcWriteOptions::try_new(8, false, MetadataVersion::V5).ok());
static COMPRESSED: LazyLock<Option<IpcWriteOptions>> = LazyLock::new(|| {
    let plain = IpcWriteOptions::try_new(64, false, MetadataVersion::V5).ok()?;
    plain.try_with_compression(Some(CompressionType::ZSTD)).ok()
});

/// Encodes a stream in the checkpoint format; compressed with zstd when it holds more than 4 KiB of data.
pub fn encode(stream: &Stream) -> Result<Bytes, DataError> {
    // Memory is quick to know, but counts what buffers could hold and what a slice leaves out.
    let memory = stream.memory();
    let data = if memory > COMPRESSED_ABOVE { data_size(stream) } else { memory };
    let options = if data > COMPRESSED_ABOVE { &*COMPRESSED } else { &*PLAIN };
    let options = options.clone().unwrap_or_default();
    let failed = |error: crate::arrow::error::ArrowError| DataError::Encode { message: error.to_string() };

    let space = 512 + 128 * stream.schema().fields().len() + data.min(1024 * 1024);
    let mut writer =
        StreamWriter::try_new_with_options(Vec::with_capacity(space), stream.schema(), options).map_err(failed)?;
    for batch in stream.batches() {
        writer.write(batch).map_err(failed)?;
    }
    let mut bytes = writer.into_inner().map_err(failed)?;
    let checksum = checksum(&bytes);
    bytes.extend_from_slice(&checksum);
    Ok(Bytes::from(bytes))
}

/// Decodes what [`encode`] made, without copying where alignment allows it. Damaged bytes are an error.
pub fn decode(bytes: Bytes) -> Result<Stream, DataError> {
    let damaged = |message: &str| DataError::Decode { message: message.to_owned() };
    let body = bytes.len().checked_sub(CHECKSUM).ok_or_else(|| damaged("it is too short"))?;
    if bytes[body..] != checksum(&bytes[..body]) {
        return Err(damaged("its checksum does not match; it was damaged after it was saved"));
    }
    // The checksum keeps damaged bytes out; what is left is another program's valid checksum over nonsense, on which
    // the Arrow library may panic.
    catch_unwind(AssertUnwindSafe(|| decode_body(bytes.slice(..body))))
        .unwrap_or_else(|_| Err(damaged("it is not in the checkpoint format")))
}

fn decode_body(bytes: Bytes) -> Result<Stream, DataError> {
    let failed = |error: crate::arrow::error::ArrowError| DataError::Decode { message: error.to_string() };
    let mut buffer = Buffer::from(bytes);
    let mut decoder = StreamDecoder::new();
    let mut batches = Vec::new();
    while let Some(batch) = decoder.decode(&mut buffer).map_err(failed)? {
        batches.push(batch);
    }
    decoder.finish().map_err(failed)?;
    let schema = decoder.schema().ok_or_else(|| DataError::Decode { message: "it has no schema".to_owned() })?;
    Ok(Stream::new(schema, batches))
}

/// The bytes of the values themselves.
fn data_size(stream: &Stream) -> usize {
    let columns = stream.batches().iter().flat_map(|batch| batch.columns());
    columns
        .map(|column| column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size()))
        .sum()
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut short = [0; CHECKSUM];
    short.copy_from_slice(&blake3::hash(bytes).as_bytes()[..CHECKSUM]);
    short
}

#[cfg(test)]
mod tests;
