//! Traces for OpenTelemetry: what Cairn did, as spans that a collector puts together across processes.
//!
//! They are switched on as in every program that knows OpenTelemetry, by environment variables:
//! `OTEL_EXPORTER_OTLP_ENDPOINT` (`http://127.0.0.1:4318`, OTLP over HTTP), `OTEL_EXPORTER_OTLP_HEADERS`,
//! `OTEL_TRACES_SAMPLER`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_BSP_…`.
//!
//! The only crate that knows OpenTelemetry.

mod calls;
mod collector;
mod place;
mod span;
mod traces;

pub use calls::trace_calls;
pub use place::Place;
pub use span::{Kind, Span};
pub use traces::{Process, TraceError, Traces};
