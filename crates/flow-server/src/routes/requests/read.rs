//! Looking at requests.

use super::super::openapi::refusals;
use super::saved::points_before;
use crate::extract::{Params, Segments};
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::{waits, wire};
use axum::Json;
use axum::extract::State;
use flow_api::{
    Attempt, AttemptsQuery, CountQuery, FlowAtVersion, LogEntry, LogQuery, Page, Request, RequestDetail, RequestQuery,
    WaitQuery,
};
use flow_model::FlowName;
use flow_store::{ProjectName, RequestFilter, RequestId, RequestState, ServerId, Timestamp};
use futures::TryStreamExt as _;
use futures::stream::{self, StreamExt as _};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The longest that a caller may wait for the end of a request.
const LONGEST_WAIT: f64 = 60.0;
/// So many attempts and saved points are shown with a request: the newest.
const SHOWN: usize = 1000;

/// Requests, the newest first.
#[utoipa::path(get, path = "/requests", tag = "requests", params(RequestQuery),
    responses((status = 200, body = Page<Request>)), extensions(("x-codes" = json!(refusals!(INPUT_INVALID)))))]
pub async fn list(State(app): State<Arc<App>>, Params(query): Params<RequestQuery>) -> Reply<Json<Page<Request>>> {
    let filter = filter(&query)?;
    let found = app.store.list(&filter).await?;
    let full = found.len() == filter.limit;
    let next = found.last().filter(|_| full).map(|last| last.id.to_string());
    let names = app.names.of(&app, &found).await?;
    let mut items: Vec<Request> = found.iter().cloned().map(|request| wire::request(request, &names)).collect();
    waits::tell(&app, &found, &mut items).await?;
    if query.attempts {
        items = with_attempts(&app, items).await?;
    }
    Ok(Json(Page { items, next }))
}

async fn with_attempts(app: &App, requests: Vec<Request>) -> Reply<Vec<Request>> {
    let each = |mut request: Request| async move {
        let attempts = app.store.attempts(RequestId(request.id), None, SHOWN).await?;
        request.attempts = Some(attempts.into_iter().map(wire::attempt).collect());
        Ok::<_, Refusal>(request)
    };
    stream::iter(requests).map(each).buffered(8).try_collect().await
}

/// How many requests there are in each state.
#[utoipa::path(get, path = "/requests/counts", tag = "requests", params(CountQuery),
    responses((status = 200, body = BTreeMap<String, u64>)), extensions(("x-codes" = json!(refusals!(INPUT_INVALID)))))]
pub async fn counts(
    State(app): State<Arc<App>>,
    Params(query): Params<CountQuery>,
) -> Reply<Json<BTreeMap<flow_api::RequestState, u64>>> {
    let counts = app.store.counts(&filter(&query.into())?).await?;
    Ok(Json(counts.into_iter().map(|(state, count)| (wire::request_state(state), count)).collect()))
}

/// One request with its attempts and what it saved, of which the newest 1,000 each are shown.
#[utoipa::path(get, path = "/requests/{id}", tag = "requests", params(("id" = i64, Path, description = "The request")),
    responses((status = 200, body = RequestDetail)), extensions(("x-codes" = json!(refusals!(REQUEST_NOT_FOUND)))))]
pub async fn detail(State(app): State<Arc<App>>, Segments(id): Segments<i64>) -> Reply<Json<RequestDetail>> {
    let id = RequestId(id);
    let request = app.store.get(id).await?;
    let attempts = app.store.attempts(id, None, SHOWN).await?;
    let saved_points = points_before(&app, &request, request.saved_points, SHOWN).await?;
    let names = app.names.of(&app, std::slice::from_ref(&request)).await?;
    let mut shown = wire::request(request.clone(), &names);
    waits::tell(&app, std::slice::from_ref(&request), std::slice::from_mut(&mut shown)).await?;
    Ok(Json(RequestDetail {
        saved_points,
        settings: wire::settings(&request.settings),
        inputs: wire::object(request.inputs),
        request: shown,
        attempts: attempts.into_iter().map(wire::attempt).collect(),
    }))
}

/// A page of a request's attempts, in their order: the newest, or those before one.
#[utoipa::path(get, path = "/requests/{id}/attempts", tag = "requests",
    params(("id" = i64, Path, description = "The request"), AttemptsQuery),
    responses((status = 200, body = Page<Attempt>)), extensions(("x-codes" = json!(refusals!(REQUEST_NOT_FOUND)))))]
