//! Streams on their way into saved points and out of them.

use crate::EngineError;
use crate::schedule::Delivery;
use flow_components::ComponentError;
use flow_data::{Stream, Variables, decode, decode_file, encode};
use flow_store::{CheckpointStorage, INLINE_LIMIT, SavedData, SavedPoint};
use futures::future::BoxFuture;
use serde_json::Value;
use std::io::BufWriter;

/// A stream that takes more memory than this is encoded on a thread of its own, so that it holds nobody else up.
const ENCODED_APART: usize = 256 * 1024;
/// A saved stream of more bytes than this is not read into memory as a whole.
const READ_AT_ONCE: u64 = 4 * 1024 * 1024;
const WRITE_BUFFER: usize = 256 * 1024;

/// Saves and loads streams.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    storage: CheckpointStorage,
}

/// A stream that is saved.
pub(crate) struct Kept {
    /// Durable, or to go into the row that names it.
    pub(crate) data: SavedData,
    pub(crate) rows: u64,
    /// To go on with: what was saved, so that nothing is computed a second time.
    pub(crate) stream: Stream,
}

/// Streams that are being saved.
pub(crate) enum Saving {
    /// They fit into their rows.
    Done(Vec<Kept>),
    /// They are on their way into the checkpoint storage.
    Storing(BoxFuture<'static, Result<Vec<Kept>, ComponentError>>),
}

impl Streams {
    pub(crate) fn new(storage: CheckpointStorage) -> Self {
        Self { storage }
    }

    /// Begins to save `streams`.
    pub(crate) fn save(&self, streams: Vec<Stream>) -> Result<Saving, ComponentError> {
        let is_small = |stream: &Stream| stream.held().is_some() && stream.memory() <= ENCODED_APART;
        let mut encoded = Vec::with_capacity(streams.len());
        if streams.iter().all(is_small) {
            for stream in &streams {
                encoded.push(encode(stream)?);
            }
            if encoded.iter().all(|bytes| bytes.len() <= INLINE_LIMIT) {
                let kept = encoded.into_iter().zip(streams);
                let kept = kept.map(|(bytes, stream)| Kept::of(SavedData::Inline(bytes), stream));
                return Ok(Saving::Done(kept.collect()));
            }
        }
        let this = self.clone();
        Ok(Saving::Storing(Box::pin(async move {
            let mut kept = Vec::with_capacity(streams.len());
            for stream in streams {
                kept.push(this.store(stream).await?);
            }
            Ok(kept)
        })))
    }

    /// The same with one stream, all at once.
    pub(crate) async fn save_now(&self, stream: &Stream) -> Result<(SavedData, u64), ComponentError> {
        let kept = match self.save(vec![stream.clone()])? {
            Saving::Done(kept) => kept,
            Saving::Storing(storing) => storing.await?,
        };
        Ok(kept.into_iter().next().map_or((SavedData::None, 0), |kept| (kept.data, kept.rows)))
    }

    async fn store(&self, stream: Stream) -> Result<Kept, ComponentError> {
        if stream.held().is_some() {
            let held = stream.clone();
            let encoded = tokio::task::spawn_blocking(move || encode(&held)).await.map_err(interrupted)?;
            let data = self.storage.save(encoded?).await.map_err(not_stored)?;
            return Ok(Kept::of(data, stream));
        }
        let source = stream.clone();
        let write = move |file: &mut dyn std::io::Write| {
            flow_data::write(&source, BufWriter::with_capacity(WRITE_BUFFER, file))
        };
        let (data, rows) = self.storage.save_written(write).await.map_err(not_stored)??;
        let stream = if stream.is_flowing() { self.read(&data).await? } else { stream };
        Ok(Kept { data, rows, stream })
    }

    /// The stream and the flow variables of a saved point. Variables that are as in `base` were not saved.
    pub(crate) async fn load(&self, point: &SavedPoint, base: &Variables) -> Result<Delivery, EngineError> {
        let unreadable = |error: ComponentError| EngineError::SavedStream {
            component: point.component.clone(),
            code: error.code,
            message: error.message,
        };
        let stream = self.read(&point.data).await.map_err(unreadable)?;
        Ok(Delivery { stream, variables: variables(&point.variables, base) })
    }

    async fn read(&self, data: &SavedData) -> Result<Stream, ComponentError> {
        match data {
            SavedData::Object { key, hash, bytes } if *bytes > READ_AT_ONCE => {
                let file = self.storage.open_object(key, hash).await.map_err(not_stored)?;
                Ok(tokio::task::spawn_blocking(move || decode_file(file)).await.map_err(interrupted)??)
            }
            data => {
                let bytes = self.storage.load(data).await.map_err(not_stored)?;
                let nothing = || ComponentError::new("engine/saved-point", "it holds no stream");
                Ok(decode(bytes.ok_or_else(nothing)?)?)
            }
        }
    }
}

impl Kept {
    fn of(data: SavedData, stream: Stream) -> Self {
        let rows = stream.rows().and_then(|rows| u64::try_from(rows).ok()).unwrap_or(0);
        Self { data, rows, stream }
    }
}

fn variables(saved: &Value, base: &Variables) -> Variables {
    let Value::Object(own) = saved else { return base.clone() };
    if own.is_empty() {
        return base.clone();
    }
    base.iter()
        .chain(own.iter().map(|(name, value)| (name.as_str(), value)))
        .map(|(name, value)| (name, value.clone()))
        .collect()
}

fn not_stored(error: flow_store::StorageError) -> ComponentError {
    ComponentError::new(error.code(), error.to_string())
}

fn interrupted(error: tokio::task::JoinError) -> ComponentError {
    ComponentError::new("engine/interrupted", error.to_string())
}
