//! Watching an attempt while it runs: for the designer and `cairn run`.

use flow_components::ComponentError;
use flow_data::Stream;
use flow_model::ComponentId;
use flow_store::{LogEntry, Request, RequestError, RequestId};
use std::time::Duration;

/// Someone who watches attempts. Called from within the attempt: it must be quick and must not block.
pub trait Observer: Send + Sync {
    /// Takes note of `event`.
    fn observe(&self, event: &RunEvent);
}

/// Something that happened to a request that this engine runs.
#[derive(Debug, Clone)]
pub struct RunEvent {
    /// The request.
    pub request: RequestId,
    /// The number of its attempt, from 1.
    pub attempt: u32,
    /// What happened.
    pub what: RunEventKind,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum RunEventKind {
    /// The attempt begins.
    AttemptStarted {
        /// Components that never run again: an earlier attempt settled them.
        settled: Vec<ComponentId>,
    },
    /// A component begins to run.
    ComponentStarted {
        /// The component.
        component: ComponentId,
    },
    /// A component has run.
    ComponentFinished {
        /// The component.
        component: ComponentId,
        /// What it put out, for each outlet that delivered, linked or not.
        outlets: Vec<OutletStream>,
        /// How long it ran.
        elapsed: Duration,
        /// What it says about itself, in one line.
        note: Option<String>,
    },
    /// A component failed.
    ComponentFailed {
        /// The component.
        component: ComponentId,
        /// Why.
        error: ComponentError,
        /// Whether the flow handles the error: its error outlet is linked.
        handled: bool,
        /// How long it ran.
        elapsed: Duration,
    },
    /// A Checkpoint (or Start, with `BeginCheckpoint`) made its saved point; it is durable.
    CheckpointSaved {
        /// The component.
        component: ComponentId,
        /// How many records it saved.
        rows: usize,
    },
    /// A durable Wait has begun.
    WaitStarted {
        /// The component.
        component: ComponentId,
        /// How long it will take.
        remaining: Duration,
    },
    /// A line was added to the request's log. It is durable with the next write.
    Logged(LogEntry),
    /// The attempt has ended; the request is in its new state.
    AttemptEnded {
        /// The request as it is now.
        request: Box<Request>,
        /// The error that ended the attempt, if one did.
        error: Option<RequestError>,
    },
}

/// What an outlet delivered.
#[derive(Debug, Clone)]
pub struct OutletStream {
    /// The outlet.
    pub outlet: String,
    /// Its stream. Cheap to keep a part of: see [`Stream::slice`].
    pub stream: Stream,
}
