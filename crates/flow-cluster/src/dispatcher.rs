//! Brings requests to the engine: claims those that are queued or due, never more at once than agreed.

mod attending;

use crate::guard::Guard;
use crate::membership::Membership;
use crate::time;
use attending::{attend_for_ever, give_back};
use flow_store::{AttemptEnd, AttemptWrite, Durability, Fence, Owner, Request, RequestError, RequestId, Store};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How a server works off its requests.
#[derive(Debug, Clone, Copy)]
pub struct DispatcherSettings {
    /// How many attempts this server runs at once.
    pub concurrency: usize,
    /// Time between two looks at the database while there is much to do.
    pub shortest_poll: Duration,
    /// Time between two looks when nothing happens. Requests that another server queued are found after this time at
    /// the latest.
    pub longest_poll: Duration,
    /// Time between two looks for requests that are this server's and running, and that nobody attends to; longer where
    /// looks take long.
    pub unattended_check: Duration,
}

impl Default for DispatcherSettings {
    fn default() -> Self {
        Self {
            concurrency: 64,
            shortest_poll: Duration::from_millis(20),
            longest_poll: Duration::from_secs(5),
            unattended_check: Duration::from_secs(5),
        }
    }
}

/// Before another look at a database that could not be asked.
const UNREACHABLE: Duration = Duration::from_secs(1);

/// What an attempt leaves behind: its request as it is then, or none if somebody else knows more by now.
type RunningAttempt = Pin<Box<dyn Future<Output = Option<Request>> + Send>>;
type Attempt = Arc<dyn Fn(Request, Durability, CancellationToken) -> RunningAttempt + Send + Sync>;

/// Claims requests for one epoch of this server and runs an attempt of each.
#[derive(Clone)]
pub struct Dispatcher {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn Store>,
    own: Owner,
    guard: Arc<Guard>,
    settings: DispatcherSettings,
    attempt: Attempt,
    work: Arc<Notify>,
    slots: Arc<Semaphore>,
    /// There may be requests to claim that were left for want of room.
    more: AtomicBool,
    /// There was no room for all that waits, when somebody last looked: what comes now waits behind the others.
    queue: AtomicBool,
    /// The last try to claim failed; the log tells of the first in a row only.
    failing: AtomicBool,
    /// Nothing new is claimed or made here while it is true.
    maintenance: watch::Receiver<bool>,
    /// A request that a person took from its attempt here may have its next one here, too.
    running: Mutex<BTreeMap<RequestId, Vec<Running>>>,
    tasks: TaskTracker,
    /// Cancelled: nothing new is claimed.
    closing: CancellationToken,
    /// Cancelled: what runs is to end. Parent of every attempt's own token.
    stopping: CancellationToken,
}

/// An attempt that runs here.
struct Running {
    fence: Fence,
    cancel: CancellationToken,
    /// Another server may go on with it.
    may_move: bool,
}

/// Room for one more attempt.
pub struct Slot {
    shared: Arc<Shared>,
    /// None once it is used.
    permit: Option<OwnedSemaphorePermit>,
}

impl Slot {
    /// Runs the attempt that `request`, which may not be durable yet, has just begun for this server.
    pub fn run(mut self, request: Request, made: Durability) {
        if let Some(permit) = self.permit.take() {
            run(&self.shared, (request, made), permit);
        }
    }
}

impl Drop for Slot {
    /// Room that was not used after all is for what was left for want of it.
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        drop(permit);
        if self.shared.more.load(Ordering::SeqCst) {
            self.shared.work.notify_one();
        }
    }
}

impl Shared {
    fn no_longer_runs(&self, request: RequestId, fence: Fence) {
        let mut running = self.running.lock();
        let Some(attempts) = running.get_mut(&request) else { return };
        attempts.retain(|attempt| attempt.fence != fence);
        if attempts.is_empty() {
            running.remove(&request);
        }
    }

    fn attends(&self, request: &Request) -> bool {
        let running = self.running.lock();
        running.get(&request.id).is_some_and(|attempts| attempts.iter().any(|attempt| attempt.fence == request.fence))
    }
}

impl Dispatcher {
    /// Starts to claim. `attempt` runs one attempt of a request that was claimed or is just made, ends it in the store and
    /// gives the request as it left it; its token is cancelled when the request is cancelled or the server stops. Everything stops when the
    /// membership ends.
    pub fn start<Run, Running>(
        store: Arc<dyn Store>,
        membership: &Membership,
        settings: DispatcherSettings,
        attempt: Run,
    ) -> Self
    where
        Run: Fn(Request, Durability, CancellationToken) -> Running + Send + Sync + 'static,
        Running: Future<Output = Option<Request>> + Send + 'static,
    {
        let stopping = membership.ended().child_token();
        let shared = Arc::new(Shared {
            store,
            own: membership.owner().clone(),
            guard: membership.guard(),
            settings,
            attempt: Arc::new(move |request, made, cancel| Box::pin(attempt(request, made, cancel))),
            work: membership.work(),
            slots: Arc::new(Semaphore::new(settings.concurrency)),
            more: AtomicBool::new(true),
            queue: AtomicBool::new(false),
            failing: AtomicBool::new(false),
            maintenance: membership.maintenance(),
            running: Mutex::default(),
            tasks: TaskTracker::new(),
            closing: stopping.child_token(),
            stopping,
        });
        let (closing, stopping) = (shared.closing.clone(), shared.stopping.clone());
        tokio::spawn(closing.run_until_cancelled_owned(claim_for_ever(Arc::clone(&shared))));
        // For as long as attempts run: one that breaks off while the server stops has nobody else.
        tokio::spawn(stopping.run_until_cancelled_owned(attend_for_ever(Arc::clone(&shared))));
        Self { shared }
    }

