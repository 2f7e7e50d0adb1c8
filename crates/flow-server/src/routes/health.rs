//! For those who watch over processes.

use super::openapi::refusals;
use crate::problem::{Refusal, Reply, passed_on};
use crate::state::App;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use flow_api::codes;
use flow_store::RequestFilter;
use std::sync::Arc;
use std::time::Duration;

/// The checkpoint database answers within so long, or this server is not ready.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether the process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = String, content_type = "text/plain")),
    extensions(("x-codes" = json!(refusals!()))))]
pub async fn healthz() -> &'static str {
    "ok"
}

/// Whether the server can take requests: it is not stopping, has its lease, reaches the checkpoint database and can
/// write to the checkpoint storage.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain")),
    extensions(("x-codes" = json!(refusals!(SERVER_STOPPING, SERVER_FENCED; STORE, STORAGE)))))]
pub async fn readyz(State(app): State<Arc<App>>) -> Reply<&'static str> {
    if app.stopping.is_cancelled() {
        return Err(Refusal::new(codes::SERVER_STOPPING, "the server is stopping; call another one"));
    }
    if !app.work.may_act() {
        return Err(Refusal::new(codes::SERVER_FENCED, "the server waits for its lease; it goes on by itself"));
    }
    let filter = RequestFilter::default();
    let asked = tokio::time::timeout(PATIENCE, app.store.counts(&filter)).await;
    let slow = |_| {
        let detail = format!("the checkpoint database does not answer within {} s", PATIENCE.as_secs());
        Refusal::new(passed_on::STORE_UNAVAILABLE, detail)
    };
    asked.map_err(slow)??;
    app.storage.check_writable().await?;
    Ok("ready")
}

/// What this server counts, in the text form of Prometheus. Takes the role Viewer, unless the server was started with
/// `--metrics-public`.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain")),
    extensions(("x-codes" = json!(refusals!(; STORE)))))]
pub async fn metrics(State(app): State<Arc<App>>) -> Reply<impl IntoResponse> {
    let text = app.metrics.text(&app).await?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}
