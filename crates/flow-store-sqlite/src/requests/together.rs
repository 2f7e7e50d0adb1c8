//! Many requests at once. What the loss of an owner does to a request depends on little of it, so the requests are
//! sorted by that: the transition is asked for one of each kind, and what it answers is written for all of them by one
//! statement a table. So a server that is lost with ten thousand requests costs its survivor little more than the rows.

use super::apply::outcome_number;
use super::groups;
use super::history::PreparedLog;
use super::rows::{self, collect, state_number};
use crate::error::{DbResult, corrupt};
use crate::writer::Db;
use flow_store::transition::{AttemptChange, Change};
use flow_store::{AttemptOutcome, Request, RequestError, RequestId};
use rusqlite::{Row, params};
use std::collections::BTreeMap;

/// Requests that became the same, apart from what is each one's own.
pub(crate) struct Together {
    /// They, in the order of their ids.
    pub(crate) ids: Vec<RequestId>,
    /// What the first of them has become.
    pub(crate) first: Request,
}

/// What a request must have in common with another for the loss of their owner to change both in the same way. The
/// group stands for flow, state, owner and error code.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    group: i64,
    epoch: i64,
    attempt: u32,
    takeovers: u32,
    has_saved: bool,
    checkpoint: Option<String>,
    other_server_retry: bool,
    is_due: bool,
}

impl Kind {
    fn of(row: &Row<'_>) -> DbResult<(Self, i64)> {
        let kind = Self {
            group: row.get(1)?,
            epoch: row.get(2)?,
            attempt: row.get(3)?,
            takeovers: row.get(4)?,
            has_saved: row.get(5)?,
            checkpoint: row.get(6)?,
            other_server_retry: row.get(7)?,
            is_due: row.get(8)?,
        };
        Ok((kind, row.get(0)?))
    }
}

/// Applies `transition` to the open requests of a server's epochs up to `epoch`.
pub(crate) fn apply_to_all(
    db: &Db<'_>,
    server: i64,
    epoch: i64,
    transition: impl Fn(Request) -> Option<Change>,
) -> DbResult<Vec<Together>> {
    let mut changed = Vec::new();
    for (kind, ids) in kinds(db, server, epoch)? {
        let Some(first) = ids.first() else { continue };
        let before = rows::load(db.connection, RequestId(*first))?;
        if let Some(change) = transition(before.clone()) {
            write(db, &kind, &ids, &before, &change)?;
            changed.push(Together { ids: ids.into_iter().map(RequestId).collect(), first: change.request });
        }
    }
    Ok(changed)
}

fn kinds(db: &Db<'_>, server: i64, epoch: i64) -> DbResult<BTreeMap<Kind, Vec<i64>>> {
    let mut open = db.connection.prepare_cached(
        "SELECT r.id, r.request_group, r.epoch, r.attempt, r.takeovers, r.saved_points > 0, r.checkpoint,
                g.other_server_retry, r.due IS NOT NULL
         FROM request r JOIN request_given g ON g.id = r.id
         WHERE r.server = ? AND r.epoch <= ? AND r.ended IS NULL ORDER BY r.id",
    )?;
    let mut kinds: BTreeMap<Kind, Vec<i64>> = BTreeMap::new();
    for (kind, id) in collect(open.query([server, epoch])?, Kind::of)? {
        kinds.entry(kind).or_default().push(id);
    }
    Ok(kinds)
}

/// Writes for all requests of a kind what became of the first, which was as `before`.
fn write(db: &Db<'_>, kind: &Kind, ids: &[i64], before: &Request, change: &Change) -> DbResult<()> {
    let ids = Ids { count: i64::try_from(ids.len()).unwrap_or(i64::MAX), json: rows::to_json(&ids)? };
    match &change.attempt {
        AttemptChange::None => {}
        AttemptChange::Ended(outcome, error) => end_attempts(db, &ids, &change.request, *outcome, error.as_ref())?,
        AttemptChange::Started => return Err(corrupt("request of a lost server", "an attempt starts").into()),
    }
    let newest = add_log(db, &ids, &PreparedLog::new(&change.log)?)?;
    update(db, kind, &ids, before, &change.request, newest)
}

/// Ids of requests, for `json_each`: its `value` is the id, its `key` the place, from 0.
struct Ids {
    count: i64,
    json: String,
}

