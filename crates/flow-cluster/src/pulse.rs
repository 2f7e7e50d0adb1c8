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

    fn last(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// For how long the pulse has not been felt, as counted by a thread that feels for it again and again.
#[derive(Debug)]
pub(crate) struct Stillness {
    /// The beat that was there at the last look.
    beat: u64,
    looked: Moment,
    lasted: Duration,
}

impl Stillness {
    /// Nothing has stood still yet.
    pub fn new() -> Self {
        Self { beat: NOT_YET, looked: Moment::now(), lasted: Duration::ZERO }
    }

    /// For how long the tasks have not come round. From one look to the next no more than `longest` counts: who looks later
    /// than that was asleep, with the machine or the process, and so were the tasks, which had no time to come round.
    pub fn look(&mut self, pulse: &Pulse, now: Moment, longest: Duration) -> Duration {
        let since = now.since(std::mem::replace(&mut self.looked, now));
        let beat = pulse.last();
        let is_same = std::mem::replace(&mut self.beat, beat) == beat && beat != NOT_YET;
        self.lasted = if is_same { self.lasted + since.min(longest) } else { Duration::ZERO };
        self.lasted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_millis(500);

    fn look(stillness: &mut Stillness, pulse: &Pulse, now: &mut Moment, after: Duration) -> Duration {
        *now = now.after(after);
        stillness.look(pulse, *now, PERIOD * 2)
    }

    #[test]
    fn tasks_that_do_not_come_round_stand_still_from_the_first_look_that_shows_it() {
        let (pulse, mut now) = (Pulse::new(), Moment::now());
        let mut stillness = Stillness::new();
        for _ in 0..20 {
            assert_eq!(look(&mut stillness, &pulse, &mut now, PERIOD), Duration::ZERO, "they have not begun");
        }
        pulse.beat();
        assert_eq!(look(&mut stillness, &pulse, &mut now, PERIOD), Duration::ZERO);
        for looks in 1..20 {
            assert_eq!(look(&mut stillness, &pulse, &mut now, PERIOD), PERIOD * looks);
        }
        pulse.beat();
        assert_eq!(look(&mut stillness, &pulse, &mut now, PERIOD), Duration::ZERO, "they go on");
    }

    #[test]
    fn a_machine_that_slept_for_long_has_not_stood_still() {
        let (pulse, mut now) = (Pulse::new(), Moment::now());
        let mut stillness = Stillness::new();
        pulse.beat();
        look(&mut stillness, &pulse, &mut now, PERIOD);
        assert_eq!(look(&mut stillness, &pulse, &mut now, Duration::from_secs(60)), PERIOD * 2);
    }
}
