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

/// Requests that became the same, apart from what is each one's own.
pub(crate) struct Together {
    /// They, in the order of their ids.
    pub(crate) ids: Vec<RequestId>,
    /// What the first of them has become.
    pub(crate) first: Request,
}

/// Requests that have in common all that decides what the loss of their owner does to them.
struct Kind {
    /// Flow, state, owner and error code.
    group: i64,
    count: i64,
    /// Their ids for `json_each`: its `value` is the id, its `key` the place, from 0.
    ids: String,
}

/// Applies `transition` to the open requests of a server's epochs up to `epoch`.
pub(crate) fn apply_to_all(
    db: &Db<'_>,
    server: i64,
    epoch: i64,
    transition: impl Fn(Request) -> Option<Change>,
) -> DbResult<Vec<Together>> {
    let mut changed = Vec::new();
    for kind in kinds(db, server, epoch)? {
        let ids: Vec<RequestId> = rows::from_json::<Vec<i64>>(&kind.ids)?.into_iter().map(RequestId).collect();
        let Some(first) = ids.first() else { continue };
        let before = rows::load(db.connection, *first)?;
        if let Some(change) = transition(before.clone()) {
            write(db, &kind, &before, &change)?;
            changed.push(Together { ids, first: change.request });
        }
    }
    Ok(changed)
}

fn kinds(db: &Db<'_>, server: i64, epoch: i64) -> DbResult<Vec<Kind>> {
    let mut open = db.connection.prepare_cached(
        "SELECT r.request_group, count(*), json_group_array(r.id ORDER BY r.id)
         FROM request r JOIN request_given g ON g.id = r.id
         WHERE r.server = ? AND r.epoch <= ? AND r.ended IS NULL
         GROUP BY r.request_group, r.epoch, r.attempt, r.takeovers, r.saved_points > 0, r.checkpoint,
                  g.other_server_retry, r.due IS NULL",
    )?;
    let kind = |row: &Row<'_>| Ok(Kind { group: row.get(0)?, count: row.get(1)?, ids: row.get(2)? });
    collect(open.query([server, epoch])?, kind)
}

/// Writes for all requests of a kind what became of the first, which was as `before`.
fn write(db: &Db<'_>, kind: &Kind, before: &Request, change: &Change) -> DbResult<()> {
    match &change.attempt {
        AttemptChange::None => {}
        AttemptChange::Ended(outcome, error) => end_attempts(db, kind, &change.request, *outcome, error.as_ref())?,
        AttemptChange::Started => return Err(corrupt("request of a lost server", "an attempt starts").into()),
    }
    let newest = add_log(db, kind, &PreparedLog::new(&change.log)?)?;
    update(db, kind, before, &change.request, newest)
}

/// What the log gets: the first new row's id, and how many entries each request has more.
struct Newest {
    first: i64,
    entries: i64,
}

fn end_attempts(
    db: &Db<'_>,
    kind: &Kind,
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
        kind.ids,
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
fn add_log(db: &Db<'_>, kind: &Kind, log: &PreparedLog) -> DbResult<Option<Newest>> {
    let Some(json) = &log.json else { return Ok(None) };
    let mut last = db.connection.prepare_cached("SELECT coalesce(max(id), 0) FROM history")?;
    let first = last.query_row([], |row| row.get::<_, i64>(0))? + 1;
    let mut insert = db.connection.prepare_cached(
        "INSERT INTO history (id, previous, first, log)
         SELECT ?2 + e.key, r.newest, r.log_entries + 1, ?3 FROM json_each(?1) e CROSS JOIN request r ON r.id = e.value",
    )?;
    insert.execute(params![kind.ids, first, json])?;
    Ok(Some(Newest { first, entries: log.entries }))
}

/// Writes where the requests stand. What each one has of its own stays or rises by the same.
fn update(db: &Db<'_>, kind: &Kind, before: &Request, after: &Request, newest: Option<Newest>) -> DbResult<()> {
    debug_assert_eq!(*after, all_that_is_written(before, after), "a lost owner changes more than is written");
    let server = after.owner.as_ref().map(|owner| db.server_number(&owner.server)).transpose()?;
    let mut flow = db.connection.prepare_cached("SELECT flow FROM request_group WHERE id = ?")?;
    let group = groups::group_number(db, after, flow.query_row([kind.group], |row| row.get(0))?, server)?;
    groups::count(db, kind.group, -kind.count)?;
    groups::count(db, group, kind.count)?;
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
        kind.ids,
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
