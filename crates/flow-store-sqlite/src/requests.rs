//! Requests.

mod apply;
mod groups;
mod history;
mod queries;
mod queue;
mod rows;
mod times;
mod together;

use crate::error::DbResult;
use crate::writer::{AttemptKey, Chain, Db, Undo};
use crate::{SqliteStore, audit};
use async_trait::async_trait;
use flow_store::{
    AttemptEnd, AttemptRecord, AttemptWrite, AuditEntry, Begin, Created, Durability, Fence, Limits, LogEntry,
    MadeRequests, NewRequest, NumberedLogEntry, Owner, PointPlace, ReExecution, Request, RequestFilter, RequestId,
    RequestState, RequestStore, SavedOutline, SavedPoint, ServerState, StoreError, Timestamp, transition,
};
use std::collections::BTreeMap;
use std::time::Duration;

use apply::apply;
pub(crate) use apply::create;
pub(crate) use groups::{count, count_ended, present};
pub(crate) use history::{remove_unlinked, unlink};
pub(crate) use queries::ended;
pub(crate) use queue::limits;
pub(crate) use rows::{collect, state_number};
pub(crate) use together::apply_to_all;

/// One request is refused, if at all, before anything is changed; of several, a later one may be.
fn undo_of(new: &[NewRequest]) -> Undo {
    if new.len() == 1 { Undo::RefusesFirst } else { Undo::Savepoint }
}

fn create_all(
    new: Vec<NewRequest>,
    owner: Option<Owner>,
    audit: Option<AuditEntry>,
) -> impl FnOnce(&Db<'_>) -> DbResult<Vec<Created>> {
    move |db| {
        let owner = match owner {
            Some(owner) if db.check_alive(&owner)? == ServerState::Running => Some(owner),
            _ => None,
        };
        let created: Vec<Created> =
            new.into_iter().map(|new| create(db, new, owner.as_ref(), false)).collect::<DbResult<_>>()?;
        if let (Some(entry), Some(made)) = (audit, MadeRequests::of(&created)) {
            audit::made_requests(db, entry, made)?;
        }
        Ok(created)
    }
}

#[async_trait]
impl RequestStore for SqliteStore {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn create_requests(
        &self,
        new: Vec<NewRequest>,
        owner: Option<Owner>,
        audit: Option<AuditEntry>,
    ) -> Result<Vec<Created>, StoreError> {
        self.writer.run_chained(Chain::None, undo_of(&new), create_all(new, owner, audit)).await
    }

    async fn create_and_begin(
        &self,
        new: Vec<NewRequest>,
        owner: Option<Owner>,
        audit: Option<AuditEntry>,
        begin: Begin,
    ) -> Result<Vec<Created>, StoreError> {
        let foretold = |created: &Vec<Created>, durability: Durability| begin(created, durability);
        self.writer.run_foretold(undo_of(&new), create_all(new, owner, audit), Box::new(foretold)).await
    }

    async fn write(&self, id: RequestId, fence: Fence, write: AttemptWrite) -> Result<(), StoreError> {
        let prepared = history::PreparedWrite::new(write)?;
        let chain = Chain::Builds(AttemptKey(id, fence));
        self.writer.run_chained(chain, Undo::RefusesFirst, move |db| prepared.write(db, id, fence)).await
    }

