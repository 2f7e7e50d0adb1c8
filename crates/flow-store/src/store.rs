//! The door to a checkpoint database.

use crate::{
    AccountStore, AuditStore, ClusterStore, Liveness, ProjectStore, RequestStore, RetentionStore, SampleStore,
    SecretStore, ServerStore, SettingsStore, StoreStatistics, TriggerStore,
};
use std::sync::Arc;
use tokio::sync::watch;

/// A checkpoint database. All that the servers of a cluster know in common is in there.
pub trait Store:
    RequestStore
    + RetentionStore
    + ServerStore
    + SampleStore
    + ClusterStore
    + SettingsStore
    + ProjectStore
    + TriggerStore
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

    /// How servers on this database see each other live, where it has a way of its own; otherwise they do so by files
    /// beside it.
    fn liveness(&self) -> Option<Arc<dyn Liveness>> {
        None
    }
}
