//! The management console: the page that a browser gets from every server.

use crate::ui;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use flow_api::codes;

/// The page that every address of the console answers with; it knows what to show there.
const PAGE: &str = "console.html";

/// Answers with a file of the console; with its page where the address is one that the page itself understands.
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = ui::file(path, &headers) {
        return file;
    }
    // A file that is missing is missing; only addresses without a file's ending are views of the console.
    if path.rsplit('/').next().is_some_and(|last| last.contains('.')) {
        return StatusCode::NOT_FOUND.into_response();
    }
    ui::file(PAGE, &headers).unwrap_or_else(not_built)
}

fn not_built() -> Response {
    let page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Cairn</title>\
        <h1>The console is not built</h1>\
        <p>This server runs, and its API answers, but its console was not built into it. \
        Run <code>make</code> in the source folder and start the server again.</p></html>\n";
    let code = codes::CONSOLE_NOT_BUILT;
    let status = StatusCode::from_u16(code.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}