    /// Room for a request that is about to be created as this server's own; `None` when the server is busy or in
    /// maintenance, or others wait already, and the request is better queued for whoever has room.
    pub fn reserve(&self) -> Option<Slot> {
        let shared = &self.shared;
        if shared.closing.is_cancelled() || self.room() == 0 || !shared.guard.may_act() {
            return None;
        }
        let permit = Arc::clone(&self.shared.slots).try_acquire_owned().ok()?;
        Some(Slot { shared: Arc::clone(&self.shared), permit: Some(permit) })
    }

    /// How many more requests this server would run at once if they were made now.
    pub fn room(&self) -> usize {
        let shared = &self.shared;
        let has_others_first = shared.queue.load(Ordering::SeqCst) || *shared.maintenance.borrow();
        if has_others_first { 0 } else { shared.slots.available_permits() }
    }

    /// There may be something to claim.
    pub fn wake(&self) {
        self.shared.work.notify_one();
    }

    /// How many attempts run here at this time.
    pub fn running(&self) -> usize {
        self.shared.running.lock().values().map(Vec::len).sum()
    }

    /// Tells the attempts that run to end, of those requests that another server may go on with.
    pub fn hand_over(&self) {
        let running = self.shared.running.lock();
        let that_move = running.values().flatten().filter(|attempt| attempt.may_move);
        that_move.for_each(|attempt| attempt.cancel.cancel());
    }

    /// Ends those attempts of this request that run here and have a lower fence: a person cancelled it or took it from them.
    /// One that began after that goes on.
    pub fn end_before(&self, request: RequestId, fence: Fence) {
        let running = self.shared.running.lock();
        let attempts = running.get(&request).into_iter().flatten();
        attempts.filter(|attempt| attempt.fence < fence).for_each(|attempt| attempt.cancel.cancel());
    }

    /// Claims nothing more, lets attempts that run end by themselves for `patience`, then tells them to end, and
    /// returns when all have.
    pub async fn stop(&self, patience: Duration) {
        self.shared.closing.cancel();
        self.shared.tasks.close();
        if time::timeout(patience, self.shared.tasks.wait()).await.is_none() {
            self.shared.stopping.cancel();
            self.shared.tasks.wait().await;
        }
    }
}

/// Claims whenever there is room, when woken, when something is due, and now and then in any case.
async fn claim_for_ever(shared: Arc<Shared>) {
    let mut pace = shared.settings.shortest_poll;
    let mut changes = shared.store.changes();
    let mut maintenance = shared.maintenance.clone();
    loop {
        if maintenance.wait_for(|on| !on).await.is_err() {
            // The membership is gone, and whoever runs this is told so by other means.
            return;
        }
        changes.borrow_and_update();
        // Said before the look: who ends from here on wakes this loop, unless it turns out that nothing was left.
        shared.more.store(true, Ordering::SeqCst);
        let room = shared.slots.available_permits();
        let claimed = if room > 0 && shared.guard.may_act() { claim(&shared, room).await } else { 0 };
        shared.queue.store(claimed == room, Ordering::SeqCst);
        if claimed == room {
            pace = shared.settings.shortest_poll;
            // There may be more, and there is no room: whoever gives some back wakes this loop.
            time::timeout(shared.settings.longest_poll, shared.work.notified()).await;
            continue;
        }
        if claimed > 0 {
            pace = shared.settings.shortest_poll;
            continue;
        }
        shared.more.store(false, Ordering::SeqCst);
        let wait = time_to_next(&shared, pace).await;
        tokio::select! {
            biased;
            () = shared.work.notified() => pace = shared.settings.shortest_poll,
            () = changed(&mut changes, shared.settings.shortest_poll) => {}
            () = time::sleep(wait) => pace = (pace * 2).min(shared.settings.longest_poll),
        }
    }
}

/// Some process has written. While many do, one look serves for all that was written in the time of `gap`.
async fn changed(changes: &mut watch::Receiver<u64>, gap: Duration) {
    time::sleep(gap).await;
    if changes.changed().await.is_err() {
        // The store is closing; the dispatcher is told to stop by other means.
        std::future::pending::<()>().await;
    }
}

