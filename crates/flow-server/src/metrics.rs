//! What this server counts, for Prometheus and for the samples that it leaves in the checkpoint database.

mod history;
mod written;

pub use history::history;

use crate::process::Process;
use crate::state::App;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use flow_model::trigger_kinds;
use flow_store::{Figures, RequestFilter, RequestState, StoreError};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::time::timeout;
use written::Written;

/// The checkpoint database answers within so long, or its figures are left out: who collects figures waits a few seconds.
const PATIENCE: Duration = Duration::from_secs(3);

type FloatGauge = Gauge<f64, AtomicU64>;
type FloatCounter = Counter<f64, AtomicU64>;

/// What this server counts.
pub struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    call_seconds: Family<RouteLabels, Histogram>,
    requests: Family<StateLabels, Gauge>,
    created: Counter,
    stalled: Gauge,
    attempts: Family<EndLabels, Counter>,
    attempts_ended: AtomicU64,
    takeovers: Counter,
    requests_taken_over: Counter,
    triggers_fired: Family<KindLabels, Counter>,
    triggers_missed: Family<KindLabels, Counter>,
    written: Arc<Written>,
    may_act: Gauge,
    resident: Gauge,
    cpu_seconds: FloatCounter,
    threads: Gauge,
    open_files: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CallLabels {
    method: Cow<'static, str>,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabels {
    method: Cow<'static, str>,
    route: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct EndLabels {
    /// The state that the attempt left its request in; `Lost` if it no longer was this server's.
    left: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KindLabels {
    /// The kind of the trigger. Its name is told by the API: there may be any number of triggers.
    kind: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let mut metrics = Self {
            registry: Registry::default(),
            calls: Family::default(),
            // From 0.5 ms to 16 s.
            call_seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.0005, 2.0, 16))),
            requests: Family::default(),
            created: Counter::default(),
            stalled: Gauge::default(),
            attempts: Family::default(),
            attempts_ended: AtomicU64::default(),
            takeovers: Counter::default(),
            requests_taken_over: Counter::default(),
            triggers_fired: Family::default(),
            triggers_missed: Family::default(),
            written: Arc::default(),
            may_act: Gauge::default(),
            resident: Gauge::default(),
            cpu_seconds: FloatCounter::default(),
            threads: Gauge::default(),
            open_files: Gauge::default(),
        };
        registry.register("cairn_http_calls", "Calls of the HTTP API", metrics.calls.clone());
        registry.register("cairn_http_call_seconds", "How long they took", metrics.call_seconds.clone());
        registry.register("cairn_requests", "Requests of the cluster by state", metrics.requests.clone());
        registry.register("cairn_requests_created", "Requests made at this server", metrics.created.clone());
        let help = "Requests that run on this server and make no progress for longer than they may";
        registry.register("cairn_requests_stalled", help, metrics.stalled.clone());
        registry.register("cairn_attempts", "Attempts that ended on this server", metrics.attempts.clone());
        registry.register("cairn_takeovers", "Dead servers that this one took over", metrics.takeovers.clone());
        let help = "Requests that this server took over from dead ones";
        registry.register("cairn_requests_taken_over", help, metrics.requests_taken_over.clone());
        registry.register("cairn_triggers_fired", "Requests that triggers made here", metrics.triggers_fired.clone());
        let help = "Due times, files and ends of requests that triggers gave up";
        registry.register("cairn_triggers_missed", help, metrics.triggers_missed.clone());
        for kind in trigger_kinds() {
            // From the beginning on, so that the first one is seen as a growth.
            metrics.trigger_fired(kind.kind, 0, 0);
        }
        registry.register_collector(metrics.written.collector());
        registry.register("cairn_may_act", "Whether this server has its lease", metrics.may_act.clone());
        registry.register("process_resident_memory_bytes", "Resident memory", metrics.resident.clone());
        registry.register("process_cpu_seconds", "Time on a core so far", metrics.cpu_seconds.clone());
        registry.register("process_threads", "Threads", metrics.threads.clone());
        registry.register("process_open_fds", "Open file descriptors", metrics.open_files.clone());
        let started: FloatGauge = Gauge::default();
        started.set(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()));
        registry.register("process_start_time_seconds", "When the server started, since 1970", started);
        let build: Family<Vec<(&'static str, &'static str)>, Gauge> = Family::default();
        build.get_or_create(&vec![("version", env!("CARGO_PKG_VERSION"))]).set(1);
        registry.register("cairn_build_info", "The version of the program", build);
        metrics.registry = registry;
        metrics
    }
}

