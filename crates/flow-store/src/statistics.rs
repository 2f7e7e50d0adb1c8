//! How busy the writing to a checkpoint database is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How busy the writing to a checkpoint database has been in this process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreStatistics {
    /// Commits, each of which made some commands durable. Commands that only looked make none.
    pub commits: u64,
    /// Commands that were committed.
    pub commands: u64,
    /// Commands that failed.
    pub failed: u64,
    /// Microseconds spent on commits, from the beginning of a batch until it was durable.
    pub commit_us: u64,
    /// Commits of at most so many commands as [`StoreStatistics::BATCH_SIZES`] says, each counted once, and of more.
    pub batches: [u64; StoreStatistics::BATCH_SIZES.len() + 1],
    /// Commits that took at most so long as [`StoreStatistics::COMMIT_TIMES_US`] says, each counted once, and longer.
    pub commit_times: [u64; StoreStatistics::COMMIT_TIMES_US.len() + 1],
    /// Commands that wait for their batch at this moment.
    pub waiting: u64,
}

impl StoreStatistics {
    /// The sizes of batches that are told apart, in commands.
    pub const BATCH_SIZES: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
    /// The lengths of commits that are told apart, in microseconds.
    pub const COMMIT_TIMES_US: [u64; 13] =
        [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];
}

/// Counts what a store writes.
#[derive(Debug, Default)]
pub struct WriteCounters {
    commits: AtomicU64,
    commands: AtomicU64,
    failed: AtomicU64,
    commit_us: AtomicU64,
    batches: [AtomicU64; StoreStatistics::BATCH_SIZES.len() + 1],
    commit_times: [AtomicU64; StoreStatistics::COMMIT_TIMES_US.len() + 1],
}

fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

/// Counts `value` where it belongs among these bounds.
fn count(counters: &[AtomicU64], bounds: &[u64], value: u64) {
    if let Some(counter) = counters.get(bounds.partition_point(|bound| *bound < value)) {
        add(counter, 1);
    }
}

impl WriteCounters {
    /// A batch of so many commands was committed, which took so long.
    pub fn committed(&self, commands: usize, took: Duration) {
        add(&self.commits, 1);
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        add(&self.commit_us, us);
        count(&self.batches, &StoreStatistics::BATCH_SIZES, commands as u64);
        count(&self.commit_times, &StoreStatistics::COMMIT_TIMES_US, us);
    }

    /// A command has come to its end; whether it was committed.
    pub fn command(&self, committed: bool) {
        add(if committed { &self.commands } else { &self.failed }, 1);
    }

    /// What was counted so far, while so many commands wait.
    pub fn statistics(&self, waiting: usize) -> StoreStatistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StoreStatistics {
            commits: read(&self.commits),
            commands: read(&self.commands),
            failed: read(&self.failed),
            commit_us: read(&self.commit_us),
            batches: self.batches.each_ref().map(read),
            commit_times: self.commit_times.each_ref().map(read),
            waiting: waiting as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_counted_by_size_and_length() {
        let counters = WriteCounters::default();
        for (commands, us) in [(1, 50), (3, 100), (64, 101), (5000, 60_000_000)] {
            counters.committed(commands, Duration::from_micros(us));
            counters.command(commands != 3);
        }
        let counted = counters.statistics(7);
        assert_eq!((counted.commits, counted.commands, counted.failed, counted.waiting), (4, 3, 1, 7));
        assert_eq!(counted.batches, [1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
        assert_eq!(counted.commit_times, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }
}
