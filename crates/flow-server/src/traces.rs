//! What this server tells a collector of traces: the calls of its API, and the requests it works on.
//!
//! A request is one trace, whoever works on it: its place follows from the request itself, so that a survivor finds it
//! without being told. A call of the API is in the trace of its caller, and linked to the requests that it made.

mod calls;
mod requests;

pub use calls::{follow, made};
pub use requests::RequestTraces;

use flow_store::Request;
use flow_trace::Place;

/// The place of a request: the same on every server. Ids of requests begin anew in another database, times do not.
fn place(request: &Request) -> Place {
    Place::named(&format!("cairn request {} {}", request.created.0, request.id))
}
