//! The audit trail.

use super::openapi::refusals;
use crate::extract::Params;
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::wire;
use axum::Json;
use axum::extract::State;
use flow_api::{AuditQuery, AuditRecord, Page};
use flow_store::{AuditFilter, Timestamp};
use std::sync::Arc;

/// Who did what, the newest first.
#[utoipa::path(get, path = "/audit", tag = "accounts", params(AuditQuery),
    responses((status = 200, body = Page<AuditRecord>)), extensions(("x-codes" = json!(refusals!(INPUT_INVALID)))))]
pub async fn trail(State(app): State<Arc<App>>, Params(query): Params<AuditQuery>) -> Reply<Json<Page<AuditRecord>>> {
    let wrong = |_| Refusal::invalid("after", "give the “next” of the page before");
    let filter = AuditFilter {
        account: query.account,
        action: query.action,
        subject: None,
        text: query.q.filter(|text| !text.trim().is_empty()),
        from: query.from.map(|time| Timestamp(time.as_millisecond())),
        to: query.to.map(|time| Timestamp(time.as_millisecond())),
        before: query.after.map(|after| after.parse().map_err(wrong)).transpose()?,
        limit: query.limit.unwrap_or(100).clamp(1, 1000) as usize,
    };
    let records = app.store.audit_trail(&filter).await?;
    let full = records.len() == filter.limit;
    let names = app.names.of(&app, &[]).await?;
    let next = records.last().filter(|_| full).map(|last| last.number.to_string());
    Ok(Json(Page { items: records.into_iter().map(|record| wire::audit(record, &names)).collect(), next }))
}
