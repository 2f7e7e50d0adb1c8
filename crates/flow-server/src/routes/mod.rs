//! The endpoints. Each is declared here with who may call it; there is no other way to add one to the API.

mod accounts;
mod audit;
mod events;
mod health;
mod openapi;
mod projects;
mod requests;
mod secrets;
mod servers;
mod session;
mod tokens;

pub(crate) use requests::change::runs_at_once;

use crate::auth::{Access, require};
use crate::problem::Refusal;
use crate::state::App;
use crate::{console, extract, ui};
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use axum::{Router, middleware};
use flow_api::{PREFIX, Role, codes};
use std::sync::Arc;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::SecurityRequirement;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

/// The member of each operation in the OpenAPI document that says who may call it.
pub const ACCESS: &str = "x-access";

/// The whole HTTP service: API and console. Puts the OpenAPI document into `app`.
pub fn router(app: &Arc<App>) -> Router {
    const ANYBODY: Access = Access::Anybody;
    const VIEWER: Access = Access::AtLeast(Role::Viewer);
    const OPERATOR: Access = Access::AtLeast(Role::Operator);
    const AUTHOR: Access = Access::AtLeast(Role::Author);
    const ADMINISTRATOR: Access = Access::AtLeast(Role::Administrator);

    let health = Endpoints::new(app).add(ANYBODY, routes!(health::healthz)).add(ANYBODY, routes!(health::readyz));
    let api = Endpoints::new(app)
        .add(ANYBODY, routes!(session::login))
        .add(VIEWER, routes!(session::logout))
        .add(VIEWER, routes!(session::session))
        .add(VIEWER, routes!(session::password))
        .add(VIEWER, routes!(openapi::document))
        .add(VIEWER, routes!(servers::servers))
        .add(VIEWER, routes!(servers::server))
        .add(VIEWER, routes!(projects::list))
        .add(ADMINISTRATOR, routes!(projects::register))
        .add(VIEWER, routes!(projects::flows))
        .add(AUTHOR, routes!(projects::update))
        .add(VIEWER, routes!(secrets::list))
        .add(AUTHOR, routes!(secrets::set))
        .add(AUTHOR, routes!(secrets::remove))
        .add(VIEWER, routes!(requests::read::list))
        .add(OPERATOR, routes!(requests::change::create))
        .add(VIEWER, routes!(requests::read::counts))
        .add(VIEWER, routes!(requests::read::detail))
        .add(VIEWER, routes!(requests::read::log))
        .add(VIEWER, routes!(requests::read::flow))
        .add(VIEWER, routes!(requests::read::wait))
        .add(VIEWER, routes!(requests::saved::saved_point))
        .add(OPERATOR, routes!(requests::change::re_execute))
        .add(OPERATOR, routes!(requests::change::cancel))
        .add(VIEWER, routes!(events::events))
        .add(VIEWER, routes!(tokens::list))
        .add(VIEWER, routes!(tokens::create))
        .add(VIEWER, routes!(tokens::revoke))
        .add(ADMINISTRATOR, routes!(accounts::list))
        .add(ADMINISTRATOR, routes!(accounts::create))
        .add(ADMINISTRATOR, routes!(accounts::change))
        .add(ADMINISTRATOR, routes!(audit::trail));

    let start = OpenApiRouter::with_openapi(openapi::frame());
    let (router, document) = start.merge(health.router).nest(PREFIX, api.router).split_for_parts();
    // Written once: a second router of the same app has the same document.
    let _ = app.openapi.set(document.to_json().unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}")));

    router
        .route("/api/{*rest}", any(no_such_endpoint))
        .fallback(console::serve)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(extract::LARGEST_BODY))
        .layer(middleware::map_response(add_headers))
        .with_state(Arc::clone(app))
}

/// Collects endpoints, each with who may call it.
struct Endpoints {
    app: Arc<App>,
    router: OpenApiRouter<Arc<App>>,
}

impl Endpoints {
    fn new(app: &Arc<App>) -> Self {
        Self { app: Arc::clone(app), router: OpenApiRouter::new() }
    }

    /// Adds an endpoint: puts the check in front of it and the rule into the document.
    fn add(mut self, access: Access, (schemas, mut paths, mut methods): UtoipaMethodRouter<Arc<App>>) -> Self {
        if let Access::AtLeast(role) = access {
            methods = methods.route_layer(from_fn_with_state((Arc::clone(&self.app), role), require));
        }
        for item in paths.paths.values_mut() {
            for operation in operations(item) {
                let extensions = operation.extensions.get_or_insert_with(Extensions::default);
                extensions.insert(ACCESS.to_owned(), access.as_str().into());
                if access != Access::Anybody {
                    let none: [&str; 0] = [];
                    let either = ["token", "session"].map(|name| SecurityRequirement::new(name, none));
                    operation.security = Some(either.into());
                }
            }
        }
        self.router = self.router.routes((schemas, paths, methods));
        self
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
    all.into_iter().filter_map(Option::as_mut)
}

async fn no_such_endpoint(uri: axum::http::Uri) -> Refusal {
    let detail = format!("there is no endpoint {}; {PREFIX}/openapi.json lists those that there are", uri.path());
    Refusal::new(codes::INPUT_NO_SUCH_ENDPOINT, detail)
}

async fn no_such_method(method: axum::http::Method, uri: axum::http::Uri) -> Refusal {
    Refusal::new(codes::INPUT_METHOD, format!("{} does not know the method {method}", uri.path()))
}

async fn add_headers(mut response: axum::response::Response) -> axum::response::Response {
    let headers = response.headers_mut();
    for (name, value) in ui::SECURITY_HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    // What the API answers is for the caller alone, and old at once.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
