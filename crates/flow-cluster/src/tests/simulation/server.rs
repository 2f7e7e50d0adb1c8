//! A simulated server: as `cairn serve` does, it joins, works, and joins again when others declared it dead.

use super::firing::Firing;
use super::lives::{LineOf, Locks, Network, Process};
use super::mistake::Mistake;
use super::work::{Work, attempt};
use super::world::{SOMEBODY, World};
use crate::{Dispatcher, DispatcherSettings, Identity, LeaseSettings, Membership};
use flow_store::{Durability, Level, LogEntry, NewRequest, Owner, RequestId, Store, event};
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// As servers have it by themselves.
const LEASE: LeaseSettings = LeaseSettings { heartbeat: Duration::from_millis(500), lease: Duration::from_secs(2) };
/// Who counts leases too short, if anybody does.
const HASTY: &str = "one";

struct Life {
    process: Arc<Process>,
    membership: Membership,
    dispatcher: Dispatcher,
    store: Arc<dyn Store>,
}

pub(super) struct Server {
    pub(super) name: &'static str,
    world: Arc<World>,
    locks: Arc<Locks>,
    network: Arc<Network>,
    stopped: watch::Sender<bool>,
    life: Mutex<Option<Life>>,
    /// Cancelled when the process ends, by whatever.
    process: Mutex<Option<(Arc<Process>, CancellationToken)>>,
    /// Its process is about to end, and cannot be started again before.
    leaving: AtomicBool,
}

impl Server {
    pub(super) fn new(name: &'static str, world: &Arc<World>, locks: &Arc<Locks>, network: &Arc<Network>) -> Arc<Self> {
        Arc::new(Self {
            name,
            world: Arc::clone(world),
            locks: Arc::clone(locks),
            network: Arc::clone(network),
            stopped: watch::Sender::new(false),
            life: Mutex::default(),
            process: Mutex::default(),
            leaving: AtomicBool::new(false),
        })
    }

    /// Starts its process, unless that runs.
    pub(super) fn start(self: &Arc<Self>) {
        let mut running = self.process.lock();
        if running.is_some() || self.leaving.load(Ordering::SeqCst) {
            return;
        }
        let process = Arc::new(Process {
            world: Arc::clone(&self.world),
            locks: Arc::clone(&self.locks),
            name: self.name.to_owned(),
            stopped: self.stopped.subscribe(),
            dead: AtomicBool::new(false),
            network: Arc::clone(&self.network),
        });
        let ended = CancellationToken::new();
        *running = Some((Arc::clone(&process), ended.clone()));
        self.world.tell(format!("{} starts", self.name));
        tokio::spawn(ended.run_until_cancelled_owned(live_for_ever(Arc::clone(self), process)));
    }

    /// SIGKILL.
    pub(super) fn kill(&self) {
        let Some((process, ended)) = self.process.lock().take() else { return };
        self.world.tell(format!("{} is killed", self.name));
        process.kill();
        ended.cancel();
        let life = self.life.lock().take();
        drop(life);
        self.stopped.send_replace(false);
    }

    /// SIGSTOP, or SIGCONT.
    pub(super) fn stop(&self, stopped: bool) {
        self.world.tell(format!("{} {}", self.name, if stopped { "is stopped" } else { "goes on" }));
        self.stopped.send_replace(stopped);
    }

    pub(super) fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    /// SIGTERM: it finishes or gives back what it has, and ends.
    pub(super) async fn leave(&self) {
        let running = self.process.lock().take();
        let Some((process, ended)) = running else { return };
        self.world.tell(format!("{} leaves", self.name));
        self.leaving.store(true, Ordering::SeqCst);
        ended.cancel();
        let life = self.life.lock().take();
        if let Some(life) = life {
            let _ = life.membership.drain().await;
            life.dispatcher.stop(Duration::from_millis(self.world.draw(0..400))).await;
            let left = life.membership.leave().await;
            self.world.tell(format!("{} has left: {}", self.name, left.is_ok()));
        }
        process.kill();
        self.leaving.store(false, Ordering::SeqCst);
    }

    pub(super) fn owner(&self) -> Option<Owner> {
        self.life.lock().as_ref().map(|life| life.membership.owner().clone())
    }

