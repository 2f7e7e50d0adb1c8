//! The requests of the cluster.

use crate::{
    AttemptEnd, AttemptRecord, AttemptWrite, AuditEntry, Created, Durability, Fence, Limits, LogEntry, NewRequest,
    NumberedLogEntry, Owner, PointPlace, ReExecution, Request, RequestFilter, RequestId, RequestState, SavedOutline,
    SavedPoint, StoreError, Timestamp,
};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::time::Duration;

/// What is called with the requests that are made, and with whether they are durable.
pub type Begin = Box<dyn FnOnce(&[Created], Durability) + Send>;

/// The requests of the cluster. What each method does to a request is written down once, in [`crate::transition`].
///
/// A write is durable when its future is ready with `Ok`. A future that was dropped before may still take effect.
#[async_trait]
pub trait RequestStore: Send + Sync {
    /// The time by the database's clock, which all due times go by.
    fn now(&self) -> Timestamp;

    /// Makes requests, all or none. With an owner they are `Running` from the start, attempt 1, in the same write (the
    /// caller must execute those that are `new`); without one, or if the owner is draining, they are `Queued`. Under limits,
    /// which claims alone look at, they are `Queued` for the owner.
    ///
    /// If any is new, `audit` is written in the same transaction, with the ids in its detail ([`MadeRequests`]). What the
    /// same account makes of the same from the same address within [`MadeRequests::TOGETHER_MS`] may become one entry.
    ///
    /// Fails with `store/conflict` if an idempotency key was used for something else.
    async fn create_requests(
        &self,
        new: Vec<NewRequest>,
        owner: Option<Owner>,
        audit: Option<AuditEntry>,
    ) -> Result<Vec<Created>, StoreError>;

    /// The same, and calls `begin` once with what is made, as soon as that is known: before the answer, and maybe before it is
    /// durable. Nothing is called for what is refused. `begin` must not block, and may be called on any thread.
    async fn create_and_begin(
        &self,
        new: Vec<NewRequest>,
        owner: Option<Owner>,
        audit: Option<AuditEntry>,
        begin: Begin,
    ) -> Result<Vec<Created>, StoreError> {
        let created = self.create_requests(new, owner, audit).await?;
        begin(&created, Durability::ALREADY);
        Ok(created)
    }

    /// Makes one request without an entry in the audit trail; see [`RequestStore::create_requests`].
    async fn create_request(&self, new: NewRequest, owner: Option<Owner>) -> Result<Created, StoreError> {
        let created = self.create_requests(vec![new], owner, None).await?;
        created.into_iter().next().ok_or_else(|| StoreError::unavailable("the store made no request"))
    }

    /// Adds saved points and log entries to the current attempt, all or nothing.
    ///
    /// Fails with `store/stale-fence` if the attempt is no longer the current one: stop quietly. After any other
    /// failure every later write of the same attempt fails with `store/attempt-broken`, since it may build on what was
    /// not saved; the attempt can then only end as failed or released.
    async fn write(&self, id: RequestId, fence: Fence, write: AttemptWrite) -> Result<(), StoreError>;

    /// Ends the current attempt, with a last write. Fails as [`RequestStore::write`] does.
    async fn end_attempt(
        &self,
        id: RequestId,
        fence: Fence,
        end: AttemptEnd,
        write: AttemptWrite,
    ) -> Result<Request, StoreError>;

    /// Gives the owner at most `most` requests to execute, those first that come first by the rules of [`crate::queue`]:
    /// of those that are free (`Queued`, or given back) and its own that are due. Each comes back `Running` with a new
    /// attempt and a raised fence. A draining owner gets none; one that was declared dead gets `store/stale-owner`.
    async fn claim(&self, owner: &Owner, most: usize) -> Result<Vec<Request>, StoreError>;

    /// How long until there is something to claim for the owner; none if nothing waits. What waits for a limit does not
    /// count: it can be claimed once another request has ended or waits, which [`crate::Store::changes`] tells.
    async fn next_due(&self, owner: &Owner) -> Result<Option<Duration>, StoreError>;

