//! A server's place in the cluster: from joining to leaving, and what it does when another is lost.

use crate::ClusterError;
use crate::event::ClusterEvent;
use crate::guard::Guard;
use crate::heartbeat::{Ticker, beat};
use crate::lease::{LeaseSettings, Moment};
use crate::lock_file::{OwnLock, PeerLock, create_folder};
use crate::peers::{Loss, Peers, Sign};
use crate::process::ProcessIdentity;
use crate::pulse::Pulse;
use crate::takeover::{end_if_in_the_way, take_over};
use flow_store::{NewServer, Owner, ServerId, ServerState, Store};
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{Notify, broadcast};
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
    lock: Mutex<Option<Arc<OwnLock>>>,
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
    /// The list of servers may have changed.
    pub rescan: Notify,
    /// This epoch is over.
    pub ended: CancellationToken,
}

impl Membership {
    /// Registers this server under a new epoch and starts to beat and to watch.
    ///
    /// The lock is held before anybody can learn of the epoch, so a registered server with a free lock is a dead one.
    /// `lock_folder` is where all servers of this cluster on this machine have their lock files.
    pub async fn join(
        store: Arc<dyn Store>,
        lock_folder: &Path,
        identity: Identity,
        settings: LeaseSettings,
    ) -> Result<Self, ClusterError> {
        let process = ProcessIdentity::own().map_err(ClusterError::process)?;
        refuse_double(store.as_ref(), &identity.id, process).await?;
        let lock = Arc::new(create_lock(lock_folder, &identity, process)?);
        let guard = Arc::new(Guard::new(settings));
        let pulse = Arc::new(Pulse::new());
        let beating = beat(Arc::clone(&lock), Arc::clone(&guard), Arc::clone(&pulse), settings);
        let beating = beating.map_err(ClusterError::process)?;
        let own = store.register(new_server(identity, process, &lock)).await?;
        tracing::info!(server = %own.server, epoch = %own.epoch, "joined the cluster");

        let (losses, lost) = unbounded_channel();
        let shared = Arc::new(Shared {
            peers: Peers::new(own.clone(), losses),
            store,
            own,
            settings,
            guard,
            pulse,
            events: broadcast::channel(EVENTS_KEPT).0,
            work: Arc::new(Notify::new()),
            rescan: Notify::new(),
            ended: CancellationToken::new(),
        });
        let observing = observe(&shared).map_err(ClusterError::process)?;
        let tasks = CancellationToken::new();
        tokio::spawn(tasks.clone().run_until_cancelled_owned(rescan_for_ever(Arc::clone(&shared))));
        tokio::spawn(tasks.clone().run_until_cancelled_owned(answer_losses(Arc::clone(&shared), lost)));
        Ok(Self { shared, tickers: Mutex::new(vec![beating, observing]), lock: Mutex::new(Some(lock)), tasks })
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
        self.lock.lock().take();
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Refuses to run under an id under which another process runs: the two would fence each other off in turns. A process
/// that was killed may take a moment to end.
async fn refuse_double(store: &dyn Store, id: &ServerId, own: ProcessIdentity) -> Result<(), ClusterError> {
    let Some(known) = store.servers().await?.into_iter().find(|server| server.id == *id) else { return Ok(()) };
    if known.pid == own.pid && known.process_start == own.start {
        return Ok(());
    }
    // Nobody runs behind a lock file that is not there.
    let Ok(lock) = PeerLock::open(Path::new(&known.lock_path)) else { return Ok(()) };
    let asked = Moment::now();
    while !lock.is_free() {
        if Moment::now().since(asked) > DYING {
            return Err(ClusterError::IdInUse { id: id.clone(), pid: known.pid });
        }
        tokio::time::sleep(DYING / 100).await;
    }
    Ok(())
}

fn create_lock(folder: &Path, identity: &Identity, process: ProcessIdentity) -> Result<OwnLock, ClusterError> {
    // The epoch is not known before the database has given it, and the lock must be held before: the start of the
    // process and a random number make the path the epoch's own just as well.
    let name = format!("{}.{}.{:08x}.lock", identity.id, process.start, rand::random::<u32>());
    let path = folder.join(name);
    create_folder(folder)
        .and_then(|()| OwnLock::create(path.clone(), process))
        .map_err(|source| ClusterError::LockFile { path, source })
}

fn new_server(identity: Identity, process: ProcessIdentity, lock: &OwnLock) -> NewServer {
    NewServer {
        id: identity.id,
        name: identity.name,
        address: identity.address,
        pid: process.pid,
        process_start: process.start,
        lock_path: lock.path().to_string_lossy().into_owned(),
    }
}

fn observe(shared: &Arc<Shared>) -> std::io::Result<Ticker> {
    let shared = Arc::clone(shared);
    Ticker::start("cairn-observer", shared.settings.heartbeat, move || {
        for (ghost, process) in shared.peers.observe(&shared.guard, shared.settings.lease) {
            end_if_in_the_way(&shared, &ghost, process);
        }
    })
}

/// The list of servers is read again and again, for ever: nobody depends on having seen a single event.
async fn rescan_for_ever(shared: Arc<Shared>) {
    let mut reachable = true;
    loop {
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
                let changes = shared.peers.reconcile(&servers);
                for peer in changes.joined {
                    tracing::info!(server = %peer.server, epoch = %peer.epoch, "a server joined");
                    shared.tell(ClusterEvent::PeerJoined { peer });
                }
                for peer in changes.left {
                    tracing::info!(server = %peer.server, epoch = %peer.epoch, "a server is gone");
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
        shared.pulse.beat();
        tokio::select! {
            () = shared.rescan.notified() => {}
            () = tokio::time::sleep(shared.settings.heartbeat) => {}
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
