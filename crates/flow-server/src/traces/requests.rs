//! Requests as traces: the request, below it its attempts, below each attempt what ran in it.

use super::place;
use flow_components::counted;
use flow_engine::{Observer, RunEvent, RunEventKind};
use flow_model::ComponentId;
use flow_store::{
    AttemptOutcome, AttemptRecord, Level, Owner, Request, RequestError, RequestFilter, RequestId, RequestState, Store,
    Timestamp,
};
use flow_trace::{Kind, Place, Span, Traces};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// So many requests that ended with a lost server are told of.
const ENDED_WITH: usize = 1000;
/// And were made so many milliseconds before that at most.
const ENDED_WITH_MS: u64 = 24 * 60 * 60 * 1000;

/// Tells a collector of the requests that this server works on.
pub struct RequestTraces {
    traces: Traces,
    store: Arc<dyn Store>,
    under_way: Mutex<HashMap<RequestId, Span>>,
}

impl RequestTraces {
    /// Tells `traces`.
    pub fn new(traces: Traces, store: Arc<dyn Store>) -> Self {
        Self { traces, store, under_way: Mutex::default() }
    }

    /// An attempt of this server has lost its request: what is left of it is told by whoever goes on, if anybody does.
    pub fn lost(&self, request: RequestId) {
        let Some(mut attempt) = self.under_way.lock().remove(&request) else { return };
        let (store, traces, ended) = (Arc::clone(&self.store), self.traces.clone(), SystemTime::now());
        tokio::spawn(async move {
            if store.get(request).await.is_ok_and(|request| request.state == RequestState::Cancelled) {
                attempt.fail("it was cancelled");
                traces.end_at(attempt, ended);
            }
        });
    }

    /// A person has ended this request.
    pub fn cancelled(&self, request: &Request) {
        if self.traces.wants(place(request)) {
            self.tell_whole(request);
        }
    }

    /// A server was lost, which this one has just dealt with: tells of the requests that ended with it in an error, with
    /// which nobody goes on.
    pub async fn ended_with(&self, dead: &Owner) {
        let filter = RequestFilter {
            states: vec![RequestState::Error],
            owner: Some(dead.server.clone()),
            from: Some(self.store.now().minus_ms(ENDED_WITH_MS)),
            limit: ENDED_WITH,
            ..RequestFilter::default()
        };
        let ended = self.store.list(&filter).await.unwrap_or_default();
        let with_it = |request: &&Request| {
            let code = request.error.as_ref().map_or("", |error| error.code.as_str());
            request.owner.as_ref() == Some(dead) && ["request/owner-lost", "request/takeover-limit"].contains(&code)
        };
        for request in ended.iter().filter(with_it).filter(|request| self.traces.wants(place(request))) {
            self.tell_of_lost_owner(request.clone(), request.attempt);
            self.tell_whole(request);
        }
    }

    fn attempt_started(&self, request: &Request, settled: usize) {
        let root = place(request);
        if !self.traces.wants(root) {
            return;
        }
        let attempt = attempt_span(root, request.attempt, request)
            .with("cairn.settled_components", i64::try_from(settled).unwrap_or(i64::MAX));
        self.under_way.lock().insert(request.id, attempt);
        if request.attempt > 1 {
            self.tell_of_lost_owner(request.clone(), request.attempt - 1);
        }
    }

    /// If this attempt ended with its owner, that one told nothing of it any more.
    fn tell_of_lost_owner(&self, request: Request, number: u32) {
        let (store, traces) = (Arc::clone(&self.store), self.traces.clone());
        tokio::spawn(async move {
            let Ok(attempts) = store.attempts(request.id, Some(number.saturating_add(1)), 1).await else { return };
            let lost = |found: &&AttemptRecord| found.attempt == number && found.end == Some(AttemptOutcome::OwnerLost);
            if let Some(lost) = attempts.iter().find(lost) {
                let mut span = attempt_span(place(&request), number, &request)
                    .with("cairn.server", lost.server_name.clone())
                    .since(time(lost.started));
                span.fail("its server was lost");
                traces.end_at(span, time(lost.ended.unwrap_or(lost.started)));
            }
        });
    }

    fn component_ended(&self, event: &RunEvent, component: &ComponentId, ran: Ran<'_>) {
        let Some(attempt) = self.under_way.lock().get(&event.request).map(Span::place) else { return };
        let around = match calling(&event.iteration) {
            "" => attempt,
            around => attempt.child_named(around),
        };
        let path =
            if event.iteration.is_empty() { component.to_string() } else { format!("{}/{component}", event.iteration) };
        let ended = SystemTime::now();
        let began = ended.checked_sub(ran.elapsed).unwrap_or(ended);
        // Its own place has the attempt's name in it, so that whoever looks from inside of it finds the same.
        let place = attempt.child_named(&path).below(around);
        let mut span = Span::new(place, Kind::Internal, component.as_str()).since(began);
        span.set("cairn.component", component.to_string());
        if !event.iteration.is_empty() {
            span.set("cairn.iteration", event.iteration.clone());
        }
        if let Some(rows) = ran.rows {
            span.set("cairn.records", i64::try_from(rows).unwrap_or(i64::MAX));
        }
        if let Some((code, message, handled)) = ran.error {
            span.set("error.type", code.to_owned());
            span.set("cairn.error_handled", handled);
            span.fail(message);
        }
        self.traces.end_at(span, ended);
    }

