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

    /// Makes or changes a setting.
    async fn set_setting(&self, key: &str, value: Value, by: &str) -> Result<Setting, StoreError>;

    /// Goes back to the default. Whether the setting had been made.
    async fn remove_setting(&self, key: &str, by: &str) -> Result<bool, StoreError>;
}
