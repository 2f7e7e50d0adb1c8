//! The audit trail.

use crate::extract::Params;
use crate::problem::Reply;
use crate::state::App;
use crate::wire;
use axum::Json;
use axum::extract::State;
use flow_api::{AuditQuery, AuditRecord};
use std::sync::Arc;

/// Who did what, the newest first.
#[utoipa::path(get, path = "/audit", tag = "accounts", params(AuditQuery), responses((status = 200, body = Vec<AuditRecord>)))]
pub async fn trail(State(app): State<Arc<App>>, Params(query): Params<AuditQuery>) -> Reply<Json<Vec<AuditRecord>>> {
    let limit = query.limit.unwrap_or(100).clamp(1, 1000) as usize;
    let records = app.store.audit_trail(query.before, limit).await?;
    Ok(Json(records.into_iter().map(wire::audit).collect()))
}
