//! The event stream of one request.

use super::super::events::{SIGN_OF_LIFE, last_event_id};
use super::super::openapi::refusals;
use crate::extract::Segments;
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::wire;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{self, KeepAlive, Sse};
use flow_api::RequestEvent;
use flow_store::{Request, RequestId, Timestamp};
use futures::Stream;
use futures::stream::{self, StreamExt as _};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// While many things change, the request is looked at this often.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// So many entries of the log, or saved points, are read at once.
const PAGE: usize = 200;

/// What happens to one request, as server-sent events: its log, what it saves, and the request itself whenever it
/// changed. Ends when the request has. With `Last-Event-ID` it goes on behind that event, at any server.
#[utoipa::path(get, path = "/requests/{id}/events", tag = "requests",
    params(("id" = i64, Path, description = "The request"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was heard")),
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream", body = RequestEvent)),
    extensions(("x-codes" = json!(refusals!(REQUEST_NOT_FOUND)))))]
pub async fn events(
    State(app): State<Arc<App>>,
    Segments(id): Segments<i64>,
    headers: HeaderMap,
) -> Reply<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>> {
    let request = app.store.get(RequestId(id)).await?;
    let heard = last_event_id(&headers).and_then(|id| Heard::parse(&id)).unwrap_or_default();
    let watched = Watched {
        changes: app.store.changes(),
        app: Arc::clone(&app),
        request,
        heard,
        shown: None,
        ready: VecDeque::new(),
        ended: false,
    };
    let stopping = app.stopping.clone();
    let events = stream::unfold(watched, Watched::next).take_until(async move { stopping.cancelled().await });
    Ok(Sse::new(events.map(Ok)).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE)))
}

/// How much of a request was told already. It is the id of each event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Heard {
    log: u64,
    saved: u32,
}

impl Heard {
    fn parse(id: &str) -> Option<Self> {
        let (log, saved) = id.split_once('-')?;
        Some(Self { log: log.parse().ok()?, saved: saved.parse().ok()? })
    }
}

struct Watched {
    app: Arc<App>,
    changes: watch::Receiver<u64>,
    request: Request,
    heard: Heard,
    /// When the request that was told last had changed last.
    shown: Option<(Timestamp, flow_store::RequestState, u32)>,
    ready: VecDeque<sse::Event>,
    ended: bool,
}

impl Watched {
    async fn next(mut self) -> Option<(sse::Event, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((event, self));
            }
            if self.ended {
                return None;
            }
            if self.shown.is_some() {
                tokio::time::sleep(LOOK_AGAIN).await;
                self.changes.changed().await.ok()?;
            }
            self.changes.borrow_and_update();
            if let Err(refusal) = self.look().await {
                // Whoever listens opens the stream again, where it goes on.
                tracing::warn!(code = refusal.code(), request = %self.request.id, "an event stream broke off: {}", refusal.detail());
                return None;
            }
        }
    }

    /// Reads what is new. The request is read first: what is told of it is then all there.
    async fn look(&mut self) -> Reply<()> {
        let app = Arc::clone(&self.app);
        self.request = app.store.get(self.request.id).await?;
        self.log(&app).await?;
        self.saved(&app).await?;
        let now = (self.request.updated, self.request.state, self.request.attempt);
        if self.shown != Some(now) {
            self.shown = Some(now);
            let names = app.names.of(&app, std::slice::from_ref(&self.request)).await?;
            let request = wire::request(self.request.clone(), &names);
            self.tell(&RequestEvent::Changed { request });
        }
        self.ended = self.request.state.is_ended();
        Ok(())
    }

    async fn log(&mut self, app: &App) -> Reply<()> {
        loop {
            let entries = app.store.log(self.request.id, self.heard.log, PAGE).await?;
            let more = entries.len() == PAGE;
            for entry in entries {
                self.heard.log = entry.number;
                self.tell(&RequestEvent::Log { entry: wire::log_entry(entry) });
            }
            if !more {
                return Ok(());
            }
        }
    }

    async fn saved(&mut self, app: &App) -> Reply<()> {
        // A re-execution from an earlier saved point takes later ones back.
        self.heard.saved = self.heard.saved.min(self.request.saved_points);
        let new = (self.request.saved_points - self.heard.saved) as usize;
        if new == 0 {
            return Ok(());
        }
        let outlines = app.store.saved_outlines(self.request.id, None, new).await?;
        let places: Vec<_> = outlines.iter().rev().map(|outline| outline.place).collect();
        for places in places.chunks(PAGE) {
            let points = app.store.saved_at(self.request.id, places).await?;
            for point in wire::saved_points(points, self.heard.saved, &self.request.inputs) {
                self.heard.saved = point.number + 1;
                self.tell(&RequestEvent::SavedPoint { point });
            }
        }
        Ok(())
    }

    fn tell(&mut self, event: &RequestEvent) {
        let plain = || sse::Event::default().event(event.name()).id(format!("{}-{}", self.heard.log, self.heard.saved));
        match plain().json_data(event) {
            Ok(told) => self.ready.push_back(told),
            Err(error) => {
                let refusal = Refusal::internal(&error);
                self.ready.push_back(plain().comment(refusal.code()));
            }
        }
    }
}
