//! Where a span belongs: its trace, and its id in it.

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context, propagation::Extractor, propagation::TextMapPropagator as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};

/// Where a span belongs. Whoever knows a place can make its children, in whichever process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub(crate) trace: TraceId,
    pub(crate) span: SpanId,
    pub(crate) parent: SpanId,
    pub(crate) is_from_outside: bool,
}

/// The name of the header that carries a place (W3C Trace Context).
pub(crate) const TRACEPARENT: &str = "traceparent";

impl Place {
    /// The first place of a new trace.
    pub fn new() -> Self {
        Self::root(RandomIdGenerator::default().new_trace_id())
    }

    /// The first place of a trace that everybody finds who knows its name: the servers that work on one request need
    /// not tell each other, and nothing need be stored.
    pub fn named(name: &str) -> Self {
        let trace: [u8; 16] = first_bytes(name);
        Self { span: named_span(name), ..Self::root(TraceId::from_bytes(trace)) }
    }

    /// The place below this one that everybody finds who knows its name.
    #[must_use]
    pub fn child_named(&self, name: &str) -> Self {
        let span = named_span(&format!("{} {name}", self.trace));
        Self { trace: self.trace, span, parent: self.span, is_from_outside: false }
    }

    /// This place, below another one of the same trace.
    #[must_use]
    pub fn below(self, around: Self) -> Self {
        Self { parent: around.span, ..self }
    }

    /// A place below the one that the header `traceparent` tells of; the first one of a new trace if it tells of none.
    /// False if whoever called does not want this to be traced.
    pub fn called(traceparent: Option<&str>) -> (Self, bool) {
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &Header(traceparent));
        let caller = context.span().span_context().clone();
        if !caller.is_valid() {
            return (Self::new(), true);
        }
        let span = RandomIdGenerator::default().new_span_id();
        let place = Self { trace: caller.trace_id(), span, parent: caller.span_id(), is_from_outside: true };
        (place, caller.is_sampled())
    }

    /// The header `traceparent` that tells of this place (W3C Trace Context).
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-01", self.trace, self.span)
    }

    fn root(trace: TraceId) -> Self {
        let span = RandomIdGenerator::default().new_span_id();
        Self { trace, span, parent: SpanId::INVALID, is_from_outside: false }
    }

    pub(crate) fn context(&self) -> SpanContext {
        SpanContext::new(self.trace, self.span, TraceFlags::SAMPLED, false, TraceState::default())
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}

fn named_span(name: &str) -> SpanId {
    SpanId::from_bytes(first_bytes(&format!("span {name}")))
}

/// Ids of zeros are not allowed, but nobody finds a name whose hash begins with 64 zero bits.
fn first_bytes<const N: usize>(name: &str) -> [u8; N] {
    let hash = blake3::hash(name.as_bytes());
    std::array::from_fn(|at| hash.as_bytes()[at])
}

/// The one header that matters.
struct Header<'a>(Option<&'a str>);

impl Extractor for Header<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.filter(|_| key == TRACEPARENT)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.map(|_| TRACEPARENT).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_knows_a_name_finds_the_same_place() {
        let (one, other) = (Place::named("request 7"), Place::named("request 7"));
        assert_eq!(one, other);
        assert_eq!(one.child_named("attempt 1"), other.child_named("attempt 1"));
        assert_ne!(one.child_named("attempt 1").span, one.child_named("attempt 2").span);
        assert_ne!(one.trace, Place::named("request 8").trace);
        assert_ne!(one.child_named("attempt 1").span, Place::named("request 8").child_named("attempt 1").span);
    }

    #[test]
    fn a_call_goes_on_with_the_trace_of_its_caller() {
        let caller = Place::new();
        let (called, is_wanted) = Place::called(Some(&caller.traceparent()));
        assert_eq!((called.trace, called.parent), (caller.trace, caller.span));
        assert!(is_wanted);
        let unwanted = caller.traceparent().replace("-01", "-00");
        assert!(unwanted.ends_with("-00") && !Place::called(Some(&unwanted)).1);
    }

    #[test]
    fn a_header_that_is_none_begins_a_trace() {
        for header in
            [None, Some(""), Some("00-xyz-1-01"), Some("00-00000000000000000000000000000000-0000000000000000-01")]
        {
            let (called, is_wanted) = Place::called(header);
            assert_eq!(called.parent, SpanId::INVALID, "{header:?}");
            assert!(is_wanted);
        }
    }
}
