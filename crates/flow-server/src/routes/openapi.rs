//! The description of the API.

mod codes;
mod examples;

pub(in crate::routes) use codes::refusals;
pub use codes::{STORE, complete, only_stated, state};

use crate::state::App;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use flow_api::{Problem, SESSION_COOKIE};
use std::sync::Arc;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

/// The OpenAPI document. `x-access` of each operation is the least role that may call it.
#[utoipa::path(get, path = "/openapi.json", tag = "health",
    responses((status = 200, description = "The document")), extensions(("x-codes" = json!(refusals!()))))]
pub async fn document(State(app): State<Arc<App>>) -> impl IntoResponse {
    let document = app.openapi.get().cloned().unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], document)
}

/// The document as it is answered.
pub fn text(document: &OpenApi) -> String {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    examples::add(&mut document);
    document.to_string()
}

/// What the document says before any endpoint is added.
pub fn frame() -> OpenApi {
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token of a program, made at POST /api/v1/tokens"))
        .build();
    let session = ApiKeyValue::with_description(
        SESSION_COOKIE,
        "The session of a person, begun at POST /api/v1/login; changes also need the header x-cairn-csrf",
    );
    let components = ComponentsBuilder::new()
        .schema_from::<Problem>()
        .security_scheme("token", SecurityScheme::Http(token))
        .security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)))
        .build();
    let description = "Requests, servers, projects and accounts of a Cairn cluster. Every server of the cluster \
        serves it. An error is a problem (RFC 9457) with a stable `code`; one that passes by itself says \
        in `Retry-After` when to try again.";
    let info =
        InfoBuilder::new().title("Cairn").version(env!("CARGO_PKG_VERSION")).description(Some(description)).build();
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}
