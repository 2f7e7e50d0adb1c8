//! Triggers: looking at them, switching them, and calling those that answer calls.

use super::openapi::refusals;
use crate::auth::Caller;
use crate::extract::{Params, Segments};
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::triggers::{self, Live};
use crate::wire;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use flow_api::{DueTime, FiringQuery, TriggerEntry, TriggerFiring, TriggerQuery, codes};
use flow_store::{Firing, ProjectName};
use std::sync::Arc;

/// The triggers of the version of each project that all servers have, by project and name.
#[utoipa::path(get, path = "/triggers", tag = "triggers", params(TriggerQuery),
    responses((status = 200, body = Vec<TriggerEntry>)), extensions(("x-codes" = json!(refusals!()))))]
pub async fn list(State(app): State<Arc<App>>, Params(query): Params<TriggerQuery>) -> Reply<Json<Vec<TriggerEntry>>> {
    let active = triggers::now(&app).await?;
    Ok(Json(triggers::entries(&app, &active, query.project.as_deref())))
}

/// Switches a trigger on, for all servers. What was due while it was off does not count.
#[utoipa::path(post, path = "/triggers/{project}/{trigger}/on", tag = "triggers",
    params(("project" = String, Path, description = "The project"), ("trigger" = String, Path, description = "The trigger's id")),
    responses((status = 200, body = TriggerEntry)), extensions(("x-codes" = json!(refusals!(TRIGGER_NOT_FOUND)))))]
pub async fn on(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments((project, trigger)): Segments<(String, String)>,
) -> Reply<Json<TriggerEntry>> {
    switch(&app, &caller, &project, &trigger, true).await.map(Json)
}

/// Switches a trigger off, for all servers at once. What it has started goes on.
#[utoipa::path(post, path = "/triggers/{project}/{trigger}/off", tag = "triggers",
    params(("project" = String, Path, description = "The project"), ("trigger" = String, Path, description = "The trigger's id")),
    responses((status = 200, body = TriggerEntry)), extensions(("x-codes" = json!(refusals!(TRIGGER_NOT_FOUND)))))]
pub async fn off(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments((project, trigger)): Segments<(String, String)>,
) -> Reply<Json<TriggerEntry>> {
    switch(&app, &caller, &project, &trigger, false).await.map(Json)
}

async fn switch(app: &App, caller: &Caller, project: &str, trigger: &str, on: bool) -> Reply<TriggerEntry> {
    let live = find(app, project, trigger).await?;
    app.store.switch_trigger(&live.open.project, trigger, on, caller.name()).await?;
    app.triggers.look_again();
    let name = format!("{project}/{}", live.open.trigger.name);
    caller.did(app, if on { "trigger-on" } else { "trigger-off" }, &name, "").await?;
    Ok(triggers::entry(app, find(app, project, trigger).await?.as_ref()))
}

/// Fires a trigger by hand, be it on or off.
#[utoipa::path(post, path = "/triggers/{project}/{trigger}/fire", tag = "triggers",
    params(("project" = String, Path, description = "The project"), ("trigger" = String, Path, description = "The trigger's id")),
    responses((status = 201, body = flow_api::Request)),
    extensions(("x-codes" = json!(refusals!(
        TRIGGER_NOT_FOUND, TRIGGER_BROKEN, REQUEST_QUEUE_FULL, SERVER_MAINTENANCE, SERVER_FENCED)))))]
pub async fn fire(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments((project, trigger)): Segments<(String, String)>,
) -> Reply<(StatusCode, Json<flow_api::Request>)> {
    let live = find(&app, &project, &trigger).await?;
    let request = triggers::fire_by_hand(&app, &live, caller.name()).await?;
    let name = format!("{project}/{}", live.open.trigger.name);
    caller.did(&app, "trigger-fired", &name, &request.id.to_string()).await?;
    let names = app.names.of(&app, std::slice::from_ref(&request)).await?;
    Ok((StatusCode::CREATED, Json(wire::request(request, &names))))
}

/// The newest firings of a trigger, newest first. Calls are not among them: they are requests like others.
#[utoipa::path(get, path = "/triggers/{project}/{trigger}/firings", tag = "triggers",
    params(("project" = String, Path, description = "The project"), ("trigger" = String, Path, description = "The trigger's id"), FiringQuery),
    responses((status = 200, body = Vec<TriggerFiring>)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, PROJECT_NOT_FOUND, TRIGGER_NOT_FOUND)))))]
pub async fn firings(
    State(app): State<Arc<App>>,
    Segments((project, trigger)): Segments<(String, String)>,
    Params(query): Params<FiringQuery>,
) -> Reply<Json<Vec<TriggerFiring>>> {
    let project = ProjectName::parse(&project)?;
    let firings = app.store.firings(&project, &trigger, limit(&query)).await?;
    let mut shown = Vec::with_capacity(firings.len());
    for firing in firings {
        let Firing { key, due, at, missed, request } = firing;
        let state = match request {
            Some(id) => app.store.get(id).await.ok().map(|request| wire::request_state(request.state)),
            None => None,
        };
        let (due, at) = (wire::time(due), wire::time(at));
        shown.push(TriggerFiring { key, due, at, missed, request: request.map(|id| id.0), state });
    }
    Ok(Json(shown))
}

/// When a schedule is due next. Other triggers have no such times.
#[utoipa::path(get, path = "/triggers/{project}/{trigger}/next", tag = "triggers",
    params(("project" = String, Path, description = "The project"), ("trigger" = String, Path, description = "The trigger's id"), FiringQuery),
    responses((status = 200, body = Vec<DueTime>)), extensions(("x-codes" = json!(refusals!(TRIGGER_NOT_FOUND)))))]
pub async fn next(
    State(app): State<Arc<App>>,
    Segments((project, trigger)): Segments<(String, String)>,
    Params(query): Params<FiringQuery>,
) -> Reply<Json<Vec<DueTime>>> {
    let live = find(&app, &project, &trigger).await?;
    Ok(Json(triggers::next_due(&app, &live, limit(&query))))
}

fn limit(query: &FiringQuery) -> usize {
    query.limit.unwrap_or(20).clamp(1, 1000) as usize
}

async fn find(app: &App, project: &str, trigger: &str) -> Reply<Arc<Live>> {
    let missing = || {
        let detail = format!("the project “{project}” has no trigger “{trigger}” at the version that all servers have");
        Refusal::new(codes::TRIGGER_NOT_FOUND, detail)
    };
    triggers::now(app).await?.find(project, trigger).cloned().ok_or_else(missing)
}

/// Calls a trigger: starts a request of its flow with the query's parameters and the JSON body's members as inputs. The
/// answer is what the flow replies (200, or 204 without a reply), or 202 with the request's id where the trigger says so
/// or the reply takes too long. The trigger says who may call; these addresses are the project's own, so they are not in
/// the document of the API.
pub async fn call(
    State(app): State<Arc<App>>,
    Segments((project, path)): Segments<(String, String)>,
    call: Request,
) -> Reply<Response> {
    triggers::call(&app, &project, &path, call).await
}