/// What the log gets: the first new row's id, and how many entries each request has more.
struct Newest {
    first: i64,
    entries: i64,
}

fn end_attempts(
    db: &Db<'_>,
    ids: &Ids,
    request: &Request,
    outcome: AttemptOutcome,
    error: Option<&RequestError>,
) -> DbResult<()> {
    let mut update = db.connection.prepare_cached(
        "UPDATE attempt SET ended = ?3, outcome = ?4, error_code = ?5, error_message = ?6, error_component = ?7,
                began = (SELECT began FROM request WHERE id = attempt.request)
         WHERE request IN (SELECT value FROM json_each(?1)) AND attempt = ?2",
    )?;
    update.execute(params![
        ids.json,
        request.attempt,
        request.updated.0,
        outcome_number(outcome),
        error.map(|error| &error.code),
        error.map(|error| &error.message),
        error.and_then(|error| error.component.as_ref()),
    ])?;
    Ok(())
}

/// Adds the same entries to the logs of all; none if there are none.
fn add_log(db: &Db<'_>, ids: &Ids, log: &PreparedLog) -> DbResult<Option<Newest>> {
    let Some(json) = &log.json else { return Ok(None) };
    let mut last = db.connection.prepare_cached("SELECT coalesce(max(id), 0) FROM history")?;
    let first = last.query_row([], |row| row.get::<_, i64>(0))? + 1;
    let mut insert = db.connection.prepare_cached(
        "INSERT INTO history (id, previous, first, log)
         SELECT ?2 + e.key, r.newest, r.log_entries + 1, ?3 FROM json_each(?1) e CROSS JOIN request r ON r.id = e.value",
    )?;
    insert.execute(params![ids.json, first, json])?;
    Ok(Some(Newest { first, entries: log.entries }))
}

/// Writes where the requests stand. What each one has of its own stays or rises by the same.
fn update(
    db: &Db<'_>,
    kind: &Kind,
    ids: &Ids,
    before: &Request,
    after: &Request,
    newest: Option<Newest>,
) -> DbResult<()> {
    debug_assert_eq!(*after, all_that_is_written(before, after), "a lost owner changes more than is written");
    let server = after.owner.as_ref().map(|owner| db.server_number(&owner.server)).transpose()?;
    let mut flow = db.connection.prepare_cached("SELECT flow FROM request_group WHERE id = ?")?;
    let group = groups::group_number(db, after, flow.query_row([kind.group], |row| row.get(0))?, server)?;
    groups::count(db, kind.group, -ids.count)?;
    groups::count(db, group, ids.count)?;
    let error = after.error.as_ref();
    let mut update = db.connection.prepare_cached(
        "UPDATE request SET state = ?2, server = ?3, epoch = ?4, fence = fence + ?5, takeovers = ?6,
                due = iif(?7, ?8, due), updated = ?9, ended = ?10,
                error_code = iif(?11, ?12, error_code), error_message = iif(?11, ?13, error_message),
                error_component = iif(?11, ?14, error_component), request_group = ?15,
                newest = coalesce(?16 + e.key, newest), log_entries = log_entries + ?17
         FROM json_each(?1) e WHERE request.id = e.value",
    )?;
    update.execute(params![
        ids.json,
        state_number(after.state),
        server,
        after.owner.as_ref().map(|owner| owner.epoch.0),
        after.fence.0 - before.fence.0,
        after.takeovers_without_progress,
        after.due != before.due,
        after.due.map(|at| at.0),
        after.updated.0,
        after.ended.map(|at| at.0),
        after.error != before.error,
        error.map(|error| &error.code),
        error.map(|error| &error.message),
        error.and_then(|error| error.component.as_ref()),
        group,
        newest.as_ref().map(|newest| newest.first),
        newest.map_or(0, |newest| newest.entries),
    ])?;
    Ok(())
}

/// `before` with all of `after` that [`update`] writes.
fn all_that_is_written(before: &Request, after: &Request) -> Request {
    Request {
        state: after.state,
        owner: after.owner.clone(),
        fence: after.fence,
        takeovers_without_progress: after.takeovers_without_progress,
        due: after.due,
        updated: after.updated,
        ended: after.ended,
        error: after.error.clone(),
        ..before.clone()
    }
}
