//! Starting, re-executing and cancelling requests.

use crate::auth::Caller;
use crate::extract::{Body, Segments};
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::wire::{self, ServerNames};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use flow_api::{IDEMPOTENCY_HEADER, NewRequests, Problem, Request, Requests, codes};
use flow_engine::request_settings;
use flow_model::FlowName;
use flow_store::{Created, NewRequest, ProjectName, RequestId, RequestState, StoreError};
use serde_json::Value;
use std::sync::Arc;

/// The most requests that one call makes.
const MOST: u32 = 1000;

/// Makes requests of a flow, at the version that this server has. Where this server has room they are its own from
/// the start; else they are queued for whichever server has.
#[utoipa::path(post, path = "/requests", tag = "requests", request_body = NewRequests,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same requests")),
    responses((status = 201, body = Requests), (status = 200, body = Requests, description = "The key was used before: these are its requests"),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Body(wish): Body<NewRequests>,
) -> Reply<(StatusCode, Json<Requests>)> {
    let new = prepare(&app, &caller, idempotency_key(&headers)?, wish).await?;
    let subject = new.first().map(|first| format!("{}/{}", first.project, first.flow)).unwrap_or_default();
    let created = app.work.create_requests(new).await.map_err(|error| match error {
        StoreError::Conflict(detail) => Refusal::new(codes::REQUEST_KEY_REUSED, detail),
        other => other.into(),
    })?;
    let made = created.iter().filter(|created| created.new).count();
    if made > 0 {
        caller.did(&app, "requests-created", &subject, &numbers(&created)).await?;
    }
    let names = ServerNames::of(&app.store.servers().await?);
    let requests = created.into_iter().map(|created| wire::request(created.request, &names)).collect();
    let status = if made > 0 { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(Requests { requests, next: None })))
}

/// Begins a new attempt from the last saved points, on this server.
#[utoipa::path(post, path = "/requests/{id}/re-execute", tag = "requests",
    params(("id" = i64, Path, description = "The request")),
    responses((status = 200, body = Request), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn re_execute(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments(id): Segments<i64>,
) -> Reply<Json<Request>> {
    let owner = app.work.owner().ok_or_else(fenced)?;
    let request = app.store.re_execute(RequestId(id), &owner, caller.name()).await?;
    app.work.wake();
    caller.did(&app, "request-re-executed", &id.to_string(), "").await?;
    answer(&app, request).await
}

/// Ends a request. What runs of it comes to a safe end; what it saved stays.
#[utoipa::path(post, path = "/requests/{id}/cancel", tag = "requests",
    params(("id" = i64, Path, description = "The request")),
    responses((status = 200, body = Request), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn cancel(State(app): State<Arc<App>>, caller: Caller, Segments(id): Segments<i64>) -> Reply<Json<Request>> {
    let request = app.store.cancel(RequestId(id), caller.name()).await?;
    app.work.cancel(request.id);
    caller.did(&app, "request-cancelled", &id.to_string(), "").await?;
    answer(&app, request).await
}

async fn answer(app: &App, request: flow_store::Request) -> Reply<Json<Request>> {
    let names = ServerNames::of(&app.store.servers().await?);
    Ok(Json(wire::request(request, &names)))
}

fn fenced() -> Refusal {
    Refusal::new(codes::SERVER_FENCED, "this server is not in the cluster at this time; call another one")
}

/// Checks a wish against the flow and turns it into requests.
async fn prepare(app: &App, caller: &Caller, key: Option<String>, wish: NewRequests) -> Reply<Vec<NewRequest>> {
    let count = wish.count.unwrap_or(1);
    if !(1..=MOST).contains(&count) {
        return Err(Refusal::invalid("count", format!("make 1 to {MOST} requests in one call")));
    }
    let trigger = wish.trigger.unwrap_or_else(|| "api".to_owned());
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if trigger.is_empty() || trigger.len() > 40 || !trigger.chars().all(plain) {
        return Err(Refusal::invalid("trigger", "use 1 to 40 letters, digits or “-”"));
    }
    let project = ProjectName::parse(&wish.project).map_err(|error| Refusal::invalid("project", error.to_string()))?;
    let flow = FlowName::parse(&wish.flow).map_err(|error| Refusal::invalid("flow", error.to_string()))?;
    let version = app.projects.for_new_requests(&project).await?;
    let start = app.projects.open(&project, &version).await?.start_of(&flow)?;
    let inputs = Value::Object(start.check_inputs(&wish.inputs)?);
    let settings = request_settings(&start);
    let one = |number: u32| NewRequest {
        project: project.clone(),
        version: version.clone(),
        flow: flow.to_string(),
        trigger: trigger.clone(),
        requested_by: caller.name().to_owned(),
        inputs: inputs.clone(),
        settings: settings.clone(),
        // Each request of a batch has a key of its own, made from the caller's.
        idempotency_key: key.as_ref().map(|key| format!("{number}/{key}")),
    };
    Ok((0..count).map(one).collect())
}

fn idempotency_key(headers: &HeaderMap) -> Reply<Option<String>> {
    let Some(value) = headers.get(IDEMPOTENCY_HEADER) else { return Ok(None) };
    let key = value.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > 200 {
        return Err(Refusal::invalid("Idempotency-Key", "use 1 to 200 printable ASCII characters"));
    }
    Ok(Some(key.to_owned()))
}

/// What to write into the audit trail: `17` or `17 to 40`.
fn numbers(created: &[Created]) -> String {
    let mut ids = created.iter().filter(|created| created.new).map(|created| created.request.id);
    match (ids.next(), ids.next_back()) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        (Some(only), None) => only.to_string(),
        (None, _) => String::new(),
    }
}

/// Whether the request runs here from the start.
pub(crate) fn runs_at_once(created: &Created) -> bool {
    created.new && created.request.state == RequestState::Running
}
