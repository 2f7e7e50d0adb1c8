//! The lease: how long a server may stay silent, and the clock it is measured on.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// How often a server shows that it lives, and after how much silence others may take its requests over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseSettings {
    /// Time from one heartbeat to the next.
    pub heartbeat: Duration,
    /// A server whose heartbeat stood still for this long is suspected by the others.
    pub lease: Duration,
}

impl Default for LeaseSettings {
    fn default() -> Self {
        Self { heartbeat: Duration::from_millis(500), lease: Duration::from_secs(2) }
    }
}

impl LeaseSettings {
    /// How long after sending its last heartbeat a server may still act: 75% of a lease, so that it has stopped
    /// before anybody else starts.
    pub fn may_act_for(&self) -> Duration {
        self.lease * 3 / 4
    }

    /// Time from one look at the others' heartbeats to the next. Short beside a heartbeat: what falls between two looks
    /// delays a takeover.
    pub(crate) fn look(&self) -> Duration {
        self.heartbeat / 5
    }

    /// How long a server's own tasks may stand still, while it is awake, before it stops its heartbeat.
    pub(crate) fn standstill(&self) -> Duration {
        self.lease * 3
    }

    /// The longest gap between two own heartbeats after which an observer still trusts its own view of the others.
    pub(crate) fn steady_gap(&self) -> Duration {
        (self.heartbeat * 2).min(self.may_act_for())
    }
}

/// A moment on this machine's CLOCK_BOOTTIME, which also runs while the machine sleeps. It is never compared with
/// a moment of another machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Duration);

impl Moment {
    /// Now.
    pub fn now() -> Self {
        #[cfg(test)]
        if let Some(virtual_time) = crate::tests::simulation::time::now() {
            return Self(virtual_time);
        }
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
        Self(Duration::new(seconds, nanos))
    }

    /// Time since an earlier moment; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// Nanoseconds since the machine started.
    pub fn nanos(self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }

    /// The moment that [`Self::nanos`] was read from.
    pub fn from_nanos(nanos: u64) -> Self {
        Self(Duration::from_nanos(nanos))
    }

    #[cfg(test)]
    pub fn after(self, time: Duration) -> Self {
        Self(self.0 + time)
    }
}
