//! Where spans go.

use crate::Span;
use crate::collector::Collector;
use crate::place::Place;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Config, SamplingDecision, ShouldSample, SpanProcessor as _};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How long the collector may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// How long the last spans may take when the process ends.
const LAST: Duration = Duration::from_secs(5);

/// The variables that switch traces on: the collector for traces, or for everything.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// Traces cannot be sent as the environment says.
#[derive(Debug, thiserror::Error)]
#[error(
    "traces cannot be sent as the variables OTEL_… say ({why}): set OTEL_EXPORTER_OTLP_ENDPOINT to the collector's \
    address (http://127.0.0.1:4318), or unset it"
)]
pub struct TraceError {
    why: String,
}

impl TraceError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        "trace/settings"
    }
}

impl From<ExporterBuildError> for TraceError {
    fn from(error: ExporterBuildError) -> Self {
        Self { why: error.to_string() }
    }
}

/// Which process it is whose spans are sent.
#[derive(Debug, Clone)]
pub struct Process {
    /// What it is: `cairn-server`. `OTEL_SERVICE_NAME` is heard before it.
    pub service: &'static str,
    /// Which one of them: the id of a server.
    pub instance: Option<String>,
}

/// Where spans go. Cheap to clone. It never waits and never fails: what the collector does not take in time is dropped.
#[derive(Debug, Clone)]
pub struct Traces {
    sent: Arc<BatchSpanProcessor>,
    sampler: Arc<dyn ShouldSample>,
}

impl Traces {
    /// What the environment says: nothing unless it names a collector. To be called on a runtime, which sends them.
    ///
    /// # Errors
    /// `trace/settings` when the address of the collector is none.
    pub fn of_environment(process: &Process) -> Result<Option<Self>, TraceError> {
        let is_set = |name: &str| std::env::var(name).is_ok_and(|value| !value.trim().is_empty());
        let is_off = std::env::var("OTEL_SDK_DISABLED").is_ok_and(|value| value.eq_ignore_ascii_case("true"))
            || std::env::var("OTEL_TRACES_EXPORTER").is_ok_and(|value| value == "none");
        if is_off || !ENDPOINTS.into_iter().any(is_set) {
            return Ok(None);
        }
        let http = reqwest::Client::builder().timeout(ANSWER).build();
        let http = http.map_err(|error| TraceError { why: error.to_string() })?;
        let exporter = SpanExporter::builder().with_http().with_http_client(Collector::new(http)).build()?;
        let mut sent = BatchSpanProcessor::builder(exporter).build();
        sent.set_resource(&resource(process));
        // The sampler of the environment, as every program with OpenTelemetry reads it.
        Ok(Some(Self { sent: Arc::new(sent), sampler: Config::default().sampler.into() }))
    }

    /// Whether what begins a trace at this place is to be traced. Everybody who looks at the same place decides the same.
    pub fn wants(&self, place: Place) -> bool {
        let sampled = self.sampler.should_sample(None, place.trace, "", &SpanKind::Internal, &[], &[]);
        sampled.decision == SamplingDecision::RecordAndSample
    }

    /// A span has ended now.
    pub fn end(&self, span: Span) {
        self.end_at(span, SystemTime::now());
    }

    /// A span has ended at this time.
    pub fn end_at(&self, span: Span, ended: SystemTime) {
        self.sent.on_end(span.finished(ended));
    }

    /// Sends what has not been sent yet. To be called when the process ends, on a thread that may wait a few seconds.
    pub fn close(&self) {
        if let Err(error) = self.sent.shutdown_with_timeout(LAST) {
            tracing::debug!(%error, "the last traces were not sent");
        }
    }
}

fn resource(process: &Process) -> Resource {
    let mut builder = Resource::builder();
    if std::env::var("OTEL_SERVICE_NAME").is_err() {
        builder = builder.with_service_name(process.service);
    }
    builder = builder.with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if let Some(instance) = &process.instance {
        builder = builder.with_attribute(KeyValue::new("service.instance.id", instance.clone()));
    }
    builder.build()
}
