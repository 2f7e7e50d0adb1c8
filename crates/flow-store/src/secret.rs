//! The secrets of connections, encrypted. The store never sees one in the clear: whoever has the cluster's key seals and
//! opens them.

use crate::{ProjectName, StoreError, Timestamp};
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;

/// A secret as the store keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// The field of the connection that it is for.
    pub field: String,
    /// The encrypted value.
    pub sealed: Bytes,
    /// When it was set.
    pub updated: Timestamp,
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSecret")
            .field("field", &self.field)
            .field("updated", &self.updated)
            .finish_non_exhaustive()
    }
}

/// The secrets of the connections of the cluster's projects.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// Keeps a secret in the place of the one before. Fails with `store/not-found` when the project is not on the cluster.
    async fn put_secret(
        &self,
        project: &ProjectName,
        connection: &str,
        field: &str,
        sealed: Bytes,
    ) -> Result<(), StoreError>;

    /// The secrets of a connection, by field; none for one that nobody gave any.
    async fn connection_secrets(
        &self,
        project: &ProjectName,
        connection: &str,
    ) -> Result<Vec<SealedSecret>, StoreError>;

    /// Forgets a secret. Whether there was one.
    async fn remove_secret(&self, project: &ProjectName, connection: &str, field: &str) -> Result<bool, StoreError>;
}
