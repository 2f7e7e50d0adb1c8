//! Changes of requests: what the transitions say, as rows.

use super::rows::{self, state_number, to_json};
use super::{groups, history, queue};
use crate::error::DbResult;
use crate::servers;
use crate::writer::Db;
use flow_store::transition::{self, AttemptChange, Change};
use flow_store::{AttemptOutcome, Created, NewRequest, Owner, Request, RequestError, RequestId, ServerId, VersionId};
use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;

/// Makes a request, or finds the one that has its idempotency key. `has_room` is that of [`transition::create`].
pub(crate) fn create(db: &Db<'_>, new: NewRequest, owner: Option<&Owner>, has_room: bool) -> DbResult<Created> {
    if let Some(existing) = with_key(db, &new)? {
        existing.check_same(&new)?;
        return Ok(Created { request: existing, new: false });
    }
    note_clock(db)?;
    let key = new.idempotency_key.clone();
    // The id comes from the table.
    let Change { mut request, log, .. } = transition::create(RequestId(0), new, owner.cloned(), has_room, db.now);
    let flow = groups::flow_number(db, &request)?;
    let lane = queue::lane_number(db, &request, flow)?;
    request.id = insert(db, &request, flow, lane)?;
    insert_given(db, &request, key.as_deref())?;
    history::add_log(db, request.id, &log)?;
    Ok(Created { request, new: true })
}

/// Notes that the clock has gone back since the last request was made.
fn note_clock(db: &Db<'_>) -> DbResult<()> {
    let mut last = db.connection.prepare_cached("SELECT id, created FROM request_given ORDER BY id DESC LIMIT 1")?;
    let last: Option<(i64, i64)> = last.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    if let Some((id, created)) = last
        && db.now.0 < created
    {
        let sql = "INSERT OR IGNORE INTO clock_went_back (request) VALUES (?)";
        db.connection.prepare_cached(sql)?.execute([id + 1])?;
    }
    Ok(())
}

/// Writes where a new request stands; its id.
fn insert(db: &Db<'_>, request: &Request, flow: i64, lane: i64) -> DbResult<RequestId> {
    let server = owner_number(db, request)?;
    let group = groups::group_number(db, request, flow, server)?;
    groups::count(db, group, 1)?;
    let mut insert = db.connection.prepare_cached(
        "INSERT INTO request (state, server, epoch, fence, attempt, retries_used, takeovers, started, updated,
                              saved_points, flow, request_group, lane, limited, priority)
         VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?, 0, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![
        state_number(request.state),
        server,
        request.owner.as_ref().map(|owner| owner.epoch.0),
        request.fence.0,
        request.attempt,
        request.started.map(|at| at.0),
        request.updated.0,
        flow,
        group,
        lane,
        (!request.settings.limits.is_empty()).then_some(1),
        Some(request.settings.priority).filter(|priority| *priority != 0),
    ])?;
    Ok(RequestId(db.connection.last_insert_rowid()))
}

fn owner_number(db: &Db<'_>, request: &Request) -> DbResult<Option<i64>> {
    request.owner.as_ref().map(|owner| db.server_number(&owner.server)).transpose()
}

fn with_key(db: &Db<'_>, new: &NewRequest) -> DbResult<Option<Request>> {
    let Some(key) = &new.idempotency_key else {
        return Ok(None);
    };
    let mut known =
        db.connection.prepare_cached("SELECT id FROM request_given WHERE project = ? AND idempotency_key = ?")?;
    let id: Option<i64> = known.query_row(params![new.project.as_str(), key], |row| row.get(0)).optional()?;
    id.map(|id| rows::load(db.connection, RequestId(id))).transpose()
}

fn insert_given(db: &Db<'_>, request: &Request, key: Option<&str>) -> DbResult<()> {
    let settings = &request.settings;
    let mut insert = db.connection.prepare_cached(
        r#"INSERT INTO request_given (id, project, version, flow, "trigger", requested_by, inputs, other_server_retry,
                                     begin_checkpoint, retry_count, retry_interval_ms, timeout_ms, created,
                                     idempotency_key, retry_backoff)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"#,
    )?;
    insert.execute(params![
        request.id.0,
        request.project.as_str(),
        request.version.as_str(),
        request.flow,
        request.trigger,
        request.requested_by,
        to_json(&request.inputs)?,
        settings.other_server_retry,
        settings.begin_checkpoint,
        settings.retry_count,
        settings.retry_interval_ms,
        settings.timeout_ms,
        request.created.0,
        key,
        settings.retry_backoff,
    ])?;
    Ok(())
}

/// Enters what a transition of a known request says.
pub(super) fn apply(db: &Db<'_>, change: Change) -> DbResult<Request> {
    let Change { request, attempt, log } = change;
    if let AttemptChange::Ended(outcome, error) = &attempt {
        keep_attempts(db, (request.id, request.id), *outcome, error.as_ref())?;
    }
    update(db, &request, attempt == AttemptChange::Started)?;
    history::add_log(db, request.id, &log)?;
    Ok(request)
}

