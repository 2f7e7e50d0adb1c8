//! A server's place in the cluster: from joining to leaving, and what it does when another is lost.

use crate::ClusterError;
use crate::event::ClusterEvent;
use crate::guard::Guard;
use crate::heartbeat::{Ticker, beat};
use crate::lease::{LeaseSettings, Moment};
use crate::lock_file::LockFiles;
use crate::peers::{Loss, Peers, Sign};
use crate::process::ProcessIdentity;
use crate::pulse::Pulse;
use crate::stuck_writer::StuckWriter;
use crate::takeover::{end_if_in_the_way, take_over};
use flow_store::{Liveness, NewLife, NewServer, OwnLife, Owner, ServerId, ServerState, Store};
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;

/// How many events a slow listener may lag behind before it loses the oldest.
const EVENTS_KEPT: usize = 1024;

/// How long a killed process may take to end.
const DYING: Duration = Duration::from_secs(5);

/// Who a server is, beyond one start.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The id that it made at its very first start.
    pub id: ServerId,
    /// The name shown to people.
    pub name: String,
    /// Where its API is reached: `http://127.0.0.1:7401`.
    pub address: String,
}

/// This server as a member of its cluster, under one epoch.
///
/// Dropping it without [`Membership::leave`] frees the lock, so that the others take this server's requests over.
pub struct Membership {
    shared: Arc<Shared>,
    tickers: Mutex<Vec<Ticker>>,
    life: Mutex<Option<Arc<dyn OwnLife>>>,
    tasks: CancellationToken,
}

/// What the membership's tasks work with.
pub(crate) struct Shared {
    pub store: Arc<dyn Store>,
    pub own: Owner,
    pub settings: LeaseSettings,
    pub guard: Arc<Guard>,
    /// Beats whenever the list of servers was read, or could not be.
    pub pulse: Arc<Pulse>,
    pub peers: Peers,
    pub events: broadcast::Sender<ClusterEvent>,
    /// There may be requests to claim.
    pub work: Arc<Notify>,
    /// Whether this server is in maintenance.
    pub maintenance: watch::Sender<bool>,
    /// The list of servers may have changed.
    pub rescan: Notify,
    /// This epoch is over.
    pub ended: CancellationToken,
}

impl Membership {
    /// Registers this server under a new epoch and starts to beat and to watch.
    ///
    /// The lock is held before anybody can learn of the epoch, so a registered server with a free lock is a dead one.
    /// `lock_folder` is where all servers of this cluster on this machine have their lock files, unless the database has
    /// a way of its own in which they see each other live.
    pub async fn join(
        store: Arc<dyn Store>,
        lock_folder: &Path,
        identity: Identity,
        settings: LeaseSettings,
    ) -> Result<Self, ClusterError> {
        let process = ProcessIdentity::own().map_err(ClusterError::process)?;
        let by_files = || Arc::new(LockFiles { folder: lock_folder.to_owned() }) as Arc<dyn Liveness>;
        let liveness = store.liveness().unwrap_or_else(by_files);
        refuse_double(store.as_ref(), &liveness, &identity.id, process).await?;
        let guard = Arc::new(Guard::new(settings));
        let life = begin(&liveness, &identity, process, &guard, settings).await?;
        let pulse = Arc::new(Pulse::new());
        let beating = beat(Arc::clone(&life), Arc::clone(&guard), Arc::clone(&pulse), settings);
        let beating = beating.map_err(ClusterError::process)?;
        let own = store.register(new_server(identity, process, life.lock())).await?;
        tracing::info!(server = %own.server, epoch = %own.epoch, "joined the cluster");

        let (losses, lost) = unbounded_channel();
        let shared = Arc::new(Shared {
            peers: Peers::new(own.clone(), liveness, losses),
            store,
            own,
            settings,
            guard,
            pulse,
            events: broadcast::channel(EVENTS_KEPT).0,
            work: Arc::new(Notify::new()),
            maintenance: watch::Sender::new(false),
            rescan: Notify::new(),
            ended: CancellationToken::new(),
        });
        let observing = observe(&shared).map_err(ClusterError::process)?;
        let tasks = CancellationToken::new();
        tokio::spawn(tasks.clone().run_until_cancelled_owned(rescan_for_ever(Arc::clone(&shared))));
        tokio::spawn(tasks.clone().run_until_cancelled_owned(answer_losses(Arc::clone(&shared), lost)));
        Ok(Self { shared, tickers: Mutex::new(vec![beating, observing]), life: Mutex::new(Some(life)), tasks })
    }

