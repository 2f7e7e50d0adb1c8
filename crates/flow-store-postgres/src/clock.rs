//! The database's clock, as this process knows it.

use flow_store::{Clock, Timestamp};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// Goes by a clock of this process that never jumps, and by how far the database's clock is from it. So a server whose
/// clock is hours off does what is due when the others do.
#[derive(Debug)]
pub(crate) struct DatabaseClock {
    begun: Instant,
    /// What the database's clock showed, in milliseconds since 1970, when this one began.
    then: AtomicI64,
}

impl DatabaseClock {
    /// A clock that goes by this machine's until it is set.
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), then: AtomicI64::new(Timestamp::of_this_machine().0) }
    }

    /// The database's clock showed `shown` at some moment between `asked` and now.
    pub(crate) fn set(&self, asked: Instant, shown: Timestamp) {
        let (before, after) = (self.since(asked), self.since(Instant::now()));
        self.then.store(shown.0 - i64::midpoint(before, after), Ordering::Relaxed);
    }

    fn since(&self, moment: Instant) -> i64 {
        i64::try_from(moment.saturating_duration_since(self.begun).as_millis()).unwrap_or(i64::MAX)
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.then.load(Ordering::Relaxed) + self.since(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_that_of_the_database_however_wrong_this_machine_is() {
        let clock = DatabaseClock::new();
        let asked = Instant::now();
        let shown = Timestamp(1_000);
        clock.set(asked, shown);
        let passed = i64::try_from(asked.elapsed().as_millis()).unwrap();
        let now = clock.now();
        assert!(now >= shown && now.0 <= shown.0 + passed + 1_000, "{now:?}");
    }
}