    /// The limits of the cluster as they are now.
    async fn limits(&self) -> Result<Limits, StoreError>;

    /// One request. Fails with `store/not-found`.
    async fn get(&self, id: RequestId) -> Result<Request, StoreError>;

    /// Requests, newest first.
    async fn list(&self, filter: &RequestFilter) -> Result<Vec<Request>, StoreError>;

    /// How many requests of the filter (page limits aside) are in each state; every state is there.
    async fn counts(&self, filter: &RequestFilter) -> Result<BTreeMap<RequestState, u64>, StoreError>;

    /// The saved points of a request in the order in which they were saved.
    async fn saved_points(&self, id: RequestId) -> Result<Vec<SavedPoint>, StoreError>;

    /// The outlines of at most `limit` saved points of a request, newest first: those before `before`, or the newest. So
    /// millions of them are read page by page, and what a later one makes void need not be kept.
    async fn saved_outlines(
        &self,
        id: RequestId,
        before: Option<PointPlace>,
        limit: usize,
    ) -> Result<Vec<SavedOutline>, StoreError>;

    /// The saved points of a request at these places, in their order. Fails with `store/not-found` if one is not there.
    async fn saved_at(&self, id: RequestId, places: &[PointPlace]) -> Result<Vec<SavedPoint>, StoreError>;

    /// The log of a request after entry number `after` (0 for all), oldest first, at most `limit` entries.
    async fn log(&self, id: RequestId, after: u64, limit: usize) -> Result<Vec<NumberedLogEntry>, StoreError>;

    /// The newest attempts of a request below number `before` (none: the newest of all), at most `limit`, oldest first.
    async fn attempts(
        &self,
        id: RequestId,
        before: Option<u32>,
        limit: usize,
    ) -> Result<Vec<AttemptRecord>, StoreError>;

    /// Re-execution by a person: the request belongs to `owner` and its next attempt is due at once (claim it). With
    /// `keep` it goes on from an earlier saved point: only the first so many of [`RequestStore::saved_points`] stay (0: it
    /// goes on from its start), and those that belong to the last of them ([`crate::transition::rewind`]). With `version`
    /// it is pinned to another version of its project from now on; its attempts until then keep the one that they ran.
    ///
    /// Fails with `store/wrong-state` unless the request is `Error`, `Cancelled` or `WaitingForRetry`, if there are not
    /// so many saved points, if retention has removed them and `keep` is not 0, or if the request has changed since it was
    /// found to fit the version.
    async fn re_execute_with(
        &self,
        id: RequestId,
        owner: &Owner,
        by: &str,
        how: ReExecution,
    ) -> Result<Request, StoreError>;

    /// Re-execution at the request's own version; see [`RequestStore::re_execute_with`].
    async fn re_execute(
        &self,
        id: RequestId,
        owner: &Owner,
        by: &str,
        keep: Option<u32>,
    ) -> Result<Request, StoreError> {
        self.re_execute_with(id, owner, by, ReExecution { keep, version: None }).await
    }

    /// Notes that the current attempt makes no progress `since` then, or, with none, that it makes progress again; `entry`
    /// says so in the request's log. The mark goes with the attempt. Fails with `store/stale-fence` if the attempt is no
    /// longer the current one.
    async fn mark_stalled(
        &self,
        id: RequestId,
        fence: Fence,
        since: Option<Timestamp>,
        entry: LogEntry,
    ) -> Result<Request, StoreError>;

    /// A person takes a running request from its owner, which lives and gets nowhere with it: it belongs to `owner`, with
    /// a raised fence, and its next attempt is due at once (claim it).
    ///
    /// Fails with `store/wrong-state` unless the request is `Running` and marked as stalled.
    async fn take_from(&self, id: RequestId, owner: &Owner, by: &str) -> Result<Request, StoreError>;

    /// Cancels a request that has not ended. A running attempt is fenced off: its next write fails with
    /// `store/stale-fence`. Fails with `store/wrong-state` if the request has ended.
    async fn cancel(&self, id: RequestId, by: &str) -> Result<Request, StoreError>;
}
