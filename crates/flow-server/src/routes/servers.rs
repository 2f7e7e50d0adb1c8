//! The servers of the cluster.

use super::openapi::refusals;
use crate::auth::Caller;
use crate::extract::{Body, Params, Segments};
use crate::log_files;
use crate::problem::{Refusal, Reply, passed_on};
use crate::state::App;
use crate::wire;
use axum::Json;
use axum::extract::State;
use flow_api::{About, Server, ServerLog, ServerLogQuery, ServerMaintenance, ServerName, ServerProblem, codes};
use flow_store::{RequestFilter, RequestState, ServerId};
use std::sync::Arc;

/// The longest name of a server, in characters.
const LONGEST_NAME: usize = 64;

/// The servers of the cluster, by name.
#[utoipa::path(get, path = "/servers", tag = "servers", responses((status = 200, body = Vec<Server>)),
    extensions(("x-codes" = json!(refusals!()))))]
pub async fn servers(State(app): State<Arc<App>>) -> Reply<Json<Vec<Server>>> {
    all(&app).await.map(Json)
}

async fn all(app: &App) -> Reply<Vec<Server>> {
    let stored = app.store.servers().await?;
    app.names.note(&stored);
    let projects = app.store.projects().await?;
    let mut servers = Vec::with_capacity(stored.len());
    for server in stored {
        let running = requests_running(app, &server.id).await?;
        servers.push(wire::server(server, running, &app.id, &projects));
    }
    // What the others find of themselves they cannot tell: the database may be what fails them.
    if let Some(own) = servers.iter_mut().find(|server| server.this_server) {
        own.problems = app.readiness.lately(app).await.into_iter().map(ServerProblem::from).collect();
    }
    Ok(servers)
}

async fn requests_running(app: &App, id: &ServerId) -> Reply<u64> {
    let states = vec![RequestState::Running];
    let filter = RequestFilter { states, owner: Some(id.clone()), ..RequestFilter::default() };
    Ok(app.store.counts(&filter).await?.values().sum())
}

/// The server that answers.
#[utoipa::path(get, path = "/server", tag = "servers",
    responses((status = 200, body = Server)), extensions(("x-codes" = json!(refusals!(SERVER_FENCED)))))]
pub async fn server(State(app): State<Arc<App>>) -> Reply<Json<Server>> {
    let own = all(&app).await?.into_iter().find(|server| server.this_server);
    let missing = || Refusal::new(codes::SERVER_FENCED, "this server is not in the cluster at this time");
    own.map(Json).ok_or_else(missing)
}

/// The program that answers.
#[utoipa::path(get, path = "/about", tag = "servers",
    responses((status = 200, body = About)), extensions(("x-codes" = json!(refusals!(SERVER_FENCED)))))]
pub async fn about(State(app): State<Arc<App>>) -> Reply<Json<About>> {
    let Json(server) = server(State(Arc::clone(&app))).await?;
    Ok(Json(About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        server: server.id,
        name: server.name,
        epoch: server.epoch,
        started: server.started,
        now: wire::time(app.store.now()),
    }))
}

/// Gives a server another name.
#[utoipa::path(put, path = "/servers/{id}/name", tag = "servers", request_body = ServerName,
    params(("id" = String, Path, description = "The server")),
    responses((status = 200, body = Server)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, SERVER_NOT_FOUND, SERVER_NAME_TAKEN)))))]
pub async fn rename(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments(id): Segments<String>,
    Body(wish): Body<ServerName>,
) -> Reply<Json<Server>> {
    let id = known(&app, &id).await?;
    set_name(&app, &caller, &id, &wish.name).await?;
    let renamed = all(&app).await?.into_iter().find(|server| server.id == id.as_str());
    renamed.map(Json).ok_or_else(|| no_server(id.as_str()))
}

/// Puts a server into maintenance, or ends that. During maintenance it takes nothing new; what waits there is handed over
/// to the others, and so is what still runs after `limits.stop_seconds`, if other servers may go on with it. It lasts over
/// restarts of the server.
#[utoipa::path(put, path = "/servers/{id}/maintenance", tag = "servers", request_body = ServerMaintenance,
    params(("id" = String, Path, description = "The server")),
    responses((status = 200, body = Server)),
    extensions(("x-codes" = json!(refusals!(SERVER_NOT_FOUND)))))]
pub async fn maintain(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments(id): Segments<String>,
    Body(wish): Body<ServerMaintenance>,
) -> Reply<Json<Server>> {
    let id = known(&app, &id).await?;
    app.store.set_maintenance(&id, wish.on).await?;
    caller.did(&app, "server-maintenance", id.as_str(), if wish.on { "on" } else { "off" }).await?;
    let server = all(&app).await?.into_iter().find(|server| server.id == id.as_str());
    server.map(Json).ok_or_else(|| no_server(id.as_str()))
}

/// Gives a server another name, which no other server has.
pub async fn set_name(app: &App, caller: &Caller, id: &ServerId, name: &str) -> Reply<()> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        let detail = format!("a name has 1 to {LONGEST_NAME} characters and no control characters");
        return Err(Refusal::invalid("name", detail));
    }
    let servers = app.store.servers().await?;
    if servers.iter().any(|other| other.id != *id && other.name == name) {
        let detail = format!("another server is called “{name}”: choose another name");
        return Err(Refusal::new(codes::SERVER_NAME_TAKEN, detail));
    }
    app.store.rename_server(id, name).await?;
    app.names.note(&app.store.servers().await?);
    caller.did(app, "server-renamed", id.as_str(), name).await?;
    Ok(())
}

/// A part of a server's log, as its files in the checkpoint storage have it: any server answers for all.
#[utoipa::path(get, path = "/servers/{id}/log", tag = "servers",
    params(("id" = String, Path, description = "The server"), ServerLogQuery),
    responses((status = 200, body = ServerLog)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, SERVER_NOT_FOUND, STORAGE_NO_FOLDER, STORAGE_UNAVAILABLE)))))]
pub async fn log(
    State(app): State<Arc<App>>,
    Segments(id): Segments<String>,
    Params(query): Params<ServerLogQuery>,
) -> Reply<Json<ServerLog>> {
    // Only the id of a server that there is becomes part of a path.
    let id = known(&app, &id).await?;
    if app.storage.folder().is_none() && id != app.id {
        let detail =
            "the checkpoint storage is in a bucket, so the log of each server is on its own machine: ask that server";
        return Err(Refusal::new(passed_on::STORAGE_NO_FOLDER, detail));
    }
    let folder = log_files::folder(&app.logs, id.as_str());
    let read = tokio::task::spawn_blocking(move || {
        let wanted = log_files::Wanted {
            after: query.after.as_deref(),
            before: query.before.as_deref(),
            text: query.q.as_deref(),
            level: query.level,
            limit: query.limit.unwrap_or(200).clamp(1, 1000) as usize,
        };
        log_files::read(&folder, &wanted)
    });
    let read = read.await.map_err(|error| Refusal::internal(&error))?.map_err(|error| {
        Refusal::new(passed_on::STORAGE_UNAVAILABLE, format!("the log of the server cannot be read: {error}"))
    })?;
    read.map(Json).map_err(|_| Refusal::invalid("after", "give the “next” or the “previous” of another page"))
}

async fn known(app: &App, id: &str) -> Reply<ServerId> {
    let found = app.store.servers().await?.into_iter().find(|server| server.id.as_str() == id);
    found.map(|server| server.id).ok_or_else(|| no_server(id))
}

fn no_server(id: &str) -> Refusal {
    Refusal::new(codes::SERVER_NOT_FOUND, format!("the cluster has no server “{id}”"))
}
