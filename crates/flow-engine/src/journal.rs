//! What an attempt has to write: saved points and log entries gather here until they are written together. There is one
//! write at a time, and each takes all that has gathered; so a saved point commits with or after those it came from.

use crate::plan::Plan;
use crate::schedule::Delivery;
use flow_data::Variables;
use flow_store::{AttemptWrite, Level, LogEntry, SavedData, SavedKind, SavedPoint, Timestamp};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What goes on once a write has been committed.
#[derive(Debug)]
pub(crate) enum AfterCommit {
    /// The component's saved stream leaves its outlet.
    Deliver(usize, Delivery),
    /// A component that changes the world starts: the choices of outlets that led to it are durable.
    Start(usize),
}

/// What has gathered, and what waits for it.
pub(crate) struct Journal {
    plan: Arc<Plan>,
    attempt: u32,
    server: Arc<str>,
    pending: AttemptWrite,
    after: Vec<AfterCommit>,
    /// Whether something waits for the next write.
    wanted: bool,
    choices_pending: bool,
    in_flight: Option<InFlight>,
}

#[derive(Debug)]
struct InFlight {
    after: Vec<AfterCommit>,
    choices: bool,
}

impl Journal {
    pub(crate) fn new(plan: Arc<Plan>, attempt: u32, server: Arc<str>) -> Self {
        Self {
            plan,
            attempt,
            server,
            pending: AttemptWrite::default(),
            after: Vec::new(),
            wanted: false,
            choices_pending: false,
            in_flight: None,
        }
    }

    /// Adds a saved point of `component`.
    pub(crate) fn save(&mut self, component: usize, at: Timestamp, what: NewPoint) {
        let planned = &self.plan.components[component];
        self.choices_pending |= what.kind == SavedKind::Outlets;
        self.pending.saved.push(SavedPoint {
            kind: what.kind,
            component: planned.id.as_str().to_owned(),
            name: planned.name.clone(),
            iteration: String::new(),
            attempt: self.attempt,
            data: what.data,
            variables: json(&what.variables),
            outlets: what.outlets,
            rows: what.rows,
            due: what.due,
            at,
        });
    }

    /// Adds a log entry, about `component` if one is given.
    pub(crate) fn log(
        &mut self,
        component: Option<usize>,
        at: Timestamp,
        level: Level,
        event: &str,
        message: String,
    ) -> &LogEntry {
        self.pending.log.push(LogEntry {
            at,
            attempt: self.attempt,
            server: self.server.as_ref().to_owned(),
            level,
            component: component.map(|at| self.plan.components[at].id.as_str().to_owned()),
            event: event.to_owned(),
            message,
        });
        &self.pending.log[self.pending.log.len() - 1]
    }

    /// Asks for a write soon: something that was added should be durable.
    pub(crate) fn want(&mut self) {
        self.wanted = true;
    }

    /// Asks for a write, after which `next` goes on.
    pub(crate) fn then(&mut self, next: AfterCommit) {
        self.after.push(next);
        self.wanted = true;
    }

    /// Holds a component that changes the world back while a choice of outlets is not durable. The answer is whether
    /// it was held; it starts by itself after the commit.
    pub(crate) fn hold_for_choices(&mut self, component: usize) -> bool {
        if self.choices_pending {
            self.then(AfterCommit::Start(component));
            return true;
        }
        match &mut self.in_flight {
            Some(in_flight) if in_flight.choices => {
                in_flight.after.push(AfterCommit::Start(component));
                true
            }
            _ => false,
        }
    }

    /// Whether something waits for a commit.
    pub(crate) fn has_after(&self) -> bool {
        !self.after.is_empty() || self.in_flight.as_ref().is_some_and(|in_flight| !in_flight.after.is_empty())
    }

    /// Forgets the saved points that no write has taken.
    pub(crate) fn forget_saved(&mut self) {
        self.pending.saved.clear();
    }

    /// Whether there are entries that no write has taken.
    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.saved.is_empty() || !self.pending.log.is_empty()
    }

    /// The next write, if one is wanted (or `even_if_unwanted`) and none is under way. It counts as under way from now.
    pub(crate) fn next_write(&mut self, even_if_unwanted: bool) -> Option<AttemptWrite> {
        if self.in_flight.is_some() || !(self.wanted || even_if_unwanted && self.has_pending()) {
            return None;
        }
        self.wanted = false;
        self.in_flight = Some(InFlight {
            after: std::mem::take(&mut self.after),
            choices: std::mem::take(&mut self.choices_pending),
        });
        Some(std::mem::take(&mut self.pending))
    }

    /// Notes that the write under way has been committed. The answer is what goes on now.
    pub(crate) fn committed(&mut self) -> Vec<AfterCommit> {
        self.in_flight.take().map(|in_flight| in_flight.after).unwrap_or_default()
    }

    /// All that has gathered, for the attempt's last write.
    pub(crate) fn take_rest(&mut self) -> AttemptWrite {
        std::mem::take(&mut self.pending)
    }
}

/// What a saved point says, beyond where and when.
pub(crate) struct NewPoint {
    kind: SavedKind,
    data: SavedData,
    variables: Variables,
    outlets: Vec<String>,
    rows: u64,
    due: Option<Timestamp>,
}

impl NewPoint {
    /// Without a stream.
    pub(crate) fn bare(kind: SavedKind) -> Self {
        Self { kind, data: SavedData::None, variables: Variables::default(), outlets: Vec::new(), rows: 0, due: None }
    }

    /// With the stream `delivery`, which is saved as `data`.
    pub(crate) fn of(kind: SavedKind, delivery: &Delivery, data: SavedData) -> Self {
        Self {
            data,
            variables: delivery.variables.clone(),
            rows: u64::try_from(delivery.stream.rows()).unwrap_or(u64::MAX),
            ..Self::bare(kind)
        }
    }

    /// The outlets that it is about.
    pub(crate) fn outlets(self, outlets: Vec<String>) -> Self {
        Self { outlets, ..self }
    }

    /// When the wait that it records is over.
    pub(crate) fn due(self, due: Timestamp) -> Self {
        Self { due: Some(due), ..self }
    }
}

fn json(variables: &Variables) -> Value {
    Value::Object(variables.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect::<Map<_, _>>())
}