pub async fn attempts(
    State(app): State<Arc<App>>,
    Segments(id): Segments<i64>,
    Params(query): Params<AttemptsQuery>,
) -> Reply<Json<Page<Attempt>>> {
    let limit = query.limit.unwrap_or(100).clamp(1, 1000) as usize;
    let items = app.store.attempts(RequestId(id), query.before, limit).await?;
    let next = items.first().map(|first| first.attempt).filter(|number| *number > 1);
    Ok(Json(Page {
        items: items.into_iter().map(wire::attempt).collect(),
        next: next.map(|number| number.to_string()),
    }))
}

/// A request's log, the oldest entry first.
#[utoipa::path(get, path = "/requests/{id}/log", tag = "requests",
    params(("id" = i64, Path, description = "The request"), LogQuery),
    responses((status = 200, body = Vec<LogEntry>)), extensions(("x-codes" = json!(refusals!(REQUEST_NOT_FOUND)))))]
pub async fn log(
    State(app): State<Arc<App>>,
    Segments(id): Segments<i64>,
    Params(query): Params<LogQuery>,
) -> Reply<Json<Vec<LogEntry>>> {
    let id = RequestId(id);
    app.store.get(id).await?;
    let limit = query.limit.unwrap_or(500).clamp(1, 1000) as usize;
    let entries = app.store.log(id, query.after.unwrap_or(0), limit).await?;
    Ok(Json(entries.into_iter().map(wire::log_entry).collect()))
}

/// The flow of a request, at the version that the request is pinned to.
#[utoipa::path(get, path = "/requests/{id}/flow", tag = "requests",
    params(("id" = i64, Path, description = "The request")),
    responses((status = 200, body = FlowAtVersion)),
    extensions(("x-codes" = json!(refusals!(
        REQUEST_NOT_FOUND, FLOW_NOT_FOUND, FLOW_BROKEN, INPUT_INVALID, STORE_NOT_FOUND)))))]
pub async fn flow(State(app): State<Arc<App>>, Segments(id): Segments<i64>) -> Reply<Json<FlowAtVersion>> {
    let request = app.store.get(RequestId(id)).await?;
    let name = FlowName::parse(&request.flow)?;
    let flow = app.projects.open(&request.project, &request.version).await?.flow(&name)?;
    Ok(Json(FlowAtVersion {
        project: request.project.to_string(),
        version: request.version.to_string(),
        name: request.flow,
        flow,
    }))
}

/// Waits until a request has ended, or until the time is over, and answers with the request as it is then.
#[utoipa::path(get, path = "/requests/{id}/wait", tag = "requests",
    params(("id" = i64, Path, description = "The request"), WaitQuery),
    responses((status = 200, body = Request)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, REQUEST_NOT_FOUND)))))]
pub async fn wait(
    State(app): State<Arc<App>>,
    Segments(id): Segments<i64>,
    Params(query): Params<WaitQuery>,
) -> Reply<Json<Request>> {
    let patience = patience("seconds", query.seconds.unwrap_or(30.0))?;
    let request = tokio::select! {
        ended = app.work.until_ended(RequestId(id), patience) => ended?,
        () = app.stopping.cancelled() => app.store.get(RequestId(id)).await?,
    };
    super::answer(&app, request).await
}

/// How long a caller wants to wait.
pub fn patience(place: &str, seconds: f64) -> Reply<Duration> {
    let wrong = || Refusal::invalid(place, "give a number of seconds, at most 60");
    Duration::try_from_secs_f64(seconds.min(LONGEST_WAIT)).map_err(|_| wrong())
}

/// The filter of the store that a query asks for.
pub fn filter(query: &RequestQuery) -> Reply<RequestFilter> {
    let state = |name: &str| {
        RequestState::parse(name.trim()).ok_or_else(|| {
            let known: Vec<&str> = RequestState::ALL.iter().map(|state| state.as_str()).collect();
            Refusal::invalid("state", format!("“{name}” is not a state; the states are {}", known.join(", ")))
        })
    };
    let id = |after: &String| {
        let wrong = |_| Refusal::invalid("after", "give the “next” of the page before");
        after.parse().map(RequestId).map_err(wrong)
    };
    let states = query.state.as_deref().unwrap_or_default().split(',').filter(|name| !name.trim().is_empty());
    Ok(RequestFilter {
        states: states.map(state).collect::<Reply<_>>()?,
        project: query.project.as_deref().map(ProjectName::parse).transpose()?,
        flow: query.flow.clone(),
        owner: query.server.as_deref().map(ServerId::parse).transpose()?,
        code: query.code.clone(),
        priority: query.priority,
        stalled: query.stalled,
        text: query.q.clone().filter(|text| !text.trim().is_empty()),
        from: query.from.map(|time| Timestamp(time.as_millisecond())),
        to: query.to.map(|time| Timestamp(time.as_millisecond())),
        before: query.after.as_ref().map(id).transpose()?,
        limit: query.limit.unwrap_or(100).clamp(1, 1000) as usize,
    })
}
