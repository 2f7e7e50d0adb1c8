//! The cluster's settings: what an administrator changes while servers run.

use crate::{StoreError, Timestamp};
use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;

/// A setting that somebody has made. One that nobody has made has its default, which only its reader knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its name, such as `retention.finished.days`.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// How often it was changed, from 1. Goes on when it is removed and made again.
    pub version: u64,
    /// The account that changed it last.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// The settings of the cluster. Servers read them anew when [`crate::Store::changes`] tells of a change.
#[async_trait]
pub trait SettingsStore: Send + Sync {
    /// All settings that somebody has made, by key.
    async fn settings(&self) -> Result<Vec<Setting>, StoreError>;

    /// Makes or changes a setting. Fails with `store/conflict` if it no longer has the version that was `seen`, which is 0 of one
    /// that nobody has made.
    async fn set_setting(&self, key: &str, value: Value, by: &str, seen: Option<u64>) -> Result<Setting, StoreError>;

    /// Goes back to the default. Whether the setting had been made. Fails as [`SettingsStore::set_setting`] does.
    async fn remove_setting(&self, key: &str, by: &str, seen: Option<u64>) -> Result<bool, StoreError>;
}

/// Refuses to change a setting that no longer has the version that was `seen`, which is 0 of one that nobody has made. It has the
/// version `made`; none if nobody has made it.
pub fn check_seen(key: &str, made: Option<u64>, seen: Option<u64>) -> Result<(), StoreError> {
    if seen.is_some_and(|seen| seen != made.unwrap_or(0)) {
        return Err(StoreError::Conflict(format!("the setting {key} has been changed since it was read")));
    }
    Ok(())
}
