//! Attempts: what one saves and logs, how it ends, and its history.

use crate::{Owner, RequestError, Timestamp, VersionId};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// What a saved point says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SavedKind {
    /// The request's input (`BeginCheckpoint` = `Use`).
    Begin,
    /// A Checkpoint component's stream and flow variables.
    Checkpoint,
    /// A Wait component's input, with the time at which the wait is over.
    Wait,
    /// The stream of one inlet of a component, saved before it runs: its effect is to happen exactly once, or what runs
    /// inside it (the body of a ForEach, the flow of a SubFlow) is saved by iterations of this input.
    Input,
    /// The stream of one outlet of a component, kept because the attempt ended before it was used up.
    Stream,
    /// A terminal component has completed; or, of a ForEach, one of its iterations, with its result.
    Completed,
    /// Which outlets a component chose.
    Outlets,
    /// An earlier choice of outlets no longer holds.
    Withdrawn,
}

impl SavedKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Begin,
        Self::Checkpoint,
        Self::Wait,
        Self::Input,
        Self::Stream,
        Self::Completed,
        Self::Outlets,
        Self::Withdrawn,
    ];

    /// Whether a saved point of this kind takes the request forward, so that it counts as anything saved at all and
    /// ends a row of takeovers without progress. Choices of outlets do not: they spare no work.
    pub fn is_progress(self) -> bool {
        !matches!(self, Self::Outlets | Self::Withdrawn)
    }
}

/// Where the stream of a saved point is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SavedData {
    /// No stream belongs to it.
    None,
    /// In the database row itself: Arrow IPC.
    Inline(Bytes),
    /// A write-once object in the checkpoint storage.
    Object {
        /// Where, within the storage.
        key: String,
        /// BLAKE3 of its bytes, in hex.
        hash: String,
        /// Its size.
        bytes: u64,
    },
}

/// Something saved, from which a request can be resumed. Saved points are only ever added: of two with the same kind,
/// component and iteration the later one holds.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedPoint {
    /// What it says.
    pub kind: SavedKind,
    /// Id of the component.
    pub component: String,
    /// Name of the component, as shown to people.
    pub name: String,
    /// The iterations and calls around the component, the outermost first: `foreach-a1b2c3[17]/subflow-d4e5f6`. Empty at
    /// the top level of the request's flow.
    pub iteration: String,
    /// The attempt that saved it.
    pub attempt: u32,
    /// Its stream.
    pub data: SavedData,
    /// The flow variables set upstream of it, as a JSON object.
    pub variables: Value,
    /// For [`SavedKind::Outlets`]: the outlets taken. For [`SavedKind::Stream`]: the one that the stream is of. For
    /// [`SavedKind::Input`]: the inlet that it is of.
    pub outlets: Vec<String>,
    /// For [`SavedKind::Wait`]: when the wait is over.
    pub due: Option<Timestamp>,
    /// Records in the stream.
    pub rows: u64,
    /// When it was saved.
    pub at: Timestamp,
}

/// Which saved point: where its store keeps it. Says nothing to people or to other stores; a later one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PointPlace(pub u64);

/// A saved point without its stream and its flow variables: enough to know how far a request is, and small, however much
/// it has saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedOutline {
    /// Where it is kept.
    pub place: PointPlace,
    /// What it says.
    pub kind: SavedKind,
    /// Id of the component.
    pub component: String,
    /// The iterations and calls around the component; see [`SavedPoint::iteration`].
    pub iteration: String,
    /// See [`SavedPoint::outlets`].
    pub outlets: Vec<String>,
    /// For [`SavedKind::Wait`]: when the wait is over.
    pub due: Option<Timestamp>,
    /// When it was saved.
    pub at: Timestamp,
    /// The attempt that saved it.
    pub attempt: u32,
    /// Whether a stream belongs to it.
    pub has_stream: bool,
}

impl SavedOutline {
    /// The outline of a saved point that is kept at `place`.
    pub fn of(place: PointPlace, point: &SavedPoint) -> Self {
        Self {
            place,
            kind: point.kind,
            component: point.component.clone(),
            iteration: point.iteration.clone(),
            outlets: point.outlets.clone(),
            due: point.due,
            at: point.at,
            attempt: point.attempt,
            has_stream: point.data != SavedData::None,
        }
    }
}

/// How important a log entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// Normal progress.
    Info,
    /// Something a person may want to look at.
    Warning,
    /// Something failed.
    Error,
}

