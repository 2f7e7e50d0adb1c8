//! What an attempt has to write: saved points and log entries gather here until they are written together. There is one
//! write at a time, and each takes all that has gathered; so a saved point commits with or after those it came from.
//!
//! Where the engine speculates, what is behind a saved point starts before that is durable. Nobody can see that: what
//! changes the world is held here until all that led to it is durable, and the end of an attempt is written last. It is
//! what Netherite does between its work items (Burckhardt et al., arXiv 2103.00033), within one request.

use crate::RunEvent;
use crate::schedule::{Arrived, Delivery};
use crate::scope::At;
use flow_data::Variables;
use flow_store::{AttemptWrite, Level, LogEntry, SavedData, SavedKind, SavedPoint, Timestamp};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So many saved points may gather before those who add many of them wait for a write.
const FULL: usize = 512;
/// A write that is wanted waits for company no longer than this.
const PATIENCE: Duration = if cfg!(test) { Duration::from_secs(60) } else { Duration::from_millis(2) };

/// What goes on once a write has been committed.
#[derive(Debug)]
pub(crate) enum AfterCommit {
    /// The component's saved stream leaves its outlet.
    Deliver(At, Delivery),
    /// The component runs, now that its input is durable.
    Run(At, Arrived),
    /// A component that changes the world starts: the saved points that led to it are durable.
    Start(At),
}

impl AfterCommit {
    pub(crate) fn at(&self) -> At {
        let (Self::Deliver(at, _) | Self::Run(at, _) | Self::Start(at)) = self;
        *at
    }
}

/// What has gathered, and what waits for it.
pub(crate) struct Journal {
    attempt: u32,
    server: Arc<str>,
    pending: AttemptWrite,
    /// What belongs to `pending`.
    next: Companions,
    /// Since when a write is wanted, if it is.
    wanted: Option<Instant>,
    /// What belongs to the write under way, if there is one.
    in_flight: Option<Companions>,
}

/// What belongs to a write.
#[derive(Debug, Default)]
struct Companions {
    /// What goes on after it.
    after: Vec<AfterCommit>,
    /// What observers are told after it.
    events: Vec<RunEvent>,
    /// Whether there are saved points in it.
    saves: bool,
    /// Whether what changes the world has to wait for it.
    holds: bool,
}

impl Journal {
    pub(crate) fn new(attempt: u32, server: Arc<str>) -> Self {
        Self {
            attempt,
            server,
            pending: AttemptWrite::default(),
            next: Companions::default(),
            wanted: None,
            in_flight: None,
        }
    }

    /// The request itself is still to become durable. It counts as a write under way from which all of this comes.
    pub(crate) fn begin_before_durable(&mut self) {
        self.in_flight = Some(Companions { holds: true, ..Companions::default() });
    }

    /// Adds a saved point of this attempt.
    pub(crate) fn save(&mut self, point: SavedPoint, at: Timestamp) {
        self.next.saves = true;
        // That something came to its end decides nothing about what goes on elsewhere.
        self.next.holds |= point.kind != SavedKind::Completed;
        self.pending.saved.push(SavedPoint { attempt: self.attempt, at, ..point });
        if self.is_full() {
            self.want();
        }
    }

    /// Whether so much has gathered that nothing should be added for a while.
    pub(crate) fn is_full(&self) -> bool {
        self.pending.saved.len() >= FULL
    }

    /// Adds a log entry, about the component with the id `component` if one is given.
    pub(crate) fn log(
        &mut self,
        component: Option<Arc<str>>,
        at: Timestamp,
        level: Level,
        event: &'static str,
        message: String,
    ) -> &LogEntry {
        self.pending.log.push(LogEntry {
            at,
            attempt: self.attempt,
            server: Arc::clone(&self.server),
            level,
            component,
            event: event.into(),
            message,
        });
        &self.pending.log[self.pending.log.len() - 1]
    }

    /// Asks for a write soon: something that was added should be durable.
    pub(crate) fn want(&mut self) {
        self.wanted.get_or_insert_with(Instant::now);
    }

    /// Whether a write is wanted that can wait a little longer, for what more there will be to write.
    pub(crate) fn wants_company(&self) -> bool {
        !self.is_full() && self.wanted.is_some_and(|since| since.elapsed() < PATIENCE)
    }

