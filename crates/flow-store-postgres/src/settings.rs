//! The cluster's settings.

use crate::PostgresStore;
use crate::error::{DbResult, corrupt};
use crate::sql::{count, read, row, rows};
use async_trait::async_trait;
use flow_store::{Setting, SettingsStore, StoreError, Timestamp};
use serde_json::Value;
use tokio_postgres::Row;

#[async_trait]
impl SettingsStore for PostgresStore {
    async fn settings(&self) -> Result<Vec<Setting>, StoreError> {
        let db = self.database.reader().await?;
        let sql = "SELECT key, value, version, by, at FROM setting WHERE value IS NOT NULL ORDER BY key";
        Ok(read(&rows(&db, sql, &[]).await?, setting)?)
    }

    async fn set_setting(&self, key: &str, value: Value, by: &str) -> Result<Setting, StoreError> {
        let transaction = self.database.begin().await?;
        let sql = "INSERT INTO setting AS s (key, value, version, by, at) VALUES ($1, $2, 1, $3, $4)
                   ON CONFLICT (key) DO UPDATE SET value = $2, version = s.version + 1, by = $3, at = $4
                   RETURNING key, value, version, by, at";
        let values: crate::sql::Values<'_> = &[&key, &value.to_string(), &by, &transaction.now.0];
        let set = row(&transaction, sql, values).await.and_then(|row| setting(&row));
        transaction.end(set).await
    }

    async fn remove_setting(&self, key: &str, by: &str) -> Result<bool, StoreError> {
        let sql = "UPDATE setting SET value = NULL, version = version + 1, by = $2, at = $3
                   WHERE key = $1 AND value IS NOT NULL";
        Ok(self.database.execute(sql, &[&key, &by, &self.database.now().0]).await? > 0)
    }
}

/// Reads a setting.
pub(crate) fn setting(row: &Row) -> DbResult<Setting> {
    Ok(Setting {
        key: row.try_get(0)?,
        value: serde_json::from_str(row.try_get(1)?).map_err(|error| corrupt("setting", error))?,
        version: count(row, 2)?,
        by: row.try_get(3)?,
        at: Timestamp(row.try_get(4)?),
    })
}
