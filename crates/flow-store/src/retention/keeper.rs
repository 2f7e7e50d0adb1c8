//! The work that one server does for all, in the background and in small bits: applying the retention policy,
//! thinning what servers counted, and collecting the storage's orphans.

use super::RetentionPolicy;
use crate::{CheckpointStorage, StorageError, Store, StoreError};
use serde::Serialize;
use std::time::Duration;

/// The name of this work's turn, for [`crate::ClusterStore::take_turn`].
pub const TURN: &str = "retention";
/// How long a turn lasts unless it is taken again.
const TURN_MS: u64 = 60_000;
/// The name of the turn at collecting orphans. It is kept behind a collection, so that the database knows when the next one is
/// due, whichever servers are started anew meanwhile.
const COLLECTION: &str = "orphans";
/// How long it is kept behind one.
const COLLECTION_MS: u64 = 60 * 60_000;
/// For how long it is taken to begin with. If a collection is cut short, the next one is due then.
const COLLECTING_MS: u64 = 10 * 60_000;
/// Requests in one write.
const REQUESTS: usize = 100;
/// Objects looked up at once.
const OBJECTS: usize = 500;
/// Between two writes, so that others have theirs.
const BREATH: Duration = Duration::from_millis(50);
/// Between two rounds.
const ROUND: Duration = Duration::from_secs(60);
/// Rounds from one thinning of samples to the next.
const ROUNDS_PER_THINNING: u32 = 10;
/// How old an object must be to be an orphan: younger ones may belong to a row that is about to be written.
const ORPHAN_AGE: Duration = Duration::from_secs(60 * 60);

/// What could not be done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HouseError {
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The storage said no.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl HouseError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Storage(error) => error.code(),
        }
    }
}

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct HouseDone {
    /// Requests that were removed as a whole.
    pub requests: u64,
    /// Requests whose log and saved points were removed.
    pub details: u64,
    /// Objects of the storage that were removed.
    pub objects: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

/// Keeps house until it is dropped: every server of a cluster runs this, and one of them at a time works. `holder` tells
/// the servers apart. What fails is logged and tried again in the next round.
pub async fn keep_house(store: &dyn Store, storage: &CheckpointStorage, holder: &str) {
    let mut round: u32 = 0;
    loop {
        tokio::time::sleep(ROUND).await;
        round = round.wrapping_add(1);
        if round.is_multiple_of(ROUNDS_PER_THINNING)
            && let Err(error) = store.thin_samples().await
        {
            tracing::warn!(code = error.code(), %error, "old samples of figures stay for longer");
        }
        match keep_house_once(store, storage, holder).await {
            Ok(Some(done)) if done != HouseDone::default() => {
                tracing::info!(
                    requests = done.requests,
                    details = done.details,
                    objects = done.objects,
                    bytes = done.bytes,
                    "removed what is no longer kept"
                );
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(code = error.code(), %error, "clearing up stopped; it goes on in a minute"),
        }
    }
}

/// One round: applies the policy of the cluster's settings, and collects orphans if nobody has done so for an hour. None if
/// there is nothing to do, or it is somebody else's turn.
pub async fn keep_house_once(
    store: &dyn Store,
    storage: &CheckpointStorage,
    holder: &str,
) -> Result<Option<HouseDone>, HouseError> {
    let policy = RetentionPolicy::from_settings(&store.settings().await?);
    // Another name each time: who has a turn is given it again.
    let collector = format!("{holder} {}", store.now());
    let collect = store.take_turn(COLLECTION, &collector, COLLECTING_MS).await?;
    if policy.keeps_everything() && !collect {
        return Ok(None);
    }
    if !store.take_turn(TURN, holder, TURN_MS).await? {
        if collect {
            store.end_turn(COLLECTION, &collector).await?;
        }
        return Ok(None);
    }
    let done = work(store, storage, holder, &policy, collect.then_some(collector.as_str())).await;
    // Whoever is next need not wait for the turn to run out; if this fails, it does.
    let ended = store.end_turn(TURN, holder).await;
    let done = done?;
    ended?;
    Ok(Some(done))
}

async fn work(
    store: &dyn Store,
    storage: &CheckpointStorage,
    holder: &str,
    policy: &RetentionPolicy,
    collector: Option<&str>,
) -> Result<HouseDone, HouseError> {
    let mut all = HouseDone::default();
    while !policy.keeps_everything() {
        let done = store.apply_retention(policy, REQUESTS).await?;
        all.requests += done.requests;
        all.details += done.details;
        if !done.more || !store.take_turn(TURN, holder, TURN_MS).await? {
            break;
        }
        tokio::time::sleep(BREATH).await;
    }
    if let Some(collector) = collector {
        let mut old = storage.old_objects(ORPHAN_AGE).await?;
        while !old.is_empty() && store.take_turn(TURN, holder, TURN_MS).await? {
            let rest = old.split_off(old.len().min(OBJECTS));
            let (objects, bytes) = storage.remove_unnamed(old, ORPHAN_AGE, store).await?;
            all.objects += objects;
            all.bytes += bytes;
            old = rest;
        }
        if old.is_empty() {
            store.take_turn(COLLECTION, collector, COLLECTION_MS).await?;
        }
    }
    Ok(all)
}

/// Waits for the turn at retention and takes it, so that nothing is removed for the next minute; take it again to make
/// that longer. For backups, which copy what they find named.
pub async fn wait_for_turn(store: &dyn Store, holder: &str) -> Result<(), StoreError> {
    while !store.take_turn(TURN, holder, TURN_MS).await? {
        tokio::time::sleep(BREATH).await;
    }
    Ok(())
}