    /// Asks for a write, after which `next` goes on.
    pub(crate) fn then(&mut self, next: AfterCommit) {
        self.next.after.push(next);
        self.want();
    }

    /// Tells the observers of something once all that was added so far is durable.
    pub(crate) fn tell(&mut self, event: RunEvent) {
        self.next.events.push(event);
    }

    /// Holds a component that changes the world back while saved points that may have led to it are not durable. The
    /// answer is whether it was held; it starts by itself after the commit.
    pub(crate) fn hold(&mut self, at: At) -> bool {
        if self.next.holds {
            self.then(AfterCommit::Start(at));
            return true;
        }
        match &mut self.in_flight {
            Some(in_flight) if in_flight.holds => {
                in_flight.after.push(AfterCommit::Start(at));
                true
            }
            _ => false,
        }
    }

    /// What came to its end inside of a component goes on to what follows that: what changes the world waits for it.
    pub(crate) fn hold_what_follows(&mut self) {
        for companions in self.in_flight.iter_mut().chain([&mut self.next]) {
            companions.holds |= companions.saves;
        }
    }

    /// Whether something waits for a commit.
    pub(crate) fn has_after(&self) -> bool {
        !self.next.after.is_empty() || self.in_flight.as_ref().is_some_and(|in_flight| !in_flight.after.is_empty())
    }

    /// Forgets the saved points that no write has taken.
    pub(crate) fn forget_saved(&mut self) {
        self.pending.saved.clear();
        self.next.events.clear();
    }

    /// Whether a write is under way.
    pub(crate) fn is_writing(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Whether there are entries that no write has taken.
    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.saved.is_empty() || !self.pending.log.is_empty()
    }

    /// The next write, if one is wanted (or `even_if_unwanted`) and none is under way. It counts as under way from now.
    pub(crate) fn next_write(&mut self, even_if_unwanted: bool) -> Option<AttemptWrite> {
        if self.in_flight.is_some() || !(self.wanted.is_some() || even_if_unwanted && self.has_pending()) {
            return None;
        }
        self.wanted = None;
        self.in_flight = Some(std::mem::take(&mut self.next));
        Some(std::mem::take(&mut self.pending))
    }

    /// Notes that the write under way has been committed. The answer is what goes on now, and what observers are told.
    pub(crate) fn committed(&mut self) -> (Vec<AfterCommit>, Vec<RunEvent>) {
        self.in_flight.take().map(|Companions { after, events, .. }| (after, events)).unwrap_or_default()
    }

    /// All that has gathered, for the attempt's last write, and what observers are told after it.
    pub(crate) fn take_rest(&mut self) -> (AttemptWrite, Vec<RunEvent>) {
        (std::mem::take(&mut self.pending), std::mem::take(&mut self.next.events))
    }
}

/// What a saved point says, beyond where and when.
pub(crate) struct NewPoint {
    pub(crate) kind: SavedKind,
    pub(crate) data: SavedData,
    pub(crate) variables: Variables,
    pub(crate) outlets: Vec<String>,
    pub(crate) rows: u64,
    pub(crate) due: Option<Timestamp>,
}

impl NewPoint {
    /// Without a stream.
    pub(crate) fn bare(kind: SavedKind) -> Self {
        Self { kind, data: SavedData::None, variables: Variables::default(), outlets: Vec::new(), rows: 0, due: None }
    }

    /// The saved point of the component `id` named `name`, in the scope with this path. Variables that are as in `base`
    /// are left out.
    pub(crate) fn of(self, (id, name, path): (&str, &str, String), base: &Variables) -> SavedPoint {
        let differs = |(name, value): &(&str, &Value)| base.get(name) != Some(*value);
        let own = self.variables.iter().filter(differs).map(|(name, value)| (name.to_owned(), value.clone()));
        SavedPoint {
            kind: self.kind,
            component: id.to_owned(),
            name: name.to_owned(),
            iteration: path,
            attempt: 0,
            data: self.data,
            variables: Value::Object(own.collect::<Map<_, _>>()),
            outlets: self.outlets,
            rows: self.rows,
            due: self.due,
            at: Timestamp(0),
        }
    }
}
