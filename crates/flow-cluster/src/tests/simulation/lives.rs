//! How simulated servers see each other live, and their line to the store.

use super::world::World;
use async_trait::async_trait;
use flow_store::{Line, Liveness, NewLife, OwnLife, PeerLife, StoreError};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// All locks of the cluster, by their names.
#[derive(Default)]
pub(super) struct Locks(Mutex<BTreeMap<String, Arc<Lock>>>);

#[derive(Default)]
struct Lock {
    free: AtomicBool,
    heartbeat: AtomicU64,
}

/// One life of a server's process: its line to the store, and whether it still goes on.
pub(super) struct Process {
    pub(super) world: Arc<World>,
    pub(super) locks: Arc<Locks>,
    pub(super) name: String,
    /// Stopped, as by SIGSTOP.
    pub(super) stopped: watch::Receiver<bool>,
    pub(super) dead: AtomicBool,
    pub(super) network: Arc<Network>,
}

/// What is wrong between the servers and the database.
#[derive(Default)]
pub(super) struct Network {
    pub(super) out: AtomicBool,
    /// So many of a thousand questions or answers are lost.
    pub(super) loses: AtomicU64,
    /// So many milliseconds each way at most.
    pub(super) slow: AtomicU64,
}

impl Process {
    /// Goes on once the process runs; never, if it is dead.
    pub(super) async fn runs(&self) {
        // (Those who wait for a watch are woken in an order that chance decides.)
        while *self.stopped.borrow() && !self.is_dead() {
            crate::time::sleep(Duration::from_millis(10)).await;
        }
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    pub(super) fn kill(&self) {
        self.dead.store(true, Ordering::SeqCst);
        for (name, lock) in self.locks.0.lock().iter() {
            if name.starts_with(&format!("{}/", self.name)) {
                lock.free.store(true, Ordering::SeqCst);
            }
        }
    }

    async fn way(&self) -> Result<(), StoreError> {
        let slow = self.network.slow.load(Ordering::SeqCst);
        self.world.pause(0..slow.max(1) + 1).await;
        if self.network.out.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable("an outage"));
        }
        if self.world.happens(self.network.loses.load(Ordering::SeqCst)) {
            return Err(StoreError::unavailable("lost on the way"));
        }
        Ok(())
    }
}

/// The end of the line at a process.
pub(super) struct LineOf(pub(super) Arc<Process>);

#[async_trait]
impl Line for LineOf {
    async fn there(&self) -> Result<(), StoreError> {
        // Whoever is stopped asks nothing; what a dead one has asked already may still arrive.
        self.0.runs().await;
        self.0.way().await
    }

    async fn back(&self) -> Result<(), StoreError> {
        let arrived = self.0.way().await;
        self.0.runs().await;
        arrived
    }

    fn liveness(&self) -> Option<Arc<dyn Liveness>> {
        Some(Arc::new(LivesOf(Arc::clone(&self.0))))
    }
}

struct LivesOf(Arc<Process>);

impl Liveness for LivesOf {
    fn begin(&self, _: NewLife) -> io::Result<Arc<dyn OwnLife>> {
        let mut locks = self.0.locks.0.lock();
        let (name, lock) = (format!("{}/{}", self.0.name, locks.len()), Arc::<Lock>::default());
        locks.insert(name.clone(), Arc::clone(&lock));
        Ok(Arc::new(Own { process: Arc::clone(&self.0), name, lock }))
    }

    fn look(&self, lock: &str) -> io::Result<Arc<dyn PeerLife>> {
        let locks = self.0.locks.0.lock();
        let lock = locks.get(lock).ok_or_else(|| io::Error::from(ErrorKind::NotFound))?;
        Ok(Arc::new(Peer(Arc::clone(lock))))
    }
}

struct Own {
    process: Arc<Process>,
    name: String,
    lock: Arc<Lock>,
}

impl OwnLife for Own {
    fn lock(&self) -> &str {
        &self.name
    }

    fn beat(&self, counter: u64) -> io::Result<()> {
        if self.process.is_dead() || *self.process.stopped.borrow() {
            return Err(io::Error::other("this process does not run"));
        }
        self.lock.heartbeat.store(counter, Ordering::SeqCst);
        Ok(())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.lock.free.store(true, Ordering::SeqCst);
    }
}

struct Peer(Arc<Lock>);

impl PeerLife for Peer {
    fn wait_until_over(&self) -> io::Result<()> {
        Err(io::Error::other("nothing blocks in virtual time"))
    }

    fn is_over(&self) -> bool {
        self.0.free.load(Ordering::SeqCst)
    }

    fn heartbeat(&self) -> io::Result<u64> {
        Ok(self.0.heartbeat.load(Ordering::SeqCst))
    }
}
