//! This server's place in the cluster, and the requests it works on.

mod attempts;

use crate::endings::{Ending, Endings};
use crate::metrics::Metrics;
use crate::routes::runs_at_once;
use crate::settings::Settings;
use crate::traces::{self, RequestTraces};
use attempts::Attempts;
use flow_cluster::{
    ClusterError, ClusterEvent, Dispatcher, DispatcherSettings, Identity, LeaseSettings, Membership, Slot,
};
use flow_engine::Engine;
use flow_store::{
    AuditEntry, Created, Durability, Fence, Fired, NewFiring, NewRequest, Owner, Request, RequestId, RequestState,
    Store, StoreError,
};
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{broadcast, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// During maintenance, how often a server looks for what it can hand over.
const HAND_OVER_AGAIN: Duration = Duration::from_millis(500);
/// How long to wait before another try to join the cluster again.
const JOIN_AGAIN: Duration = Duration::from_secs(1);

/// How a server joins its cluster.
pub struct Joining {
    /// The checkpoint database.
    pub store: Arc<dyn Store>,
    /// Where the servers of this machine have their lock files.
    pub lock_folder: PathBuf,
    /// Who this server is.
    pub identity: Identity,
    /// How soon it is taken for dead.
    pub lease: LeaseSettings,
    /// How many attempts it runs at once.
    pub concurrency: usize,
    /// Runs the attempts.
    pub engine: Engine,
    /// Counts them.
    pub metrics: Arc<Metrics>,
    /// Tells a collector of them, if there is one.
    pub traces: Option<Arc<RequestTraces>>,
    /// The settings.
    pub settings: Arc<Settings>,
}

/// This server's place in the cluster. A server that was declared dead joins again under a new epoch: then it has a
/// new life with nothing of the old.
pub struct Work {
    joining: Joining,
    endings: Arc<Endings>,
    life: Mutex<Option<Life>>,
}

struct Life {
    membership: Membership,
    dispatcher: Dispatcher,
}

impl Work {
    /// Joins the cluster and begins to work.
    pub async fn begin(joining: Joining) -> Result<Self, ClusterError> {
        let endings = Arc::<Endings>::default();
        let life = live(&joining, joining.identity.name.clone(), &endings).await?;
        Ok(Self { joining, endings, life: Mutex::new(Some(life)) })
    }

    /// Whose requests this server works on at this time; none while it is not in the cluster.
    pub fn owner(&self) -> Option<Owner> {
        self.life.lock().as_ref().map(|life| life.membership.owner().clone())
    }

    /// Whether this server has its lease.
    pub fn may_act(&self) -> bool {
        self.life.lock().as_ref().is_some_and(|life| life.membership.guard().may_act())
    }

    /// Whether so many more requests would run here at once.
    pub fn has_room(&self, requests: usize) -> bool {
        self.dispatcher().is_some_and(|dispatcher| dispatcher.room() >= requests)
    }

    /// Makes requests, all or none, for which [`Settings::limit`] has been asked. Where there is room for all of them they
    /// are this server's own and run at once; under limits, or else, they are queued for whoever has room. `audit` is
    /// written with them.
    pub async fn create_requests(&self, new: Vec<NewRequest>, audit: AuditEntry) -> Result<Vec<Created>, StoreError> {
        self.create(new, audit, |_| ()).await
    }

    /// Makes requests as [`Self::create_requests`] does, each with a way to wait for its end.
    pub async fn create_awaited(
        &self,
        new: Vec<NewRequest>,
        audit: AuditEntry,
    ) -> Result<Vec<(Created, Ending)>, StoreError> {
        let (tell, told) = oneshot::channel();
        let endings = Arc::clone(&self.endings);
        let seen = move |created: &[Created]| {
            let endings: Vec<Ending> = created.iter().map(|created| endings.of(&created.request)).collect();
            // Nobody waits any more if the caller has gone.
            let _ = tell.send(endings);
        };
        let created = self.create(new, audit, seen).await?;
        Ok(created.into_iter().zip(told.await.unwrap_or_default()).collect())
    }

    /// Waits until a request has ended, at most for `patience`, and gives it as it is then.
    pub async fn until_ended(&self, id: RequestId, patience: Duration) -> Result<Request, StoreError> {
        let request = self.joining.store.get(id).await?;
        self.endings.of(&request).request(self.joining.store.as_ref(), patience).await
    }

    /// Makes a firing of a trigger. Where there is room its request is this server's own and runs at once; else it is
    /// queued for whoever has room.
    pub async fn fire(&self, mut firing: NewFiring) -> Result<Fired, StoreError> {
        firing.request.iter_mut().for_each(|new| self.joining.settings.limit(new));
        let runs_at_once = firing.request.as_ref().is_some_and(|new| new.settings.limits.is_empty());
        let slot = self.dispatcher().filter(|_| runs_at_once).and_then(|dispatcher| dispatcher.reserve());
        let owner = if slot.is_some() { self.owner() } else { None };
        self.make_firing(firing, owner, slot).await
    }

    /// The same for a request that only this server can run; none if it has no room at this time. The store makes none
    /// while the request's limits have no room either.
    pub async fn fire_here(&self, mut firing: NewFiring) -> Result<Option<Fired>, StoreError> {
        firing.request.iter_mut().for_each(|new| self.joining.settings.limit(new));
        let (Some(dispatcher), Some(owner)) = (self.dispatcher(), self.owner()) else { return Ok(None) };
        let Some(slot) = dispatcher.reserve() else { return Ok(None) };
        self.make_firing(firing, Some(owner), Some(slot)).await.map(Some)
    }

    async fn make_firing(
        &self,
        firing: NewFiring,
        owner: Option<Owner>,
        slot: Option<Slot>,
    ) -> Result<Fired, StoreError> {
        let (store, metrics) = (Arc::clone(&self.joining.store), Arc::clone(&self.joining.metrics));
        let dispatcher = self.dispatcher();
        let make = async move {
            let fired = store.fire(firing, owner).await?;
            if let Fired::New(Some(request)) = &fired {
                metrics.created(1);
                match slot {
                    Some(slot) if request.state == RequestState::Running => {
                        slot.run(request.as_ref().clone(), Durability::ALREADY)
                    }
                    _ => dispatcher.iter().for_each(Dispatcher::wake),
                }
            }
            Ok(fired)
        };
        to_its_end(make).await
    }

    /// What this server is to run begins as soon as the store knows what is made; `seen` sees that first, when nothing of it
    /// can have ended here.
    async fn create(
        &self,
        new: Vec<NewRequest>,
        audit: AuditEntry,
        seen: impl FnOnce(&[Created]) + Send + 'static,
    ) -> Result<Vec<Created>, StoreError> {
        // Under limits they wait for a claim, which looks at them.
        let is_limited = new.iter().any(|new| !new.settings.limits.is_empty());
        let dispatcher = self.dispatcher().filter(|_| !is_limited);
        let mut slots = Vec::new();
        if let Some(dispatcher) = &dispatcher {
            slots.extend(std::iter::from_fn(|| dispatcher.reserve()).take(new.len()));
        }
        let owner = if slots.len() == new.len() { self.owner() } else { None };
        let runtime = Handle::current();
        let begin = move |created: &[Created], made: Durability| {
            let _here = runtime.enter();
            seen(created);
            for (created, slot) in created.iter().filter(|created| runs_at_once(created)).zip(slots) {
                slot.run(created.request.clone(), made.clone());
            }
        };
        let store = Arc::clone(&self.joining.store);
        let make = async move { store.create_and_begin(new, owner, Some(audit), Box::new(begin)).await };
        let created = to_its_end(make).await?;
        self.joining.metrics.created(created.iter().filter(|created| created.new).count());
        created.iter().for_each(|created| traces::made(&created.request));
        if created.iter().any(|created| created.new && !runs_at_once(created)) {
            self.wake();
        }
        Ok(created)
    }

    /// Whether an operator has put this server into maintenance.
    pub fn in_maintenance(&self) -> bool {
        self.life.lock().as_ref().is_some_and(|life| *life.membership.maintenance().borrow())
    }

    /// This server is called otherwise from now on.
    pub fn rename(&self, name: &str) {
        self.joining.engine.rename_server(name);
    }

    /// There may be something to work on.
    pub fn wake(&self) {
        if let Some(dispatcher) = self.dispatcher() {
            dispatcher.wake();
        }
    }

    /// Ends the attempts of a request that run here and have a lower fence than this.
    pub fn end_before(&self, request: RequestId, fence: Fence) {
        if let Some(dispatcher) = self.dispatcher() {
            dispatcher.end_before(request, fence);
        }
    }

    /// Runs this server's attempts.
    pub fn engine(&self) -> &Engine {
        &self.joining.engine
    }

    /// Ends the attempt of a request that a person has cancelled if it runs here.
    pub fn cancel(&self, request: &Request) {
        if let Some(dispatcher) = self.dispatcher() {
            dispatcher.end_before(request.id, request.fence);
        }
        if let Some(traces) = &self.joining.traces {
            traces.cancelled(request);
        }
    }

    fn dispatcher(&self) -> Option<Dispatcher> {
        self.life.lock().as_ref().map(|life| life.dispatcher.clone())
    }

    /// Joins again whenever others declared this server dead, until `stopping` is cancelled.
    pub async fn live_again_for_ever(&self, stopping: &CancellationToken) {
        loop {
            let ended = self.life.lock().as_ref().map(|life| life.membership.ended());
            let ended = ended.unwrap_or_default();
            tokio::select! {
                () = stopping.cancelled() => return,
                () = ended.cancelled() => {}
            }
            let old = self.life.lock().take();
            if let Some(old) = &old {
                // All its attempts were told to end with the epoch; none of their writes counts any more.
                old.dispatcher.stop(Duration::ZERO).await;
            }
            while !stopping.is_cancelled() && self.life.lock().is_none() {
                match self.live_again().await {
                    Ok(life) => self.go_on_with(life, stopping).await,
                    Err(error) => {
                        tracing::warn!(code = error.code(), %error, "this server cannot join its cluster again; trying on");
                        tokio::time::sleep(JOIN_AGAIN).await;
                    }
                }
            }
            // Not before: a server that hangs while it joins anew, with the database's write lock in its hands, is seen
            // by the lock and the heartbeat of the epoch that is over.
            drop(old);
        }
    }

    /// Joins under the name that the cluster knows by now, which may have been changed since the start.
    async fn live_again(&self) -> Result<Life, ClusterError> {
        let servers = self.joining.store.servers().await?;
        let known = servers.into_iter().find(|server| server.id == self.joining.identity.id);
        let name = known.map_or_else(|| self.joining.identity.name.clone(), |known| known.name);
        live(&self.joining, name, &self.endings).await
    }

    /// Works on under a new epoch, unless the server began to stop meanwhile.
    async fn go_on_with(&self, life: Life, stopping: &CancellationToken) {
        {
            let mut current = self.life.lock();
            // Looked at under the lock that `end` takes after it was cancelled: one of the two sees the new life.
            if !stopping.is_cancelled() {
                *current = Some(life);
                return;
            }
        }
        life.dispatcher.stop(Duration::ZERO).await;
        if let Err(error) = life.membership.leave().await {
            tracing::warn!(code = error.code(), %error, "the epoch that had just begun cannot be ended in good order");
        }
    }

    /// Takes nothing new, lets what runs end by itself for `patience`, gives the rest back and leaves the cluster.
    pub async fn end(&self, patience: Duration) -> Result<(), ClusterError> {
        let Some(life) = self.life.lock().take() else { return Ok(()) };
        if let Err(error) = life.membership.drain().await {
            tracing::warn!(code = error.code(), %error, "the others cannot be told that this server is stopping");
        }
        life.dispatcher.stop(patience).await;
        life.membership.leave().await
    }
}

/// Does it in a task of its own: a caller who hangs up does not break it off between a request that is made, as this server's own,
/// and its attempt.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::spawn(work).await.unwrap_or_else(|error| Err(StoreError::unavailable(error.to_string())))
}

