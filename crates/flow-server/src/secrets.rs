//! The secrets of connections, for the flows that run here.

use crate::cluster_key::{CannotOpen, ClusterKey, Sealed};
use async_trait::async_trait;
use bytes::Bytes;
use flow_components::{ComponentError, SecretSource};
use flow_model::{Connection, Secret};
use flow_store::{ProjectName, SealedSecret, Store, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a database that is away is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two tries.
const AGAIN: Duration = Duration::from_millis(100);

/// Why the secrets of a connection cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum NoSecrets {
    /// The checkpoint database did not give them.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key does not open one.
    #[error("the secret “{field}” of the connection “{connection}” cannot be read: {source}")]
    Sealed { field: String, connection: String, source: CannotOpen },
}

/// The secrets in the checkpoint database, with the key that opens them.
pub struct Secrets {
    store: Arc<dyn Store>,
    key: ClusterKey,
}

impl Secrets {
    pub fn new(store: Arc<dyn Store>, key: ClusterKey) -> Self {
        Self { store, key }
    }

    /// Keeps a secret of a connection, encrypted.
    pub async fn put(
        &self,
        project: &ProjectName,
        connection: &str,
        field: &str,
        secret: &str,
    ) -> Result<(), StoreError> {
        let sealed = self.seal(Sealed::Connection { project, connection, field }, secret);
        let sealed = sealed.map_err(|error| StoreError::Corrupt(error.to_string()))?;
        self.store.put_secret(project, connection, field, sealed).await
    }

    /// Encrypts something for one place.
    pub fn seal(&self, of: Sealed<'_>, secret: &str) -> Result<Bytes, CannotOpen> {
        self.key.seal(of, secret).map(Bytes::from)
    }

    /// The secrets of a connection, encrypted. A database that restarts is waited for, as it is for writes.
    async fn sealed(&self, project: &ProjectName, connection: &str) -> Result<Vec<SealedSecret>, StoreError> {
        let begun = Instant::now();
        loop {
            match self.store.connection_secrets(project, connection).await {
                Err(StoreError::Unavailable(_)) if begun.elapsed() < PATIENCE => tokio::time::sleep(AGAIN).await,
                read => return read,
            }
        }
    }

    /// The secrets of a connection by their fields.
    pub async fn of_connection(
        &self,
        project: &ProjectName,
        connection: &str,
    ) -> Result<BTreeMap<String, Secret>, NoSecrets> {
        let mut secrets = BTreeMap::new();
        for SealedSecret { field, sealed, .. } in self.sealed(project, connection).await? {
            let of = Sealed::Connection { project, connection, field: &field };
            let opened = self.key.unseal(of, &sealed).map_err(|source| NoSecrets::Sealed {
                field: field.clone(),
                connection: connection.to_owned(),
                source,
            })?;
            secrets.insert(field, Secret::from(opened));
        }
        Ok(secrets)
    }

    /// Decrypts what was sealed for this place.
    pub fn unseal(&self, of: Sealed<'_>, sealed: &[u8]) -> Result<String, CannotOpen> {
        self.key.unseal(of, sealed)
    }
}

#[async_trait]
impl SecretSource for Secrets {
    async fn secrets(
        &self,
        project: &str,
        connection: &Connection,
    ) -> Result<BTreeMap<String, Secret>, ComponentError> {
        let project = &ProjectName::parse(project)
            .map_err(|error| ComponentError::new("connection/secrets", error.to_string()).for_good())?;
        let secrets = self.of_connection(project, &connection.name).await;
        secrets.map_err(|error| ComponentError::new("connection/secrets", error.to_string()))
    }
}
