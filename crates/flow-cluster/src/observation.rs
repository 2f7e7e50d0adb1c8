//! What one server knows of another's heartbeat: the observer's half of the lease.

use crate::lease::Moment;
use std::time::Duration;

/// How long a peer's heartbeat counter has stood still, on the observer's own clock. No clocks are compared.
#[derive(Debug, Clone)]
pub(crate) struct Observation {
    last: Option<u64>,
    changed: Moment,
}

impl Observation {
    /// Starts to observe now, with the full lease ahead of the peer.
    pub fn starting(now: Moment) -> Self {
        Self { last: None, changed: now }
    }

    /// When the counter was last seen to change.
    #[cfg(test)]
    pub fn changed(&self) -> u64 {
        self.changed.nanos()
    }

    /// Takes in what was read (`None`: nothing could be read) and says whether the peer is to be suspected: its
    /// counter stood still for one lease during which all of the observer's own heartbeats succeeded.
    /// `steady_since` is since when those have; `None` if they do not.
    pub fn suspects(
        &mut self,
        now: Moment,
        heartbeat: Option<u64>,
        steady_since: Option<Moment>,
        lease: Duration,
    ) -> bool {
        if heartbeat.is_some() && heartbeat != self.last {
            self.last = heartbeat;
            self.changed = now;
            return false;
        }
        let Some(steady_since) = steady_since else { return false };
        now.since(self.changed.max(steady_since)) >= lease
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(2);

    fn seconds(start: Moment, tenths: u64) -> Moment {
        start.after(Duration::from_millis(tenths * 100))
    }

    #[test]
    fn a_counter_that_stands_still_for_one_lease_is_suspected() {
        let start = Moment::now();
        let mut peer = Observation::starting(start);
        assert!(!peer.suspects(seconds(start, 5), Some(7), Some(start), LEASE));
        assert!(!peer.suspects(seconds(start, 24), Some(7), Some(start), LEASE));
        assert!(peer.suspects(seconds(start, 25), Some(7), Some(start), LEASE));
    }

    #[test]
    fn a_counter_that_moves_is_never_suspected_however_rarely_one_looks() {
        let start = Moment::now();
        let mut peer = Observation::starting(start);
        assert!(!peer.suspects(seconds(start, 50), Some(7), Some(start), LEASE));
        assert!(!peer.suspects(seconds(start, 100), Some(8), Some(start), LEASE));
    }

    #[test]
    fn nobody_is_suspected_while_the_observer_itself_could_not_beat() {
        let start = Moment::now();
        let mut peer = Observation::starting(start);
        assert!(!peer.suspects(seconds(start, 0), Some(7), Some(start), LEASE));
        assert!(!peer.suspects(seconds(start, 60), Some(7), None, LEASE));
        let woke = seconds(start, 60);
        assert!(!peer.suspects(seconds(start, 79), Some(7), Some(woke), LEASE));
        assert!(peer.suspects(seconds(start, 80), Some(7), Some(woke), LEASE));
    }

    #[test]
    fn a_lock_file_that_is_gone_counts_as_silence() {
        let start = Moment::now();
        let mut peer = Observation::starting(start);
        assert!(!peer.suspects(seconds(start, 19), None, Some(start), LEASE));
        assert!(peer.suspects(seconds(start, 20), None, Some(start), LEASE));
    }
}
