//! Small streams, which are most of what is saved: what describes their fields is as long as their records, so it is made
//! once for all streams with these fields.

use super::Layout;
use crate::arrow::datatypes::{DataType, SchemaRef};
use crate::arrow::error::ArrowError;
use crate::arrow::ipc::writer::{
    DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions, StreamWriter, write_message,
};
use crate::arrow::record_batch::RecordBatch;
use parking_lot::Mutex;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// Descriptions that are kept at most; when there are as many, they are gathered anew.
const KEPT: usize = 256;
/// A longer description is not kept.
const LONGEST: usize = 16 * 1024;
/// The mark behind the last message.
const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

static DESCRIPTIONS: LazyLock<Mutex<HashMap<SchemaRef, Arc<[u8]>>>> = LazyLock::new(Mutex::default);

thread_local! {
    /// The room in which this thread builds messages.
    static ROOM: Cell<IpcWriteContext> = Cell::default();
}

/// Encodes batches whose values take about so many bytes, uncompressed and without a checksum.
pub(super) fn encode(schema: &SchemaRef, batches: &[RecordBatch], values: usize) -> Result<Vec<u8>, ArrowError> {
    let options = Layout::Plain.options();
    let known = DESCRIPTIONS.lock().get(schema).cloned();
    let description = match known {
        Some(description) => description,
        None if has_dictionaries(schema) => return with_dictionaries(schema, batches, options),
        None => describe(schema, options.clone())?,
    };
    let about_records = 256 + 64 * schema.fields().len() + values;
    let mut bytes = Vec::with_capacity(description.len() + about_records);
    bytes.extend_from_slice(&description);
    let mut room = ROOM.take();
    room.set_reserve_scratch(true);
    let mut dictionaries = DictionaryTracker::new(false);
    for batch in batches {
        let (_, message) = IpcDataGenerator::default().encode(batch, &mut dictionaries, &options, &mut room)?;
        write_message(&mut bytes, message, &options)?;
    }
    ROOM.set(room);
    bytes.extend_from_slice(&END);
    Ok(bytes)
}

/// The message that describes the fields, which is kept.
fn describe(schema: &SchemaRef, options: IpcWriteOptions) -> Result<Arc<[u8]>, ArrowError> {
    let writer = StreamWriter::try_new_with_options(Vec::new(), schema, options)?;
    let description = Arc::<[u8]>::from(writer.get_ref().as_slice());
    if description.len() <= LONGEST {
        let mut kept = DESCRIPTIONS.lock();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(Arc::clone(schema), Arc::clone(&description));
    }
    Ok(description)
}

/// Dictionaries are messages of their own, which follow from the description.
fn has_dictionaries(schema: &SchemaRef) -> bool {
    schema.flattened_fields().iter().any(|field| matches!(field.data_type(), DataType::Dictionary(..)))
}

fn with_dictionaries(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    options: IpcWriteOptions,
) -> Result<Vec<u8>, ArrowError> {
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), schema, options)?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.into_inner()
}
