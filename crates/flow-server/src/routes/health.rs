//! For those who watch over processes.

use super::openapi::refusals;
use crate::problem::Reply;
use crate::state::App;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use std::sync::Arc;

/// Whether the process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = String, content_type = "text/plain")),
    extensions(("x-codes" = json!(refusals!()))))]
pub async fn healthz() -> &'static str {
    "ok"
}

/// Whether the server can take requests: it is not stopping, has its lease, reaches the checkpoint database, which has
/// room, and can write to the checkpoint storage.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain")),
    extensions(("x-codes" = json!(refusals!(SERVER_STOPPING, SERVER_FENCED, STORAGE_UNAVAILABLE; STORE, STORAGE)))))]
pub async fn readyz(State(app): State<Arc<App>>) -> Reply<&'static str> {
    if let Some(why) = app.readiness.look(&app).await.into_iter().next() {
        return Err(why.into());
    }
    Ok("ready")
}

/// What this server counts, in the text form of Prometheus. Takes the role Viewer, unless the server was started with
/// `--metrics-public`.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain")),
    extensions(("x-codes" = json!(refusals!()))))]
pub async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let text = app.metrics.text(&app).await;
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}
