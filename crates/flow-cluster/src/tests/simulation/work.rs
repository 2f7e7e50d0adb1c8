//! What an attempt does in the simulation: it acts, saves, computes while it saves, and asks the guard before it acts.
//! It keeps to the rules that the engine keeps to (tested there); here they meet the faults of a cluster.

use super::lives::{LineOf, Process};
use super::mistake::Mistake;
use super::world::{EFFECTS, World};
use crate::Guard;
use flow_store::{
    AttemptEnd, AttemptWrite, Fence, Line as _, Owner, Request, RequestError, RequestId, RequestState, RequestStore,
    SavedData, SavedKind, SavedPoint, Store, StoreError, Timestamp,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
pub(super) struct Work {
    pub(super) world: Arc<World>,
    pub(super) process: Arc<Process>,
    pub(super) store: Arc<dyn Store>,
    pub(super) guard: Arc<Guard>,
    pub(super) owner: Owner,
}

/// Why an attempt does not go on.
enum Stop {
    /// The request is somebody else's.
    Fenced,
    /// The guard says no.
    MayNotAct,
    /// The store failed, or the server stops: it is given back.
    Release,
    /// Whoever attends to what nobody attends to finds it.
    Broken,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        if error.is_stale() { Self::Fenced } else { Self::Release }
    }
}

/// Runs one attempt to its end.
pub(super) async fn attempt(work: Work, request: Request, cancel: CancellationToken) -> Option<Request> {
    let (id, fence) = (request.id, request.fence);
    loop {
        let stop = match work.run(&request, &cancel).await {
            Ok(ended) => return Some(ended),
            Err(stop) => stop,
        };
        match stop {
            Stop::Fenced => {
                work.world.counted.lock().refused += 1;
                return None;
            }
            Stop::MayNotAct => work.when_allowed(id, fence, &cancel).await?,
            Stop::Release => {
                let end = AttemptEnd::Released;
                return work.store.end_attempt(id, fence, end, AttemptWrite::default()).await.ok();
            }
            Stop::Broken => return None,
        }
    }
}

impl Work {
    async fn run(&self, request: &Request, cancel: &CancellationToken) -> Result<Request, Stop> {
        let id = request.id;
        let saved = self.store.saved_points(id).await.map_err(|_| Stop::Broken)?;
        let mut writing: Option<JoinHandle<Result<(), StoreError>>> = None;
        let ran = self.components(request, World::saved(&saved), &mut writing, cancel).await;
        // Whatever comes of it: a write under way is waited for, so that what is read next is what holds.
        let written = durable(&mut writing).await;
        ran?;
        written?;
        let end = if self.world.happens(60) {
            let error = RequestError { code: "simulated/failure".to_owned(), message: String::new(), component: None };
            AttemptEnd::Failed { error, retryable: true }
        } else {
            AttemptEnd::Finished { reply: None }
        };
        let finishes = matches!(end, AttemptEnd::Finished { .. });
        if finishes && self.world.makes(Mistake::AnswersBeforeTheCommit) {
            self.world.replied(id).await;
        }
        match self.store.end_attempt(id, request.fence, end, AttemptWrite::default()).await {
            Ok(ended) => {
                if finishes {
                    self.world.replied(id).await;
                }
                Ok(ended)
            }
            Err(error) if error.is_stale() => Err(Stop::Fenced),
            Err(_) => Err(Stop::Broken),
        }
    }

    async fn components(
        &self,
        request: &Request,
        first: usize,
        writing: &mut Option<JoinHandle<Result<(), StoreError>>>,
        cancel: &CancellationToken,
    ) -> Result<(), Stop> {
        for effect in first..EFFECTS {
            // Computes, while what is before it is being saved.
            self.world.pause(1..120).await;
            self.process.runs().await;
            if !self.world.makes(Mistake::EffectsDoNotWait) {
                durable(writing).await?;
            }
            self.process.runs().await;
            if cancel.is_cancelled() {
                return Err(Stop::Release);
            }
            if !self.guard.may_act() && !self.world.makes(Mistake::GuardIsNotAsked) {
                return Err(Stop::MayNotAct);
            }
            self.world.act(&self.owner, request, effect).await;
            let (work, request) = (self.clone(), request.clone());
            *writing = Some(tokio::spawn(async move { work.write(&request, point(effect)).await }));
        }
        Ok(())
    }

    async fn write(&self, request: &Request, point: SavedPoint) -> Result<(), StoreError> {
        let write = AttemptWrite { saved: vec![point], log: Vec::new() };
        if !self.world.overlooks_fences() {
            return self.store.write(request.id, request.fence, write).await;
        }
        let line = LineOf(Arc::clone(&self.process));
        line.there().await?;
        // It may arrive late: whoever sent it may be lost by then.
        if self.world.happens(200) {
            self.world.pause(50..800).await;
        }
        let fence = self.world.fence_taken(request).await;
        let written = self.world.store.write(request.id, fence, write).await;
        line.back().await?;
        written
    }

    /// Waits until this server may act again, if the request is still its own by then.
    async fn when_allowed(&self, id: RequestId, fence: Fence, cancel: &CancellationToken) -> Option<()> {
        while !self.guard.may_act() {
            if self.guard.has_ended() || cancel.is_cancelled() {
                return None;
            }
            crate::time::sleep(Duration::from_millis(50)).await;
        }
        let request = self.store.get(id).await.ok()?;
        (request.fence == fence && request.state == RequestState::Running).then_some(())
    }
}

async fn durable(writing: &mut Option<JoinHandle<Result<(), StoreError>>>) -> Result<(), Stop> {
    match writing.take() {
        Some(writing) => Ok(writing.await.map_err(|_| Stop::Broken)??),
        None => Ok(()),
    }
}

/// A checkpoint behind an effect.
fn point(number: usize) -> SavedPoint {
    SavedPoint {
        kind: SavedKind::Checkpoint,
        component: number.to_string(),
        name: number.to_string(),
        iteration: String::new(),
        attempt: 1,
        data: SavedData::None,
        variables: serde_json::json!({}),
        outlets: Vec::new(),
        due: None,
        rows: 0,
        at: Timestamp(0),
    }
}
