//! Changes of requests: what the transitions say, as rows.

use super::history;
use super::rows::{self, state_number, to_json};
use crate::error::DbResult;
use crate::writer::Db;
use flow_store::transition::{self, AttemptChange, Change};
use flow_store::{AttemptOutcome, Created, NewRequest, Owner, Request, RequestError, RequestId, RequestState};
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

/// Makes a request, or finds the one that has its idempotency key.
pub(super) fn create(db: &Db<'_>, new: NewRequest, owner: Option<&Owner>) -> DbResult<Created> {
    if let Some(existing) = with_key(db, &new)? {
        existing.check_same(&new)?;
        return Ok(Created { request: existing, new: false });
    }
    // An id comes from the table; the transition then says all that the row must hold.
    db.connection
        .prepare_cached(
            "INSERT INTO request (state, fence, attempt, retries_used, takeovers, updated, saved_points)
             VALUES (0, 0, 0, 0, 0, 0, 0)",
        )?
        .execute([])?;
    let id = RequestId(db.connection.last_insert_rowid());
    let key = new.idempotency_key.clone();
    let change = transition::create(id, new, owner.cloned(), db.now);
    insert_given(db, &change.request, key.as_deref())?;
    Ok(Created { request: enter(db, None, change)?, new: true })
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
    let mut before = db.connection.prepare_cached("SELECT state FROM request WHERE id = ?")?;
    let before = rows::state(before.query_row([change.request.id.0], |row| row.get(0))?)?;
    enter(db, Some(before), change)
}

/// Enters what a transition says of a request that was in the state `before` (none: it is new).
fn enter(db: &Db<'_>, before: Option<RequestState>, change: Change) -> DbResult<Request> {
    let Change { request, attempt, log } = change;
    update(db, &request)?;
    if before != Some(request.state) {
        before.map_or(Ok(()), |before| count(db, before, -1))?;
        count(db, request.state, 1)?;
    }
    match attempt {
        AttemptChange::None => {}
        AttemptChange::Started => insert_attempt(db, &request)?,
        AttemptChange::Ended(outcome, error) => end_attempt(db, &request, outcome, error.as_ref())?,
    }
    history::add_log(db, request.id, &log)?;
    Ok(request)
}

/// Applies `transition` to the open requests of a server's epochs up to `epoch`.
pub(crate) fn apply_to_all(
    db: &Db<'_>,
    server: i64,
    epoch: i64,
    transition: impl Fn(Request) -> Option<Change>,
) -> DbResult<Vec<Request>> {
    let ids = {
        let mut open = db
            .connection
            .prepare_cached("SELECT id FROM request WHERE server = ? AND epoch <= ? AND ended IS NULL ORDER BY id")?;
        rows::collect(open.query([server, epoch])?, |row| Ok(RequestId(row.get(0)?)))?
    };
    let mut changed = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(change) = transition(rows::load(db.connection, id)?) {
            changed.push(apply(db, change)?);
        }
    }
    Ok(changed)
}

/// Writes where a request stands.
fn update(db: &Db<'_>, request: &Request) -> DbResult<()> {
    let server = request.owner.as_ref().map(|owner| db.server_number(&owner.server)).transpose()?;
    let error = request.error.as_ref();
    let mut update = db.connection.prepare_cached(
        "UPDATE request SET state = ?2, server = ?3, epoch = ?4, fence = ?5, attempt = ?6, retries_used = ?7,
                takeovers = ?8, due = ?9, started = ?10, updated = ?11, ended = ?12, saved_points = ?13,
                checkpoint = ?14, error_code = ?15, error_message = ?16, error_component = ?17, reply = ?18
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
    ];
    update.execute(values)?;
    Ok(())
}

fn count(db: &Db<'_>, state: RequestState, more: i64) -> DbResult<()> {
    let mut update = db.connection.prepare_cached("UPDATE request_count SET n = n + ? WHERE state = ?")?;
    update.execute([more, state_number(state)])?;
    Ok(())
}

fn insert_attempt(db: &Db<'_>, request: &Request) -> DbResult<()> {
    let Some(owner) = &request.owner else {
        return Ok(());
    };
    let mut insert = db
        .connection
        .prepare_cached("INSERT INTO attempt (request, attempt, server, epoch, started) VALUES (?, ?, ?, ?, ?)")?;
    let server = db.server_number(&owner.server)?;
    insert.execute(params![request.id.0, request.attempt, server, owner.epoch.0, request.updated.0])?;
    Ok(())
}

fn end_attempt(db: &Db<'_>, request: &Request, outcome: AttemptOutcome, error: Option<&RequestError>) -> DbResult<()> {
    let mut update = db.connection.prepare_cached(
        "UPDATE attempt SET ended = ?3, outcome = ?4, error_code = ?5, error_message = ?6, error_component = ?7
         WHERE request = ?1 AND attempt = ?2",
    )?;
    update.execute(params![
        request.id.0,
        request.attempt,
        request.updated.0,
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