    /// Whom this server's requests belong to.
    pub fn owner(&self) -> &Owner {
        &self.shared.own
    }

    /// Says before each effect whether this server may still act.
    pub fn guard(&self) -> Arc<Guard> {
        Arc::clone(&self.shared.guard)
    }

    /// What happens in the cluster from now on, as this server sees it.
    pub fn events(&self) -> broadcast::Receiver<ClusterEvent> {
        self.shared.events.subscribe()
    }

    /// Is cancelled when this epoch is over, be it that this server left or that others declared it dead. Its work
    /// must end then; the process may join again under a new epoch.
    pub fn ended(&self) -> CancellationToken {
        self.shared.ended.clone()
    }

    /// Whether an operator has put this server into maintenance, as soon as it knows.
    pub fn maintenance(&self) -> watch::Receiver<bool> {
        self.shared.maintenance.subscribe()
    }

    /// Woken when there may be requests to claim.
    pub(crate) fn work(&self) -> Arc<Notify> {
        Arc::clone(&self.shared.work)
    }

    /// Looks at the list of servers now rather than at the next heartbeat.
    pub fn rescan(&self) {
        self.shared.rescan.notify_one();
    }

    /// Whether this server waits for the lock of `peer`.
    #[cfg(test)]
    pub(crate) fn watches(&self, peer: &Owner) -> bool {
        self.shared.peers.watches(peer)
    }

    /// First half of leaving: this server takes no new requests, which the others can see.
    pub async fn drain(&self) -> Result<(), ClusterError> {
        self.shared.store.set_server_state(&self.shared.own, ServerState::Draining).await?;
        Ok(())
    }

    /// Second half: gives this server's requests back to the cluster, ends the epoch and frees the lock.
    pub async fn leave(self) -> Result<(), ClusterError> {
        self.shared.guard.end();
        let released = self.shared.store.terminate(&self.shared.own).await;
        // Only now: a lock that is freed before would be taken for a death.
        self.stop();
        released?;
        tracing::info!(server = %self.shared.own.server, epoch = %self.shared.own.epoch, "left the cluster");
        Ok(())
    }

