//! The door to a checkpoint database.

use crate::{AccountStore, ProjectStore, RequestStore, SecretStore, ServerStore};
use tokio::sync::watch;

/// A checkpoint database. All that the servers of a cluster know in common is in there.
pub trait Store: RequestStore + ServerStore + ProjectStore + SecretStore + AccountStore {
    /// A number that changes after any process has changed the database (several changes may be one step). For live
    /// views: read again when it has changed.
    fn changes(&self) -> watch::Receiver<u64>;
}
