//! The description of the API.

mod codes;
mod examples;

use crate::auth::Access;
use crate::state::App;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use flow_api::SESSION_COOKIE;
use std::sync::Arc;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
};

/// The OpenAPI document. `x-access` of each operation is the least role that may call it.
#[utoipa::path(get, path = "/openapi.json", tag = "health", responses((status = 200, description = "The document")))]
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

/// Adds the refusals that every endpoint has in common with others.
pub fn add_refusals(operation: &mut Operation, access: Access) {
    let mut refusals = Vec::new();
    if access != Access::Anybody {
        refusals.push(("401", "There is no token and no session, or it has ended"));
        refusals.push(("403", "The role of the account is not enough"));
    }
    if operation.request_body.is_some() {
        refusals.push(("400", "The body cannot be read"));
        refusals.push(("408", "The body came too slowly"));
        refusals.push(("413", "The body is too large"));
    }
    for (status, description) in refusals {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let answer = ResponseBuilder::new().description(description).content("application/problem+json", problem);
        let answers = &mut operation.responses.responses;
        answers.entry(status.to_owned()).or_insert_with(|| answer.build().into());
    }
    // What the endpoints themselves say of their errors is JSON to utoipa; it is a problem.
    for (status, answer) in &mut operation.responses.responses {
        if let (true, RefOr::T(answer)) = (status.starts_with(['4', '5']), answer)
            && let Some(content) = answer.content.shift_remove("application/json")
        {
            answer.content.insert("application/problem+json".to_owned(), content);
        }
    }
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
    let schemes = ComponentsBuilder::new()
        .security_scheme("token", SecurityScheme::Http(token))
        .security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)))
        .build();
    let description = "Requests, servers, projects and accounts of a Cairn cluster. Every server of the cluster \
        serves it. An error is a problem (RFC 9457) with a stable `code`.";
    let info =
        InfoBuilder::new().title("Cairn").version(env!("CARGO_PKG_VERSION")).description(Some(description)).build();
    OpenApiBuilder::new().info(info).components(Some(schemes)).build()
}
