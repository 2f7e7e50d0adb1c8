//! Tracing calls, for a process that wants that.

use std::sync::{Arc, OnceLock};

/// Sees every call that this process makes of servers.
pub trait CallTracer: Send + Sync {
    /// A call with this method begins, to this path. Nothing if this one is not to be traced.
    fn begin(&self, method: &str, path: &str) -> Option<Box<dyn TracedCall>>;
}

/// A call that is under way.
pub trait TracedCall: Send {
    /// What the server is told, so that its part of the work belongs to the same trace (the header `traceparent` of W3C
    /// Trace Context).
    fn traceparent(&self) -> String;

    /// The answer has come, with this HTTP status; none came if there is none.
    fn end(self: Box<Self>, status: Option<u16>);
}

/// A process has one tracer or none, whoever makes its clients.
static TRACER: OnceLock<Arc<dyn CallTracer>> = OnceLock::new();

/// Lets `tracer` see every call that clients of this process make from now on. A second one is not heard.
pub fn trace_calls_with(tracer: Arc<dyn CallTracer>) {
    let _ = TRACER.set(tracer);
}

pub(super) fn begin(method: &str, path: &str) -> Option<Box<dyn TracedCall>> {
    TRACER.get()?.begin(method, path)
}
