//! The door to a checkpoint database.

use crate::{
    AccountStore, AuditStore, ClusterStore, ProjectStore, RequestStore, RetentionStore, SecretStore, ServerStore,
    SettingsStore,
};
use tokio::sync::watch;

/// How busy the writing to a checkpoint database has been in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreStatistics {
    /// Commits, each of which made some commands durable.
    pub commits: u64,
    /// Commands that were committed.
    pub commands: u64,
    /// Commands that failed.
    pub failed: u64,
    /// Microseconds spent on commits, from the beginning of a batch until it was durable.
    pub commit_us: u64,
}

/// A checkpoint database. All that the servers of a cluster know in common is in there.
pub trait Store:
    RequestStore
    + RetentionStore
    + ServerStore
    + ClusterStore
    + SettingsStore
    + ProjectStore
    + SecretStore
    + AccountStore
    + AuditStore
{
    /// A number that changes after any process has changed the database (several changes may be one step). For live
    /// views: read again when it has changed.
    fn changes(&self) -> watch::Receiver<u64>;

    /// What this process has written so far; nothing where it is not counted.
    fn statistics(&self) -> StoreStatistics {
        StoreStatistics::default()
    }
}