    /// Makes a request as the API does: its own where there is room, else queued.
    pub(super) async fn create(&self, new: NewRequest) -> bool {
        let (store, dispatcher, owner) = {
            let life = self.life.lock();
            let Some(life) = life.as_ref() else { return false };
            (Arc::clone(&life.store), life.dispatcher.clone(), life.membership.owner().clone())
        };
        let slot = dispatcher.reserve();
        let owner = slot.is_some().then_some(owner);
        let key = new.idempotency_key.clone();
        let Ok(created) = store.create_request(new, owner).await else { return false };
        self.world.made(key, created.request.id);
        let runs = created.new && created.request.state == flow_store::RequestState::Running;
        match slot {
            Some(slot) if runs => slot.run(created.request, Durability::ALREADY),
            _ => dispatcher.wake(),
        }
        true
    }

    /// Somebody asks this server to change a request.
    pub(super) async fn change(&self, id: RequestId, what: u64) {
        let (store, dispatcher, owner) = {
            let life = self.life.lock();
            let Some(life) = life.as_ref() else { return };
            (Arc::clone(&life.store), life.dispatcher.clone(), life.membership.owner().clone())
        };
        self.world.touched(id);
        let done = match what {
            0 => store.cancel(id, SOMEBODY).await,
            1 => {
                mark_stalled(store.as_ref(), id).await;
                store.take_from(id, &owner, SOMEBODY).await
            }
            _ => store.re_execute(id, &owner, SOMEBODY, None).await,
        };
        self.world.tell(format!("somebody changes request {id} at {}: {what} {}", self.name, done.is_ok()));
        if let (0, Ok(request)) = (what, &done) {
            dispatcher.end_before(id, request.fence);
        }
        dispatcher.wake();
    }
}

/// Marks what runs as stalled, as its owner does before anybody may take it.
async fn mark_stalled(store: &dyn Store, id: RequestId) {
    let Ok(request) = store.get(id).await else { return };
    let entry = LogEntry {
        at: store.now(),
        attempt: request.attempt,
        server: "".into(),
        level: Level::Warning,
        component: None,
        event: event::STALLED.into(),
        message: String::new(),
    };
    let _ = store.mark_stalled(id, request.fence, Some(request.updated), entry).await;
}

async fn live_for_ever(server: Arc<Server>, process: Arc<Process>) {
    let store: Arc<dyn Store> = Arc::new(server.world.store.over(Arc::new(LineOf(Arc::clone(&process)))));
    loop {
        process.runs().await;
        let identity = Identity {
            id: super::super::id(server.name),
            name: server.name.to_owned(),
            address: format!("http://{}", server.name),
        };
        let hasty = server.name == HASTY && server.world.makes(Mistake::LeaseCountedTooShort);
        let lease = LeaseSettings { lease: if hasty { LEASE.lease / 2 } else { LEASE.lease }, ..LEASE };
        let joined = Membership::join(Arc::clone(&store), Path::new("/"), identity, lease).await;
        let Ok(membership) = joined else {
            crate::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        let ended = membership.ended();
        server.world.tell(format!("{} joins", membership.owner()));
        let mut settings = DispatcherSettings { concurrency: 8, ..DispatcherSettings::default() };
        if server.world.makes(Mistake::NobodyAttends) {
            settings.unattended_check = Duration::from_secs(1_000_000);
        }
        let work = Work {
            world: Arc::clone(&server.world),
            process: Arc::clone(&process),
            store: Arc::clone(&store),
            guard: membership.guard(),
            owner: membership.owner().clone(),
        };
        let dispatcher = Dispatcher::start(Arc::clone(&store), &membership, settings, move |request, _, cancel| {
            attempt(work.clone(), request, cancel)
        });
        let firing = Firing {
            world: Arc::clone(&server.world),
            process: Arc::clone(&process),
            dispatcher: dispatcher.clone(),
            guard: membership.guard(),
            owner: membership.owner().clone(),
        };
        tokio::spawn(firing.fire_for_ever());
        let (process, store) = (Arc::clone(&process), Arc::clone(&store));
        *server.life.lock() = Some(Life { process, membership, dispatcher, store });
        ended.cancelled().await;
        let old = server.life.lock().take();
        if let Some(old) = &old {
            server.world.tell(format!("{} was declared dead", old.membership.owner()));
            old.dispatcher.stop(Duration::ZERO).await;
            debug_assert!(!old.process.is_dead());
        }
        drop(old);
    }
}
