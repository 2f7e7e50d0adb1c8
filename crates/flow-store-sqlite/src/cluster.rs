//! The cluster as a whole.

use crate::SqliteStore;
use crate::error::DbResult;
use async_trait::async_trait;
use flow_store::{ClusterStore, ServerId, StoreError, marker_key};
use rusqlite::{Connection, OptionalExtension, params};

/// What is known of the cluster under a key.
pub(crate) fn known(connection: &Connection, key: &str) -> DbResult<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT value FROM cluster WHERE key = ?")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

/// Notes something of the cluster under a key; nothing takes it away.
pub(crate) fn note(connection: &Connection, key: &str, value: Option<&str>) -> DbResult<()> {
    match value {
        Some(value) => {
            connection.execute("INSERT OR REPLACE INTO cluster (key, value) VALUES (?, ?)", params![key, value])?
        }
        None => connection.execute("DELETE FROM cluster WHERE key = ?", [key])?,
    };
    Ok(())
}

#[async_trait]
impl ClusterStore for SqliteStore {
    async fn cluster_id(&self) -> Result<String, StoreError> {
        let id = self.readers.run(|db| known(db, "cluster-id")).await?;
        id.ok_or_else(|| StoreError::Corrupt("the database has no cluster id".to_owned()))
    }

    async fn storage_id(&self) -> Result<Option<String>, StoreError> {
        self.readers.run(|db| known(db, "storage-id")).await
    }

    async fn note_storage(&self, id: &str) -> Result<String, StoreError> {
        if let Some(known) = self.storage_id().await? {
            return Ok(known);
        }
        let id = id.to_owned();
        self.writer
            .run(move |db| {
                let sql = "INSERT OR IGNORE INTO cluster (key, value) VALUES ('storage-id', ?)";
                db.connection.prepare_cached(sql)?.execute([&id])?;
                Ok(known(db.connection, "storage-id")?.unwrap_or(id))
            })
            .await
    }

    async fn note_marker(&self, server: &ServerId, word: &str) -> Result<(), StoreError> {
        let (key, word) = (marker_key(server), word.to_owned());
        self.writer.run(move |db| note(db.connection, &key, Some(&word))).await
    }

    async fn noted_marker(&self, server: &ServerId) -> Result<Option<String>, StoreError> {
        let key = marker_key(server);
        self.readers.run(move |db| known(db, &key)).await
    }

    async fn take_turn(&self, work: &str, holder: &str, ms: u64) -> Result<bool, StoreError> {
        let (work, holder) = (work.to_owned(), holder.to_owned());
        self.writer
            .run(move |db| {
                let mut take = db.connection.prepare_cached(
                    "INSERT INTO turn (work, holder, until) VALUES (?1, ?2, ?3)
                     ON CONFLICT (work) DO UPDATE SET holder = ?2, until = ?3 WHERE holder = ?2 OR until <= ?4",
                )?;
                Ok(take.execute(params![work, holder, db.now.plus_ms(ms).0, db.now.0])? > 0)
            })
            .await
    }

    async fn end_turn(&self, work: &str, holder: &str) -> Result<(), StoreError> {
        let (work, holder) = (work.to_owned(), holder.to_owned());
        self.writer
            .run(move |db| {
                let sql = "DELETE FROM turn WHERE work = ? AND holder = ?";
                db.connection.prepare_cached(sql)?.execute([work, holder])?;
                Ok(())
            })
            .await
    }
}
