//! The attempts of a server's requests, from one epoch.

use flow_cluster::Guard;
use flow_engine::{Engine, EngineError, OwnerGuard};
use flow_store::{Durability, Fence, Request, RequestId, RequestState, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often a server that lost its lease looks whether it may act again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Runs attempts for one epoch.
#[derive(Clone)]
pub(super) struct Attempts {
    pub(super) engine: Engine,
    pub(super) store: Arc<dyn Store>,
    pub(super) guard: Arc<Guard>,
}

/// Lets the engine ask the cluster's guard.
struct LeaseGuard(Arc<Guard>);

impl OwnerGuard for LeaseGuard {
    fn may_act(&self) -> bool {
        self.0.may_act()
    }
}

impl Attempts {
    /// Runs one attempt to its end. One that broke off because the lease was running out goes on from its saved
    /// points once this server may act again, if the request is still its own by then.
    pub(super) async fn run(
        &self,
        mut request: Request,
        made: Durability,
        cancel: CancellationToken,
    ) -> Option<Request> {
        let (id, fence) = (request.id, request.fence);
        loop {
            let guard: Arc<dyn OwnerGuard> = Arc::new(LeaseGuard(Arc::clone(&self.guard)));
            match self.engine.execute_made(request, made.clone(), guard, cancel.clone()).await {
                Ok(ended) => return Some(ended),
                Err(EngineError::Fenced) => return None,
                Err(EngineError::MayNotAct) => request = self.when_allowed(id, fence, &cancel).await?,
                Err(error) => {
                    // The dispatcher finds it unattended and gives it back to the cluster.
                    tracing::warn!(code = error.code(), %error, request = %id, "an attempt broke off");
                    return None;
                }
            }
        }
    }

    /// Waits until this server may act again, and says what there is to go on with.
    async fn when_allowed(&self, id: RequestId, fence: Fence, cancel: &CancellationToken) -> Option<Request> {
        while !self.guard.may_act() {
            if self.guard.has_ended() || cancel.is_cancelled() {
                return None;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let request = self.store.get(id).await.ok()?;
        (request.fence == fence && request.state == RequestState::Running).then_some(request)
    }
}
