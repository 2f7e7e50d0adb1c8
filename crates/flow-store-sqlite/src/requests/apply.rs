//! Changes of requests: what the transitions say, as rows.

use super::rows::{self, RUNNING, state_number, to_json};
use crate::error::DbResult;
use crate::writer::Db;
use flow_store::transition::{self, AttemptChange, Change, Progress};
use flow_store::{
    AttemptOutcome, AttemptWrite, Created, Fence, LogEntry, NewRequest, Owner, Request, RequestId, RequestState,
    SavedData, SavedKind, SavedPoint, StoreError,
};
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

/// A write of an attempt with all that can be done before it is the writer's turn.
pub(super) struct PreparedWrite {
    progress: Progress,
    saved: Vec<PreparedPoint>,
    log: PreparedLog,
}

struct PreparedPoint {
    point: SavedPoint,
    variables: Option<String>,
    outlets: Option<String>,
}

struct PreparedLog {
    entries: usize,
    json: Vec<u8>,
}

impl PreparedLog {
    fn new(entries: &[LogEntry]) -> Result<Self, StoreError> {
        let no_json = |error| StoreError::unavailable(format!("a log entry is no JSON: {error}"));
        let json = if entries.is_empty() { Vec::new() } else { serde_json::to_vec(entries).map_err(no_json)? };
        Ok(Self { entries: entries.len(), json })
    }
}

impl PreparedWrite {
    pub(super) fn new(write: AttemptWrite) -> Result<Self, StoreError> {
        let prepare = |point: SavedPoint| {
            let no_variables = point.variables.as_object().is_some_and(serde_json::Map::is_empty);
            let variables = if no_variables { None } else { Some(to_json(&point.variables)?) };
            let outlets = if point.outlets.is_empty() { None } else { Some(to_json(&point.outlets)?) };
            Ok::<_, StoreError>(PreparedPoint { point, variables, outlets })
        };
        Ok(Self {
            progress: transition::progress(&write.saved),
            log: PreparedLog::new(&write.log)?,
            saved: write.saved.into_iter().map(prepare).collect::<Result<_, _>>()?,
        })
    }

    /// The hot path: what [`transition::save`] says, without reading the request.
    pub(super) fn write(&self, db: &Db<'_>, id: RequestId, fence: Fence) -> DbResult<()> {
        let mut update = db.connection.prepare_cached(
            "UPDATE request SET updated = ?1, saved_points = saved_points + ?2, checkpoint = coalesce(?3, checkpoint),
                    takeovers = iif(?4, 0, takeovers), log_entries = log_entries + ?5
             WHERE id = ?6 AND fence = ?7 AND state = ?8 RETURNING log_entries",
        )?;
        let Progress { points, checkpoint, forward } = &self.progress;
        let values = params![db.now.0, points, checkpoint, forward, self.log.entries, id.0, fence.0, RUNNING];
        let entries: Option<i64> = update.query_row(values, |row| row.get(0)).optional()?;
        let Some(entries) = entries else {
            return Err(refused(db, id, fence)?.into());
        };
        for point in &self.saved {
            point.insert(db, id)?;
        }
        insert_log(db, id, &self.log, entries)
    }
}

/// Why a write found no request with its fence.
fn refused(db: &Db<'_>, id: RequestId, fence: Fence) -> DbResult<StoreError> {
    let mut known = db.connection.prepare_cached("SELECT 1 FROM request WHERE id = ?")?;
    if known.exists([id.0])? {
        return Ok(StoreError::StaleFence { request: id, fence });
    }
    Ok(StoreError::no_request(id))
}

