//! The endpoints. Each is declared here with who may call it; there is no other way to add one to the API.

mod accounts;
mod audit;
mod connections;
mod events;
mod filters;
mod git_credentials;
mod health;
mod metrics;
mod openapi;
mod projects;
mod requests;
mod secrets;
mod servers;
mod session;
mod settings;
mod tokens;
mod triggers;

pub(crate) use requests::change::{admit, full_queue, idempotency_key, make, runs_at_once};

use crate::auth::{Access, require};
use crate::metrics::count;
use crate::problem::Refusal;
use crate::state::App;
use crate::{bodies, console, extract, traces, ui};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::any;
use flow_api::{PREFIX, Role, codes};
use std::sync::Arc;
use tower::util::option_layer;
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

    let metrics_access = if app.metrics_public { ANYBODY } else { VIEWER };
    let health = Endpoints::new(app)
        .add(ANYBODY, routes!(health::healthz))
        .add(ANYBODY, routes!(health::readyz))
        .add(metrics_access, routes!(health::metrics));
    let api = Endpoints::new(app)
        .add(ANYBODY, routes!(session::login))
        .add(VIEWER, routes!(session::logout))
        .add(VIEWER, routes!(session::session))
        .add(VIEWER, routes!(session::password))
        .add(VIEWER, routes!(openapi::document))
        .add(VIEWER, routes!(servers::about))
        .add(VIEWER, routes!(servers::servers))
        .add(VIEWER, routes!(servers::server))
        .add(ADMINISTRATOR, routes!(servers::rename))
        .add(OPERATOR, routes!(servers::maintain))
        .add(VIEWER, routes!(servers::log))
        .add(VIEWER, routes!(metrics::history))
        .add(VIEWER, routes!(settings::list))
        .add(ADMINISTRATOR, routes!(settings::change))
        .add(ADMINISTRATOR, routes!(settings::preview_retention))
        .add(VIEWER, routes!(projects::list))
        .add(ADMINISTRATOR, routes!(projects::register))
        .add(ADMINISTRATOR, routes!(projects::change))
        .add(AUTHOR, routes!(projects::test_access))
        .add(VIEWER, routes!(projects::flows))
        .add(VIEWER, routes!(projects::history))
        .add(VIEWER, routes!(projects::servers))
        .add(AUTHOR, routes!(projects::update))
        .add(VIEWER, routes!(connections::list))
        .add(OPERATOR, routes!(connections::test))
        .add(VIEWER, routes!(secrets::list))
        .add(AUTHOR, routes!(secrets::set))
        .add(AUTHOR, routes!(secrets::remove))
        .add(VIEWER, routes!(triggers::list))
        .add(OPERATOR, routes!(triggers::on))
        .add(OPERATOR, routes!(triggers::off))
        .add(OPERATOR, routes!(triggers::fire))
        .add(VIEWER, routes!(triggers::firings))
        .add(VIEWER, routes!(triggers::next))
        .add(VIEWER, routes!(requests::read::list))
        .add(OPERATOR, routes!(requests::change::create))
        .add(OPERATOR, routes!(requests::bulk::bulk))
        .add(VIEWER, routes!(requests::read::counts))
        .add(VIEWER, routes!(requests::read::detail))
        .add(VIEWER, routes!(requests::read::attempts))
        .add(VIEWER, routes!(requests::read::log))
        .add(VIEWER, routes!(requests::read::flow))
        .add(VIEWER, routes!(requests::read::wait))
        .add(VIEWER, routes!(requests::events::events))
        .add(VIEWER, routes!(requests::saved::list))
        .add(VIEWER, routes!(requests::saved::saved_point))
        .add(OPERATOR, routes!(requests::re_execution::re_execute))
        .add(VIEWER, routes!(requests::re_execution::preview))
        .add(OPERATOR, routes!(requests::change::take_over))
        .add(OPERATOR, routes!(requests::change::cancel))
        .add(VIEWER, routes!(events::events))
        .add(VIEWER, routes!(tokens::list))
        .add(VIEWER, routes!(tokens::create))
        .add(VIEWER, routes!(tokens::revoke))
        .add(VIEWER, routes!(filters::list))
        .add(VIEWER, routes!(filters::save))
        .add(VIEWER, routes!(filters::remove))
        .add(AUTHOR, routes!(git_credentials::list))
        .add(AUTHOR, routes!(git_credentials::set))
        .add(AUTHOR, routes!(git_credentials::remove))
        .add(AUTHOR, routes!(git_credentials::test))
        .add(ADMINISTRATOR, routes!(accounts::list))
        .add(ADMINISTRATOR, routes!(accounts::create))
        .add(ADMINISTRATOR, routes!(accounts::change))
        .add(ADMINISTRATOR, routes!(accounts::reset_password))
        .add(ADMINISTRATOR, routes!(audit::trail));

    let start = OpenApiRouter::with_openapi(openapi::frame());
    let (router, document) = start.merge(health.router).nest(PREFIX, api.router).split_for_parts();
    // Written once: a second router of the same app has the same document.
    let _ = app.openapi.set(openapi::text(&document));

    router
        .route(&format!("{PREFIX}/http/{{project}}/{{*path}}"), any(triggers::call))
        .route("/api/{*rest}", any(no_such_endpoint))
        .fallback(console::serve)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(extract::LARGEST_BODY))
        .layer(from_fn_with_state(bodies::room(), bodies::bound))
        .layer(from_fn_with_state(Arc::clone(&app.metrics), count))
        .layer(option_layer(app.traces.clone().map(|traces| from_fn_with_state(traces, traces::follow))))
        .layer(from_fn_with_state(Arc::clone(app), enter))
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
        let mut codes = Vec::new();
        for item in paths.paths.values_mut() {
            for (method, operation) in operations(item) {
                let extensions = operation.extensions.get_or_insert_with(Extensions::default);
                extensions.insert(ACCESS.to_owned(), access.as_str().into());
                if access != Access::Anybody {
                    let none: [&str; 0] = [];
                    let either = ["token", "session"].map(|name| SecurityRequirement::new(name, none));
                    operation.security = Some(either.into());
                }
                codes.extend(openapi::complete(operation, method, access));
            }
        }
        if cfg!(debug_assertions) {
            let codes: Arc<[String]> = codes.into();
            methods = methods.route_layer(from_fn_with_state(codes, openapi::only_stated));
        }
        self.router = self.router.routes((schemas, paths, methods));
        self
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, post, put, patch, delete, .. } = item;
    let all = [("get", get), ("post", post), ("put", put), ("patch", patch), ("delete", delete)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

async fn no_such_endpoint(uri: axum::http::Uri) -> Refusal {
    let detail = format!("there is no endpoint {}; {PREFIX}/openapi.json lists those that there are", uri.path());
    Refusal::new(codes::INPUT_NO_SUCH_ENDPOINT, detail)
}

async fn no_such_method(method: axum::http::Method, uri: axum::http::Uri) -> Refusal {
    Refusal::new(codes::INPUT_METHOD, format!("{} does not know the method {method}", uri.path()))
}

/// The first layer of all: finds out where a call comes from, and gives every answer its headers.
async fn enter(State(app): State<Arc<App>>, mut call: Request, next: Next) -> Response {
    let caller = app.entrance.caller(call.extensions(), call.headers());
    call.extensions_mut().insert(caller);
    let mut response = next.run(call).await;
    let headers = response.headers_mut();
    for (name, value) in ui::SECURITY_HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if caller.is_secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    // What the API answers is for the caller alone, and old at once.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
