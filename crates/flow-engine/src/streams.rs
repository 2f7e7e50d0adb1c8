//! Streams on their way into saved points and out of them.

use crate::EngineError;
use crate::schedule::Delivery;
use flow_components::ComponentError;
use flow_data::{Stream, Variables, decode, encode};
use flow_store::{CheckpointStorage, INLINE_LIMIT, SavedData, SavedPoint};
use futures::future::BoxFuture;
use serde_json::Value;

/// A stream that takes more memory than this is encoded on a thread of its own, so that it holds nobody else up.
const ENCODED_APART: usize = 256 * 1024;

/// Saves and loads streams.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    storage: CheckpointStorage,
}

/// A stream that is being saved.
pub(crate) enum Saving {
    /// It fits into the row.
    Done(SavedData),
    /// It is on its way into the checkpoint storage.
    Storing(BoxFuture<'static, Result<SavedData, ComponentError>>),
}

impl Streams {
    pub(crate) fn new(storage: CheckpointStorage) -> Self {
        Self { storage }
    }

    /// Begins to save `stream`. What comes out of it is durable, or goes into the row that names it.
    pub(crate) fn save(&self, stream: &Stream) -> Result<Saving, ComponentError> {
        let storage = self.storage.clone();
        if stream.memory() > ENCODED_APART {
            let stream = stream.clone();
            return Ok(Saving::Storing(Box::pin(async move {
                let encoded = tokio::task::spawn_blocking(move || encode(&stream)).await;
                let encoded = encoded.map_err(|error| ComponentError::new("engine/interrupted", error.to_string()))?;
                storage.save(encoded?).await.map_err(not_stored)
            })));
        }
        let encoded = encode(stream)?;
        if encoded.len() <= INLINE_LIMIT {
            return Ok(Saving::Done(SavedData::Inline(encoded)));
        }
        Ok(Saving::Storing(Box::pin(async move { storage.save(encoded).await.map_err(not_stored) })))
    }

    /// The same, all at once.
    pub(crate) async fn save_now(&self, stream: &Stream) -> Result<SavedData, ComponentError> {
        match self.save(stream)? {
            Saving::Done(data) => Ok(data),
            Saving::Storing(storing) => storing.await,
        }
    }

    /// The stream and the flow variables of a saved point.
    pub(crate) async fn load(&self, point: &SavedPoint) -> Result<Delivery, EngineError> {
        let unusable = |message: String| EngineError::SavedPoint { component: point.component.clone(), message };
        let bytes = self.storage.load(&point.data).await.map_err(|error| unusable(error.to_string()))?;
        let bytes = bytes.ok_or_else(|| unusable("it holds no stream".to_owned()))?;
        let stream = decode(bytes).map_err(|error| unusable(error.to_string()))?;
        Ok(Delivery { stream, variables: variables(&point.variables) })
    }
}

fn variables(saved: &Value) -> Variables {
    let Value::Object(values) = saved else { return Variables::default() };
    values.iter().map(|(name, value)| (name.as_str(), value.clone())).collect()
}

fn not_stored(error: flow_store::StorageError) -> ComponentError {
    ComponentError::new(error.code(), error.to_string())
}