    /// Something that is worth an event of the attempt.
    fn note(&self, request: RequestId, name: &str, component: Option<String>, message: String) {
        if let Some(attempt) = self.under_way.lock().get_mut(&request) {
            let mut details = vec![("message", message.into())];
            details.extend(component.map(|component| ("cairn.component", component.into())));
            attempt.add_event(name, details);
        }
    }

    fn attempt_ended(&self, request: &Request, error: Option<&RequestError>) {
        let Some(mut attempt) = self.under_way.lock().remove(&request.id) else { return };
        attempt.set("cairn.left", request.state.as_str());
        if let Some(error) = error {
            attempt.set("error.type", error.code.clone());
            attempt.fail(error.message.clone());
        }
        self.traces.end(attempt);
        self.tell_whole(request);
    }

    /// The request itself, if it has ended.
    fn tell_whole(&self, request: &Request) {
        let Some(ended) = request.ended else { return };
        let mut whole = request_span(request).since(time(request.created));
        if let Some(error) = &request.error {
            whole.set("error.type", error.code.clone());
            whole.fail(error.message.clone());
        }
        self.traces.end_at(whole, time(ended));
    }
}

/// How a component ran.
struct Ran<'a> {
    elapsed: Duration,
    rows: Option<u64>,
    error: Option<(&'a str, String, bool)>,
}

impl Observer for RequestTraces {
    fn observe(&self, event: &RunEvent) {
        match &event.what {
            RunEventKind::AttemptStarted { request, settled } => self.attempt_started(request, settled.len()),
            RunEventKind::ComponentFinished { component, outlets, elapsed, .. } => {
                let rows = outlets.iter().filter_map(|outlet| outlet.rows).reduce(|all, more| all.saturating_add(more));
                self.component_ended(event, component, Ran { elapsed: *elapsed, rows, error: None });
            }
            RunEventKind::ComponentFailed { component, error, handled, elapsed, .. } => {
                let error = Some((error.code.as_ref(), error.to_string(), *handled));
                self.component_ended(event, component, Ran { elapsed: *elapsed, rows: None, error });
            }
            RunEventKind::CheckpointSaved { component, rows } => {
                let saved = format!("{} saved", counted(*rows, "record"));
                self.note(event.request, "saved point", Some(component.to_string()), saved);
            }
            RunEventKind::Logged(entry) if entry.level != Level::Info => {
                let component = entry.component.as_deref().map(str::to_owned);
                self.note(event.request, &entry.event, component, entry.message.clone());
            }
            RunEventKind::AttemptEnded { request, error } => self.attempt_ended(request, error.as_ref()),
            RunEventKind::ComponentStarted { .. }
            | RunEventKind::Progress { .. }
            | RunEventKind::Iterations { .. }
            | RunEventKind::ComponentStopped { .. }
            | RunEventKind::WaitStarted { .. }
            | RunEventKind::Logged(_) => {}
        }
    }

    fn sees_all_outlets(&self) -> bool {
        false
    }
}

fn request_span(request: &Request) -> Span {
    Span::new(place(request), Kind::Internal, format!("request {}/{}", request.project, request.flow))
        .with("cairn.request", request.id.0)
        .with("cairn.project", request.project.to_string())
        .with("cairn.flow", request.flow.clone())
        .with("cairn.version", request.version.to_string())
        .with("cairn.trigger", request.trigger.clone())
        .with("cairn.attempts", i64::from(request.attempt))
        .with("cairn.state", request.state.as_str())
}

fn attempt_span(root: Place, number: u32, request: &Request) -> Span {
    Span::new(root.child_named(&format!("attempt {number}")), Kind::Internal, format!("attempt {number}"))
        .with("cairn.request", request.id.0)
        .with("cairn.flow", request.flow.clone())
        .with("cairn.attempt", i64::from(number))
}

/// The path of the ForEach or SubFlow that iterates or calls here: `foreach-a1b2c3[17]` is an iteration of
/// `foreach-a1b2c3`, `foreach-a1b2c3[17]/subflow-d4e5f6` a call by itself.
fn calling(iteration: &str) -> &str {
    match iteration.strip_suffix(']').and_then(|path| path.rsplit_once('[')) {
        Some((path, _)) => path,
        None => iteration,
    }
}

fn time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or(0))
}
