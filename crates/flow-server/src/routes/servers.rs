//! The servers of the cluster.

use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::wire;
use axum::Json;
use axum::extract::State;
use flow_api::{Server, codes};
use std::sync::Arc;

/// The servers of the cluster, by name.
#[utoipa::path(get, path = "/servers", tag = "servers", responses((status = 200, body = Vec<Server>)))]
pub async fn servers(State(app): State<Arc<App>>) -> Reply<Json<Vec<Server>>> {
    let servers = app.store.servers().await?;
    Ok(Json(servers.into_iter().map(|server| wire::server(server, &app.id)).collect()))
}

/// The server that answers.
#[utoipa::path(get, path = "/server", tag = "servers", responses((status = 200, body = Server)))]
pub async fn server(State(app): State<Arc<App>>) -> Reply<Json<Server>> {
    let own = app.store.servers().await?.into_iter().find(|server| server.id == app.id);
    let own =
        own.ok_or_else(|| Refusal::new(codes::SERVER_FENCED, "this server is not in the cluster at this time"))?;
    Ok(Json(wire::server(own, &app.id)))
}
