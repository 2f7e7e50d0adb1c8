//! The event stream.

use crate::state::App;
use axum::extract::State;
use axum::response::sse::{self, KeepAlive, Sse};
use flow_api::Event;
use futures::{Stream, StreamExt as _};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio_stream::wrappers::BroadcastStream;

/// How often a silent stream shows that the server is there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// What changes, as server-sent events: the event's name, and an `Event` as JSON in its data. It begins with
/// `requests-changed` so that nothing which happened before it was open is missed.
#[utoipa::path(get, path = "/events", tag = "servers",
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream", body = Event)))]
pub async fn events(State(app): State<Arc<App>>) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    let heard = BroadcastStream::new(app.events.subscribe());
    // Whoever was too slow to hear all reads again.
    let heard = heard.map(|event| event.unwrap_or(Event::RequestsChanged));
    let all = futures::stream::iter([Event::RequestsChanged]).chain(heard);
    let stopping = app.stopping.clone();
    let until_stopped = all.take_until(async move { stopping.cancelled().await }).map(|event| Ok(write(&event)));
    Sse::new(until_stopped).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE))
}

fn write(event: &Event) -> sse::Event {
    let plain = sse::Event::default().event(event.name());
    // An event is strings and numbers, which JSON can always say.
    plain.json_data(event).unwrap_or_else(|_| sse::Event::default().event(event.name()))
}
