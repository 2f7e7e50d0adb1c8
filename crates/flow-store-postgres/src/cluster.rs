//! The cluster as a whole.

use crate::PostgresStore;
use crate::error::DbResult;
use async_trait::async_trait;
use flow_store::{ClusterStore, ServerId, StoreError, marker_key};
use tokio_postgres::GenericClient;

/// What is known of the cluster under a key.
pub(crate) async fn known(db: &impl GenericClient, key: &str) -> DbResult<Option<String>> {
    let found = db.query_opt("SELECT value FROM cluster WHERE key = $1", &[&key]).await?;
    Ok(found.map(|row| row.try_get(0)).transpose()?)
}

/// Notes something of the cluster under a key; nothing takes it away.
pub(crate) async fn note(db: &impl GenericClient, key: &str, value: Option<&str>) -> DbResult<()> {
    let sql = "INSERT INTO cluster (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    match value {
        Some(value) => db.execute(sql, &[&key, &value]).await?,
        None => db.execute("DELETE FROM cluster WHERE key = $1", &[&key]).await?,
    };
    Ok(())
}

#[async_trait]
impl ClusterStore for PostgresStore {
    async fn cluster_id(&self) -> Result<String, StoreError> {
        let db = self.database.reader().await?;
        let id = known(&**db, "cluster-id").await?;
        id.ok_or_else(|| StoreError::Corrupt("the database has no cluster id".to_owned()))
    }

    async fn storage_id(&self) -> Result<Option<String>, StoreError> {
        let db = self.database.reader().await?;
        Ok(known(&**db, "storage-id").await?)
    }

    async fn note_storage(&self, id: &str) -> Result<String, StoreError> {
        if let Some(known) = self.storage_id().await? {
            return Ok(known);
        }
        let sql = "INSERT INTO cluster (key, value) VALUES ('storage-id', $1) ON CONFLICT DO NOTHING";
        self.database.execute(sql, &[&id]).await?;
        Ok(self.storage_id().await?.unwrap_or_else(|| id.to_owned()))
    }

    async fn note_marker(&self, server: &ServerId, word: &str) -> Result<(), StoreError> {
        let db = self.database.writer().await?;
        Ok(note(&**db, &marker_key(server), Some(word)).await?)
    }

    async fn noted_marker(&self, server: &ServerId) -> Result<Option<String>, StoreError> {
        let db = self.database.reader().await?;
        Ok(known(&**db, &marker_key(server)).await?)
    }

    async fn take_turn(&self, work: &str, holder: &str, ms: u64) -> Result<bool, StoreError> {
        let sql = "INSERT INTO turn AS t (work, holder, until) VALUES ($1, $2, $3)
                   ON CONFLICT (work) DO UPDATE SET holder = $2, until = $3 WHERE t.holder = $2 OR t.until <= $4";
        let now = self.database.now();
        Ok(self.database.execute(sql, &[&work, &holder, &now.plus_ms(ms).0, &now.0]).await? > 0)
    }

    async fn end_turn(&self, work: &str, holder: &str) -> Result<(), StoreError> {
        self.database.execute("DELETE FROM turn WHERE work = $1 AND holder = $2", &[&work, &holder]).await?;
        Ok(())
    }
}