/// Writes where a request stands; whether an attempt has just started.
fn update(db: &Db<'_>, request: &Request, starts: bool) -> DbResult<()> {
    let owner = request.owner.as_ref().map(|owner| &owner.server);
    let mut before = db.connection.prepare_cached(
        "SELECT flow, request_group, ended IS NOT NULL, (SELECT id FROM server WHERE server = ?2)
         FROM request WHERE id = ?1",
    )?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let (flow, before, had_ended, server): (i64, i64, bool, Option<i64>) =
        before.query_row(params![request.id.0, owner.map(ServerId::as_str)], read)?;
    if let (Some(owner), None) = (owner, server) {
        return Err(servers::unknown(owner).into());
    }
    let group = groups::group_number(db, request, flow, server)?;
    if group != before {
        groups::count(db, before, -1)?;
        groups::count(db, group, 1)?;
        let id = request.id.0;
        if had_ended {
            groups::count_ended(db, before, id, id, -1)?;
        }
        if request.state.is_ended() {
            groups::count_ended(db, group, id, id, 1)?;
        }
    }
    let error = request.error.as_ref();
    let mut update = db.connection.prepare_cached(
        "UPDATE request SET state = ?2, server = ?3, epoch = ?4, fence = ?5, attempt = ?6, retries_used = ?7,
                takeovers = ?8, due = ?9, started = ?10, updated = ?11, ended = ?12, saved_points = ?13,
                checkpoint = ?14, error_code = ?15, error_message = ?16, error_component = ?17, reply = ?18,
                request_group = ?19, began = iif(?20, NULL, began),
                attempt_started = iif(?20, iif(?6 > 1, ?11, NULL), attempt_started)
         WHERE id = ?1",
    )?;
    let values = params![
        request.id.0,
        state_number(request.state),
        server,
        request.owner.as_ref().map(|owner| owner.epoch.0),
        request.fence.0,
        request.attempt,
        request.retries_used,
        request.takeovers_without_progress,
        request.due.map(|at| at.0),
        request.started.map(|at| at.0),
        request.updated.0,
        request.ended.map(|at| at.0),
        request.saved_points,
        request.checkpoint,
        error.map(|error| &error.code),
        error.map(|error| &error.message),
        error.and_then(|error| error.component.as_ref()),
        request.reply.as_ref().map(|reply: &Value| reply.to_string()),
        group,
        starts,
    ];
    update.execute(values)?;
    Ok(())
}

/// Notes that the current attempt of a request is stalled since then, or no longer.
pub(super) fn mark_stalled(db: &Db<'_>, request: &Request) -> DbResult<()> {
    let mut mark = db.connection.prepare_cached("UPDATE request SET stalled = ?2, stalled_fence = ?3 WHERE id = ?1")?;
    mark.execute(params![request.id.0, request.stalled.map(|at| at.0), request.fence.0])?;
    Ok(())
}

/// Pins a request to its version, which was `before`.
pub(super) fn pin(db: &Db<'_>, request: &Request, before: &VersionId) -> DbResult<()> {
    let mut attempts =
        db.connection.prepare_cached("UPDATE attempt SET version = ? WHERE request = ? AND version IS NULL")?;
    attempts.execute(params![before.as_str(), request.id.0])?;
    let settings = &request.settings;
    let mut given = db.connection.prepare_cached(
        "UPDATE request_given SET version = ?2, other_server_retry = ?3, begin_checkpoint = ?4, retry_count = ?5,
                retry_interval_ms = ?6, timeout_ms = ?7, retry_backoff = ?8 WHERE id = ?1",
    )?;
    given.execute(params![
        request.id.0,
        request.version.as_str(),
        settings.other_server_retry,
        settings.begin_checkpoint,
        settings.retry_count,
        settings.retry_interval_ms,
        settings.timeout_ms,
        settings.retry_backoff,
    ])?;
    Ok(())
}

/// Keeps the current attempts of the requests from the first to the last, which end now in the same way, unless the
/// requests' own rows go on telling of them. Those are still as they were while the attempts ran.
pub(super) fn keep_attempts(
    db: &Db<'_>,
    (first, last): (RequestId, RequestId),
    outcome: AttemptOutcome,
    error: Option<&RequestError>,
) -> DbResult<()> {
    if outcome.is_last() {
        return Ok(());
    }
    let mut insert = db.connection.prepare_cached(
        "INSERT INTO attempt (request, attempt, server, epoch, started, began, ended, outcome, error_code, error_message,
                              error_component)
         SELECT id, attempt, server, epoch, coalesce(attempt_started, started), began, ?3, ?4, ?5, ?6, ?7
         FROM request WHERE id BETWEEN ?1 AND ?2",
    )?;
    insert.execute(params![
        first.0,
        last.0,
        db.now.0,
        outcome_number(outcome),
        error.map(|error| &error.code),
        error.map(|error| &error.message),
        error.and_then(|error| error.component.as_ref()),
    ])?;
    Ok(())
}

/// The number of an outcome in the database. Never changes.
pub(super) fn outcome_number(outcome: AttemptOutcome) -> i64 {
    match outcome {
        AttemptOutcome::Finished => 0,
        AttemptOutcome::Failed => 1,
        AttemptOutcome::Waiting => 2,
        AttemptOutcome::Released => 3,
        AttemptOutcome::OwnerLost => 4,
        AttemptOutcome::Cancelled => 5,
    }
}