    fn stop(&self) {
        self.tasks.cancel();
        self.shared.guard.end();
        self.shared.ended.cancel();
        self.tickers.lock().clear();
        self.life.lock().take();
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Refuses to run under an id under which another process runs: the two would fence each other off in turns. A process
/// that was killed may take a moment to end.
async fn refuse_double(
    store: &dyn Store,
    liveness: &Arc<dyn Liveness>,
    id: &ServerId,
    own: ProcessIdentity,
) -> Result<(), ClusterError> {
    let Some(known) = store.servers().await?.into_iter().find(|server| server.id == *id) else { return Ok(()) };
    if known.pid == own.pid && known.process_start == own.start {
        return Ok(());
    }
    // Nobody runs behind a lock that is not there.
    let Ok(life) = liveness.look(&known.lock_path) else { return Ok(()) };
    let asked = Moment::now();
    loop {
        let life = Arc::clone(&life);
        if blocking(move || Ok(life.is_over())).await.map_err(ClusterError::process)? {
            return Ok(());
        }
        if Moment::now().since(asked) > DYING {
            return Err(ClusterError::IdInUse { id: id.clone(), pid: known.pid });
        }
        crate::time::sleep(DYING / 100).await;
    }
}

/// Takes the lock of this server's new life.
async fn begin(
    liveness: &Arc<dyn Liveness>,
    identity: &Identity,
    process: ProcessIdentity,
    guard: &Arc<Guard>,
    settings: LeaseSettings,
) -> Result<Arc<dyn OwnLife>, ClusterError> {
    let (liveness, guard) = (Arc::clone(liveness), Arc::clone(guard));
    let life = NewLife {
        server: identity.id.clone(),
        pid: process.pid,
        process_start: process.start,
        lease: settings.lease,
        doubt: Arc::new(move || guard.doubt(Moment::now())),
    };
    blocking(move || liveness.begin(life)).await.map_err(|source| ClusterError::Lock { source })
}

/// Runs something that blocks for a moment.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> std::io::Result<T> {
    #[cfg(test)]
    if crate::tests::simulation::time::now().is_some() {
        return work();
    }
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
}

fn new_server(identity: Identity, process: ProcessIdentity, lock: &str) -> NewServer {
    NewServer {
        id: identity.id,
        name: identity.name,
        address: identity.address,
        pid: process.pid,
        process_start: process.start,
        lock_path: lock.to_owned(),
    }
}

fn observe(shared: &Arc<Shared>) -> std::io::Result<Ticker> {
    let shared = Arc::clone(shared);
    let mut stuck = StuckWriter::default();
    Ticker::start("cairn-observer", shared.settings.look(), move || {
        stuck.look(shared.store.as_ref(), shared.settings.lease);
        for (ghost, process) in shared.peers.observe(&shared.guard, shared.settings.lease) {
            end_if_in_the_way(&shared, &ghost, process);
        }
    })
}

/// The list of servers is read again and again, for ever: nobody depends on having seen a single event. It is read when
/// something has changed, and once a lease in any case.
async fn rescan_for_ever(shared: Arc<Shared>) {
    let (mut reachable, mut changes) = (true, shared.store.changes());
    loop {
        changes.borrow_and_update();
        let asked = Moment::now();
        match shared.store.servers().await {
            Ok(servers) => {
                reachable = true;
                let own = servers.iter().find(|server| server.id == shared.own.server);
                let alive =
                    own.is_some_and(|own| own.epoch == shared.own.epoch && own.state != ServerState::Terminated);
                if !alive {
                    shared.declared_dead();
                    return;
                }
                shared.guard.confirmed(asked);
                let maintenance = own.is_some_and(|own| own.maintenance);
                if shared.maintenance.send_replace(maintenance) != maintenance {
                    tracing::info!(on = maintenance, "maintenance of this server");
                    shared.work.notify_one();
                }
                let changes = shared.peers.reconcile(&servers);
                let name_of =
                    |peer: &Owner| servers.iter().find(|server| server.id == peer.server).map(|known| &known.name);
                for peer in changes.joined {
                    tracing::info!(name = name_of(&peer), server = %peer.server, epoch = %peer.epoch, "a server joined");
                    shared.tell(ClusterEvent::PeerJoined { peer });
                }
                for peer in changes.left {
                    tracing::info!(name = name_of(&peer), server = %peer.server, epoch = %peer.epoch, "a server is gone");
                    shared.tell(ClusterEvent::PeerLeft { peer });
                    shared.work.notify_one();
                }
            }
            Err(error) if reachable => {
                reachable = false;
                tracing::warn!(code = error.code(), %error, "the list of servers cannot be read; trying again");
            }
            Err(_) => {}
        }
        until_next_scan(&shared, &changes, asked, reachable).await;
    }
}

/// Waits for a reason to read the list of servers, and shows meanwhile that this server's tasks do not stand still.
async fn until_next_scan(shared: &Shared, changes: &watch::Receiver<u64>, last: Moment, reachable: bool) {
    loop {
        shared.pulse.beat();
        tokio::select! {
            biased;
            () = shared.rescan.notified() => return,
            () = crate::time::sleep(shared.settings.heartbeat) => {}
        }
        // What cannot be known about changes counts as one.
        let changed = changes.has_changed().unwrap_or(true);
        let is_old = Moment::now().since(last) >= shared.settings.lease;
        if changed || is_old || !reachable || shared.guard.is_in_doubt() {
            return;
        }
    }
}

/// Each loss is answered in a task of its own, so that one that takes long holds up no other.
async fn answer_losses(shared: Arc<Shared>, mut losses: UnboundedReceiver<Loss>) {
    let takeovers = tokio_util::task::TaskTracker::new();
    while let Some(loss) = losses.recv().await {
        if loss.sign == Sign::LockFreed {
            shared.peers.lock_freed(&loss.peer);
        }
        let work = take_over(Arc::clone(&shared), loss);
        takeovers.spawn(shared.ended.clone().run_until_cancelled_owned(work));
    }
}

impl Shared {
    /// Tells whoever listens.
    pub fn tell(&self, event: ClusterEvent) {
        // An error only means that nobody listens.
        let _ = self.events.send(event);
    }

    /// Others took this server for dead. Its epoch is over at once.
    pub fn declared_dead(&self) {
        self.guard.end();
        tracing::error!(
            code = "cluster/declared-dead", server = %self.own.server, epoch = %self.own.epoch,
            "other servers declared this one dead, because its heartbeat stood still for a lease, and took its \
             requests over; it stops all its work. It may join again under a new epoch"
        );
        self.tell(ClusterEvent::DeclaredDead);
        self.ended.cancel();
    }
}
