//! Retention.

use crate::PostgresStore;
use crate::error::DbResult;
use crate::requests::{self, state_number};
use crate::sql::{count, execute, number, read, row, row_if_any, rows};
use crate::transaction::Transaction;
use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use flow_store::{
    Keep, RequestId, RequestState, RetentionDone, RetentionGroup, RetentionPolicy, RetentionReport, RetentionStore,
    StoreError, Timestamp,
};
use std::collections::HashSet;
use tokio_postgres::Row;

/// Rows of logs and saved points that one write removes at the most: a fraction of a second.
const ROWS: i64 = 5000;

/// Requests whose rows are looked for at once.
const REQUESTS: i64 = 500;

#[async_trait]
impl RetentionStore for PostgresStore {
    async fn retention_preview(&self, policy: &RetentionPolicy) -> Result<RetentionReport, StoreError> {
        let (db, now) = (self.database.reader().await?, self.database.now());
        let mut groups = Vec::new();
        for (state, keep) in policy.keeps() {
            groups.push(preview(&db, state, &keep, now).await?);
        }
        Ok(RetentionReport { groups })
    }

    async fn apply_retention(&self, policy: &RetentionPolicy, limit: usize) -> Result<RetentionDone, StoreError> {
        let transaction = self.database.begin().await?;
        let applied = async {
            let mut batch = Batch { done: RetentionDone::default(), requests: limit };
            for (state, keep) in policy.keeps() {
                batch.apply(&transaction, state, &keep).await?;
            }
            batch.done.more |= !remove_unlinked(&transaction).await?;
            Ok(batch.done)
        };
        let applied = applied.await;
        transaction.end(applied).await
    }

    async fn named_objects(&self, keys: Vec<String>) -> Result<HashSet<String>, StoreError> {
        let db = self.database.reader().await?;
        // Rows that no longer count name nothing, but removing them may take a while: then an object stays for longer.
        let sql = "SELECT DISTINCT object_key FROM history WHERE object_key = ANY ($1)";
        let named = read(&rows(&db, sql, &[&keys]).await?, |row| Ok(row.try_get(0)?))?;
        Ok(named.into_iter().collect())
    }
}

/// The end of a request, and its id: the order in which they are removed.
type End = (Timestamp, RequestId);

const FIRST: End = (Timestamp(i64::MIN), RequestId(i64::MIN));

fn end(row: &Row) -> DbResult<End> {
    Ok((Timestamp(row.try_get(0)?), RequestId(row.try_get(1)?)))
}

/// How many requests there are beyond the number that is kept.
async fn too_many(db: &ClientWrapper, state: RequestState, keep: &Keep) -> DbResult<u64> {
    let Some(number) = keep.number else { return Ok(0) };
    Ok(requests::present(db, state).await?.saturating_sub(number))
}

/// How many requests of a state ended before a time.
async fn ended_before(db: &ClientWrapper, state: RequestState, before: Timestamp) -> DbResult<u64> {
    let sql = "SELECT count(*) FROM request WHERE state = $1 AND ended IS NOT NULL AND ended < $2";
    count(&row(db, sql, &[&state_number(state), &before.0]).await?, 0)
}

/// The last request of a state that has lost its log and saved points.
async fn mark(db: &ClientWrapper, state: RequestState) -> DbResult<End> {
    let sql = "SELECT ended, request FROM retention_mark WHERE state = $1";
    let found = row_if_any(db, sql, &[&state_number(state)]).await?;
    found.as_ref().map_or(Ok(FIRST), end)
}

