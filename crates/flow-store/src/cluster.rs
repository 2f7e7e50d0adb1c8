//! What holds the servers of a cluster together: its identity, its one storage, and whose turn it is at work that one
//! server does for all.

use crate::{
    CheckpointStorage, Server, ServerId, ServerState, StorageError, StorageMarker, Store, StoreError, Timestamp,
};
use async_trait::async_trait;
use std::time::Duration;

/// A server that has said nothing of itself for so long counts as lost when storages are compared, in milliseconds: after a
/// loss of all servers nobody has declared them dead.
const SILENT_MS: i64 = 60_000;
/// How often a marker that does not fit is looked at again: its server may be starting, and a network file system may show
/// what was there a moment ago.
const LOOKS: usize = 5;
/// Between two looks.
const AGAIN: Duration = Duration::from_millis(200);

/// The cluster as a whole.
#[async_trait]
pub trait ClusterStore: Send + Sync {
    /// The identity of this checkpoint database, made with it and kept for good.
    async fn cluster_id(&self) -> Result<String, StoreError>;

    /// The identity of the storage that the cluster's servers use; none before the first of them has noted it.
    async fn storage_id(&self) -> Result<Option<String>, StoreError>;

    /// Notes the identity of the cluster's storage unless one is noted already; which one it is.
    async fn note_storage(&self, id: &str) -> Result<String, StoreError>;

    /// Notes what a server has written into its own marker in the storage, in the place of what was noted before.
    async fn note_marker(&self, server: &ServerId, word: &str) -> Result<(), StoreError>;

    /// What a server has written into its own marker; none if it never wrote one.
    async fn noted_marker(&self, server: &ServerId) -> Result<Option<String>, StoreError>;

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

/// Makes sure that this server sees the storage that is noted in the database, and that no other cluster uses it. A
/// marker in the storage names both; it is made when neither the database nor the storage knows of one. To be called
/// when a server starts, before it takes any request.
pub async fn check_same_storage(
    store: &dyn Store,
    storage: &CheckpointStorage,
) -> Result<StorageMarker, SameStorageError> {
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
    if noted == marker.storage { Ok(marker) } else { Err(storage.is_another().into()) }
}

/// Writes the marker of the server `own` and notes in the database what it says, for those that start later: a copy of
/// the storage lacks it. Once a start, before the server registers.
pub async fn mark_storage(
    store: &dyn Store,
    storage: &CheckpointStorage,
    own: &ServerId,
) -> Result<(), SameStorageError> {
    let word = storage.mark_for(own).await?;
    Ok(store.note_marker(own, &word).await?)
}

/// Makes sure that the living servers other than `own` use this very storage and not one that it was copied from or to:
/// each has its marker here. To be called before [`mark_storage`], and once more when the server is registered, so
/// that of two that start at once one sees the other.
pub async fn check_shared_storage(
    store: &dyn Store,
    storage: &CheckpointStorage,
    own: &ServerId,
) -> Result<(), SameStorageError> {
    let since = Timestamp(store.now().0 - SILENT_MS);
    let heard = store.samples(since, 0).await?;
    let lives = |server: &Server| {
        let is_heard = server.started > since || heard.iter().any(|sample| sample.owner == server.owner());
        server.id != *own && server.state != ServerState::Terminated && is_heard
    };
    let living: Vec<Server> = store.servers().await?.into_iter().filter(lives).collect();
    for server in living {
        let mut looks = 1;
        while !has_its_marker(store, storage, &server.id).await? {
            if looks == LOOKS {
                return Err(storage.is_not_that_of(&server.id, &server.name).into());
            }
            looks += 1;
            tokio::time::sleep(AGAIN).await;
        }
    }
    Ok(())
}

/// Whether a server's marker is as it wrote it. One of a release without these markers has none to miss.
async fn has_its_marker(
    store: &dyn Store,
    storage: &CheckpointStorage,
    server: &ServerId,
) -> Result<bool, SameStorageError> {
    let Some(noted) = store.noted_marker(server).await? else { return Ok(true) };
    Ok(storage.marker_for(server).await?.is_some_and(|found| found == noted))
}

/// Under what a database keeps what a server's marker says.
pub fn marker_key(server: &ServerId) -> String {
    format!("storage-marker/{server}")
}