/// Claims in a task of its own: if the server begins to stop meanwhile, what is claimed still gets its attempt.
async fn claim(shared: &Arc<Shared>, room: usize) -> usize {
    let claiming = Arc::clone(shared);
    shared.tasks.spawn(async move { claim_and_run(&claiming, room).await }).await.unwrap_or(0)
}

async fn claim_and_run(shared: &Arc<Shared>, room: usize) -> usize {
    let claimed = shared.stopping.run_until_cancelled(shared.store.claim(&shared.own, room)).await;
    match claimed.unwrap_or_else(|| Ok(Vec::new())) {
        Ok(requests) => {
            if shared.failing.swap(false, Ordering::SeqCst) {
                tracing::info!("requests are claimed again");
            }
            let claimed = requests.len();
            for request in requests {
                // Requests created here may have taken the room meanwhile; a claimed one then waits for its turn.
                match Arc::clone(&shared.slots).try_acquire_owned() {
                    Ok(permit) => run(shared, (request, Durability::ALREADY), permit),
                    Err(_) => run_when_there_is_room(shared, request),
                }
            }
            claimed
        }
        Err(error) => {
            if !shared.failing.swap(true, Ordering::SeqCst) && !shared.closing.is_cancelled() {
                tracing::warn!(code = error.code(), %error, "requests cannot be claimed; trying again until they can");
            }
            0
        }
    }
}

async fn time_to_next(shared: &Shared, pace: Duration) -> Duration {
    // A database that takes no writes (its disk is full, say) may well be read.
    if shared.failing.load(Ordering::SeqCst) {
        return shared.settings.longest_poll.min(UNREACHABLE);
    }
    match shared.store.next_due(&shared.own).await {
        // What was due and could not be claimed waits for something else: for the end of maintenance, say.
        Ok(Some(due)) if due.is_zero() => shared.settings.shortest_poll,
        Ok(Some(due)) => due.clamp(Duration::from_millis(1), pace),
        Ok(None) => pace,
        Err(_) => shared.settings.longest_poll.min(UNREACHABLE),
    }
}

/// Waits for room. If that takes long, or the server is to stop, another server may have some: the request is given back,
/// unless it may run nowhere else.
fn run_when_there_is_room(shared: &Arc<Shared>, request: Request) {
    let cancel = attend(shared, &request);
    let shared = Arc::clone(shared);
    let tasks = shared.tasks.clone();
    tasks.spawn(async move {
        let room = Arc::clone(&shared.slots).acquire_owned();
        let permit = match request.settings.other_server_retry {
            true => cancel.run_until_cancelled(time::timeout(shared.settings.longest_poll, room)).await.flatten(),
            false => Some(room.await),
        };
        // The semaphore is never closed.
        if let Some(Ok(permit)) = permit {
            return run_attended(&shared, (request, Durability::ALREADY), cancel, permit);
        }
        give_back(&shared, &request).await;
        shared.no_longer_runs(request.id, request.fence);
    });
}

fn run(shared: &Arc<Shared>, (request, made): (Request, Durability), permit: OwnedSemaphorePermit) {
    let cancel = attend(shared, &request);
    run_attended(shared, (request, made), cancel, permit);
}

/// From here on the request counts as attended to.
fn attend(shared: &Shared, request: &Request) -> CancellationToken {
    let cancel = shared.stopping.child_token();
    let may_move = request.settings.other_server_retry;
    let running = Running { fence: request.fence, cancel: cancel.clone(), may_move };
    shared.running.lock().entry(request.id).or_default().push(running);
    cancel
}

fn run_attended(
    shared: &Arc<Shared>,
    (request, made): (Request, Durability),
    cancel: CancellationToken,
    permit: OwnedSemaphorePermit,
) {
    let (id, fence, attempt) = (request.id, request.fence, request.attempt);
    let is_limited = !request.settings.limits.is_empty();
    let work = tokio::spawn((shared.attempt)(request, made, cancel));
    let shared = Arc::clone(shared);
    let tasks = shared.tasks.clone();
    tasks.spawn(async move {
        let ended = work.await;
        // One that waits may be due before anybody looks again; one that has ended brings nothing to claim, unless others
        // wait for its limits.
        let is_over = matches!(&ended, Ok(Some(request)) if request.state.is_ended());
        if ended.is_err_and(|error| error.is_panic()) {
            let message = format!("attempt {attempt} ended in a defect of Cairn itself; the server's log says where");
            let error = RequestError { code: "engine/panic".to_owned(), message, component: None };
            let end = AttemptEnd::Failed { error, retryable: true };
            if let Err(error) = shared.store.end_attempt(id, fence, end, AttemptWrite::default()).await {
                tracing::warn!(code = error.code(), %error, request = %id, "the end of an attempt cannot be written");
            }
        }
        shared.no_longer_runs(id, fence);
        drop(permit);
        if !is_over || is_limited || shared.more.load(Ordering::SeqCst) {
            shared.work.notify_one();
        }
    });
}