    async fn end_attempt(
        &self,
        id: RequestId,
        fence: Fence,
        end: AttemptEnd,
        write: AttemptWrite,
    ) -> Result<Request, StoreError> {
        let key = AttemptKey(id, fence);
        let gives_up = matches!(end, AttemptEnd::Failed { .. } | AttemptEnd::Released) && write.saved.is_empty();
        let chain = if gives_up { Chain::Ends(key) } else { Chain::Builds(key) };
        let prepared = history::PreparedWrite::new(write)?;
        let ends = move |db: &Db<'_>| {
            prepared.write(db, id, fence)?;
            let request = rows::load(db.connection, id)?;
            let server = db.owner_name(&request)?;
            apply(db, transition::end_attempt(request, fence, end, &server, db.now)?)
        };
        // The write refuses what is not the running attempt, before it changes anything.
        self.writer.run_chained(chain, Undo::RefusesFirst, ends).await
    }

    async fn claim(&self, owner: &Owner, most: usize) -> Result<Vec<Request>, StoreError> {
        // Looked at on a read connection first: a server with nothing to do must not wait for its turn at writing.
        let (now, asks) = (self.clock.now(), owner.clone());
        let something = self.readers.run(move |db| queue::has_claimable(db, &asks, now)).await?;
        if !something {
            return Ok(Vec::new());
        }
        let owner = owner.clone();
        self.writer
            .run(move |db| {
                if db.check_alive(&owner)? != ServerState::Running {
                    return Ok(Vec::new());
                }
                let ready = queue::take(db, &owner, most)?;
                ready.into_iter().map(|request| apply(db, transition::claim(request, &owner, db.now)?)).collect()
            })
            .await
    }

    async fn next_due(&self, owner: &Owner) -> Result<Option<Duration>, StoreError> {
        let (now, owner) = (self.clock.now(), owner.clone());
        let due = self.readers.run(move |db| queue::next_due(db, &owner, now)).await?;
        Ok(due.map(|due| now.until(due)))
    }

    async fn limits(&self) -> Result<Limits, StoreError> {
        self.readers.run(queue::limits).await
    }

    async fn get(&self, id: RequestId) -> Result<Request, StoreError> {
        self.readers.run(move |db| rows::load(db, id)).await
    }

    async fn list(&self, filter: &RequestFilter) -> Result<Vec<Request>, StoreError> {
        let filter = filter.clone();
        self.readers.run(move |db| groups::list(db, &filter)).await
    }

    async fn counts(&self, filter: &RequestFilter) -> Result<BTreeMap<RequestState, u64>, StoreError> {
        let filter = filter.clone();
        self.readers.run(move |db| groups::counts(db, &filter)).await
    }

    async fn saved_points(&self, id: RequestId) -> Result<Vec<SavedPoint>, StoreError> {
        self.readers.run(move |db| history::saved_points(db, id)).await
    }

    async fn saved_outlines(
        &self,
        id: RequestId,
        before: Option<PointPlace>,
        limit: usize,
    ) -> Result<Vec<SavedOutline>, StoreError> {
        self.readers.run(move |db| history::outlines(db, id, before, limit)).await
    }

    async fn saved_at(&self, id: RequestId, places: &[PointPlace]) -> Result<Vec<SavedPoint>, StoreError> {
        let places = places.to_vec();
        self.readers.run(move |db| history::saved_at(db, id, &places)).await
    }

    async fn log(&self, id: RequestId, after: u64, limit: usize) -> Result<Vec<NumberedLogEntry>, StoreError> {
        self.readers.run(move |db| history::log(db, id, after, limit)).await
    }

    async fn attempts(
        &self,
        id: RequestId,
        before: Option<u32>,
        limit: usize,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        self.readers.run(move |db| queries::attempts(db, id, before, limit)).await
    }

    async fn re_execute_with(
        &self,
        id: RequestId,
        owner: &Owner,
        by: &str,
        how: ReExecution,
    ) -> Result<Request, StoreError> {
        let (owner, by) = (owner.clone(), by.to_owned());
        self.writer
            .run(move |db| {
                db.check_alive(&owner)?;
                let request = rows::load(db.connection, id)?;
                let before = request.version.clone();
                let (go_on, step_back) = history::go_on(db.connection, &request, how.keep)?;
                let (to, alive) = (db.server_ref(&owner)?, db.living_owner(&request)?);
                let change = transition::re_execute(request, &to, alive.as_ref(), &by, (go_on, how.version), db.now)?;
                if change.request.version != before {
                    apply::pin(db, &change.request, &before)?;
                }
                if let Some(to) = step_back {
                    history::step_back(db, id, to)?;
                }
                apply(db, change)
            })
            .await
    }

    async fn mark_stalled(
        &self,
        id: RequestId,
        fence: Fence,
        since: Option<Timestamp>,
        entry: LogEntry,
    ) -> Result<Request, StoreError> {
        let marks = move |db: &Db<'_>| -> DbResult<Request> {
            let request = rows::load(db.connection, id)?;
            let change = transition::mark_stalled(request, fence, since, entry, db.now)?;
            apply::mark_stalled(db, &change.request)?;
            apply(db, change)
        };
        self.writer.run(marks).await
    }

    async fn take_from(&self, id: RequestId, owner: &Owner, by: &str) -> Result<Request, StoreError> {
        let (owner, by) = (owner.clone(), by.to_owned());
        let takes = move |db: &Db<'_>| -> DbResult<Request> {
            db.check_alive(&owner)?;
            let request = rows::load(db.connection, id)?;
            let from = db.owner_name(&request)?;
            apply(db, transition::take_from(request, &from, &db.server_ref(&owner)?, &by, db.now)?)
        };
        self.writer.run(takes).await
    }

    async fn cancel(&self, id: RequestId, by: &str) -> Result<Request, StoreError> {
        let by = by.to_owned();
        let cancels = move |db: &Db<'_>| -> DbResult<Request> {
            let request = rows::load(db.connection, id)?;
            let server = db.owner_name(&request)?;
            apply(db, transition::cancel(request, &by, &server, db.now)?)
        };
        self.writer.run(cancels).await
    }
}
