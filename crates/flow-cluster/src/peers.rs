//! The other servers that are alive, and the two ways to notice that one is not: its lock was freed (it ended), or its
//! heartbeat stood still for a lease (it hangs).
//!
//! A server that hung and lost its requests is watched on as a *ghost* until its process has ended or joined anew: it
//! may wake up, begin a write that changes nothing any more, and hang again in the middle of it.

use crate::guard::Guard;
use crate::lease::Moment;
use crate::observation::Observation;
use crate::process::ProcessIdentity;
use flow_store::{Liveness, Owner, PeerLife, Server, ServerState};
use parking_lot::Mutex;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// A peer seems to be gone.
#[derive(Debug, Clone)]
pub(crate) struct Loss {
    /// Which server, in which epoch.
    pub peer: Owner,
    /// How it was noticed.
    pub sign: Sign,
}

/// How the loss of a peer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// The kernel freed its lock: the process has ended.
    LockFreed,
    /// Its heartbeat stood still for one lease: this process may hang.
    Silent(ProcessIdentity),
}

/// The peers that are watched at this time.
pub(crate) struct Peers {
    own: Owner,
    liveness: Arc<dyn Liveness>,
    watched: Mutex<Watched>,
    losses: UnboundedSender<Loss>,
}

#[derive(Default)]
struct Watched {
    living: BTreeMap<Owner, Peer>,
    /// Epochs that are over, whose lock is still held.
    ghosts: BTreeMap<Owner, Peer>,
    /// Epochs whose lock was seen free.
    buried: BTreeSet<Owner>,
}

struct Peer {
    /// What the server was called when it was first seen.
    name: String,
    lock: String,
    /// Looked at as soon as it can be.
    life: Option<Arc<dyn PeerLife>>,
    process: ProcessIdentity,
    observation: Observation,
    /// Silent at the last look. Ends when it beats again before anybody took its requests over.
    suspected: bool,
}

/// Who came and who went between two looks at the list of servers.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Servers seen for the first time.
    pub joined: Vec<Owner>,
    /// Servers that are no longer alive.
    pub left: Vec<Owner>,
}

impl Peers {
    /// Watches nobody yet. Losses are told to `losses`.
    pub fn new(own: Owner, liveness: Arc<dyn Liveness>, losses: UnboundedSender<Loss>) -> Self {
        Self { own, liveness, watched: Mutex::default(), losses }
    }

    /// Brings the watched peers in line with the list of servers.
    pub fn reconcile(&self, servers: &[Server]) -> Changes {
        let (over, living): (Vec<&Server>, Vec<&Server>) = servers
            .iter()
            .filter(|server| server.id != self.own.server)
            .partition(|server| server.state == ServerState::Terminated);
        let mut watched = self.watched.lock();
        let mut changes = Changes::default();
        let alive: BTreeSet<Owner> = living.iter().map(|server| server.owner()).collect();
        let gone = watched.living.extract_if(.., |peer, _| !alive.contains(peer)).collect::<Vec<_>>();
        for (owner, peer) in gone {
            watched.haunt(owner.clone(), peer);
            changes.left.push(owner);
        }
        for server in living {
            if let Entry::Vacant(place) = watched.living.entry(server.owner()) {
                changes.joined.push(place.key().clone());
                place.insert(Peer::new(server));
            }
        }
        for server in over {
            watched.haunt(server.owner(), Peer::new(server));
        }
        watched.look(self.liveness.as_ref(), &self.losses);
        changes
    }

    /// Looks at every peer's heartbeat once. The answer is the processes of ghosts that are silent at this time.
    pub fn observe(&self, guard: &Guard, lease: Duration) -> Vec<(Owner, ProcessIdentity)> {
        let mut watched = self.watched.lock();
        watched.look(self.liveness.as_ref(), &self.losses);
        for (owner, peer) in &mut watched.living {
            if peer.falls_silent(guard, lease) {
                let loss = Loss { peer: owner.clone(), sign: Sign::Silent(peer.process) };
                // Nobody listens any more only when this server itself is leaving.
                let _ = self.losses.send(loss);
            }
        }
        let ghosts = watched.ghosts.iter_mut().filter(|(_, ghost)| ghost.life.is_some());
        ghosts
            .filter_map(|(owner, ghost)| ghost.is_silent(guard, lease).then(|| (owner.clone(), ghost.process)))
            .collect()
    }

    /// Whether the loss still holds: nobody has dealt with it, and a silent peer has not beaten again.
    pub fn still_lost(&self, loss: &Loss) -> bool {
        let watched = self.watched.lock();
        watched.living.get(&loss.peer).is_some_and(|peer| loss.sign == Sign::LockFreed || peer.suspected)
    }

