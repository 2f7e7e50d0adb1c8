//! What servers counted over the last day: each leaves a small sample of its figures with every report of itself. Servers
//! do not talk to each other, so this is how one sees what a lost one did until its death.

use crate::{Owner, StoreError, Timestamp};
use async_trait::async_trait;
use serde::Serialize;

/// How often a server leaves a sample, in milliseconds.
pub const SAMPLED_MS: u64 = 10_000;
/// For so long all samples are kept, in milliseconds; of older ones the last of each [`THINNED_MS`].
pub const ALL_KEPT_MS: u64 = 70 * 60_000;
/// How far apart samples are that are older than [`ALL_KEPT_MS`], in milliseconds.
pub const THINNED_MS: u64 = 60_000;
/// For so long samples and takeovers are kept at all, in milliseconds: a day and a little more, so that the rates of a
/// whole day can be told.
pub const SAMPLES_KEPT_MS: u64 = (24 * 60 + 20) * 60_000;

/// The figures of a server. What is counted begins at 0 with each epoch's process and only ever rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Figures {
    /// Requests that were made here.
    pub created: u64,
    /// Attempts that finished their request.
    pub finished: u64,
    /// Attempts that left their request in `Error`.
    pub failed: u64,
    /// Attempts that ended, in whichever way.
    pub attempts: u64,
    /// Commits to the checkpoint database.
    pub commits: u64,
    /// Commands that were made durable by them.
    pub commands: u64,
    /// Microseconds spent on them.
    pub commit_us: u64,
    /// Milliseconds on a core.
    pub cpu_ms: u64,
    /// Resident memory in bytes, now.
    pub resident_bytes: u64,
    /// Requests of the whole cluster in `Queued`, now.
    pub queued: u64,
    /// Requests of the whole cluster in `Running`, now.
    pub running: u64,
    /// Requests of the whole cluster in `Waiting`, now.
    pub waiting: u64,
    /// Requests of the whole cluster in `WaitingForRetry`, now.
    pub waiting_for_retry: u64,
}

impl Figures {
    /// The names of all figures, as the databases call their columns.
    pub const NAMES: [&str; 13] = [
        "created",
        "finished",
        "failed",
        "attempts",
        "commits",
        "commands",
        "commit_us",
        "cpu_ms",
        "resident_bytes",
        "queued",
        "running",
        "waiting",
        "waiting_for_retry",
    ];

    /// All figures, in the order of [`Figures::NAMES`].
    pub fn values(&self) -> [u64; Self::NAMES.len()] {
        [
            self.created,
            self.finished,
            self.failed,
            self.attempts,
            self.commits,
            self.commands,
            self.commit_us,
            self.cpu_ms,
            self.resident_bytes,
            self.queued,
            self.running,
            self.waiting,
            self.waiting_for_retry,
        ]
    }

    /// The figures with these values, in the order of [`Figures::NAMES`].
    pub fn of(values: [u64; Self::NAMES.len()]) -> Self {
        let [
            created,
            finished,
            failed,
            attempts,
            commits,
            commands,
            commit_us,
            cpu_ms,
            resident_bytes,
            queued,
            running,
            waiting,
            waiting_for_retry,
        ] = values;
        Self {
            created,
            finished,
            failed,
            attempts,
            commits,
            commands,
            commit_us,
            cpu_ms,
            resident_bytes,
            queued,
            running,
            waiting,
            waiting_for_retry,
        }
    }
}

/// The figures of one epoch of a server at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// The server and its epoch.
    pub owner: Owner,
    /// When.
    pub at: Timestamp,
    /// What it had counted.
    pub figures: Figures,
}

/// A takeover that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TakeoverRecord {
    /// When.
    pub at: Timestamp,
    /// The lost server.
    pub dead: Owner,
    /// The server that took over.
    pub survivor: Owner,
    /// How many requests went to the survivor.
    pub requests: u64,
}

/// What servers counted. Samples come with [`crate::ServerStore::report`].
#[async_trait]
pub trait SampleStore: Send + Sync {
    /// The samples since `from`, in the order of time: of each epoch of each server the last in each `step_ms`
    /// milliseconds, counted from 1970 (`step_ms` of 0 counts as 1).
    async fn samples(&self, from: Timestamp, step_ms: u64) -> Result<Vec<Sample>, StoreError>;

    /// The newest `limit` takeovers since `from`, in the order of time.
    async fn takeovers(&self, from: Timestamp, limit: usize) -> Result<Vec<TakeoverRecord>, StoreError>;

    /// Removes samples and takeovers that are older than [`SAMPLES_KEPT_MS`], and of samples older than [`ALL_KEPT_MS`]
    /// all but the last of each [`THINNED_MS`] of an epoch. How many samples it removed. Several servers may do so at
    /// once.
    async fn thin_samples(&self) -> Result<u64, StoreError>;
}
