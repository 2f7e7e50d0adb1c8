//! The cluster's settings.

use crate::PostgresStore;
use crate::error::{DbResult, corrupt};
use crate::locks;
use crate::sql::{count, execute, read, row, row_if_any, rows};
use crate::transaction::Transaction;
use async_trait::async_trait;
use flow_store::settings::check_seen;
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

    async fn set_setting(&self, key: &str, value: Value, by: &str, seen: Option<u64>) -> Result<Setting, StoreError> {
        let transaction = self.database.begin().await?;
        let set = async {
            check_seen(key, made_version(&transaction, key).await?, seen)?;
            let sql = "INSERT INTO setting AS s (key, value, version, by, at) VALUES ($1, $2, 1, $3, $4)
                       ON CONFLICT (key) DO UPDATE SET value = $2, version = s.version + 1, by = $3, at = $4
                       RETURNING key, value, version, by, at";
            let values: crate::sql::Values<'_> = &[&key, &value.to_string(), &by, &transaction.now.0];
            setting(&row(&transaction, sql, values).await?)
        };
        let set = set.await;
        transaction.end(set).await
    }

    async fn remove_setting(&self, key: &str, by: &str, seen: Option<u64>) -> Result<bool, StoreError> {
        let transaction = self.database.begin().await?;
        let removed = async {
            check_seen(key, made_version(&transaction, key).await?, seen)?;
            let sql = "UPDATE setting SET value = NULL, version = version + 1, by = $2, at = $3
                       WHERE key = $1 AND value IS NOT NULL";
            DbResult::Ok(execute(&transaction, sql, &[&key, &by, &transaction.now.0]).await? > 0)
        };
        let removed = removed.await;
        transaction.end(removed).await
    }
}

/// The version of a setting that is to be changed; none if nobody has made it. Who has read it holds the lock until the commit, so
/// that of two who have seen the same the second is refused, also where nobody has made it yet.
async fn made_version(transaction: &Transaction, key: &str) -> DbResult<Option<u64>> {
    execute(transaction, "SELECT pg_advisory_xact_lock($1)", &[&locks::SETTINGS]).await?;
    let sql = "SELECT version FROM setting WHERE key = $1 AND value IS NOT NULL";
    row_if_any(transaction, sql, &[&key]).await?.map(|row| count(&row, 0)).transpose()
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
