//! A server on this machine that stands in for a connection: it gives the test's answers and remembers what it was asked.

use crate::TestError;
use crate::compare::like;
use crate::document::Answer;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// The most of a request's body that is taken.
const MOST: usize = 64 << 20;

/// A server that runs until it is dropped.
pub(crate) struct AnsweringServer {
    /// Where it is.
    pub(crate) url: String,
    heard: Arc<Heard>,
    _serving: AbortOnDropHandle<()>,
}

struct Heard {
    /// Each with how many requests it still serves.
    answers: Mutex<Vec<(Answer, Option<u32>)>>,
    requests: Mutex<Vec<Value>>,
    unanswered: Mutex<Vec<String>>,
}

impl AnsweringServer {
    /// Starts a server that gives these answers.
    pub(crate) async fn start(answers: &[Answer]) -> Result<Self, TestError> {
        let failed =
            |error: std::io::Error| TestError::new("test/server", format!("no server could be started: {error}"));
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let url = format!("http://{}", listener.local_addr().map_err(failed)?);
        let heard = Arc::new(Heard {
            answers: Mutex::new(answers.iter().map(|answer| (answer.clone(), answer.times)).collect()),
            requests: Mutex::default(),
            unanswered: Mutex::default(),
        });
        let router = Router::new()
            .fallback(answer)
            .layer(axum::extract::DefaultBodyLimit::max(MOST))
            .with_state(Arc::clone(&heard));
        let serving = tokio::spawn(async move {
            // It ends when it is dropped.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, heard, _serving: AbortOnDropHandle::new(serving) })
    }

    /// What it was asked, in order: method, path, query, headers and body of each request.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.heard.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The requests that the test has no answer for.
    pub(crate) fn unanswered(&self) -> Vec<String> {
        self.heard.unanswered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn answer(
    State(heard): State<Arc<Heard>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    heard.requests.lock().unwrap_or_else(PoisonError::into_inner).push(as_json(&method, &uri, &headers, &body));
    let Some(answer) = heard.answer(&method, uri.path()) else {
        let asked = format!("{method} {}", uri.path());
        heard.unanswered.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
        return (StatusCode::NOT_IMPLEMENTED, format!("the test has no answer to {asked}")).into_response();
    };
    tokio::time::sleep(Duration::try_from_secs_f64(answer.delay).unwrap_or_default()).await;
    let (kind, body) = match &answer.body {
        Value::Null => (None, String::new()),
        Value::String(text) => (Some("text/plain; charset=utf-8"), text.clone()),
        json => (Some("application/json"), json.to_string()),
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

impl Heard {
    /// The first answer that fits and is not used up.
    fn answer(&self, method: &Method, path: &str) -> Option<Answer> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, left) = answers.iter_mut().find(|(answer, left)| {
            *left != Some(0)
                && answer.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()))
                && answer.path.as_ref().is_none_or(|wanted| like(wanted, path))
        })?;
        *left = left.map(|left| left - 1);
        Some(answer.clone())
    }
}

fn as_json(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Value {
    let headers: Map<String, Value> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), Value::from(String::from_utf8_lossy(value.as_bytes()))))
        .collect();
    let body = match serde_json::from_slice(body) {
        Ok(json) => json,
        Err(_) if body.is_empty() => Value::Null,
        Err(_) => Value::from(String::from_utf8_lossy(body)),
    };
    json!({
        "method": method.as_str(),
        "path": uri.path(),
        "query": uri.query(),
        "headers": headers,
        "body": body,
    })
}
