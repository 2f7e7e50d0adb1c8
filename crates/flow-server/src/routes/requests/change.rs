//! Starting, taking over and cancelling requests.

use super::super::openapi::refusals;
use super::answer;
use super::read::patience;
use crate::auth::{Caller, entry};
use crate::extract::{Body, Params, Segments};
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::wire;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use flow_api::{CreateQuery, IDEMPOTENCY_HEADER, NewRequests, Request, Requests, TakeOver, codes};
use flow_model::{FlowName, PRIORITIES};
use flow_store::{
    AuditEntry, Created, NewRequest, Owner, ProjectName, RequestFilter, RequestId, RequestState, Server, ServerState,
    StoreError,
};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Makes requests of a flow, at the version that this server has. Where this server has room they are its own from
/// the start; else they are queued for whichever server has.
#[utoipa::path(post, path = "/requests", tag = "requests", request_body = NewRequests,
    params(CreateQuery, ("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same requests")),
    responses((status = 201, body = Requests), (status = 200, body = Requests, description = "The key was used before: these are its requests")),
    extensions(("x-codes" = json!(refusals!(
        INPUT_INVALID, PROJECT_NOT_FOUND, PROJECT_NO_VERSION, STORE_NOT_FOUND, FLOW_NOT_FOUND, FLOW_BROKEN,
        REQUEST_KEY_REUSED, REQUEST_QUEUE_FULL, SERVER_MAINTENANCE, SERVER_FENCED; INPUTS)))))]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<CreateQuery>,
    headers: HeaderMap,
    Body(wish): Body<NewRequests>,
) -> Reply<(StatusCode, Json<Requests>)> {
    let patience = query.wait.map(|seconds| patience("wait", seconds)).transpose()?;
    let new = prepare(&app, &caller, idempotency_key(&headers)?, wish).await?;
    let flow = new.first().map(|first| format!("{}/{}", first.project, first.flow)).unwrap_or_default();
    // Its detail is what was made.
    let audit = entry(caller.name(), "requests-created", &flow, "", caller.address);
    let created = make(&app, new, audit, patience).await?;
    let status = if created.iter().any(|created| created.new) { StatusCode::CREATED } else { StatusCode::OK };
    let requests: Vec<_> = created.into_iter().map(|created| created.request).collect();
    let names = app.names.of(&app, &requests).await?;
    let requests = requests.into_iter().map(|request| wire::request(request, &names)).collect();
    Ok((status, Json(Requests { requests })))
}

/// Refuses new requests during maintenance, and while so many are queued that these would only make the queue longer:
/// because there is no room here, or because they are under limits. Several servers may look at once, so the queue can
/// become longer than the limit by what they make in that moment.
pub(crate) async fn admit(app: &App, requests: usize, are_limited: bool) -> Reply<()> {
    if app.settings.in_maintenance() {
        let detail = "the cluster is in maintenance and makes no new requests; what it has goes on. An administrator \
                      ends it with `cairn server maintenance off`";
        return Err(Refusal::new(codes::SERVER_MAINTENANCE, detail));
    }
    let Some(queued) = full_queue(app, requests, are_limited).await? else { return Ok(()) };
    let most = app.settings.limits().queued_requests;
    let detail = format!(
        "{queued} requests wait for a server with room, and at most {most} may: try again later, start another \
         server, or raise limits.queued_requests"
    );
    Err(Refusal::new(codes::REQUEST_QUEUE_FULL, detail))
}

/// How many requests are queued, if these would make them more than may be.
pub(crate) async fn full_queue(app: &App, requests: usize, are_limited: bool) -> Result<Option<u64>, StoreError> {
    if !are_limited && app.work.has_room(requests) {
        return Ok(None);
    }
    let queued = RequestFilter { states: vec![RequestState::Queued], ..RequestFilter::default() };
    let queued: u64 = app.store.counts(&queued).await?.values().sum();
    Ok(Some(queued).filter(|queued| queued.saturating_add(requests as u64) > app.settings.limits().queued_requests))
}

/// Makes the requests; with patience, waits until they have ended or until it is over.
pub(crate) async fn make(
    app: &App,
    mut new: Vec<NewRequest>,
    audit: AuditEntry,
    patience: Option<Duration>,
) -> Reply<Vec<Created>> {
    new.iter_mut().for_each(|new| app.settings.limit(new));
    let are_limited = new.iter().any(|new| !new.settings.limits.is_empty());
    admit(app, new.len(), are_limited).await?;
    let refuse = |error| match error {
        StoreError::Conflict(detail) => Refusal::new(codes::REQUEST_KEY_REUSED, detail),
        other => other.into(),
    };
    let Some(patience) = patience else { return app.work.create_requests(new, audit).await.map_err(refuse) };
    let deadline = Instant::now() + patience;
    let mut all = Vec::with_capacity(new.len());
    for (mut created, mut ending) in app.work.create_awaited(new, audit).await.map_err(refuse)? {
        let left = deadline.saturating_duration_since(Instant::now());
        tokio::select! {
            ended = ending.request(app.store.as_ref(), left) => created.request = ended?,
            () = app.stopping.cancelled() => {}
        }
        all.push(created);
    }
    Ok(all)
}

