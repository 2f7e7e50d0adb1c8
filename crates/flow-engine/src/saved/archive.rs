//! The saved points of a request whole, with their streams: they are read from the store when they are needed.

use super::SavedScope;
use crate::EngineError;
use crate::schedule::Delivery;
use crate::streams::Streams;
use flow_data::Variables;
use flow_store::{PointPlace, RequestId, RequestStore, SavedPoint, StoreError};
use std::collections::HashMap;
use std::sync::Arc;

/// Where the saved points of a request can be read.
#[derive(Clone)]
pub(crate) struct Archive {
    store: Arc<dyn RequestStore>,
    request: RequestId,
    streams: Streams,
}

/// Saved points that have been read, by their place.
pub(crate) struct Points {
    points: HashMap<PointPlace, SavedPoint>,
    streams: Streams,
}

impl Archive {
    pub(crate) fn new(store: Arc<dyn RequestStore>, request: RequestId, streams: Streams) -> Self {
        Self { store, request, streams }
    }

    /// The points at these places, in their order.
    pub(crate) async fn read(&self, places: &[PointPlace]) -> Result<Vec<SavedPoint>, EngineError> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        self.store.saved_at(self.request, places).await.map_err(|error| match error {
            StoreError::NotFound { .. } | StoreError::Corrupt(_) => unusable("a component", error.to_string()),
            error => error.into(),
        })
    }

    /// The points of a scope, but not of what is inside of it.
    pub(crate) async fn read_scope(&self, saved: &SavedScope) -> Result<Points, EngineError> {
        let places: Vec<PointPlace> = saved.places().collect();
        let points = self.read(&places).await?;
        Ok(Points { points: places.into_iter().zip(points).collect(), streams: self.streams.clone() })
    }

    /// The stream and the flow variables of a point. Variables that are as in `base` were not saved.
    pub(crate) async fn load(&self, point: &SavedPoint, base: &Variables) -> Result<Delivery, EngineError> {
        self.streams.load(point, base).await
    }
}

impl Points {
    /// The stream and the flow variables of the point at a place; see [`Archive::load`].
    pub(crate) async fn load(&self, place: PointPlace, base: &Variables) -> Result<Delivery, EngineError> {
        let point = self.points.get(&place).ok_or_else(|| unusable("a component", "it was not read".to_owned()))?;
        self.streams.load(point, base).await
    }
}

fn unusable(component: &str, message: String) -> EngineError {
    EngineError::SavedPoint { component: component.to_owned(), message }
}
