//! Requests: looking at them, changing them, and what they saved.

pub mod bulk;
pub mod change;
pub mod events;
mod homes;
pub mod re_execution;
pub mod read;
pub mod saved;

use crate::problem::Reply;
use crate::state::App;
use crate::wire;
use axum::Json;

/// Answers with a request.
async fn answer(app: &App, request: flow_store::Request) -> Reply<Json<flow_api::Request>> {
    let names = app.names.of(app, std::slice::from_ref(&request)).await?;
    Ok(Json(wire::request(request, &names)))
}
