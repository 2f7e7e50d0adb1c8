//! A store in front of the real one, which passes the world's places before and after each write.

use super::world::World;
use async_trait::async_trait;
use flow_store::{
    AttemptEnd, AttemptRecord, AttemptWrite, AuditEntry, Created, Fence, Limits, LogEntry, NewRequest,
    NumberedLogEntry, Owner, PointPlace, ReExecution, Request, RequestFilter, RequestId, RequestState, RequestStore,
    SavedOutline, SavedPoint, Store, StoreError, Timestamp,
};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(super) struct PlacedStore {
    pub(super) store: Arc<dyn Store>,
    pub(super) world: World,
    /// The error that the next write answers, and how many more after it.
    pub(super) fails: Mutex<Vec<StoreError>>,
    /// How many writes there have been.
    pub(super) writes: Mutex<usize>,
}

impl PlacedStore {
    pub(super) fn new(store: Arc<dyn Store>, world: World) -> Arc<Self> {
        Arc::new(Self { store, world, fails: Mutex::default(), writes: Mutex::default() })
    }

    fn failure(&self) -> Result<(), StoreError> {
        *self.writes.lock() += 1;
        self.fails.lock().pop().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl RequestStore for PlacedStore {
    fn now(&self) -> Timestamp {
        self.store.now()
    }
    async fn write(&self, id: RequestId, fence: Fence, write: AttemptWrite) -> Result<(), StoreError> {
        self.world.place().await;
        self.failure()?;
        let written = self.store.write(id, fence, write).await;
        self.world.place().await;
        written
    }
    async fn end_attempt(
        &self,
        id: RequestId,
        fence: Fence,
        end: AttemptEnd,
        write: AttemptWrite,
    ) -> Result<Request, StoreError> {
        self.world.place().await;
        self.failure()?;
        let ended = self.store.end_attempt(id, fence, end, write).await;
        self.world.place().await;
        ended
    }
    async fn create_requests(
        &self,
        new: Vec<NewRequest>,
        owner: Option<Owner>,
        audit: Option<AuditEntry>,
    ) -> Result<Vec<Created>, StoreError> {
        self.store.create_requests(new, owner, audit).await
    }
    async fn claim(&self, owner: &Owner, limit: usize) -> Result<Vec<Request>, StoreError> {
        self.store.claim(owner, limit).await
    }
    async fn next_due(&self, owner: &Owner) -> Result<Option<Duration>, StoreError> {
        self.store.next_due(owner).await
    }
    async fn limits(&self) -> Result<Limits, StoreError> {
        self.store.limits().await
    }
    async fn get(&self, id: RequestId) -> Result<Request, StoreError> {
        self.store.get(id).await
    }
    async fn list(&self, filter: &RequestFilter) -> Result<Vec<Request>, StoreError> {
        self.store.list(filter).await
    }
    async fn counts(&self, filter: &RequestFilter) -> Result<BTreeMap<RequestState, u64>, StoreError> {
        self.store.counts(filter).await
    }
    async fn saved_points(&self, id: RequestId) -> Result<Vec<SavedPoint>, StoreError> {
        self.store.saved_points(id).await
    }
    async fn saved_outlines(
        &self,
        id: RequestId,
        before: Option<PointPlace>,
        limit: usize,
    ) -> Result<Vec<SavedOutline>, StoreError> {
        // Small pages, so that several are read.
        self.store.saved_outlines(id, before, limit.min(3)).await
    }
    async fn saved_at(&self, id: RequestId, places: &[PointPlace]) -> Result<Vec<SavedPoint>, StoreError> {
        self.store.saved_at(id, places).await
    }
    async fn log(&self, id: RequestId, after: u64, limit: usize) -> Result<Vec<NumberedLogEntry>, StoreError> {
        self.store.log(id, after, limit).await
    }
    async fn attempts(
        &self,
        id: RequestId,
        before: Option<u32>,
        limit: usize,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        self.store.attempts(id, before, limit).await
    }
    async fn re_execute_with(
        &self,
        id: RequestId,
        owner: &Owner,
        by: &str,
        how: ReExecution,
    ) -> Result<Request, StoreError> {
        self.store.re_execute_with(id, owner, by, how).await
    }
    async fn mark_stalled(
        &self,
        id: RequestId,
        fence: Fence,
        since: Option<Timestamp>,
        entry: LogEntry,
    ) -> Result<Request, StoreError> {
        self.store.mark_stalled(id, fence, since, entry).await
    }
    async fn take_from(&self, id: RequestId, owner: &Owner, by: &str) -> Result<Request, StoreError> {
        self.store.take_from(id, owner, by).await
    }
    async fn cancel(&self, id: RequestId, by: &str) -> Result<Request, StoreError> {
        self.store.cancel(id, by).await
    }
}
