//! The event stream.

use super::openapi::refusals;
use crate::state::App;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{self, KeepAlive, Sse};
use flow_api::Event;
use futures::{Stream, StreamExt as _};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio_stream::wrappers::BroadcastStream;

/// How often a silent stream shows that the server is there.
pub const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// The id of the event that a caller heard last, if they come back to a stream.
pub fn last_event_id(headers: &HeaderMap) -> Option<String> {
    headers.get("last-event-id")?.to_str().ok().map(str::to_owned)
}

/// What changes, as server-sent events: the event's name, and an `Event` as JSON in its data. It begins with
/// `requests-changed` so that nothing which happened before it was open is missed; with `Last-Event-ID`, with the events
/// behind that one.
#[utoipa::path(get, path = "/events", tag = "servers",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was heard")),
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream", body = Event)),
    extensions(("x-codes" = json!(refusals!()))))]
pub async fn events(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    let (missed, heard) = app.events.subscribe(last_event_id(&headers).as_deref());
    // Whoever was too slow to hear all reads again.
    let slow = app.events.read_again(0);
    let heard = BroadcastStream::new(heard).map(move |event| event.unwrap_or_else(|_| slow.clone()));
    let all = futures::stream::iter(missed).chain(heard);
    let stopping = app.stopping.clone();
    let until_stopped = all.take_until(async move { stopping.cancelled().await });
    let written = until_stopped.map(move |told| Ok(write(&told.event, app.events.id(told.number))));
    Sse::new(written).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE))
}

fn write(event: &Event, id: String) -> sse::Event {
    let plain = || sse::Event::default().event(event.name()).id(id.clone());
    // An event is strings and numbers, which JSON can always say.
    plain().json_data(event).unwrap_or_else(|_| plain())
}
