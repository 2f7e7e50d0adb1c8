//! Retention.

use crate::SqliteStore;
use crate::error::DbResult;
use crate::requests::{self, collect, state_number};
use crate::writer::Db;
use async_trait::async_trait;
use flow_store::{
    Keep, RequestId, RequestState, RetentionDone, RetentionGroup, RetentionPolicy, RetentionReport, RetentionStore,
    StoreError, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::HashSet;

/// Rows of logs and saved points that one write removes at the most: some milliseconds, so that others need not wait.
const ROWS: usize = 2000;

#[async_trait]
impl RetentionStore for SqliteStore {
    async fn retention_preview(&self, policy: &RetentionPolicy) -> Result<RetentionReport, StoreError> {
        let (policy, now) = (*policy, self.clock.now());
        self.readers
            .run(move |db| {
                let groups = policy.keeps().into_iter().map(|(state, keep)| preview(db, state, &keep, now));
                Ok(RetentionReport { groups: groups.collect::<DbResult<_>>()? })
            })
            .await
    }

    async fn apply_retention(&self, policy: &RetentionPolicy, limit: usize) -> Result<RetentionDone, StoreError> {
        let policy = *policy;
        self.writer
            .run(move |db| {
                let mut batch = Batch { done: RetentionDone::default(), requests: limit };
                for (state, keep) in policy.keeps() {
                    batch.apply(db, state, &keep)?;
                }
                batch.done.more |= !requests::remove_unlinked(db, ROWS)?;
                Ok(batch.done)
            })
            .await
    }

    async fn named_objects(&self, keys: Vec<String>) -> Result<HashSet<String>, StoreError> {
        self.readers
            .run(move |db| {
                let mut named = db.prepare_cached("SELECT 1 FROM history WHERE object_key = ? LIMIT 1")?;
                let mut found = HashSet::new();
                for key in keys {
                    if named.exists([&key])? {
                        found.insert(key);
                    }
                }
                Ok(found)
            })
            .await
    }
}

/// The end of a request, and its id: the order in which they are removed.
type End = (Timestamp, RequestId);

fn end(row: &Row<'_>) -> DbResult<End> {
    Ok((Timestamp(row.get(0)?), RequestId(row.get(1)?)))
}

/// How many requests there are beyond the number that is kept.
fn too_many(connection: &Connection, state: RequestState, keep: &Keep) -> DbResult<u64> {
    let Some(number) = keep.number else { return Ok(0) };
    Ok(requests::present(connection, state)?.saturating_sub(number))
}

/// How many requests of a state ended before a time.
fn ended_before(connection: &Connection, state: RequestState, before: Timestamp) -> DbResult<u64> {
    let mut count = connection
        .prepare_cached("SELECT count(*) FROM request WHERE state = ? AND ended IS NOT NULL AND ended < ?")?;
    Ok(count.query_row([state_number(state), before.0], |row| row.get(0))?)
}

/// The last request of a state that has lost its log and saved points.
fn mark(connection: &Connection, state: RequestState) -> DbResult<End> {
    let mut mark = connection.prepare_cached("SELECT ended, request FROM retention_mark WHERE state = ?")?;
    let mark = mark.query_row([state_number(state)], |row| Ok(end(row))).optional()?.transpose()?;
    Ok(mark.unwrap_or((Timestamp(i64::MIN), RequestId(i64::MIN))))
}

fn preview(connection: &Connection, state: RequestState, keep: &Keep, now: Timestamp) -> DbResult<RetentionGroup> {
    let too_old = keep.ended_before(now).map_or(Ok(0), |before| ended_before(connection, state, before))?;
    let requests = too_many(connection, state, keep)?.max(too_old);
    let details = match keep.details_before(now) {
        Some(before) => {
            // Those that go as a whole are the first ones, so what is left to count begins behind them or the mark.
            let mut whole = connection.prepare_cached(
                "SELECT ended, id FROM request WHERE state = ?1 AND ended IS NOT NULL ORDER BY ended, id LIMIT 1 OFFSET ?2",
            )?;
            let last = requests
                .checked_sub(1)
                .map(|last| whole.query_row(params![state_number(state), last], |row| Ok(end(row))).optional());
            let last = last.transpose()?.flatten().transpose()?;
            let after = mark(connection, state)?.max(last.unwrap_or((Timestamp(i64::MIN), RequestId(i64::MIN))));
            let mut count = connection.prepare_cached(
                "SELECT count(*) FROM request
                 WHERE state = ?1 AND ended IS NOT NULL AND (ended, id) > (?2, ?3) AND ended < ?4",
            )?;
            let values = params![state_number(state), after.0.0, after.1.0, before.0];
            count.query_row(values, |row| row.get(0))?
        }
        None => 0,
    };
    let mut oldest =
        connection.prepare_cached("SELECT min(ended) FROM request WHERE state = ? AND ended IS NOT NULL")?;
    let oldest: Option<i64> = oldest.query_row([state_number(state)], |row| row.get(0))?;
    let present = requests::present(connection, state)?;
    Ok(RetentionGroup { state, present, requests, details, oldest: oldest.map(Timestamp) })
}

/// What one write may still remove, and what it has removed.
struct Batch {
    done: RetentionDone,
    requests: usize,
}

impl Batch {
    fn apply(&mut self, db: &Db<'_>, state: RequestState, keep: &Keep) -> DbResult<()> {
        self.remove_whole(db, state, keep)?;
        if let Some(before) = keep.details_before(db.now)
            && !self.done.more
        {
            self.remove_details(db, state, before)?;
        }
        Ok(())
    }

    fn remove_whole(&mut self, db: &Db<'_>, state: RequestState, keep: &Keep) -> DbResult<()> {
        let too_many = too_many(db.connection, state, keep)?;
        let before = keep.ended_before(db.now);
        if too_many == 0 && before.is_none() {
            return Ok(());
        }
        let mut oldest = db.connection.prepare_cached(
            "SELECT ended, id FROM request WHERE state = ? AND ended IS NOT NULL ORDER BY ended, id LIMIT ?",
        )?;
        let oldest = collect(oldest.query(params![state_number(state), self.requests + 1])?, end)?;
        for ((ended, id), place) in oldest.into_iter().zip(0..) {
            if place >= too_many && before.is_none_or(|before| ended >= before) {
                break;
            }
            if self.requests == 0 {
                self.done.more = true;
                break;
            }
            requests::unlink(db, id)?;
            remove_request(db, id)?;
            self.done.requests += 1;
            self.requests -= 1;
        }
        Ok(())
    }

    fn remove_details(&mut self, db: &Db<'_>, state: RequestState, before: Timestamp) -> DbResult<()> {
        let after = mark(db.connection, state)?;
        let mut next = db.connection.prepare_cached(
            "SELECT ended, id FROM request
             WHERE state = ? AND ended IS NOT NULL AND (ended, id) > (?, ?) AND ended < ? ORDER BY ended, id LIMIT ?",
        )?;
        let values = params![state_number(state), after.0.0, after.1.0, before.0, self.requests + 1];
        for (ended, id) in collect(next.query(values)?, end)? {
            if self.requests == 0 {
                self.done.more = true;
                break;
            }
            self.done.details += u64::from(requests::unlink(db, id)?);
            self.requests -= 1;
            let sql = "INSERT OR REPLACE INTO retention_mark (state, ended, request) VALUES (?, ?, ?)";
            db.connection.prepare_cached(sql)?.execute([state_number(state), ended.0, id.0])?;
        }
        Ok(())
    }
}

/// Removes a request whose log and saved points are taken from it.
fn remove_request(db: &Db<'_>, id: RequestId) -> DbResult<()> {
    let mut group = db.connection.prepare_cached("SELECT request_group FROM request WHERE id = ?")?;
    let group = group.query_row([id.0], |row| row.get(0))?;
    requests::count(db, group, -1)?;
    // Only what has ended is removed.
    requests::count_ended(db, group, id.0, id.0, -1)?;
    for sql in [
        "DELETE FROM attempt WHERE request = ?",
        "DELETE FROM request_given WHERE id = ?",
        "DELETE FROM request WHERE id = ?",
    ] {
        db.connection.prepare_cached(sql)?.execute([id.0])?;
    }
    Ok(())
}