/// Takes a stalled request from its server, which lives and gets nowhere with it. What that one still writes is refused,
/// and its attempt ends; another server goes on from the last saved points.
#[utoipa::path(post, path = "/requests/{id}/take-over", tag = "requests", request_body = TakeOver,
    params(("id" = i64, Path, description = "The request")),
    responses((status = 200, body = Request)),
    extensions(("x-codes" = json!(refusals!(
        REQUEST_NOT_FOUND, REQUEST_STATE, SERVER_NOT_FOUND, SERVER_NOT_RUNNING, SERVER_FENCED, STORE_CONFLICT)))))]
pub async fn take_over(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments(id): Segments<i64>,
    Body(wish): Body<TakeOver>,
) -> Reply<Json<Request>> {
    let before = app.store.get(RequestId(id)).await?;
    let to = match &wish.server {
        Some(server) => running_server(&app, server).await?,
        None => other_server(&app, before.owner.as_ref()).await?,
    };
    let request = app.store.take_from(before.id, &to, caller.name()).await?;
    app.work.end_before(request.id, request.fence);
    app.work.wake();
    let server = |owner: Option<&Owner>| owner.map(|owner| owner.server.to_string()).unwrap_or_default();
    let detail = format!("from {} to {}", server(before.owner.as_ref()), to.server);
    caller.did(&app, "request-taken-over", &id.to_string(), &detail).await?;
    answer(&app, request).await
}

/// This server; if `owner` is this one itself, another one that runs, if there is any.
async fn other_server(app: &App, owner: Option<&Owner>) -> Reply<Owner> {
    let own = app.work.owner().ok_or_else(fenced)?;
    if owner != Some(&own) && !app.work.in_maintenance() {
        return Ok(own);
    }
    let servers = app.store.servers().await?;
    let is_other = |server: &Server| Some(&server.owner()) != owner && server.id != own.server;
    let other = servers.into_iter().find(|server| server.state == ServerState::Running && is_other(server));
    Ok(other.map_or(own, |other| other.owner()))
}

/// The server with this id, if it runs.
pub(super) async fn running_server(app: &App, id: &str) -> Reply<Owner> {
    let known = app.store.servers().await?.into_iter().find(|server| server.id.as_str() == id);
    let missing = || Refusal::new(codes::SERVER_NOT_FOUND, format!("the cluster has no server “{id}”"));
    let server = known.ok_or_else(missing)?;
    if server.state != ServerState::Running {
        let detail = format!("the server “{}” is {}; choose one that runs", server.name, server.state);
        return Err(Refusal::new(codes::SERVER_NOT_RUNNING, detail));
    }
    Ok(server.owner())
}

/// Ends a request. What runs of it comes to a safe end; what it saved stays.
#[utoipa::path(post, path = "/requests/{id}/cancel", tag = "requests",
    params(("id" = i64, Path, description = "The request")),
    responses((status = 200, body = Request)),
    extensions(("x-codes" = json!(refusals!(REQUEST_NOT_FOUND, REQUEST_STATE)))))]
pub async fn cancel(State(app): State<Arc<App>>, caller: Caller, Segments(id): Segments<i64>) -> Reply<Json<Request>> {
    let request = app.store.cancel(RequestId(id), caller.name()).await?;
    app.work.cancel(&request);
    caller.did(&app, "request-cancelled", &id.to_string(), "").await?;
    answer(&app, request).await
}

/// That this server has no place in the cluster at this time.
pub fn fenced() -> Refusal {
    Refusal::new(codes::SERVER_FENCED, "this server is not in the cluster at this time; call another one")
}

/// Checks a wish against the flow and turns it into requests.
async fn prepare(app: &App, caller: &Caller, key: Option<String>, wish: NewRequests) -> Reply<Vec<NewRequest>> {
    let count = wish.count.unwrap_or(1);
    let most = app.settings.limits().requests_per_call;
    if !(1..=most).contains(&count) {
        return Err(Refusal::invalid("count", format!("make 1 to {most} requests in one call")));
    }
    let trigger = wish.trigger.unwrap_or_else(|| "api".to_owned());
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if trigger.is_empty() || trigger.len() > 40 || !trigger.chars().all(plain) {
        return Err(Refusal::invalid("trigger", "use 1 to 40 letters, digits or “-”"));
    }
    let project = ProjectName::parse(&wish.project).map_err(|error| Refusal::invalid("project", error.to_string()))?;
    let flow = FlowName::parse(&wish.flow).map_err(|error| Refusal::invalid("flow", error.to_string()))?;
    let version = app.projects.for_new_requests(&project).await?;
    let open = app.projects.open(&project, &version).await?;
    let start = open.start_of(&flow)?;
    let inputs = Value::Object(start.check_inputs(&wish.inputs)?);
    let mut settings = open.settings_of(&flow, &start);
    if let Some(priority) = wish.priority {
        if !PRIORITIES.contains(&i64::from(priority)) {
            return Err(Refusal::invalid("priority", "a priority is a whole number from -9 to 9; higher comes first"));
        }
        settings.priority = priority;
    }
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

pub(crate) fn idempotency_key(headers: &HeaderMap) -> Reply<Option<String>> {
    let Some(value) = headers.get(IDEMPOTENCY_HEADER) else { return Ok(None) };
    let key = value.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > 200 {
        return Err(Refusal::invalid("Idempotency-Key", "use 1 to 200 printable ASCII characters"));
    }
    Ok(Some(key.to_owned()))
}

/// Whether the request runs here from the start.
pub(crate) fn runs_at_once(created: &Created) -> bool {
    created.new && created.request.state == RequestState::Running
}
