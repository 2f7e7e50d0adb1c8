//! Calls of the API as spans.

use super::place;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use flow_trace::{Kind, Place, Span, Traces};
use parking_lot::Mutex;
use std::sync::Arc;

tokio::task_local! {
    /// The requests that the call under way has made.
    static MADE: Arc<Mutex<Vec<Place>>>;
}

/// A call that is under way has made this request.
pub fn made(request: &flow_store::Request) {
    // Outside of a traced call nobody wants to know.
    let _ = MADE.try_with(|made| made.lock().push(place(request)));
}

/// The layer that traces calls, by the route that they took.
pub async fn follow(State(traces): State<Traces>, call: Request, next: Next) -> Response {
    let caller = call.headers().get("traceparent").and_then(|value| value.to_str().ok());
    let (place, is_wanted) = Place::called(caller);
    let Some(route) = call.extensions().get::<MatchedPath>().map(|route| route.as_str().to_owned()) else {
        return next.run(call).await;
    };
    if !is_wanted || (caller.is_none() && !traces.wants(place)) {
        return next.run(call).await;
    }
    let method = call.method().as_str().to_owned();
    let mut span = Span::new(place, Kind::Server, format!("{method} {route}"))
        .with("http.request.method", method)
        .with("http.route", route);
    let made = Arc::<Mutex<Vec<Place>>>::default();
    let answer = MADE.scope(Arc::clone(&made), next.run(call)).await;
    for request in made.lock().drain(..) {
        span.add_link(request);
    }
    let status = answer.status();
    span.set("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.fail(format!("status {status}"));
    }
    traces.end(span);
    answer
}
