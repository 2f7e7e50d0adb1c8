//! What the loopback host answers to.

use super::access::Access;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use designer::{ClusterDownload, CommandError, Designer};
use flow_api::ClientError;
use flow_server::ui;
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;
use tokio_stream::wrappers::BroadcastStream;
use tokio_util::sync::CancellationToken;

/// The page of the designer.
const PAGE: &str = "designer.html";
/// The largest input of a command: a large flow as text fits many times.
const LARGEST_INPUT: usize = 16 << 20;

#[derive(Clone)]
struct Host {
    designer: Arc<Designer>,
    access: Arc<Access>,
    shutdown: CancellationToken,
}

/// Everything that the host answers to. Nothing is answered without the cookie, save the exchange of the token for it.
pub fn routes(designer: Arc<Designer>, access: Access, shutdown: CancellationToken) -> Router {
    let host = Host { designer, access: Arc::new(access), shutdown };
    Router::new()
        .route("/call/{name}", post(call))
        .route("/events", get(events))
        .route("/download", get(download))
        .fallback(get(file))
        .layer(from_fn_with_state(host.clone(), admit))
        .route("/", get(page))
        .layer(from_fn_with_state(host.clone(), guard))
        .layer(DefaultBodyLimit::max(LARGEST_INPUT))
        .with_state(host)
}

/// Lets in only what comes from a page of this host, and adds what keeps pages safe.
async fn guard(State(host): State<Host>, request: Request, next: Next) -> Response {
    let mut response = match host.access.check_origin(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(status) => status.into_response(),
    };
    for (name, value) in ui::SECURITY_HEADERS {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}

/// Lets in only the browser that has the cookie.
async fn admit(State(host): State<Host>, request: Request, next: Next) -> Response {
    if host.access.is_signed_in(request.headers()) {
        return next.run(request).await;
    }
    let message = "this page is not signed in: open the address that `cairn design` printed";
    (StatusCode::UNAUTHORIZED, Json(CommandError::new("host/not-signed-in", message))).into_response()
}

#[derive(Deserialize)]
struct FirstLoad {
    token: Option<String>,
}

/// The page itself; with the token, what lets the browser in.
async fn page(State(host): State<Host>, Query(first): Query<FirstLoad>, headers: HeaderMap) -> Response {
    let is_signed_in = host.access.is_signed_in(&headers);
    // The address with the token must not stay in the browser's history.
    let go_on = [(header::LOCATION, "/"), (header::CACHE_CONTROL, "no-store")];
    match first.token.as_deref().map(|token| host.access.exchange(token)) {
        Some(Some(cookie)) => (StatusCode::SEE_OTHER, go_on, [(header::SET_COOKIE, cookie)]).into_response(),
        Some(None) if is_signed_in => (StatusCode::SEE_OTHER, go_on).into_response(),
        None if is_signed_in => ui::file(PAGE, &headers).unwrap_or_else(not_built),
        _ => (StatusCode::UNAUTHORIZED, Html(NOT_SIGNED_IN)).into_response(),
    }
}

/// A file of the user interface.
async fn file(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    ui::file(path, &headers).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

/// Runs a command. The JSON content type is required, which no form of another page can send.
async fn call(State(host): State<Host>, Path(name): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.split(';').next() == Some("application/json"));
    if !is_json {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let input = match body.is_empty() {
        true => Ok(Value::Null),
        false => serde_json::from_slice(&body),
    };
    let answer = match input {
        Ok(input) => host.designer.call(&name, input).await,
        Err(error) => Err(CommandError::new("command/input", format!("the input is not JSON: {error}"))),
    };
    match answer {
        Ok(output) => Json(output).into_response(),
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, Json(error)).into_response(),
    }
}

/// The whole stream of a saved point, as a file for the browser to keep.
async fn download(State(host): State<Host>, Query(wanted): Query<ClusterDownload>) -> Response {
    let file = match host.designer.download(&wanted).await {
        Ok(file) => file,
        Err(error) => return (StatusCode::UNPROCESSABLE_ENTITY, Json(error)).into_response(),
    };
    let parts = stream::try_unfold(file, |mut file| async move {
        Ok::<_, ClientError>(file.chunk().await?.map(|part| (part, file)))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", wanted.file_name())),
    ];
    (headers, Body::from_stream(parts)).into_response()
}

/// The events of the designer. A browser that cannot keep up is cut off; it comes again and asks for everything anew.
async fn events(State(host): State<Host>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = BroadcastStream::new(host.designer.events())
        .take_while(|event| std::future::ready(event.is_ok()))
        .filter_map(|event| std::future::ready(event.ok()))
        .filter_map(|event| std::future::ready(Event::default().json_data(event).ok()))
        .map(Ok)
        .take_until(host.shutdown.cancelled_owned());
    Sse::new(events).keep_alive(KeepAlive::default())
}

const NOT_SIGNED_IN: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Cairn</title>\
    <h1>This address lets in one browser, once</h1>\
    <p>Go on in the browser that opened it first, or run <code>cairn design</code> again for a new address.</p></html>\n";

fn not_built() -> Response {
    let page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Cairn</title>\
        <h1>The user interface is not built</h1>\
        <p>Run <code>make</code> in the source folder and start <code>cairn design</code> again.</p></html>\n";
    (StatusCode::SERVICE_UNAVAILABLE, Html(page)).into_response()
}