/// Names of the events that a log entry can tell of. The store itself writes those marked with *store*.
pub mod event {
    /// An attempt started.
    pub const ATTEMPT_STARTED: &str = "attempt-started";
    /// A component started.
    pub const COMPONENT_STARTED: &str = "component-started";
    /// A component finished.
    pub const COMPONENT_FINISHED: &str = "component-finished";
    /// A component failed.
    pub const COMPONENT_FAILED: &str = "component-failed";
    /// A component says something.
    pub const LOGGED: &str = "logged";
    /// A Checkpoint was saved.
    pub const CHECKPOINT_SAVED: &str = "checkpoint-saved";
    /// The attempt failed.
    pub const ATTEMPT_FAILED: &str = "attempt-failed";
    /// The request finished.
    pub const FINISHED: &str = "finished";
    /// The request waits durably.
    pub const WAITING: &str = "waiting";
    /// A retry is due later (*store*).
    pub const RETRY_SCHEDULED: &str = "retry-scheduled";
    /// The owner gave the request back when it stopped.
    pub const RELEASED: &str = "released";
    /// A survivor took the request over (*store*).
    pub const TAKEN_OVER: &str = "taken-over";
    /// The owner was lost, and the request stays with it (*store*).
    pub const OWNER_LOST: &str = "owner-lost";
    /// The owner started again and has its request back (*store*).
    pub const OWNER_RESTARTED: &str = "owner-restarted";
    /// A person asked for a new attempt (*store*).
    pub const RE_EXECUTED: &str = "re-executed";
    /// The attempt makes no progress for longer than it may.
    pub const STALLED: &str = "stalled";
    /// An attempt that was stalled makes progress again.
    pub const NO_LONGER_STALLED: &str = "no-longer-stalled";
    /// A person cancelled the request (*store*).
    pub const CANCELLED: &str = "cancelled";
}

/// One line of a request's log. Cheap to make and to clone: only what it says to a person is its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// When.
    pub at: Timestamp,
    /// In which attempt.
    pub attempt: u32,
    /// Name of the server that says it.
    pub server: Arc<str>,
    /// How important it is.
    pub level: Level,
    /// Id of the component it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<Arc<str>>,
    /// What happened; see [`event`].
    pub event: Cow<'static, str>,
    /// For a person.
    pub message: String,
}

/// A log entry with its place in the request's log, counted from 1 without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberedLogEntry {
    /// Its place.
    pub number: u64,
    /// The entry.
    #[serde(flatten)]
    pub entry: LogEntry,
}

/// What an attempt adds to its request in one all-or-nothing write.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AttemptWrite {
    /// Points saved.
    pub saved: Vec<SavedPoint>,
    /// Log entries.
    pub log: Vec<LogEntry>,
}

/// How the owner ends an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum AttemptEnd {
    /// The flow came to its end.
    Finished {
        /// What the flow answers.
        reply: Option<Value>,
    },
    /// An error that nothing in the flow handled.
    Failed {
        /// The error.
        error: RequestError,
        /// Whether `RetryCount` applies to it.
        retryable: bool,
    },
    /// The flow waits durably.
    Waiting {
        /// Until when.
        due: Timestamp,
        /// Id of the component that waits.
        component: String,
    },
    /// The owner stops gracefully and gives the request back.
    Released,
}

/// How an attempt came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AttemptOutcome {
    /// The request finished.
    Finished,
    /// It failed.
    Failed,
    /// The request waits durably.
    Waiting,
    /// The owner stopped gracefully.
    Released,
    /// The owner was lost.
    OwnerLost,
    /// A person cancelled the request.
    Cancelled,
}

impl AttemptOutcome {
    /// All outcomes.
    pub const ALL: [Self; 6] =
        [Self::Finished, Self::Failed, Self::Waiting, Self::Released, Self::OwnerLost, Self::Cancelled];

    /// Whether its request has finished with it: nothing follows it, so what the request says of itself says all of it, and
    /// stores need not keep it apart.
    pub const fn is_last(self) -> bool {
        matches!(self, Self::Finished)
    }
}

/// One try of a request by one owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptRecord {
    /// Its number, from 1.
    pub attempt: u32,
    /// Who tried.
    pub owner: Owner,
    /// Name of that server.
    pub server_name: String,
    /// When it started.
    pub started: Timestamp,
    /// When it ended; none while it is under way.
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub end: Option<AttemptOutcome>,
    /// Why it failed.
    pub error: Option<RequestError>,
    /// When its first component started, as far as the attempt's log has told ([`AttemptRecord::first_component_in`]).
    pub first_component_at: Option<Timestamp>,
    /// The version that it ran, where its request was pinned to another one since.
    pub version: Option<VersionId>,
}

impl AttemptRecord {
    /// The record of an attempt that has just started.
    pub fn started(attempt: u32, owner: Owner, server_name: String, now: Timestamp) -> Self {
        Self {
            attempt,
            owner,
            server_name,
            started: now,
            ended: None,
            end: None,
            error: None,
            first_component_at: None,
            version: None,
        }
    }

    /// When the first component started, of those that the entries of one write tell of. That of an attempt is the one in
    /// its first write that tells of any.
    pub fn first_component_in(log: &[LogEntry]) -> Option<Timestamp> {
        log.iter().filter(|entry| entry.event == event::COMPONENT_STARTED).map(|entry| entry.at).min()
    }
}
