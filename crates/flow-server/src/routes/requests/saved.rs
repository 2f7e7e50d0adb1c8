//! What requests saved.

use crate::extract::{Params, Segments};
use crate::problem::{Refusal, Reply};
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flow_api::{Problem, SavedRows, codes};
use flow_data::DataError;
use flow_store::RequestId;
use serde::Deserialize;
use std::sync::Arc;

/// How many records are shown.
const SHOWN: usize = 100;

/// How to answer with a saved stream.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SavedQuery {
    /// `json` for the first 100 records (the default), `arrow` for the whole stream as Arrow IPC.
    #[serde(default)]
    format: Option<String>,
}

/// The stream of a saved point.
#[utoipa::path(get, path = "/requests/{id}/saved-points/{number}", tag = "requests",
    params(("id" = i64, Path, description = "The request"),
        ("number" = u32, Path, description = "The saved point's number within the request"), SavedQuery),
    responses((status = 200, body = SavedRows), (status = 404, body = Problem)))]
pub async fn saved_point(
    State(app): State<Arc<App>>,
    Segments((id, number)): Segments<(i64, u32)>,
    Params(query): Params<SavedQuery>,
) -> Reply<Response> {
    let format = query.format.as_deref().unwrap_or("json");
    if format != "json" && format != "arrow" {
        return Err(Refusal::invalid("format", format!("“{format}” is not a format: use json or arrow")));
    }
    app.store.get(RequestId(id)).await?;
    let points = app.store.saved_points(RequestId(id)).await?;
    let missing = |what: &str| Refusal::new(codes::REQUEST_NO_SAVED_POINT, format!("request {id} {what} {number}"));
    let point = points.get(number as usize).ok_or_else(|| missing("has no saved point"))?;
    let data = app.storage.load(&point.data).await?.ok_or_else(|| missing("keeps no stream at its saved point"))?;
    if format == "arrow" {
        let kind = "application/vnd.apache.arrow.stream";
        let name = format!("attachment; filename=\"request-{id}-saved-point-{number}.arrows\"");
        return Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, &name)], data).into_response());
    }
    // A large stream takes a while to unpack.
    let shown = tokio::task::spawn_blocking(move || rows(data)).await.map_err(|error| Refusal::internal(&error))?;
    let shown = shown
        .map_err(|error| Refusal::passed_on(error.code(), 500, "The saved stream cannot be read", error.to_string()))?;
    Ok(Json(shown).into_response())
}

fn rows(data: Bytes) -> Result<SavedRows, DataError> {
    let stream = flow_data::decode(data)?;
    Ok(SavedRows {
        fields: stream.schema().fields().iter().map(|field| field.name().clone()).collect(),
        rows: stream.to_json_rows(SHOWN)?,
        total: stream.rows().unwrap_or_default() as u64,
    })
}
