//! Watching an attempt while it runs: for the designer and `cairn run`.

use flow_components::ComponentError;
use flow_data::Stream;
use flow_model::ComponentId;
use flow_store::{LogEntry, Request, RequestError, RequestId};
use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// What happens all the time is told after this time at the earliest.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Someone who watches attempts. Called from within the attempt: it must be quick and must not block.
pub trait Observer: Send + Sync {
    /// Takes note of `event`.
    fn observe(&self, event: &RunEvent);

    /// Whether it wants to see what leaves outlets that nothing is linked to. That costs time and memory: without it,
    /// what nobody needs is not computed.
    fn sees_all_outlets(&self) -> bool {
        true
    }

    /// Whether it runs the flow to see what leaves this component: all of that is computed then, also where nothing is
    /// linked, and what fails on the way fails the component.
    fn looks_at(&self, component: &ComponentId) -> bool {
        let _ = component;
        false
    }
}

/// Something that happened to a request that this engine runs.
#[derive(Debug, Clone)]
pub struct RunEvent {
    /// The request.
    pub request: RequestId,
    /// The number of its attempt, from 1.
    pub attempt: u32,
    /// The iterations and calls around the component that it is about, the outermost first:
    /// `foreach-a1b2c3[17]/subflow-d4e5f6`. Empty at the top level. Of many iterations only the first hundred are told
    /// of one by one, the others by [`RunEventKind::Iterations`] and by their failures.
    pub iteration: String,
    /// What happened.
    pub what: RunEventKind,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum RunEventKind {
    /// The attempt begins.
    AttemptStarted {
        /// The request as it is now.
        request: Box<Request>,
        /// Components that never run again: an earlier attempt settled them.
        settled: Vec<ComponentId>,
    },
    /// A component begins to run.
    ComponentStarted {
        /// The component.
        component: ComponentId,
    },
    /// A component has dealt with so many records so far. Told now and then.
    Progress {
        /// The component.
        component: ComponentId,
        /// The records.
        rows: u64,
    },
    /// A ForEach has finished so many iterations so far. Told now and then.
    Iterations {
        /// The component.
        component: ComponentId,
        /// How many have finished.
        done: u64,
        /// How many there are, where that is known.
        of: Option<u64>,
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
    /// What a component put out was being read by one that failed, and is read no further.
    ComponentStopped {
        /// The component.
        component: ComponentId,
        /// What came out of it until then.
        outlets: Vec<OutletStream>,
    },
    /// A component failed.
    ComponentFailed {
        /// The component.
        component: ComponentId,
        /// Why.
        error: ComponentError,
        /// Whether the flow handles the error: its error outlet is linked.
        handled: bool,
        /// What its error outlet put out, if the flow handles the error.
        outlets: Vec<OutletStream>,
        /// How long it ran.
        elapsed: Duration,
    },
    /// A Checkpoint (or Start, with `BeginCheckpoint`) made its saved point; it is durable.
    CheckpointSaved {
        /// The component.
        component: ComponentId,
        /// How many records it saved.
        rows: u64,
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
    /// Its stream; of one that was not kept, the first records. Cheap to keep a part of: see [`Stream::slice`].
    pub stream: Stream,
    /// How many records it had, where that is known.
    pub rows: Option<u64>,
}

impl OutletStream {
    /// So many records there are to look at of a stream that was not kept.
    pub const SHOWN: usize = 100;

    pub(crate) fn of(outlet: &str, stream: &Stream) -> Self {
        if stream.is_flowing() {
            // Nobody wants it, so it is not computed.
            return Self { outlet: outlet.to_owned(), stream: Stream::empty(stream.schema().clone()), rows: None };
        }
        let rows = stream.rows().and_then(|rows| u64::try_from(rows).ok());
        Self { outlet: outlet.to_owned(), stream: stream.clone(), rows }
    }
}

/// Whom an event is about.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) request: RequestId,
    pub(crate) attempt: u32,
    pub(crate) iteration: String,
    told: Mutex<Instant>,
}

impl Seen {
    pub(crate) fn new(request: RequestId, attempt: u32, iteration: String) -> Self {
        Self { request, attempt, iteration, told: Mutex::new(Instant::now()) }
    }

    /// Whether progress may be told again; it then counts as told.
    pub(crate) fn is_time_for_progress(&self) -> bool {
        is_time_again(&mut self.told.lock())
    }
}

/// Whether what happens all the time may be told again, since it was told at `told`; it then counts as told.
pub(crate) fn is_time_again(told: &mut Instant) -> bool {
    let is_time = told.elapsed() >= PROGRESS_EVERY;
    if is_time {
        *told = Instant::now();
    }
    is_time
}
