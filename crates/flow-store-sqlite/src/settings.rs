//! The cluster's settings.

use crate::SqliteStore;
use crate::error::{DbResult, corrupt};
use crate::requests::collect;
use async_trait::async_trait;
use flow_store::settings::check_seen;
use flow_store::{Setting, SettingsStore, StoreError, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

#[async_trait]
impl SettingsStore for SqliteStore {
    async fn settings(&self) -> Result<Vec<Setting>, StoreError> {
        self.readers.run(all).await
    }

    async fn set_setting(&self, key: &str, value: Value, by: &str, seen: Option<u64>) -> Result<Setting, StoreError> {
        let (key, text, by) = (key.to_owned(), value.to_string(), by.to_owned());
        self.writer
            .run(move |db| {
                check_seen(&key, made_version(db.connection, &key)?, seen)?;
                let mut insert = db.connection.prepare_cached(
                    "INSERT INTO setting (key, value, version, by, at) VALUES (?1, ?2, 1, ?3, ?4)
                     ON CONFLICT (key) DO UPDATE SET value = ?2, version = version + 1, by = ?3, at = ?4
                     RETURNING key, value, version, by, at",
                )?;
                insert.query_row(params![key, text, by, db.now.0], |row| Ok(setting(row)))?
            })
            .await
    }

    async fn remove_setting(&self, key: &str, by: &str, seen: Option<u64>) -> Result<bool, StoreError> {
        let (key, by) = (key.to_owned(), by.to_owned());
        self.writer
            .run(move |db| {
                check_seen(&key, made_version(db.connection, &key)?, seen)?;
                let mut update = db.connection.prepare_cached(
                    "UPDATE setting SET value = NULL, version = version + 1, by = ?2, at = ?3
                     WHERE key = ?1 AND value IS NOT NULL",
                )?;
                Ok(update.execute(params![key, by, db.now.0])? > 0)
            })
            .await
    }
}

/// The version of a setting; none if nobody has made it.
fn made_version(connection: &Connection, key: &str) -> DbResult<Option<u64>> {
    let mut made = connection.prepare_cached("SELECT version FROM setting WHERE key = ? AND value IS NOT NULL")?;
    Ok(made.query_row([key], |row| row.get(0)).optional()?)
}

/// All settings that somebody has made.
pub(crate) fn all(connection: &Connection) -> DbResult<Vec<Setting>> {
    let sql = "SELECT key, value, version, by, at FROM setting WHERE value IS NOT NULL ORDER BY key";
    collect(connection.prepare_cached(sql)?.query([])?, setting)
}

fn setting(row: &Row<'_>) -> DbResult<Setting> {
    let value: String = row.get(1)?;
    Ok(Setting {
        key: row.get(0)?,
        value: serde_json::from_str(&value).map_err(|error| corrupt("setting", error))?,
        version: row.get(2)?,
        by: row.get(3)?,
        at: Timestamp(row.get(4)?),
    })
}
