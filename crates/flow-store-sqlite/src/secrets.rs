//! The secrets of connections, which come here encrypted.

use crate::SqliteStore;
use crate::projects::no_project;
use crate::requests::collect;
use async_trait::async_trait;
use bytes::Bytes;
use flow_store::{ProjectName, SealedSecret, SecretStore, StoreError, Timestamp};
use rusqlite::{Row, params};

#[async_trait]
impl SecretStore for SqliteStore {
    async fn put_secret(
        &self,
        project: &ProjectName,
        connection: &str,
        field: &str,
        sealed: Bytes,
    ) -> Result<(), StoreError> {
        let (project, connection, field) = (project.clone(), connection.to_owned(), field.to_owned());
        self.writer
            .run(move |db| {
                let mut insert = db.connection.prepare_cached(
                    "INSERT OR REPLACE INTO connection_secret (project, connection, field, sealed, updated)
                     SELECT id, ?2, ?3, ?4, ?5 FROM project WHERE name = ?1",
                )?;
                let values = params![project.as_str(), connection, field, sealed.as_ref(), db.now.0];
                if insert.execute(values)? == 0 { Err(no_project(&project).into()) } else { Ok(()) }
            })
            .await
    }

    async fn connection_secrets(
        &self,
        project: &ProjectName,
        connection: &str,
    ) -> Result<Vec<SealedSecret>, StoreError> {
        let (project, connection) = (project.clone(), connection.to_owned());
        self.readers
            .run(move |db| {
                let mut statement = db.prepare_cached(
                    "SELECT s.field, s.sealed, s.updated FROM connection_secret s JOIN project p ON p.id = s.project
                     WHERE p.name = ? AND s.connection = ? ORDER BY s.field",
                )?;
                let secret = |row: &Row<'_>| {
                    let sealed = Bytes::from(row.get::<_, Vec<u8>>(1)?);
                    Ok(SealedSecret { field: row.get(0)?, sealed, updated: Timestamp(row.get(2)?) })
                };
                collect(statement.query([project.as_str(), connection.as_str()])?, secret)
            })
            .await
    }

    async fn remove_secret(&self, project: &ProjectName, connection: &str, field: &str) -> Result<bool, StoreError> {
        let (project, connection, field) = (project.clone(), connection.to_owned(), field.to_owned());
        self.writer
            .run(move |db| {
                let mut delete = db.connection.prepare_cached(
                    "DELETE FROM connection_secret
                     WHERE project = (SELECT id FROM project WHERE name = ?) AND connection = ? AND field = ?",
                )?;
                Ok(delete.execute([project.as_str(), connection.as_str(), field.as_str()])? > 0)
            })
            .await
    }
}
