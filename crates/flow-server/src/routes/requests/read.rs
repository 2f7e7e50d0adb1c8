//! Looking at requests.

use crate::extract::{Params, Segments};
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::wire::{self, ServerNames};
use axum::Json;
use axum::extract::State;
use flow_api::{FlowAtVersion, LogEntry, LogQuery, Problem, Request, RequestDetail, RequestQuery, Requests, WaitQuery};
use flow_model::FlowName;
use flow_store::{ProjectName, RequestFilter, RequestId, RequestState, ServerId};
use futures::TryStreamExt as _;
use futures::stream::{self, StreamExt as _};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// While many things change, a waiting caller's request is looked at this often.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Requests, the newest first.
#[utoipa::path(get, path = "/requests", tag = "requests", params(RequestQuery),
    responses((status = 200, body = Requests), (status = 422, body = Problem)))]
pub async fn list(State(app): State<Arc<App>>, Params(query): Params<RequestQuery>) -> Reply<Json<Requests>> {
    let filter = filter(&query)?;
    let found = app.store.list(&filter).await?;
    let full = found.len() == filter.limit;
    let next = found.last().filter(|_| full).map(|last| last.id.0);
    let names = ServerNames::of(&app.store.servers().await?);
    let mut requests: Vec<Request> = found.into_iter().map(|request| wire::request(request, &names)).collect();
    if query.attempts {
        requests = with_attempts(&app, requests).await?;
    }
    Ok(Json(Requests { requests, next }))
}

async fn with_attempts(app: &App, requests: Vec<Request>) -> Reply<Vec<Request>> {
    let each = |mut request: Request| async move {
        let attempts = app.store.attempts(RequestId(request.id)).await?;
        request.attempts = Some(attempts.into_iter().map(wire::attempt).collect());
        Ok::<_, Refusal>(request)
    };
    stream::iter(requests).map(each).buffered(8).try_collect().await
}

/// How many requests there are in each state.
#[utoipa::path(get, path = "/requests/counts", tag = "requests",
    responses((status = 200, body = BTreeMap<String, u64>)))]
pub async fn counts(State(app): State<Arc<App>>) -> Reply<Json<BTreeMap<flow_api::RequestState, u64>>> {
    let counts = app.store.counts().await?;
    Ok(Json(counts.into_iter().map(|(state, count)| (wire::request_state(state), count)).collect()))
}

/// One request with its attempts and saved points.
#[utoipa::path(get, path = "/requests/{id}", tag = "requests", params(("id" = i64, Path, description = "The request")),
    responses((status = 200, body = RequestDetail), (status = 404, body = Problem)))]
pub async fn detail(State(app): State<Arc<App>>, Segments(id): Segments<i64>) -> Reply<Json<RequestDetail>> {
    let id = RequestId(id);
    let request = app.store.get(id).await?;
    let attempts = app.store.attempts(id).await?;
    let saved = app.store.saved_points(id).await?;
    let names = ServerNames::of(&app.store.servers().await?);
    Ok(Json(RequestDetail {
        saved_points: wire::saved_points(saved, &request.inputs),
        inputs: wire::object(request.inputs.clone()),
        settings: wire::settings(&request.settings),
        request: wire::request(request, &names),
        attempts: attempts.into_iter().map(wire::attempt).collect(),
    }))
}

/// A request's log, the oldest entry first.
#[utoipa::path(get, path = "/requests/{id}/log", tag = "requests",
    params(("id" = i64, Path, description = "The request"), LogQuery),
    responses((status = 200, body = Vec<LogEntry>), (status = 404, body = Problem)))]
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
    responses((status = 200, body = FlowAtVersion), (status = 404, body = Problem)))]
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
    responses((status = 200, body = Request), (status = 404, body = Problem)))]
pub async fn wait(
    State(app): State<Arc<App>>,
    Segments(id): Segments<i64>,
    Params(query): Params<WaitQuery>,
) -> Reply<Json<Request>> {
    let seconds = query.timeout.unwrap_or(30.0);
    let patience = Duration::try_from_secs_f64(seconds)
        .map_err(|_| Refusal::invalid("timeout", "give a number of seconds, at most 60"))?
        .min(Duration::from_secs(60));
    let ended = tokio::time::timeout(patience, until_ended(&app, RequestId(id)));
    let request = tokio::select! {
        ended = ended => match ended {
            Ok(request) => request?,
            Err(_) => app.store.get(RequestId(id)).await?,
        },
        () = app.stopping.cancelled() => app.store.get(RequestId(id)).await?,
    };
    let names = ServerNames::of(&app.store.servers().await?);
    Ok(Json(wire::request(request, &names)))
}

async fn until_ended(app: &App, id: RequestId) -> Reply<flow_store::Request> {
    let mut changes = app.store.changes();
    loop {
        changes.borrow_and_update();
        let request = app.store.get(id).await?;
        if request.state.is_ended() {
            return Ok(request);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        if changes.changed().await.is_err() {
            return Ok(request);
        }
    }
}

fn filter(query: &RequestQuery) -> Reply<RequestFilter> {
    let state = |name: &str| {
        RequestState::parse(name.trim()).ok_or_else(|| {
            let known: Vec<&str> = RequestState::ALL.iter().map(|state| state.as_str()).collect();
            Refusal::invalid("state", format!("“{name}” is not a state; the states are {}", known.join(", ")))
        })
    };
    let states = query.state.as_deref().unwrap_or_default().split(',').filter(|name| !name.trim().is_empty());
    Ok(RequestFilter {
        states: states.map(state).collect::<Reply<_>>()?,
        project: query.project.as_deref().map(ProjectName::parse).transpose()?,
        flow: query.flow.clone(),
        owner: query.owner.as_deref().map(ServerId::parse).transpose()?,
        before: query.before.map(RequestId),
        limit: query.limit.unwrap_or(100).clamp(1, 1000) as usize,
    })
}