/// Joins the cluster as `name`. Whoever waits for requests is told of them by `endings`.
async fn live(joining: &Joining, name: String, endings: &Arc<Endings>) -> Result<Life, ClusterError> {
    let store = Arc::clone(&joining.store);
    let identity = Identity { name, ..joining.identity.clone() };
    let membership = Membership::join(Arc::clone(&store), &joining.lock_folder, identity, joining.lease).await?;
    let guard = membership.guard();
    tokio::spawn(tell_of_takeovers(membership.events(), Arc::clone(&joining.metrics), joining.traces.clone()));
    let settings = DispatcherSettings { concurrency: joining.concurrency, ..DispatcherSettings::default() };
    let attempts = Attempts { engine: joining.engine.clone(), store: Arc::clone(&store), guard };
    let (endings, metrics, traces) = (Arc::clone(endings), Arc::clone(&joining.metrics), joining.traces.clone());
    let dispatcher = Dispatcher::start(store, &membership, settings, move |request, made, cancel| {
        let (attempts, endings, metrics) = (attempts.clone(), Arc::clone(&endings), Arc::clone(&metrics));
        let (traces, id) = (traces.clone(), request.id);
        async move {
            let left = attempts.run(request, made, cancel).await.inspect(|left| endings.tell(left));
            metrics.attempt_ended(left.as_ref().map(|left| left.state));
            if let (None, Some(traces)) = (&left, traces) {
                traces.lost(id);
            }
            left
        }
    });
    let kept_up = Maintenance {
        store: Arc::clone(&joining.store),
        own: membership.owner().clone(),
        dispatcher: dispatcher.clone(),
        settings: Arc::clone(&joining.settings),
    };
    tokio::spawn(membership.ended().run_until_cancelled_owned(kept_up.follow(membership.maintenance())));
    Ok(Life { membership, dispatcher })
}

