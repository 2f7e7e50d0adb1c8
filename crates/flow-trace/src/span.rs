//! Spans: something that was done, from when to when.

use crate::Place;
use opentelemetry::trace::{Event, Link, SpanKind, Status};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use std::time::SystemTime;

/// A span keeps this many of its events, and this many links; it counts the others.
const KEPT: usize = 128;

/// Whose work a span tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// This process's own.
    Internal,
    /// What this process asked another for.
    Client,
    /// What another asked this process for.
    Server,
}

/// Something that was done.
#[derive(Debug, Clone)]
pub struct Span {
    place: Place,
    name: String,
    kind: Kind,
    began: SystemTime,
    attributes: Vec<KeyValue>,
    events: SpanEvents,
    links: SpanLinks,
    error: Option<String>,
}

impl Span {
    /// Something that begins now.
    pub fn new(place: Place, kind: Kind, name: impl Into<String>) -> Self {
        Self {
            place,
            name: name.into(),
            kind,
            began: SystemTime::now(),
            attributes: Vec::new(),
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            error: None,
        }
    }

    /// Where it belongs.
    pub fn place(&self) -> Place {
        self.place
    }

    /// It began at this time.
    #[must_use]
    pub fn since(mut self, began: SystemTime) -> Self {
        self.began = began;
        self
    }

    /// What is to be known of it, by the names of the semantic conventions or, for what is Cairn's own, `cairn.…`.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.attributes.push(KeyValue::new(name, value));
    }

    /// The same, for building one.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// Something happened while it was done, now.
    pub fn add_event(&mut self, name: impl Into<String>, details: Vec<(&'static str, Value)>) {
        if self.events.events.len() == KEPT {
            self.events.dropped_count += 1;
            return;
        }
        let details = details.into_iter().map(|(name, value)| KeyValue::new(name, value)).collect();
        self.events.events.push(Event::new(name.into(), SystemTime::now(), details, 0));
    }

    /// It has to do with what is at another place.
    pub fn add_link(&mut self, place: Place) {
        if self.links.links.len() == KEPT {
            self.links.dropped_count += 1;
            return;
        }
        self.links.links.push(Link::with_context(place.context()));
    }

    /// It failed, for this reason.
    pub fn fail(&mut self, why: impl Into<String>) {
        self.error = Some(why.into());
    }

    pub(crate) fn finished(self, ended: SystemTime) -> SpanData {
        SpanData {
            span_context: self.place.context(),
            parent_span_id: self.place.parent,
            parent_span_is_remote: self.place.is_from_outside,
            span_kind: match self.kind {
                Kind::Internal => SpanKind::Internal,
                Kind::Client => SpanKind::Client,
                Kind::Server => SpanKind::Server,
            },
            name: self.name.into(),
            start_time: self.began,
            end_time: ended,
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events: self.events,
            links: self.links,
            status: self.error.map_or(Status::Unset, Status::error),
            instrumentation_scope: InstrumentationScope::builder("cairn")
                .with_version(env!("CARGO_PKG_VERSION"))
                .build(),
        }
    }
}