impl Metrics {
    /// So many requests were made at this server.
    pub fn created(&self, requests: usize) {
        self.created.inc_by(requests as u64);
    }

    /// An attempt of this server has ended and left its request in this state, or lost it.
    pub fn attempt_ended(&self, left: Option<RequestState>) {
        let left = left.map_or("Lost", RequestState::as_str);
        self.attempts.get_or_create(&EndLabels { left }).inc();
        self.attempts_ended.fetch_add(1, Ordering::Relaxed);
    }

    /// This server took over so many requests of a dead one.
    pub fn taken_over(&self, requests: usize) {
        self.takeovers.inc();
        self.requests_taken_over.inc_by(requests as u64);
    }

    /// A trigger of this kind has made so many requests at this server, and given up so many that were due.
    pub fn trigger_fired(&self, kind: &'static str, requests: u64, missed: u64) {
        let labels = KindLabels { kind };
        self.triggers_fired.get_or_create(&labels).inc_by(requests);
        self.triggers_missed.get_or_create(&labels).inc_by(missed);
    }

    /// The figures for a sample.
    pub async fn figures(&self, app: &App) -> Result<Figures, StoreError> {
        let counts = app.store.counts(&RequestFilter::default()).await?;
        let count = |state| counts.get(&state).copied().unwrap_or_default();
        let left = |left: RequestState| self.attempts.get_or_create(&EndLabels { left: left.as_str() }).get();
        let (written, process) = (app.store.statistics(), Process::now());
        Ok(Figures {
            created: self.created.get(),
            finished: left(RequestState::Finished),
            failed: left(RequestState::Error),
            attempts: self.attempts_ended.load(Ordering::Relaxed),
            commits: written.commits,
            commands: written.commands,
            commit_us: written.commit_us,
            cpu_ms: (process.cpu_seconds * 1000.0) as u64,
            resident_bytes: process.resident,
            queued: count(RequestState::Queued),
            running: count(RequestState::Running),
            waiting: count(RequestState::Waiting),
            waiting_for_retry: count(RequestState::WaitingForRetry),
        })
    }

    /// Everything as it is now, in the text form of Prometheus. The requests are left out while the checkpoint database does
    /// not tell of them: then the other figures are worth most.
    pub async fn text(&self, app: &App) -> String {
        match timeout(PATIENCE, app.store.counts(&RequestFilter::default())).await {
            Ok(Ok(counts)) => {
                for (state, count) in counts {
                    let labels = StateLabels { state: state.as_str() };
                    self.requests.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
                }
            }
            Ok(Err(_)) | Err(_) => self.requests.clear(),
        }
        self.written.note(app.store.statistics());
        self.stalled.set(i64::try_from(app.watchdog.count()).unwrap_or(i64::MAX));
        self.may_act.set(app.work.may_act().into());
        let process = Process::now();
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.resident.set(whole(process.resident));
        // The kernel counts.
        self.cpu_seconds.inner().store(process.cpu_seconds.to_bits(), Ordering::Relaxed);
        self.threads.set(whole(process.threads));
        self.open_files.set(whole(process.open_files));
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// The layer that counts calls, by the route that they took and not by their address.
pub async fn count(State(metrics): State<Arc<Metrics>>, call: Request, next: Next) -> Response {
    let begun = Instant::now();
    let route = call.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let method = method(call.method().as_str());
    let answer = next.run(call).await;
    let labels = RouteLabels { method: method.clone(), route: route.clone() };
    metrics.call_seconds.get_or_create(&labels).observe(begun.elapsed().as_secs_f64());
    let status = answer.status().as_u16();
    metrics.calls.get_or_create(&CallLabels { method, route, status }).inc();
    answer
}

/// The method; made-up ones count as one, so that they do not fill the memory.
fn method(method: &str) -> Cow<'static, str> {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("other").into()
}