/// What a server does while an operator has it in maintenance.
struct Maintenance {
    store: Arc<dyn Store>,
    own: Owner,
    dispatcher: Dispatcher,
    settings: Arc<Settings>,
}

impl Maintenance {
    /// For as long as the epoch lasts.
    async fn follow(self, mut is_on: watch::Receiver<bool>) {
        while is_on.wait_for(|on| *on).await.is_ok() {
            self.last(&mut is_on).await;
        }
    }

    /// From its begin to its end: what waits here is handed over at once, and again as more of it does; what runs, after
    /// the time that a server has to stop. What no other server may go on with stays and runs to its end.
    async fn last(&self, is_on: &mut watch::Receiver<bool>) {
        let begun = Instant::now();
        loop {
            if let Err(error) = self.store.hand_over(&self.own).await {
                tracing::warn!(code = error.code(), %error, "what waits here cannot be handed over; trying again");
            }
            if begun.elapsed() >= self.settings.limits().stop {
                self.dispatcher.hand_over();
            }
            if tokio::time::timeout(HAND_OVER_AGAIN, is_on.wait_for(|on| !on)).await.is_ok() {
                return;
            }
        }
    }
}

/// Counts the takeovers of one epoch, and tells of the requests that ended in them.
async fn tell_of_takeovers(
    mut events: broadcast::Receiver<ClusterEvent>,
    metrics: Arc<Metrics>,
    traces: Option<Arc<RequestTraces>>,
) {
    loop {
        match events.recv().await {
            Ok(ClusterEvent::TakenOver { peer, requests }) => {
                metrics.taken_over(requests.len());
                if let Some(traces) = &traces {
                    traces.ended_with(&peer).await;
                }
            }
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}
