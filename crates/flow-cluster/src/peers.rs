//! The other servers that are alive, and the two ways to notice that one is not: its lock was freed (it ended), or its
//! heartbeat stood still for a lease (it hangs).

use crate::guard::Guard;
use crate::lease::Moment;
use crate::lock_file::PeerLock;
use crate::observation::Observation;
use crate::process::ProcessIdentity;
use flow_store::{Owner, Server, ServerState};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::path::PathBuf;
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
    watched: Mutex<HashMap<Owner, Peer>>,
    losses: UnboundedSender<Loss>,
}

struct Peer {
    path: PathBuf,
    /// Opened as soon as it can be.
    lock: Option<Arc<PeerLock>>,
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
    pub fn new(own: Owner, losses: UnboundedSender<Loss>) -> Self {
        Self { own, watched: Mutex::default(), losses }
    }

    /// Brings the watched peers in line with the list of servers.
    pub fn reconcile(&self, servers: &[Server]) -> Changes {
        let living: HashMap<Owner, &Server> = servers
            .iter()
            .filter(|server| server.state != ServerState::Terminated && server.id != self.own.server)
            .map(|server| (server.owner(), server))
            .collect();
        let mut watched = self.watched.lock();
        let mut changes = Changes::default();
        watched.retain(|peer, _| {
            let stays = living.contains_key(peer);
            if !stays {
                changes.left.push(peer.clone());
            }
            stays
        });
        for (owner, server) in living {
            if !watched.contains_key(&owner) {
                watched.insert(owner.clone(), Peer::new(server));
                changes.joined.push(owner);
            }
        }
        for (owner, peer) in watched.iter_mut() {
            peer.open(owner, &self.losses);
        }
        changes
    }

    /// Looks at every peer's heartbeat once.
    pub fn observe(&self, guard: &Guard, lease: Duration) {
        for (owner, peer) in self.watched.lock().iter_mut() {
            peer.open(owner, &self.losses);
            let was_suspected = std::mem::replace(&mut peer.suspected, false);
            peer.suspected = peer.is_silent(guard, lease);
            if peer.suspected && !was_suspected {
                let loss = Loss { peer: owner.clone(), sign: Sign::Silent(peer.process) };
                // Nobody listens any more only when this server itself is leaving.
                let _ = self.losses.send(loss);
            }
        }
    }

    /// Whether the loss still holds: nobody has dealt with it, and a silent peer has not beaten again.
    pub fn still_lost(&self, loss: &Loss) -> bool {
        let watched = self.watched.lock();
        watched.get(&loss.peer).is_some_and(|peer| loss.sign == Sign::LockFreed || peer.suspected)
    }

    /// Whether a thread waits for the peer's lock.
    #[cfg(test)]
    pub fn watches(&self, peer: &Owner) -> bool {
        self.watched.lock().get(peer).is_some_and(|peer| peer.lock.is_some())
    }

    /// The peer is dead: it is watched no longer.
    pub fn forget(&self, peer: &Owner) {
        self.watched.lock().remove(peer);
    }
}

impl Peer {
    fn new(server: &Server) -> Self {
        Self {
            path: PathBuf::from(&server.lock_path),
            lock: None,
            process: ProcessIdentity { pid: server.pid, start: server.process_start },
            observation: Observation::starting(Moment::now()),
            suspected: false,
        }
    }

    /// Opens the lock file and lets a thread wait on it, if that has not been done.
    fn open(&mut self, owner: &Owner, losses: &UnboundedSender<Loss>) {
        if self.lock.is_some() {
            return;
        }
        match PeerLock::open(&self.path) {
            Ok(lock) => {
                let lock = Arc::new(lock);
                match wait_in_thread(owner.clone(), Arc::clone(&lock), losses.clone()) {
                    Ok(()) => self.lock = Some(lock),
                    Err(error) => tracing::error!(%error, "no thread could be started to watch a server; trying again"),
                }
            }
            // The lease decides: a file that cannot be seen for that long has no server behind it.
            Err(error) => {
                tracing::warn!(file = %self.path.display(), %error, "the lock file of a server cannot be opened")
            }
        }
    }

    fn is_silent(&mut self, guard: &Guard, lease: Duration) -> bool {
        let heartbeat = self.lock.as_ref().and_then(|lock| lock.heartbeat().ok());
        let now = Moment::now();
        self.observation.suspects(now, heartbeat, guard.steady_since(now), lease)
    }
}

/// One waiting thread a peer: the kernel wakes it the moment that the peer's process has ended.
fn wait_in_thread(peer: Owner, lock: Arc<PeerLock>, losses: UnboundedSender<Loss>) -> std::io::Result<()> {
    thread::Builder::new().name("cairn-peer".to_owned()).stack_size(128 * 1024).spawn(move || {
        match lock.wait_until_free() {
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
