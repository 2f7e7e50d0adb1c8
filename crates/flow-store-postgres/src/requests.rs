//! Requests.

mod attempts;
mod batch;
mod claims;
mod groups;
mod history;
mod prepared;
mod rows;

use crate::PostgresStore;
use crate::error::{DbError, DbResult};
use crate::numbers::Numbers;
use crate::open::Database;
use crate::transaction::Transaction;
use async_trait::async_trait;
use flow_store::{
    AttemptEnd, AttemptRecord, AttemptWrite, AuditEntry, Created, Epoch, Fence, Limits, LogEntry, NewRequest,
    NumberedLogEntry, Owner, PointPlace, ReExecution, Request, RequestFilter, RequestId, RequestState, RequestStore,
    SavedOutline, SavedPoint, StoreError, Timestamp, VersionId, transition,
};
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) use batch::{Batch, Known, Made, Needs, NotWritten, begin_batch, server_lock};
pub(crate) use claims::limits;
pub(crate) use groups::{count_off, ended, fold_counts, present};
pub(crate) use prepared::{PreparedRequest, PreparedWrite};
pub(crate) use rows::{limits_text, state_number};

/// The queries by which claims look at what waits.
#[cfg(test)]
pub(crate) fn claim_queries() -> [String; 2] {
    [claims::look_sql(), claims::next_due_sql()]
}

#[cfg(test)]
pub(crate) use groups::{count_of_groups, ended_sql, list_of_all, list_of_groups};

#[async_trait]
impl RequestStore for PostgresStore {
    fn now(&self) -> Timestamp {
        self.database.now()
    }

    async fn create_requests(
        &self,
        new: Vec<NewRequest>,
        owner: Option<Owner>,
        audit: Option<AuditEntry>,
    ) -> Result<Vec<Created>, StoreError> {
        let mut prepared = Vec::with_capacity(new.len());
        for new in new {
            let lane = match self.database.numbers.known_lane(&new)? {
                Some(known) => known,
                None => self.database.numbers.lane(&*self.database.reader().await?, &new).await?,
            };
            prepared.push(PreparedRequest::new(new, lane)?);
        }
        self.writer.create(prepared, owner, audit).await
    }

    async fn write(&self, id: RequestId, fence: Fence, write: AttemptWrite) -> Result<(), StoreError> {
        self.writer.write(id, fence, write).await
    }

    async fn end_attempt(
        &self,
        id: RequestId,
        fence: Fence,
        end: AttemptEnd,
        write: AttemptWrite,
    ) -> Result<Request, StoreError> {
        self.writer.end_attempt(id, fence, end, write).await
    }

    async fn claim(&self, owner: &Owner, most: usize) -> Result<Vec<Request>, StoreError> {
        claims::claim(&self.database, owner, most).await
    }

    async fn next_due(&self, owner: &Owner) -> Result<Option<Duration>, StoreError> {
        let db = self.database.reader().await?;
        let now = self.database.now();
        Ok(claims::next_due(&db, owner, now).await?.map(|due| now.until(due)))
    }

    async fn limits(&self) -> Result<Limits, StoreError> {
        let db = self.database.reader().await?;
        Ok(claims::limits(&db).await?)
    }

    async fn get(&self, id: RequestId) -> Result<Request, StoreError> {
        let db = self.database.reader().await?;
        Ok(rows::load(&db, &self.database.numbers, id).await?)
    }

    async fn list(&self, filter: &RequestFilter) -> Result<Vec<Request>, StoreError> {
        let db = self.database.reader().await?;
        Ok(groups::list(&db, &self.database.numbers, filter).await?)
    }

    async fn counts(&self, filter: &RequestFilter) -> Result<BTreeMap<RequestState, u64>, StoreError> {
        let db = self.database.reader().await?;
        Ok(groups::counts(&db, &self.database.numbers, filter).await?)
    }

    async fn saved_points(&self, id: RequestId) -> Result<Vec<SavedPoint>, StoreError> {
        let db = self.database.reader().await?;
        Ok(history::saved_points(&db, id).await?)
    }