impl PreparedPoint {
    fn insert(&self, db: &Db<'_>, id: RequestId) -> DbResult<()> {
        let point = &self.point;
        let (inline, key, hash, bytes) = match &point.data {
            SavedData::None => (None, None, None, None),
            SavedData::Inline(data) => (Some(data.as_ref()), None, None, None),
            SavedData::Object { key, hash, bytes } => (None, Some(key), Some(hash), Some(bytes)),
        };
        let iteration = Some(&point.iteration).filter(|iteration| !iteration.is_empty());
        let mut insert = db.connection.prepare_cached(
            "INSERT INTO saved_point (request, attempt, kind, at, records, component, name, iteration, variables,
                                      outlets, due, object_key, object_hash, object_bytes, data)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        insert.execute(params![
            id.0,
            point.attempt,
            kind_number(point.kind),
            point.at.0,
            point.rows,
            point.component,
            point.name,
            iteration,
            self.variables,
            self.outlets,
            point.due.map(|due| due.0),
            key,
            hash,
            bytes,
            inline,
        ])?;
        Ok(())
    }
}

/// Adds log entries to a request that has `total` of them afterwards.
fn insert_log(db: &Db<'_>, id: RequestId, log: &PreparedLog, total: i64) -> DbResult<()> {
    if log.entries == 0 {
        return Ok(());
    }
    let first = total - log.entries as i64 + 1;
    let mut insert = db.connection.prepare_cached("INSERT INTO log (request, first, entries) VALUES (?, ?, ?)")?;
    insert.execute(params![id.0, first, log.json])?;
    Ok(())
}

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
    count(db, RequestState::Queued, 1)?;
    let key = new.idempotency_key.clone();
    let change = transition::create(id, new, owner.cloned(), db.now);
    insert_given(db, &change.request, key.as_deref())?;
    Ok(Created { request: apply(db, change)?, new: true })
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
                                     idempotency_key)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"#,
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
    ])?;
    Ok(())
}

/// Enters what a transition says.
pub(super) fn apply(db: &Db<'_>, change: Change) -> DbResult<Request> {
    let Change { request, attempt, log } = change;
    let log = PreparedLog::new(&log)?;
    let total = update(db, &request, log.entries)?;
    match attempt {
        AttemptChange::None => {}
        AttemptChange::Started => insert_attempt(db, &request)?,
        AttemptChange::Ended(outcome, error) => end_attempt(db, &request, outcome, error.as_ref())?,
    }
    insert_log(db, request.id, &log, total)?;
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

/// Writes where a request stands; how many log entries it has with the `more` that are about to be added.
fn update(db: &Db<'_>, request: &Request, more: usize) -> DbResult<i64> {
    let mut before = db.connection.prepare_cached("SELECT state FROM request WHERE id = ?")?;
    let before = rows::state(before.query_row([request.id.0], |row| row.get(0))?)?;
    if before != request.state {
        count(db, before, -1)?;
        count(db, request.state, 1)?;
    }
    let server = request.owner.as_ref().map(|owner| db.server_number(&owner.server)).transpose()?;
    let error = request.error.as_ref();
    let mut update = db.connection.prepare_cached(
        "UPDATE request SET state = ?2, server = ?3, epoch = ?4, fence = ?5, attempt = ?6, retries_used = ?7,
                takeovers = ?8, due = ?9, started = ?10, updated = ?11, ended = ?12, saved_points = ?13,
                log_entries = log_entries + ?14, checkpoint = ?15, error_code = ?16, error_message = ?17,
                error_component = ?18, reply = ?19
         WHERE id = ?1 RETURNING log_entries",
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
        more,
        request.checkpoint,
        error.map(|error| &error.code),
        error.map(|error| &error.message),
        error.and_then(|error| error.component.as_ref()),
        request.reply.as_ref().map(|reply: &Value| reply.to_string()),
    ];
    Ok(update.query_row(values, |row| row.get(0))?)
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

fn end_attempt(
    db: &Db<'_>,
    request: &Request,
    outcome: AttemptOutcome,
    error: Option<&flow_store::RequestError>,
) -> DbResult<()> {
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

/// The number of a kind in the database. Never changes.
pub(super) fn kind_number(kind: SavedKind) -> i64 {
    match kind {
        SavedKind::Begin => 0,
        SavedKind::Checkpoint => 1,
        SavedKind::Wait => 2,
        SavedKind::Stream => 3,
        SavedKind::Completed => 4,
        SavedKind::Outlets => 5,
        SavedKind::Withdrawn => 6,
    }
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