async fn preview(db: &ClientWrapper, state: RequestState, keep: &Keep, now: Timestamp) -> DbResult<RetentionGroup> {
    let too_old = match keep.ended_before(now) {
        Some(before) => ended_before(db, state, before).await?,
        None => 0,
    };
    let requests = too_many(db, state, keep).await?.max(too_old);
    let details = match keep.details_before(now) {
        Some(before) => details(db, state, requests, before).await?,
        None => 0,
    };
    let sql = "SELECT ended FROM request WHERE state = $1 AND ended IS NOT NULL ORDER BY ended LIMIT 1";
    let oldest = row_if_any(db, sql, &[&state_number(state)]).await?;
    let oldest = oldest.map(|row| row.try_get::<_, i64>(0)).transpose()?;
    let present = requests::present(db, state).await?;
    Ok(RetentionGroup { state, present, requests, details, oldest: oldest.map(Timestamp) })
}

/// How many requests lose their log and saved points. Those that go as a whole are the first ones, so what is left to count
/// begins behind them or the mark.
async fn details(db: &ClientWrapper, state: RequestState, whole: u64, before: Timestamp) -> DbResult<u64> {
    let mut after = mark(db, state).await?;
    if let Some(last) = whole.checked_sub(1) {
        let sql = "SELECT ended, id FROM request WHERE state = $1 AND ended IS NOT NULL
                   ORDER BY ended, id LIMIT 1 OFFSET $2";
        let last = row_if_any(db, sql, &[&state_number(state), &crate::sql::number(last)]).await?;
        after = after.max(last.as_ref().map_or(Ok(FIRST), end)?);
    }
    let sql = "SELECT count(*) FROM request
               WHERE state = $1 AND ended IS NOT NULL AND (ended, id) > ($2, $3) AND ended < $4";
    count(&row(db, sql, &[&state_number(state), &after.0.0, &after.1.0, &before.0]).await?, 0)
}

/// What one write may still remove, and what it has removed.
struct Batch {
    done: RetentionDone,
    requests: usize,
}

impl Batch {
    async fn apply(&mut self, transaction: &Transaction, state: RequestState, keep: &Keep) -> DbResult<()> {
        self.remove_whole(transaction, state, keep).await?;
        if let Some(before) = keep.details_before(transaction.now)
            && !self.done.more
        {
            self.remove_details(transaction, state, before).await?;
        }
        Ok(())
    }

    async fn remove_whole(&mut self, transaction: &Transaction, state: RequestState, keep: &Keep) -> DbResult<()> {
        let too_many = too_many(transaction, state, keep).await?;
        let before = keep.ended_before(transaction.now);
        if too_many == 0 && before.is_none() {
            return Ok(());
        }
        // A request that somebody is changing, for it is executed again, is none of those that stay as they ended.
        let sql = "SELECT ended, id FROM request WHERE state = $1 AND ended IS NOT NULL ORDER BY ended, id LIMIT $2
                   FOR UPDATE SKIP LOCKED";
        let limit = i64::try_from(self.requests).unwrap_or(i64::MAX).saturating_add(1);
        let oldest = read(&rows(transaction, sql, &[&state_number(state), &limit]).await?, end)?;
        let goes = |((ended, _), place): &(End, u64)| *place < too_many || before.is_some_and(|before| *ended < before);
        let gone = self.as_many_as_may(oldest.into_iter().zip(0..).take_while(goes).map(|(end, _)| end).collect());
        if gone.is_empty() {
            return Ok(());
        }
        let ids = ids(&gone);
        unlink(transaction, &ids).await?;
        remove_requests(transaction, &ids).await?;
        self.done.requests += gone.len() as u64;
        Ok(())
    }

    /// The first of these requests, as many as this write may still remove.
    fn as_many_as_may(&mut self, mut ends: Vec<End>) -> Vec<End> {
        self.done.more |= ends.len() > self.requests;
        ends.truncate(self.requests);
        self.requests -= ends.len();
        ends
    }

