//! Whether this server's own work goes on.
//!
//! The heartbeat has a thread of its own, so that load cannot make a server look dead. For the same reason it would go
//! on in a server whose other threads are stuck for good, and that server would report itself alive while applying
//! nothing. So the heart stops when the pulse has not been felt for long.

use crate::lease::Moment;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// When the server's own tasks last came round.
#[derive(Debug)]
pub(crate) struct Pulse(AtomicU64);

/// Until the first round, which may be late for good reasons: joining waits for the database.
const NOT_YET: u64 = u64::MAX;

impl Pulse {
    /// A pulse that nobody expects yet.
    pub fn new() -> Self {
        Self(AtomicU64::new(NOT_YET))
    }

    /// The tasks have come round once more.
    pub fn beat(&self) {
        self.0.store(Moment::now().nanos(), Ordering::Release);
    }

    /// Whether the tasks have not come round for `limit`.
    pub fn has_stopped(&self, now: Moment, limit: Duration) -> bool {
        let last = self.0.load(Ordering::Acquire);
        last != NOT_YET && now.since(Moment::from_nanos(last)) > limit
    }
}