    async fn saved_outlines(
        &self,
        id: RequestId,
        before: Option<PointPlace>,
        limit: usize,
    ) -> Result<Vec<SavedOutline>, StoreError> {
        let db = self.database.reader().await?;
        Ok(history::outlines(&db, id, before, limit).await?)
    }

    async fn saved_at(&self, id: RequestId, places: &[PointPlace]) -> Result<Vec<SavedPoint>, StoreError> {
        let db = self.database.reader().await?;
        Ok(history::saved_at(&db, id, places).await?)
    }

    async fn log(&self, id: RequestId, after: u64, limit: usize) -> Result<Vec<NumberedLogEntry>, StoreError> {
        let db = self.database.reader().await?;
        Ok(history::log(&db, id, after, limit).await?)
    }

    async fn attempts(
        &self,
        id: RequestId,
        before: Option<u32>,
        limit: usize,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        let db = self.database.reader().await?;
        Ok(attempts::of(&db, &self.database.numbers, id, before, limit).await?)
    }

    async fn re_execute_with(
        &self,
        id: RequestId,
        owner: &Owner,
        by: &str,
        how: ReExecution,
    ) -> Result<Request, StoreError> {
        let transaction = self.database.begin().await?;
        let changed = re_execute(&transaction, &self.database, id, owner, by, how).await;
        transaction.end(changed).await
    }

    async fn mark_stalled(
        &self,
        id: RequestId,
        fence: Fence,
        since: Option<Timestamp>,
        entry: LogEntry,
    ) -> Result<Request, StoreError> {
        let transaction = self.database.begin().await?;
        let changed = async {
            let mut batch = hold_one(&transaction, &self.database, id).await?;
            let request = batch.get(id)?.clone();
            let marked = batch.apply(transition::mark_stalled(request, fence, since, entry, transaction.now)?)?;
            batch.write_out(&transaction, &self.database).await?;
            let sql = "UPDATE request SET stalled = $2, stalled_fence = $3 WHERE id = $1";
            let since = since.map(|at| at.0);
            crate::sql::execute(&transaction, sql, &[&id.0, &since, &fence.0]).await?;
            Ok::<_, DbError>(marked)
        };
        let changed = changed.await;
        transaction.end(changed).await
    }

    async fn take_from(&self, id: RequestId, owner: &Owner, by: &str) -> Result<Request, StoreError> {
        let transaction = self.database.begin().await?;
        let changed = async {
            crate::servers::lock(&transaction, &owner.server, false).await?;
            let mut batch = hold_one(&transaction, &self.database, id).await?;
            batch.servers.check_alive(owner)?;
            let request = batch.get(id)?.clone();
            let (from, to) = (batch.owner_name(&request), batch.servers.server_ref(owner));
            let taken = batch.apply(transition::take_from(request, &from, &to, by, transaction.now)?)?;
            batch.write_out(&transaction, &self.database).await?;
            Ok::<_, DbError>(taken)
        };
        let changed = changed.await;
        transaction.end(changed).await
    }

    async fn cancel(&self, id: RequestId, by: &str) -> Result<Request, StoreError> {
        let transaction = self.database.begin().await?;
        let changed = async {
            let mut batch = hold_one(&transaction, &self.database, id).await?;
            let request = batch.get(id)?.clone();
            let server = batch.owner_name(&request);
            let cancelled = batch.apply(transition::cancel(request, by, &server, transaction.now)?)?;
            batch.write_out(&transaction, &self.database).await?;
            Ok::<_, DbError>(cancelled)
        };
        let changed = changed.await;
        transaction.end(changed).await
    }
}

