//! Parquet in and out.

use super::source::{Source, Whole};
use super::{Compression, MOST_AT_ONCE};
use crate::arrow::compute::cast;
use crate::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use crate::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use crate::{Batches, DataError, Stream};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression as Packing, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::ChunkReader;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Records of one batch.
const BATCH: usize = 8 * 1024;
/// A group of rows is written when it takes so much memory, in bytes.
const GROUP: usize = 32 << 20;

/// The records of a file. Only its end is read now.
pub(super) fn read(source: &Source, compression: Compression) -> Result<Stream, DataError> {
    if compression != Compression::None {
        let message = "a Parquet file is packed inside: read it without compression".to_owned();
        return Err(DataError::Malformed { row: None, line: None, message });
    }
    match source.whole(MOST_AT_ONCE)? {
        Whole::File(file) => {
            let file = Arc::new(file);
            stream(move || file.try_clone().map_err(super::source::read_error))
        }
        Whole::Bytes(bytes) => stream(move || Ok(bytes.clone())),
    }
}

fn stream<T: ChunkReader + 'static>(
    open: impl Fn() -> Result<T, DataError> + Send + Sync + 'static,
) -> Result<Stream, DataError> {
    let load = || ArrowReaderMetadata::load(&open()?, ArrowReaderOptions::new()).map_err(damaged);
    let metadata = guarded(load)?;
    let schema = plain_schema(metadata.schema());
    let result = Arc::clone(&schema);
    Ok(Stream::flowing(result, move || {
        let reader = guarded(|| {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(open()?, metadata.clone());
            builder.with_batch_size(BATCH).build().map_err(damaged)
        })?;
        let mut reader = Some(reader);
        let schema = Arc::clone(&schema);
        let batches = std::iter::from_fn(move || {
            let next = guarded(|| reader.as_mut().and_then(Iterator::next).transpose().map_err(|error| wrong(&error)));
            if next.is_err() {
                reader = None;
            }
            next.transpose()
        });
        Ok(Box::new(batches.map(move |batch| plain(&schema, &batch?))) as Batches)
    }))
}

/// Runs the Parquet library on a file that may be nonsense, on which it may panic.
fn guarded<T>(work: impl FnOnce() -> Result<T, DataError>) -> Result<T, DataError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(wrong(&"it is damaged")))
}

fn damaged(error: ParquetError) -> DataError {
    wrong(&error)
}

fn wrong(error: &dyn std::fmt::Display) -> DataError {
    DataError::Malformed { row: None, line: None, message: format!("the Parquet file cannot be read: {error}") }
}

/// The same fields with one kind of text and of bytes, all of which may be null.
fn plain_schema(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(plain_field).collect::<Fields>()))
}

fn plain_field(field: &FieldRef) -> FieldRef {
    Arc::new(Field::new(field.name(), plain_type(field.data_type()), true))
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::Dictionary(_, value) => plain_type(value),
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) => {
            DataType::List(plain_field(item))
        }
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain_field).collect()),
        other => other.clone(),
    }
}

fn plain(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch, DataError> {
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        if column.data_type() == field.data_type() { Ok(Arc::clone(column)) } else { cast(column, field.data_type()) }
    });
    let columns = columns.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(&error))?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(|error| wrong(&error))
}

/// Writes a stream group by group.
pub(super) fn write(stream: &Stream, output: impl Write + Send) -> Result<u64, DataError> {
    let failed =
        |error: ParquetError| DataError::File { message: format!("the Parquet file cannot be written: {error}") };
    let properties =
        WriterProperties::builder().set_compression(Packing::ZSTD(ZstdLevel::try_new(1).unwrap_or_default())).build();
    let mut writer = ArrowWriter::try_new(output, Arc::clone(stream.schema()), Some(properties)).map_err(failed)?;
    let mut rows = 0;
    for batch in stream.batches()? {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        writer.write(&batch).map_err(failed)?;
        if writer.in_progress_size() > GROUP {
            writer.flush().map_err(failed)?;
        }
    }
    writer.close().map_err(failed)?;
    Ok(rows)
}
