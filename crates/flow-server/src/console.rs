//! The management console: the files of `ui/dist`, embedded.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use flow_api::codes;
use rust_embed::{EmbeddedFile, RustEmbed};

/// The page that every address of the console answers with; it knows what to show there.
const PAGE: &str = "console.html";

/// Svelte and the canvas set styles on elements, hence `unsafe-inline` for styles; scripts come from files only.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Files;

/// Headers for every answer of the server.
pub const SECURITY_HEADERS: [(&str, &str); 5] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// Answers with a file of the console; with its page where the address is one that the page itself understands.
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Files::get(path) {
        return answer(path, file, &headers);
    }
    // A file that is missing is missing; only addresses without a file's ending are views of the console.
    let last = path.rsplit('/').next().unwrap_or_default();
    if last.contains('.') && !path.is_empty() {
        return StatusCode::NOT_FOUND.into_response();
    }
    match Files::get(PAGE) {
        Some(page) => answer(PAGE, page, &headers),
        None => not_built(),
    }
}

fn answer(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", blake3::Hash::from_bytes(file.metadata.sha256_hash()).to_hex());
    // Names under assets/ change with the content; everything else is asked for again.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(file.data.into_owned()))
    };
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    for (name, value) in [(header::CONTENT_TYPE, kind.as_ref()), (header::CACHE_CONTROL, cache), (header::ETAG, &tag)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
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
