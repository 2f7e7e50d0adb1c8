//! A process that was stopped while it held the store's write lock, and that no list of servers knows: a server before its
//! first registration, or a command of an operator. Nobody can suspect it by a heartbeat, and everybody would wait for it
//! for ever. What it has begun to write is not durable, so ending it loses nothing that anybody was told of.

use crate::lease::Moment;
use crate::process::ProcessIdentity;
use flow_store::Store;
use std::time::Duration;

/// Watches who holds the write lock.
#[derive(Debug, Default)]
pub(crate) struct StuckWriter {
    /// A stopped process that held it at each look since then.
    seen: Option<(ProcessIdentity, Moment)>,
}

impl StuckWriter {
    /// Looks once; ends a process that has been stopped with the lock in its hands for a lease.
    pub fn look(&mut self, store: &dyn Store, lease: Duration) {
        let now = Moment::now();
        let Some(process) = stopped_holder(store) else {
            self.seen = None;
            return;
        };
        match self.seen {
            Some((seen, since)) if seen == process => {
                if now.since(since) >= lease {
                    self.seen = None;
                    end(process);
                }
            }
            _ => self.seen = Some((process, now)),
        }
    }
}

fn stopped_holder(store: &dyn Store) -> Option<ProcessIdentity> {
    let pid = store.write_lock_holder()?.unsigned_abs();
    let process = ProcessIdentity::of(pid).ok().filter(|_| pid != std::process::id())?;
    process.is_stopped().then_some(process)
}

fn end(process: ProcessIdentity) {
    match process.kill() {
        Ok(true) => tracing::warn!(
            code = "cluster/killed-write-lock-holder",
            pid = process.pid,
            "a process was stopped while it held the database's write lock, for a lease; it was ended"
        ),
        Ok(false) => {}
        Err(error) => tracing::error!(
            code = "cluster/cannot-kill-write-lock-holder", pid = process.pid, %error,
            "a process was stopped while it held the database's write lock, and cannot be ended from here; continue it \
             (kill -CONT) or end it by hand"
        ),
    }
}
