//! The database's clock.

use crate::Timestamp;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// Where a store takes the time from.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// This machine's clock, as a process sees it: when somebody sets it back, it goes on from where it was, at the pace of
/// time, so that nothing becomes due later than it was to. Set forward, it follows. Processes on one machine agree until
/// it is set back, and again once each has been started anew; until then one that began after that is behind the others by
/// as much. What is due by another's clock is then late for it by as much at most, and nothing is lost: liveness goes by
/// no clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        /// The one clock of this process.
        static STEADY: OnceLock<Steady> = OnceLock::new();
        let steady = STEADY.get_or_init(|| Steady::new(Timestamp::of_this_machine()));
        steady.at(steady.begun.elapsed(), Timestamp::of_this_machine())
    }
}

/// A time that never goes back: the most that the machine's clock has been ahead of the time since the start.
#[derive(Debug)]
struct Steady {
    begun: Instant,
    /// What to add to the milliseconds since `begun`.
    ahead: AtomicI64,
}

impl Steady {
    fn new(machine: Timestamp) -> Self {
        Self { begun: Instant::now(), ahead: AtomicI64::new(machine.0) }
    }

    /// The time so long after the start, when the machine's clock shows `machine`.
    fn at(&self, since: Duration, machine: Timestamp) -> Timestamp {
        let since = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        let ahead = machine.0.saturating_sub(since);
        Timestamp(self.ahead.fetch_max(ahead, Ordering::Relaxed).max(ahead).saturating_add(since))
    }
}

/// A clock that stands still until it is told to go on, so that tests of due times need not wait.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.0))
    }

    /// Goes forward.
    pub fn advance_ms(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new(Timestamp(1_000_000_000_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_goes_on_from_where_it_was_and_follows_forward() {
        let steady = Steady::new(Timestamp(1_000_000));
        let at = |seconds, machine| steady.at(Duration::from_secs(seconds), Timestamp(machine)).0;
        assert_eq!(at(5, 1_005_000), 1_005_000);
        assert_eq!(at(10, 400_000), 1_010_000, "set back by ten minutes");
        assert_eq!(at(20, 410_000), 1_020_000);
        assert_eq!(at(30, 5_000_000), 5_000_000, "set forward");
        assert_eq!(at(40, 1_040_000), 5_010_000);
    }

    #[test]
    fn the_clock_of_a_process_never_goes_back() {
        let times: Vec<Timestamp> = (0..1000).map(|_| SystemClock.now()).collect();
        assert!(times.is_sorted());
        assert!(times[0].0.abs_diff(Timestamp::of_this_machine().0) < 60_000);
    }
}
