//! The database's clock.

use crate::Timestamp;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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
        static STEADY: LazyLock<Steady> = LazyLock::new(Steady::default);
        // The machine's clock comes first: a thread that stands still between the two must not make the machine look ahead,
        // which would stay so for ever.
        let machine = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        STEADY.at(STEADY.begun.elapsed(), machine)
    }
}

/// A time that never goes back: the most that the machine's clock has been ahead of the time since the start.
#[derive(Debug)]
struct Steady {
    begun: Instant,
    /// What to add to the microseconds since `begun`.
    ahead: AtomicI64,
}

impl Default for Steady {
    fn default() -> Self {
        Self { begun: Instant::now(), ahead: AtomicI64::new(i64::MIN) }
    }
}

impl Steady {
    /// The time so long after the start, when the machine's clock had shown `machine` since 1970 a moment before.
    fn at(&self, since: Duration, machine: Duration) -> Timestamp {
        let micros = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let since = micros(since);
        let ahead = micros(machine).saturating_sub(since);
        let ahead = self.ahead.fetch_max(ahead, Ordering::Relaxed).max(ahead);
        Timestamp(ahead.saturating_add(since) / 1000)
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
        let steady = Steady::default();
        let at = |seconds, machine| steady.at(Duration::from_secs(seconds), Duration::from_millis(machine)).0;
        assert_eq!(at(5, 1_005_000), 1_005_000);
        assert_eq!(at(10, 400_000), 1_010_000, "set back by ten minutes");
        assert_eq!(at(20, 410_000), 1_020_000);
        assert_eq!(at(30, 5_000_000), 5_000_000, "set forward");
        assert_eq!(at(40, 1_040_000), 5_010_000);
    }

    #[test]
    fn a_thread_that_stands_still_while_it_looks_at_the_clock_does_not_set_it_forward() {
        let steady = Steady::default();
        let at = |since, machine| steady.at(Duration::from_micros(since), Duration::from_micros(machine)).0;
        assert_eq!(at(1_600, 1_000_900), 1_000);
        // It looked at the machine's clock, and five milliseconds later at its own.
        assert_eq!(at(7_600, 1_001_900), 1_006);
        assert_eq!(at(8_600, 1_007_900), 1_007);
    }

    #[test]
    fn the_clock_of_a_process_never_goes_back() {
        let times: Vec<Timestamp> = (0..1000).map(|_| SystemClock.now()).collect();
        assert!(times.is_sorted());
        assert!(times[0].0.abs_diff(Timestamp::of_this_machine().0) < 60_000);
    }
}
