//! The secrets of connections in memory.

use super::MemoryStore;
use super::projects::no_project;
use crate::{ProjectName, SealedSecret, SecretStore, StoreError};
use async_trait::async_trait;
use bytes::Bytes;

#[async_trait]
impl SecretStore for MemoryStore {
    async fn put_secret(
        &self,
        project: &ProjectName,
        connection: &str,
        field: &str,
        sealed: Bytes,
    ) -> Result<(), StoreError> {
        self.change(|state, now| {
            if !state.projects.contains_key(project) {
                return Err(no_project(project));
            }
            let secrets = state.secrets.entry((project.clone(), connection.to_owned())).or_default();
            secrets.insert(field.to_owned(), SealedSecret { field: field.to_owned(), sealed, updated: now });
            Ok(())
        })
    }

    async fn connection_secrets(
        &self,
        project: &ProjectName,
        connection: &str,
    ) -> Result<Vec<SealedSecret>, StoreError> {
        self.read(|state| {
            let secrets = state.secrets.get(&(project.clone(), connection.to_owned()));
            Ok(secrets.map(|secrets| secrets.values().cloned().collect()).unwrap_or_default())
        })
    }

    async fn remove_secret(&self, project: &ProjectName, connection: &str, field: &str) -> Result<bool, StoreError> {
        self.change(|state, _| {
            let secrets = state.secrets.get_mut(&(project.clone(), connection.to_owned()));
            Ok(secrets.is_some_and(|secrets| secrets.remove(field).is_some()))
        })
    }
}
