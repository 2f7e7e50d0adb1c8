//! A collector of traces (OTLP over HTTP) that keeps what it is sent.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use prost::Message as _;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// A span as it was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Which program sent it (`service.name`).
    pub service: String,
    /// Which one of them (`service.instance.id`).
    pub instance: String,
    /// Its trace.
    pub trace: Vec<u8>,
    /// Its id.
    pub id: Vec<u8>,
    /// The id of the span it belongs to; empty for the first of its trace.
    pub parent: Vec<u8>,
    /// Its name.
    pub name: String,
    /// The traces that it is linked to.
    pub links: Vec<Vec<u8>>,
    /// Names of its events.
    pub events: Vec<String>,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// Takes spans on a port of its own, for as long as it lives.
pub struct TraceCollector {
    url: String,
    sent: Arc<Mutex<Vec<Sent>>>,
    serving: tokio::task::JoinHandle<()>,
}

impl TraceCollector {
    /// Begins to listen.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let sent = Arc::<Mutex<Vec<Sent>>>::default();
        let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&sent));
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, sent, serving })
    }

    /// What a process needs in its environment to send its spans here soon.
    pub fn environment(&self) -> Vec<(String, String)> {
        let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", self.url.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "100")];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    /// What it was sent so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().map(|sent| sent.clone()).unwrap_or_default()
    }
}

impl Drop for TraceCollector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(State(kept): State<Arc<Mutex<Vec<Sent>>>>, body: Bytes) -> StatusCode {
    let Ok(export) = ExportTraceServiceRequest::decode(body) else { return StatusCode::BAD_REQUEST };
    let Ok(mut kept) = kept.lock() else { return StatusCode::INTERNAL_SERVER_ERROR };
    for resource in export.resource_spans {
        let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let (service, instance) = (text(&attributes, "service.name"), text(&attributes, "service.instance.id"));
        for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            kept.push(Sent {
                service: service.clone(),
                instance: instance.clone(),
                trace: span.trace_id,
                id: span.span_id,
                parent: span.parent_span_id,
                name: span.name,
                links: span.links.into_iter().map(|link| link.trace_id).collect(),
                events: span.events.into_iter().map(|event| event.name).collect(),
                error: span.status.filter(|status| status.code == 2).map(|status| status.message),
            });
        }
    }
    StatusCode::OK
}

fn text(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == name);
    match found.and_then(|attribute| attribute.value.as_ref()).and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        _ => String::new(),
    }
}
