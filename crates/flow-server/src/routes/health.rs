//! For those who watch over processes.

use crate::problem::{Refusal, Reply};
use crate::state::App;
use axum::extract::State;
use flow_api::codes;
use std::sync::Arc;

/// Whether the process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = String)))]
pub async fn healthz() -> &'static str {
    "ok"
}

/// Whether the server can take requests: it has its lease and reaches the checkpoint database.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, body = String), (status = 503, body = flow_api::Problem)))]
pub async fn readyz(State(app): State<Arc<App>>) -> Reply<&'static str> {
    if app.stopping.is_cancelled() {
        return Err(Refusal::new(codes::SERVER_STOPPING, "the server is stopping; call another one"));
    }
    if !app.work.may_act() {
        return Err(Refusal::new(codes::SERVER_FENCED, "the server waits for its lease; it goes on by itself"));
    }
    app.store.counts().await?;
    Ok("ready")
}
