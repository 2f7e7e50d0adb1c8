//! How servers see each other live on PostgreSQL.
//!
//! Each life of a server holds an advisory lock in a session that does nothing else, so that the database notices at once
//! when the process has ended, and frees it. Another session waits for the lock of the *next* living server only: each
//! death is seen at once by one server, and within a heartbeat by all others, who look at who holds what when they beat.
//!
//! A free lock alone is no death: the session may have been ended while its server lives. So a lock counts as free for good
//! only when its heartbeat stands still for a moment, too, and only for an observer whose own session has lasted for a
//! lease: a database that restarts frees all locks at once. Hangs, partitions and lost hosts are left to the lease.
//!
//! Behind a pooler that shares sessions between clients such locks mean nothing. That is found out when a life begins;
//! then the lease alone is used.

mod hold;
mod own;
mod ring;
mod sessions;
mod watched;

use crate::connect::Connector;
use flow_store::{Liveness, NewLife, OwnLife, PeerLife};
use own::Life;
use sessions::Sessions;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use tokio::runtime::{Builder, Handle, Runtime};
use watched::{Peer, Watched};

/// What a lock's name begins with where the lock is held.
const HELD: &str = "postgres:";
/// What it begins with where only the heartbeat counts.
const LEASE_ALONE: &str = "postgres-lease:";

/// The servers of a cluster that share a database, as this process sees them.
pub(crate) struct PostgresLiveness {
    connector: Connector,
    /// The name of this process's sessions.
    name: String,
    watched: Arc<Watched>,
    runtime: Option<Runtime>,
}

impl PostgresLiveness {
    /// Watches nobody yet. What it does runs on a thread of its own: neither a busy server nor a waiting one may look dead.
    pub(crate) fn new(connector: Connector, name: String) -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("postgres-liveness").enable_all().build()?;
        Ok(Self { connector, name, watched: Arc::default(), runtime: Some(runtime) })
    }

    fn handle(&self) -> io::Result<&Handle> {
        let ended = || io::Error::other("the store is closing");
        self.runtime.as_ref().map(Runtime::handle).ok_or_else(ended)
    }
}

impl Drop for PostgresLiveness {
    fn drop(&mut self) {
        // A runtime must not wait for its end where others run.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Liveness for PostgresLiveness {
    fn begin(&self, life: NewLife) -> io::Result<Arc<dyn OwnLife>> {
        let handle = self.handle()?.clone();
        let sessions = Sessions::new(self.connector.clone(), Arc::clone(&self.watched), life.lease);
        Ok(Arc::new(Life::begin(&handle, sessions, &self.name, life)?))
    }

    fn look(&self, lock: &str) -> io::Result<Arc<dyn PeerLife>> {
        let parsed = Lock::parse(lock).ok_or_else(|| {
            io::Error::new(ErrorKind::NotFound, "this is no lock of a server on this database: it ran on another one")
        })?;
        Ok(Arc::new(Peer::new(parsed, Arc::clone(&self.watched), self.connector.clone(), self.handle()?.clone())))
    }
}

/// The lock of a life of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Lock {
    /// Its number in the database.
    number: i64,
    /// Whether it is held, or stands for a heartbeat alone.
    is_held: bool,
}

impl Lock {
    fn random(is_held: bool) -> Self {
        Self { number: rand::random(), is_held }
    }

    /// The lock as it stands in a server's row, with the name of the process's sessions.
    fn with_name(self, name: &str) -> String {
        format!("{}{:016x}:{name}", if self.is_held { HELD } else { LEASE_ALONE }, self.number)
    }

    fn parse(text: &str) -> Option<Self> {
        let (is_held, rest) = match text.strip_prefix(HELD) {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix(LEASE_ALONE)?),
        };
        let (number, _) = rest.split_once(':')?;
        let number = u64::from_str_radix(number, 16).ok()?;
        Some(Self { number: number.cast_signed(), is_held })
    }
}

/// The name of the sessions of a life of a server, from its lock.
pub(crate) fn sessions_of(lock: &str) -> Option<&str> {
    // Behind a pooler sessions may be those of anybody.
    lock.strip_prefix(HELD)?.split_once(':').map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_known_by_its_text() {
        for is_held in [true, false] {
            let lock = Lock::random(is_held);
            let text = lock.with_name("cairn-1");
            assert_eq!(Lock::parse(&text), Some(lock), "{text}");
            assert_eq!(sessions_of(&text), is_held.then_some("cairn-1"));
        }
        for other in ["", "/var/lib/cairn/one.lock", "postgres:", "postgres:xyz:name", "postgres:12"] {
            assert_eq!(Lock::parse(other), None, "{other}");
        }
    }
}
