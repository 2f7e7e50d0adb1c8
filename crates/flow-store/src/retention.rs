//! Retention: how long requests that have ended are kept, and what is no longer needed in the storage.

mod keeper;
mod policy;

use crate::{RequestState, StoreError, Timestamp};
use async_trait::async_trait;
use serde::Serialize;
use std::collections::HashSet;

pub use keeper::{HouseDone, HouseError, TURN, keep_house, keep_house_once, wait_for_turn};
pub use policy::{Keep, RetentionPolicy};

/// What a policy would do, or has left to do, to the requests of one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetentionGroup {
    /// `Finished`, `Error` or `Cancelled`.
    pub state: RequestState,
    /// How many requests are in that state.
    pub present: u64,
    /// How many of them it removes as a whole.
    pub requests: u64,
    /// Of how many others it removes the log and the saved points.
    pub details: u64,
    /// When the oldest of them all ended.
    pub oldest: Option<Timestamp>,
}

/// What a policy would do if it were applied now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RetentionReport {
    /// By state, in the order of [`RetentionPolicy::keeps`].
    pub groups: Vec<RetentionGroup>,
}

/// What one application of a policy did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RetentionDone {
    /// Requests that were removed as a whole.
    pub requests: u64,
    /// Requests whose log and saved points were removed.
    pub details: u64,
    /// Whether there is more to do: apply it again.
    pub more: bool,
}

/// Removes what nobody needs any more. Only requests that have ended are ever touched.
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// What `policy` would do now.
    async fn retention_preview(&self, policy: &RetentionPolicy) -> Result<RetentionReport, StoreError>;

    /// Does what `policy` says to at most `limit` requests, those that ended first before others. One call is one short
    /// write, so it may do less than asked for: apply again while there is more.
    async fn apply_retention(&self, policy: &RetentionPolicy, limit: usize) -> Result<RetentionDone, StoreError>;

    /// Which of these objects of the storage are named by a saved point.
    async fn named_objects(&self, keys: Vec<String>) -> Result<HashSet<String>, StoreError>;
}
