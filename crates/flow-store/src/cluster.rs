//! What holds the servers of a cluster together: its identity, its one storage, and whose turn it is at work that one
//! server does for all.

use crate::{CheckpointStorage, StorageError, Store, StoreError};
use async_trait::async_trait;

/// The cluster as a whole.
#[async_trait]
pub trait ClusterStore: Send + Sync {
    /// The identity of this checkpoint database, made with it and kept for good.
    async fn cluster_id(&self) -> Result<String, StoreError>;

    /// The identity of the storage that the cluster's servers use; none before the first of them has noted it.
    async fn storage_id(&self) -> Result<Option<String>, StoreError>;

    /// Notes the identity of the cluster's storage unless one is noted already; which one it is.
    async fn note_storage(&self, id: &str) -> Result<String, StoreError>;

    /// Gives `holder` the turn at `work` for the next `ms` milliseconds, or for so much longer if it has it already.
    /// Whether it has it now: not while somebody else's turn has not run out.
    async fn take_turn(&self, work: &str, holder: &str, ms: u64) -> Result<bool, StoreError>;

    /// Ends a turn early. Does nothing to a turn of somebody else.
    async fn end_turn(&self, work: &str, holder: &str) -> Result<(), StoreError>;
}

/// Why a server must not use a storage together with a checkpoint database.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SameStorageError {
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The storage said no, or is another one.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl SameStorageError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Storage(error) => error.code(),
        }
    }
}

/// Makes sure that this server sees the same storage as all others of its cluster, and that no other cluster uses it. A
/// marker in the storage names both; it is made when neither the database nor the storage knows of one. To be called
/// when a server starts, before it takes any request.
pub async fn check_same_storage(store: &dyn Store, storage: &CheckpointStorage) -> Result<(), SameStorageError> {
    let (cluster, noted) = (store.cluster_id().await?, store.storage_id().await?);
    let marker = match storage.marker().await? {
        Some(marker) => marker,
        None if noted.is_some() => return Err(storage.without_marker().into()),
        None => storage.mark(&cluster).await?,
    };
    if marker.cluster != cluster {
        return Err(storage.of_another_cluster().into());
    }
    let noted = store.note_storage(&marker.storage).await?;
    if noted == marker.storage { Ok(()) } else { Err(storage.is_another().into()) }
}
