//! The calls that this process makes of servers.

use crate::{Kind, Place, Span, Traces};
use flow_api::{CallTracer, TracedCall};
use std::sync::Arc;

/// Traces every call that clients of this process make of servers from now on.
pub fn trace_calls(traces: Traces) {
    flow_api::trace_calls_with(Arc::new(Calls(traces)));
}

struct Calls(Traces);

impl CallTracer for Calls {
    fn begin(&self, method: &str, path: &str) -> Option<Box<dyn TracedCall>> {
        let place = Place::new();
        if !self.0.wants(place) {
            return None;
        }
        let span = Span::new(place, Kind::Client, method).with("http.request.method", method.to_owned());
        let span = span.with("url.path", path.to_owned());
        Some(Box::new(Call { traces: self.0.clone(), span }))
    }
}

struct Call {
    traces: Traces,
    span: Span,
}

impl TracedCall for Call {
    fn traceparent(&self) -> String {
        self.span.place().traceparent()
    }

    fn end(mut self: Box<Self>, status: Option<u16>) {
        match status {
            Some(status) => {
                self.span.set("http.response.status_code", i64::from(status));
                if status >= 400 {
                    self.span.fail(format!("status {status}"));
                }
            }
            None => self.span.fail("no answer"),
        }
        self.traces.end(self.span);
    }
}