async fn re_execute(
    transaction: &Transaction,
    database: &Database,
    id: RequestId,
    owner: &Owner,
    by: &str,
    how: ReExecution,
) -> DbResult<Request> {
    crate::servers::lock(transaction, &owner.server, false).await?;
    let mut batch = hold_one(transaction, database, id).await?;
    batch.servers.check_alive(owner)?;
    let request = batch.get(id)?.clone();
    let before = request.version.clone();
    let (go_on, step_back) = history::go_on(transaction, &request, how.keep).await?;
    let (to, alive) = (batch.servers.server_ref(owner), batch.servers.living_owner(&request));
    let change = transition::re_execute(request, &to, alive.as_ref(), by, (go_on, how.version), transaction.now)?;
    if change.request.version != before {
        pin(transaction, &change.request, &before).await?;
    }
    if let Some(to) = step_back {
        batch.step_back(id, to);
    }
    let changed = batch.apply(change)?;
    batch.write_out(transaction, database).await?;
    Ok(changed)
}

/// Pins a request to its version, which was `before`.
async fn pin(transaction: &Transaction, request: &Request, before: &VersionId) -> DbResult<()> {
    let sql = "UPDATE attempt SET version = $2 WHERE request = $1 AND version IS NULL";
    crate::sql::execute(transaction, sql, &[&request.id.0, &before.as_str()]).await?;
    let settings = &request.settings;
    let number = crate::sql::number;
    let values: crate::sql::Values<'_> = &[
        &request.id.0,
        &request.version.as_str(),
        &settings.other_server_retry,
        &settings.begin_checkpoint,
        &i64::from(settings.retry_count),
        &number(settings.retry_interval_ms),
        &settings.timeout_ms.map(number),
        &i64::from(settings.retry_backoff),
    ];
    let sql = "UPDATE request_given SET version = $2, other_server_retry = $3, begin_checkpoint = $4, retry_count = $5,
                      retry_interval_ms = $6, timeout_ms = $7, retry_backoff = $8 WHERE id = $1";
    crate::sql::execute(transaction, sql, values).await?;
    Ok(())
}

/// A batch that holds one request.
async fn hold_one(transaction: &Transaction, database: &Database, id: RequestId) -> DbResult<Batch<'static>> {
    crate::sql::rows(transaction, "SELECT id FROM request WHERE id = $1 FOR NO KEY UPDATE", &[&id.0]).await?;
    let mut batch = Batch::new(transaction.now, crate::servers::Servers::load(transaction).await?);
    hold_locked(transaction, &database.numbers, &mut batch, &[id.0]).await?;
    Ok(batch)
}

/// A query that locks the open requests of the epochs up to `$2` of the server `$1`, in the order of their ids. They are found
/// first: the planner might go through all requests in that order. One that has changed since is not taken.
pub(crate) fn open_of_server_sql() -> String {
    let open = "server = $1 AND epoch <= $2 AND ended IS NULL";
    format!(
        "SELECT id FROM request WHERE id = ANY (ARRAY(SELECT id FROM request WHERE {open})) AND {open}
         ORDER BY id FOR NO KEY UPDATE"
    )
}

/// Holds the open requests of a server's epochs up to `epoch`.
pub(crate) async fn hold_requests_of(
    transaction: &Transaction,
    numbers: &Numbers,
    batch: &mut Batch<'_>,
    server: i64,
    epoch: Epoch,
) -> DbResult<()> {
    let found = crate::sql::rows(transaction, &open_of_server_sql(), &[&server, &epoch.0]).await?;
    let ids: Vec<i64> = crate::sql::read(&found, |row| Ok(row.try_get(0)?))?;
    hold_locked(transaction, numbers, batch, &ids).await
}

/// Takes requests into a batch whose rows an earlier statement has locked. One that waits for a lock and reads at once sees
/// the row as it is then, but what the row is joined with as it was before: the version before a re-execution, say.
async fn hold_locked(transaction: &Transaction, numbers: &Numbers, batch: &mut Batch<'_>, ids: &[i64]) -> DbResult<()> {
    let found = crate::sql::rows(transaction, &format!("{} WHERE r.id = ANY ($1)", rows::SELECT), &[&ids]).await?;
    numbers.know_servers(transaction, &found, rows::SERVER).await?;
    batch.hold(&found, numbers)
}
