//! Rows of requests.

use crate::error::{DbError, DbResult, corrupt};
use flow_store::{
    Epoch, Fence, Limit, Owner, ProjectName, Request, RequestError, RequestId, RequestSettings, RequestState, ServerId,
    StoreError, Timestamp, VersionId,
};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::LazyLock;

/// A query for requests; conditions follow. The columns are those that [`request`] reads.
pub(super) const SELECT: &str = r#"
SELECT r.id, r.state, s.server, r.epoch, r.fence, r.attempt, r.retries_used, r.takeovers, r.due, r.started, r.updated,
       r.ended, r.saved_points, r.checkpoint, r.error_code, r.error_message, r.error_component, r.reply,
       g.project, g.version, g.flow, g."trigger", g.requested_by, g.inputs, g.other_server_retry, g.begin_checkpoint,
       g.retry_count, g.retry_interval_ms, g.timeout_ms, g.created, g.retry_backoff,
       l.priority, l.limits, iif(r.state = 1 AND r.stalled_fence = r.fence, r.stalled, NULL)
FROM request r JOIN request_given g ON g.id = r.id JOIN lane l ON l.id = r.lane LEFT JOIN server s ON s.id = r.server "#;

/// One request.
pub(super) fn load(connection: &Connection, id: RequestId) -> DbResult<Request> {
    find(connection, id)?.ok_or_else(|| StoreError::no_request(id).into())
}

/// One request, if it is there.
pub(super) fn find(connection: &Connection, id: RequestId) -> DbResult<Option<Request>> {
    static BY_ID: LazyLock<String> = LazyLock::new(|| format!("{SELECT} WHERE r.id = ?"));
    connection.prepare_cached(&BY_ID)?.query_row([id.0], |row| Ok(request(row))).optional()?.transpose()
}

/// Reads a row of [`SELECT`].
pub(super) fn request(row: &Row<'_>) -> DbResult<Request> {
    let owner = match (row.get::<_, Option<String>>(2)?, row.get::<_, Option<i64>>(3)?) {
        (Some(server), Some(epoch)) => Some(Owner { server: server_id(&server)?, epoch: Epoch(epoch) }),
        _ => None,
    };
    Ok(Request {
        id: RequestId(row.get(0)?),
        state: state(row.get(1)?)?,
        owner,
        fence: Fence(row.get(4)?),
        attempt: row.get(5)?,
        retries_used: row.get(6)?,
        takeovers_without_progress: row.get(7)?,
        due: row.get::<_, Option<i64>>(8)?.map(Timestamp),
        started: row.get::<_, Option<i64>>(9)?.map(Timestamp),
        updated: Timestamp(row.get(10)?),
        stalled: row.get::<_, Option<i64>>(33)?.map(Timestamp),
        ended: row.get::<_, Option<i64>>(11)?.map(Timestamp),
        saved_points: row.get(12)?,
        checkpoint: row.get(13)?,
        error: error(row, 14)?,
        reply: row.get::<_, Option<String>>(17)?.map(|text| from_json(&text)).transpose()?,
        project: ProjectName::parse(row.get_ref(18)?.as_str().map_err(rusqlite::Error::from)?)
            .map_err(|error| corrupt("request's project", error))?,
        version: VersionId::parse(row.get_ref(19)?.as_str().map_err(rusqlite::Error::from)?)
            .map_err(|error| corrupt("request's version", error))?,
        flow: row.get(20)?,
        trigger: row.get(21)?,
        requested_by: row.get(22)?,
        inputs: from_json(row.get_ref(23)?.as_str().map_err(rusqlite::Error::from)?)?,
        settings: RequestSettings {
            other_server_retry: row.get(24)?,
            begin_checkpoint: row.get(25)?,
            retry_count: row.get(26)?,
            retry_interval_ms: row.get(27)?,
            timeout_ms: row.get(28)?,
            retry_backoff: row.get(30)?,
            priority: row.get(31)?,
            limits: limits(row.get_ref(32)?.as_str().map_err(rusqlite::Error::from)?)?,
        },
        created: Timestamp(row.get(29)?),
    })
}

/// The limits of a lane.
pub(super) fn limits(text: &str) -> DbResult<Vec<Limit>> {
    if text.is_empty() { Ok(Vec::new()) } else { from_json(text) }
}

/// Limits as a lane keeps them.
pub(super) fn limits_text(limits: &[Limit]) -> Result<String, StoreError> {
    if limits.is_empty() { Ok(String::new()) } else { to_json(&limits) }
}

/// Reads an error from three columns.
pub(super) fn error(row: &Row<'_>, first: usize) -> DbResult<Option<RequestError>> {
    let Some(code) = row.get::<_, Option<String>>(first)? else {
        return Ok(None);
    };
    let message = row.get::<_, Option<String>>(first + 1)?.unwrap_or_default();
    Ok(Some(RequestError { code, message, component: row.get(first + 2)? }))
}

/// The number of a request state in the database. Never changes.
pub(crate) fn state_number(state: RequestState) -> i64 {
    match state {
        RequestState::Queued => 0,
        RequestState::Running => RUNNING,
        RequestState::Waiting => 2,
        RequestState::WaitingForRetry => 3,
        RequestState::Finished => 4,
        RequestState::Error => 5,
        RequestState::Cancelled => 6,
    }
}

/// The numbers of the states of requests that have not ended, for an `IN`.
pub(super) fn open_states() -> String {
    let open = RequestState::ALL.into_iter().filter(|state| !state.is_ended());
    open.map(|state| state_number(state).to_string()).collect::<Vec<_>>().join(", ")
}

/// The number of [`RequestState::Running`].
pub(super) const RUNNING: i64 = 1;

pub(super) fn state(number: i64) -> DbResult<RequestState> {
    let known = RequestState::ALL.into_iter().find(|state| state_number(*state) == number);
    known.ok_or_else(|| corrupt("request state", number).into())
}

pub(super) fn server_id(text: &str) -> DbResult<ServerId> {
    ServerId::parse(text).map_err(|error| corrupt("server id", error).into())
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> DbResult<T> {
    serde_json::from_str(text).map_err(|error| corrupt("JSON", error).into())
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::unavailable(format!("a value is no JSON: {error}")))
}

/// Collects the rows of a query with a reader that can fail in ways of its own.
pub(crate) fn collect<T>(rows: rusqlite::Rows<'_>, read: impl Fn(&Row<'_>) -> DbResult<T>) -> DbResult<Vec<T>> {
    let mut rows = rows;
    let mut collected = Vec::new();
    while let Some(row) = rows.next().map_err(DbError::from)? {
        collected.push(read(row)?);
    }
    Ok(collected)
}