    async fn remove_details(
        &mut self,
        transaction: &Transaction,
        state: RequestState,
        before: Timestamp,
    ) -> DbResult<()> {
        let after = mark(transaction, state).await?;
        let sql = "SELECT ended, id FROM request
                   WHERE state = $1 AND ended IS NOT NULL AND (ended, id) > ($2, $3) AND ended < $4
                   ORDER BY ended, id LIMIT $5 FOR UPDATE";
        let limit = i64::try_from(self.requests).unwrap_or(i64::MAX).saturating_add(1);
        let values: crate::sql::Values<'_> = &[&state_number(state), &after.0.0, &after.1.0, &before.0, &limit];
        let ends = self.as_many_as_may(read(&rows(transaction, sql, values).await?, end)?);
        let Some((ended, id)) = ends.last() else { return Ok(()) };
        let ids = ids(&ends);
        self.done.details += unlink(transaction, &ids).await?;
        let sql = "UPDATE request SET removed = newest, log_entries = 0 WHERE id = ANY ($1)";
        execute(transaction, sql, &[&ids]).await?;
        let sql = "INSERT INTO retention_mark (state, ended, request) VALUES ($1, $2, $3)
                   ON CONFLICT (state) DO UPDATE SET ended = $2, request = $3";
        execute(transaction, sql, &[&state_number(state), &ended.0, &id.0]).await?;
        Ok(())
    }
}

fn ids(ends: &[End]) -> Vec<i64> {
    ends.iter().map(|(_, id)| id.0).collect()
}

/// Notes that these requests lose their log and saved points, however many those are; the rows are removed later. How many
/// requests had any.
async fn unlink(db: &ClientWrapper, ids: &[i64]) -> DbResult<u64> {
    let sql = "INSERT INTO history_removed (request, until) SELECT id, newest FROM request
               WHERE id = ANY ($1) AND newest > removed ON CONFLICT DO NOTHING";
    execute(db, sql, &[&ids]).await
}

/// Removes some of the rows that no request has any more. Whether all are gone.
async fn remove_unlinked(db: &ClientWrapper) -> DbResult<bool> {
    // The rows of each request are looked for by their key, however many the database expects.
    let delete = "DELETE FROM history WHERE ctid = ANY (ARRAY(
                      SELECT gone.place FROM unnest($1::bigint[], $2::bigint[]) AS removed (request, until)
                      CROSS JOIN LATERAL (SELECT h.ctid AS place FROM history h
                                          WHERE h.request = removed.request AND h.number <= removed.until
                                          LIMIT $3) AS gone
                      LIMIT $3))";
    let forget = "DELETE FROM history_removed r USING unnest($1::bigint[], $2::bigint[]) AS gone (request, until)
                  WHERE r.request = gone.request AND r.until = gone.until";
    let mut left = ROWS;
    while left > 0 {
        let next = "SELECT request, until FROM history_removed LIMIT $1 FOR UPDATE SKIP LOCKED";
        let next = rows(db, next, &[&REQUESTS]).await?;
        if next.is_empty() {
            return Ok(true);
        }
        let requests = read(&next, |row| Ok(row.try_get::<_, i64>(0)?))?;
        let until = read(&next, |row| Ok(row.try_get::<_, i64>(1)?))?;
        let removed = i64::try_from(execute(db, delete, &[&requests, &until, &left]).await?).unwrap_or(i64::MAX);
        if removed < left {
            execute(db, forget, &[&requests, &until]).await?;
        }
        // Also requests without rows cost something.
        left -= removed.max(number(next.len() as u64));
    }
    let rest = row(db, "SELECT EXISTS (SELECT FROM history_removed)", &[]).await?;
    Ok(!rest.try_get::<_, bool>(0)?)
}

/// Removes requests whose log and saved points are taken from them.
async fn remove_requests(db: &ClientWrapper, ids: &[i64]) -> DbResult<()> {
    requests::count_off(db, ids).await?;
    for sql in [
        "DELETE FROM attempt WHERE request = ANY ($1)",
        "DELETE FROM request_given WHERE id = ANY ($1)",
        "DELETE FROM request WHERE id = ANY ($1)",
    ] {
        execute(db, sql, &[&ids]).await?;
    }
    Ok(())
}
