//! The filters of lists that an account keeps.

use super::openapi::refusals;
use crate::auth::Caller;
use crate::extract::{Body, Segments};
use crate::problem::{Refusal, Reply};
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use flow_api::{SavedFilter, codes};
use std::sync::Arc;

/// The most filters that an account keeps, and the longest query, in bytes.
const MOST: usize = 100;
const LONGEST: usize = 2000;

/// The caller's filters, by name.
#[utoipa::path(get, path = "/account/filters", tag = "account", responses((status = 200, body = Vec<SavedFilter>)),
    extensions(("x-codes" = json!(refusals!()))))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Reply<Json<Vec<SavedFilter>>> {
    let filters = app.store.saved_filters(caller.name()).await?;
    let shown = |filter: flow_store::SavedFilter| SavedFilter { name: filter.name, query: filter.query };
    Ok(Json(filters.into_iter().map(shown).collect()))
}

/// Keeps a filter, in the place of the one of that name.
#[utoipa::path(put, path = "/account/filters", tag = "account", request_body = SavedFilter,
    responses((status = 200, body = Vec<SavedFilter>)), extensions(("x-codes" = json!(refusals!(INPUT_INVALID)))))]
pub async fn save(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(filter): Body<SavedFilter>,
) -> Reply<Json<Vec<SavedFilter>>> {
    let name = filter.name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Refusal::invalid("name", "a name has 1 to 100 characters and no control characters"));
    }
    if filter.query.len() > LONGEST || filter.query.chars().any(char::is_control) {
        return Err(Refusal::invalid(
            "query",
            format!("a query has at most {LONGEST} bytes and no control characters"),
        ));
    }
    let kept = app.store.saved_filters(caller.name()).await?;
    if kept.len() >= MOST && !kept.iter().any(|known| known.name == name) {
        return Err(Refusal::invalid("name", format!("you keep {MOST} filters already: remove one first")));
    }
    let new = flow_store::SavedFilter { name: name.to_owned(), query: filter.query };
    app.store.put_saved_filter(caller.name(), new).await?;
    list(State(app), caller).await
}

/// Forgets a filter.
#[utoipa::path(delete, path = "/account/filters/{name}", tag = "account",
    params(("name" = String, Path, description = "The filter")),
    responses((status = 204, description = "Forgotten")), extensions(("x-codes" = json!(refusals!(FILTER_NOT_FOUND)))))]
pub async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments(name): Segments<String>,
) -> Reply<StatusCode> {
    if app.store.remove_saved_filter(caller.name(), &name).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Refusal::new(codes::FILTER_NOT_FOUND, format!("you keep no filter “{name}”")))
}
