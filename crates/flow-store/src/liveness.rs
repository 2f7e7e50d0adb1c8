//! How servers see each other live: each holds a lock for as long as it lives, whose end the others learn of at once, and
//! counts a heartbeat up where they can read it.

use crate::ServerId;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// A life of a server that begins.
pub struct NewLife {
    /// The server.
    pub server: ServerId,
    /// Its process.
    pub pid: u32,
    /// The kernel's start time of that process.
    pub process_start: u64,
    /// How long a heartbeat stands still until the server is suspected.
    pub lease: Duration,
    /// Called when the lock may have been free for a moment, although this server lives: others may take it for dead.
    pub doubt: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for NewLife {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewLife").field("server", &self.server).field("lease", &self.lease).finish_non_exhaustive()
    }
}

/// The way in which the servers of a cluster see each other live.
pub trait Liveness: Send + Sync {
    /// Takes the lock of a new life, which is held until the answer is dropped. Blocks for a moment.
    fn begin(&self, life: NewLife) -> io::Result<Arc<dyn OwnLife>>;

    /// Looks at the life of a server by its lock ([`crate::NewServer::lock_path`]). Does not block.
    ///
    /// Fails with `NotFound` where there is no such lock, and so nobody who could hold it.
    fn look(&self, lock: &str) -> io::Result<Arc<dyn PeerLife>>;
}

/// The life of this very server.
pub trait OwnLife: Send + Sync {
    /// By what the others find the lock ([`crate::NewServer::lock_path`]).
    fn lock(&self) -> &str;

    /// Shows the heartbeat; the others see it once this is done. Blocks for a moment. Fails when they cannot see it.
    fn beat(&self, counter: u64) -> io::Result<()>;
}

/// The life of another server.
pub trait PeerLife: Send + Sync {
    /// Blocks until the lock is free for good: until the process that held it has ended. Needs a thread of its own.
    fn wait_until_over(&self) -> io::Result<()>;

    /// Whether nobody holds the lock at this moment. Blocks for a moment.
    fn is_over(&self) -> bool;

    /// The heartbeat counter as it was last seen. Only whether it changes matters.
    fn heartbeat(&self) -> io::Result<u64>;
}
