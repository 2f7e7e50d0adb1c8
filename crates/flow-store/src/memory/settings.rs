//! The cluster's settings in memory.

use super::MemoryStore;
use crate::settings::check_seen;
use crate::{Setting, SettingsStore, StoreError};
use async_trait::async_trait;
use serde_json::Value;

#[async_trait]
impl SettingsStore for MemoryStore {
    async fn settings(&self) -> Result<Vec<Setting>, StoreError> {
        self.read(|state| Ok(state.settings.values().filter(|setting| !setting.value.is_null()).cloned().collect()))
    }

    async fn set_setting(&self, key: &str, value: Value, by: &str, seen: Option<u64>) -> Result<Setting, StoreError> {
        self.change(|state, now| {
            let known = state.settings.get(key);
            let made = known.filter(|known| !known.value.is_null());
            check_seen(key, made.map(|made| made.version), seen)?;
            let version = known.map_or(1, |known| known.version + 1);
            let setting = Setting { key: key.to_owned(), value, version, by: by.to_owned(), at: now };
            state.settings.insert(key.to_owned(), setting.clone());
            Ok(setting)
        })
    }

    async fn remove_setting(&self, key: &str, by: &str, seen: Option<u64>) -> Result<bool, StoreError> {
        self.change(|state, now| {
            let made = state.settings.get_mut(key).filter(|setting| !setting.value.is_null());
            check_seen(key, made.as_ref().map(|made| made.version), seen)?;
            let Some(setting) = made else { return Ok(false) };
            let version = setting.version + 1;
            *setting = Setting { key: key.to_owned(), value: Value::Null, version, by: by.to_owned(), at: now };
            Ok(true)
        })
    }
}