    /// Whether a thread waits for the peer's lock.
    #[cfg(test)]
    pub fn watches(&self, peer: &Owner) -> bool {
        self.watched.lock().living.get(peer).is_some_and(|peer| peer.life.is_some())
    }

    /// What a peer that is watched is called, for the log; its id if it is no longer watched.
    pub fn name(&self, peer: &Owner) -> String {
        let watched = self.watched.lock();
        let known = watched.living.get(peer).or_else(|| watched.ghosts.get(peer));
        known.map_or_else(|| peer.server.to_string(), |known| known.name.clone())
    }

    /// The peer's epoch is over: it is watched only as a ghost.
    pub fn forget(&self, peer: &Owner) {
        let mut watched = self.watched.lock();
        if let Some((owner, gone)) = watched.living.remove_entry(peer) {
            watched.haunt(owner, gone);
        }
    }

    /// The peer's lock was freed: once its epoch is over, there is nothing left to watch.
    pub fn lock_freed(&self, peer: &Owner) {
        let mut watched = self.watched.lock();
        watched.ghosts.remove(peer);
        watched.buried.insert(peer.clone());
    }
}

impl Watched {
    /// From here on the peer is a ghost, unless its lock was seen free already.
    fn haunt(&mut self, owner: Owner, peer: Peer) {
        if !self.buried.contains(&owner) {
            self.ghosts.entry(owner).or_insert(peer);
        }
    }

    fn look(&mut self, liveness: &dyn Liveness, losses: &UnboundedSender<Loss>) {
        for (owner, peer) in &mut self.living {
            if let Err(error) = peer.look(owner, liveness, losses) {
                // The lease decides: a lock that cannot be seen for that long has no server behind it.
                tracing::warn!(lock = peer.lock, %error, "the lock of a server cannot be seen");
            }
        }
        // Behind a lock that is not there nobody can see a process.
        let removed = |error: &std::io::Error| error.kind() == ErrorKind::NotFound;
        let unseen = self
            .ghosts
            .extract_if(.., |owner, ghost| ghost.look(owner, liveness, losses).is_err_and(|error| removed(&error)));
        self.buried.extend(unseen.map(|(owner, _)| owner));
    }
}

impl Peer {
    fn new(server: &Server) -> Self {
        Self {
            name: server.name.clone(),
            lock: server.lock_path.clone(),
            life: None,
            process: ProcessIdentity { pid: server.pid, start: server.process_start },
            observation: Observation::starting(Moment::now()),
            suspected: false,
        }
    }

    /// Looks at the lock and lets a thread wait for it, if that has not been done.
    fn look(&mut self, owner: &Owner, liveness: &dyn Liveness, losses: &UnboundedSender<Loss>) -> std::io::Result<()> {
        if self.life.is_none() {
            let life = liveness.look(&self.lock)?;
            wait_in_thread(owner.clone(), Arc::clone(&life), losses.clone())?;
            self.life = Some(life);
        }
        Ok(())
    }

    /// Looks at the heartbeat once: whether the peer is silent now and was not at the last look.
    fn falls_silent(&mut self, guard: &Guard, lease: Duration) -> bool {
        let was_suspected = std::mem::replace(&mut self.suspected, false);
        self.suspected = self.is_silent(guard, lease);
        self.suspected && !was_suspected
    }

    fn is_silent(&mut self, guard: &Guard, lease: Duration) -> bool {
        let heartbeat = self.life.as_ref().and_then(|life| life.heartbeat().ok());
        let now = Moment::now();
        self.observation.suspects(now, heartbeat, guard.steady_since(now), lease)
    }
}

/// One waiting thread a peer: the kernel wakes it the moment that the peer's process has ended.
fn wait_in_thread(peer: Owner, life: Arc<dyn PeerLife>, losses: UnboundedSender<Loss>) -> std::io::Result<()> {
    #[cfg(test)]
    if crate::tests::simulation::time::now().is_some() {
        // In virtual time there are no threads, and a freed lock is noticed some moments late.
        tokio::spawn(async move {
            while !life.is_over() {
                crate::time::sleep(Duration::from_millis(50)).await;
            }
            let _ = losses.send(Loss { peer, sign: Sign::LockFreed });
        });
        return Ok(());
    }
    thread::Builder::new().name("cairn-peer".to_owned()).stack_size(128 * 1024).spawn(move || {
        match life.wait_until_over() {
            Ok(()) => {
                let _ = losses.send(Loss { peer, sign: Sign::LockFreed });
            }
            Err(error) => {
                tracing::error!(%error, "cannot wait for the lock of a server; only its heartbeat is watched")
            }
        }
    })?;
    Ok(())
}
