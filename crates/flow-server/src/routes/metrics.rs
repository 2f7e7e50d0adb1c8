//! What the servers counted over the last day.

use super::openapi::refusals;
use crate::extract::Params;
use crate::metrics;
use crate::problem::Reply;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use flow_api::{MetricsHistory, MetricsQuery};
use std::sync::Arc;

/// What the servers counted over at most the last day: rates, memory, requests by state, and takeovers. Each server leaves
/// a sample every 10 s in the checkpoint database, so any server tells of all, lost ones too.
#[utoipa::path(get, path = "/metrics/history", tag = "servers", params(MetricsQuery),
    responses((status = 200, body = MetricsHistory)), extensions(("x-codes" = json!(refusals!(INPUT_INVALID)))))]
pub async fn history(State(app): State<Arc<App>>, Params(query): Params<MetricsQuery>) -> Reply<Json<MetricsHistory>> {
    metrics::history(&app, &query).await.map(Json)
}
