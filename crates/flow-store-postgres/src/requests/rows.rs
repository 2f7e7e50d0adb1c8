//! Rows of requests.

use crate::error::{DbError, DbResult, corrupt};
use crate::numbers::Numbers;
use crate::sql::{count, small};
use deadpool_postgres::ClientWrapper;
use flow_store::{
    Epoch, Fence, Limit, Owner, ProjectName, Request, RequestError, RequestId, RequestSettings, RequestState,
    StoreError, Timestamp, VersionId,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;

/// A query for requests; conditions follow. The columns are those that [`request`] reads, and behind them those of
/// [`super::batch`]. What was asked for and the lane are always there: they are joined as if they might not be, since the planner
/// then begins with the requests, however few of the others it believes there are.
pub(super) const SELECT: &str = r#"
SELECT r.id, r.state, r.server, r.epoch, r.fence, r.attempt, r.retries_used, r.takeovers, r.due, r.started, r.updated,
       r.ended, r.saved_points, r.checkpoint, r.error_code, r.error_message, r.error_component, r.reply,
       g.project, g.version, g.flow, g."trigger", g.requested_by, g.inputs, g.other_server_retry, g.begin_checkpoint,
       g.retry_count, g.retry_interval_ms, g.timeout_ms, r.created, g.retry_backoff,
       r.flow, r.request_group, r.newest, r.log_entries, r.began, g.idempotency_key, l.priority, l.limits,
       CASE WHEN r.state = 1 AND r.stalled_fence = r.fence THEN r.stalled END, r.attempt_started
FROM request r LEFT JOIN request_given g ON g.id = r.id LEFT JOIN lane l ON l.id = r.lane "#;

/// [`SELECT`] for the requests whose ids another query finds, as an array: one that is joined might be planned as a walk through
/// all requests, since the planner cannot know how few it finds.
pub(super) fn select_found_by(ids: &str) -> String {
    format!("{SELECT} WHERE r.id = ANY (ARRAY({ids}))")
}

/// Where the owner's number is in [`SELECT`].
pub(super) const SERVER: usize = 2;
/// Where the inputs are.
pub(super) const INPUTS: usize = 23;
/// Where the columns of [`super::batch`] begin.
pub(super) const KEPT: usize = 31;
/// Where the idempotency key is.
pub(super) const KEY: usize = 36;
/// Where it is since when the request is stalled.
const STALLED: usize = 39;
/// Where it is when the current attempt started, of [`super::batch`], too.
pub(super) const ATTEMPT_STARTED: usize = 40;

/// One request.
pub(super) async fn load(db: &ClientWrapper, numbers: &Numbers, id: RequestId) -> DbResult<Request> {
    find(db, numbers, id).await?.ok_or_else(|| StoreError::no_request(id).into())
}

/// One request, if it is there.
pub(super) async fn find(db: &ClientWrapper, numbers: &Numbers, id: RequestId) -> DbResult<Option<Request>> {
    let found = crate::sql::rows(db, &format!("{SELECT} WHERE r.id = $1"), &[&id.0]).await?;
    Ok(requests(db, numbers, &found).await?.pop())
}

/// Reads rows of [`SELECT`].
pub(super) async fn requests(db: &ClientWrapper, numbers: &Numbers, found: &[Row]) -> DbResult<Vec<Request>> {
    numbers.know_servers(db, found, SERVER).await?;
    found.iter().map(|row| request(row, numbers)).collect()
}

/// Reads a row of [`SELECT`], whose server is known.
pub(super) fn request(row: &Row, numbers: &Numbers) -> DbResult<Request> {
    let owner = match row.try_get(SERVER)? {
        0 => None,
        number => {
            let server = numbers.server(number).ok_or_else(|| corrupt("server without row", number))?;
            Some(Owner { server, epoch: Epoch(row.try_get(3)?) })
        }
    };
    Ok(Request {
        id: RequestId(row.try_get(0)?),
        state: state(row.try_get(1)?)?,
        owner,
        fence: Fence(row.try_get(4)?),
        attempt: small(row, 5)?,
        retries_used: small(row, 6)?,
        takeovers_without_progress: small(row, 7)?,
        due: row.try_get::<_, Option<i64>>(8)?.map(Timestamp),
        started: row.try_get::<_, Option<i64>>(9)?.map(Timestamp),
        updated: Timestamp(row.try_get(10)?),
        stalled: row.try_get::<_, Option<i64>>(STALLED)?.map(Timestamp),
        ended: row.try_get::<_, Option<i64>>(11)?.map(Timestamp),
        saved_points: small(row, 12)?,
        checkpoint: row.try_get(13)?,
        error: error(row, 14)?,
        reply: row.try_get::<_, Option<&str>>(17)?.map(from_json).transpose()?,
        project: ProjectName::parse(row.try_get(18)?).map_err(|error| corrupt("request's project", error))?,
        version: VersionId::parse(row.try_get(19)?).map_err(|error| corrupt("request's version", error))?,
        flow: row.try_get(20)?,
        trigger: row.try_get(21)?,
        requested_by: row.try_get(22)?,
        inputs: from_json(row.try_get(INPUTS)?)?,
        settings: RequestSettings {
            other_server_retry: row.try_get(24)?,
            begin_checkpoint: row.try_get(25)?,
            retry_count: small(row, 26)?,
            retry_interval_ms: count(row, 27)?,
            timeout_ms: row.try_get::<_, Option<i64>>(28)?.map(i64::unsigned_abs),
            retry_backoff: small(row, 30)?,
            priority: priority(row.try_get(37)?)?,
            limits: limits(row.try_get(38)?)?,
        },
        created: Timestamp(row.try_get(29)?),
    })
}

/// The priority of a lane.
pub(super) fn priority(number: i64) -> DbResult<i32> {
    i32::try_from(number).map_err(|_| corrupt("priority", number).into())
}

/// The limits of a lane.
pub(super) fn limits(text: &str) -> DbResult<Vec<Limit>> {
    if text.is_empty() { Ok(Vec::new()) } else { from_json(text) }
}

/// Limits as a lane keeps them.
pub(crate) fn limits_text(limits: &[Limit]) -> Result<String, StoreError> {
    if limits.is_empty() { Ok(String::new()) } else { to_json(&limits) }
}

/// Reads an error from three columns.
pub(super) fn error(row: &Row, first: usize) -> DbResult<Option<RequestError>> {
    let Some(code) = row.try_get::<_, Option<String>>(first)? else {
        return Ok(None);
    };
    let message = row.try_get::<_, Option<String>>(first + 1)?.unwrap_or_default();
    Ok(Some(RequestError { code, message, component: row.try_get(first + 2)? }))
}

/// The number of a request state in the database. Never changes.
pub(crate) fn state_number(state: RequestState) -> i64 {
    match state {
        RequestState::Queued => 0,
        RequestState::Running => 1,
        RequestState::Waiting => 2,
        RequestState::WaitingForRetry => 3,
        RequestState::Finished => 4,
        RequestState::Error => 5,
        RequestState::Cancelled => 6,
    }
}

pub(super) fn state(number: i64) -> DbResult<RequestState> {
    let known = RequestState::ALL.into_iter().find(|state| state_number(*state) == number);
    known.ok_or_else(|| corrupt("request state", number).into())
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> DbResult<T> {
    serde_json::from_str(text).map_err(|error| DbError::Store(corrupt("JSON", error)))
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::unavailable(format!("a value is no JSON: {error}")))
}
