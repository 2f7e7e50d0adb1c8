//! How many checkpoints a store takes in a second when many come at once, as those of the iterations of a ForEach do.

use super::scratch::Scratch;
use super::server;
use crate::outcome::Failure;
use flow_store::{AttemptWrite, Request, SavedData, SavedKind, SavedPoint, Store, Timestamp};
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Requests that save at the same time.
const REQUESTS: usize = 64;
/// Checkpoints in one write.
const IN_ONE: usize = 50;
/// The bytes of a checkpoint's stream.
const BYTES: usize = 100;
/// How long they go on.
const LOAD: Duration = Duration::from_secs(3);

/// Saves for a while, and gives the checkpoints in a second.
pub async fn rows_per_second(scratch: &Scratch, folder: &Path) -> Result<f64, Failure> {
    let store = scratch.connection(folder).await?.open().await?.store;
    let owner = store.register(server::new_server()?).await?;
    let wanted = vec![server::new_request(Value::Object(Map::new()))?; REQUESTS];
    let made = store.create_requests(wanted, Some(owner), None).await?;
    let (begun, mut saving) = (Instant::now(), JoinSet::new());
    for created in made {
        saving.spawn(save_until(Arc::clone(&store), created.request, begun + LOAD));
    }
    let mut rows = 0_usize;
    while let Some(saved) = saving.join_next().await {
        rows += saved.map_err(|error| Failure::new("bench/task", error.to_string()))??;
    }
    Ok(rows as f64 / begun.elapsed().as_secs_f64())
}

async fn save_until(store: Arc<dyn Store>, request: Request, end: Instant) -> Result<usize, Failure> {
    let mut rows = 0;
    while Instant::now() < end {
        let saved = (0..IN_ONE).map(|_| point(&request)).collect();
        store.write(request.id, request.fence, AttemptWrite { saved, log: Vec::new() }).await?;
        rows += IN_ONE;
    }
    Ok(rows)
}

fn point(request: &Request) -> SavedPoint {
    SavedPoint {
        kind: SavedKind::Completed,
        component: "checkpoint-1".to_owned(),
        iteration: "foreach-1[1]".to_owned(),
        name: "Checkpoint".to_owned(),
        data: SavedData::Inline(vec![7; BYTES].into()),
        variables: Value::Object(Map::new()),
        outlets: Default::default(),
        due: None,
        rows: 1,
        attempt: request.attempt,
        at: Timestamp::of_this_machine(),
    }
}
