//! The secrets of connections, which come here encrypted.

use crate::PostgresStore;
use crate::error::DbResult;
use crate::projects::no_project;
use crate::sql::{read, rows};
use async_trait::async_trait;
use bytes::Bytes;
use flow_store::{ProjectName, SealedSecret, SecretStore, StoreError, Timestamp};
use tokio_postgres::Row;

#[async_trait]
impl SecretStore for PostgresStore {
    async fn put_secret(
        &self,
        project: &ProjectName,
        connection: &str,
        field: &str,
        sealed: Bytes,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO connection_secret (project, connection, field, sealed, updated)
                   SELECT id, $2, $3, $4, $5 FROM project WHERE name = $1
                   ON CONFLICT (project, connection, field) DO UPDATE SET sealed = $4, updated = $5";
        let now = self.database.now().0;
        match self.database.execute(sql, &[&project.as_str(), &connection, &field, &sealed.as_ref(), &now]).await? {
            0 => Err(no_project(project)),
            _ => Ok(()),
        }
    }

    async fn connection_secrets(
        &self,
        project: &ProjectName,
        connection: &str,
    ) -> Result<Vec<SealedSecret>, StoreError> {
        let db = self.database.reader().await?;
        let sql = "SELECT s.field, s.sealed, s.updated FROM connection_secret s JOIN project p ON p.id = s.project
                   WHERE p.name = $1 AND s.connection = $2 ORDER BY s.field";
        Ok(read(&rows(&db, sql, &[&project.as_str(), &connection]).await?, secret)?)
    }

    async fn remove_secret(&self, project: &ProjectName, connection: &str, field: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM connection_secret
                   WHERE project = (SELECT id FROM project WHERE name = $1) AND connection = $2 AND field = $3";
        Ok(self.database.execute(sql, &[&project.as_str(), &connection, &field]).await? > 0)
    }
}

/// Reads a secret: its field, the encrypted value, and when it was set.
pub(crate) fn secret(row: &Row) -> DbResult<SealedSecret> {
    let sealed = Bytes::from(row.try_get::<_, Vec<u8>>(1)?);
    Ok(SealedSecret { field: row.try_get(0)?, sealed, updated: Timestamp(row.try_get(2)?) })
}
