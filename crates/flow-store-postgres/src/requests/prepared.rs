//! New requests and writes of attempts as rows, with all that can be done before it is the writer's turn.

use super::rows::to_json;
use crate::numbers::LaneOf;
use flow_store::transition::{self, Progress};
use flow_store::{
    AttemptRecord, AttemptWrite, Level, LogEntry, NewRequest, SavedData, SavedKind, SavedPoint, StoreError, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use std::borrow::Cow;

/// A request that is to be made.
pub(crate) struct PreparedRequest {
    pub(crate) new: NewRequest,
    pub(super) lane: LaneOf,
    pub(super) inputs: String,
}

/// A write of an attempt.
pub(crate) struct PreparedWrite {
    pub(super) progress: Progress,
    pub(super) points: Vec<PreparedPoint>,
    pub(super) log: PreparedLog,
    /// When the first component started, of those that its log entries tell of.
    pub(super) began: Option<Timestamp>,
}

/// A saved point.
pub(super) struct PreparedPoint {
    pub(super) point: SavedPoint,
    pub(super) variables: Option<String>,
    pub(super) outlets: Option<String>,
}

/// Log entries.
pub(super) struct PreparedLog {
    pub(super) entries: i64,
    pub(super) json: Option<Vec<u8>>,
}

impl PreparedRequest {
    pub(crate) fn new(new: NewRequest, lane: LaneOf) -> Result<Self, StoreError> {
        Ok(Self { lane, inputs: to_json(&new.inputs)?, new })
    }

    /// How much of a message to the database it takes, but for some hundred bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.inputs.len()
    }
}

impl PreparedPoint {
    fn bytes(&self) -> usize {
        let data = if let SavedData::Inline(data) = &self.point.data { data.len() } else { 0 };
        data + self.variables.as_ref().map_or(0, String::len)
    }

    fn new(point: SavedPoint) -> Result<Self, StoreError> {
        let no_variables = point.variables.as_object().is_some_and(Map::is_empty);
        let variables = if no_variables { None } else { Some(to_json(&point.variables)?) };
        let outlets = if point.outlets.is_empty() { None } else { Some(to_json(&point.outlets)?) };
        Ok(Self { point, variables, outlets })
    }
}

impl PreparedLog {
    pub(super) fn new(entries: &[LogEntry]) -> Result<Self, StoreError> {
        if entries.is_empty() {
            return Ok(Self { entries: 0, json: None });
        }
        let no_json = |error| StoreError::unavailable(format!("a log entry is no JSON: {error}"));
        let stored: Vec<StoredEntry<'_>> = entries.iter().map(StoredEntry::of).collect();
        let json = serde_json::to_vec(&stored).map_err(no_json)?;
        Ok(Self { entries: i64::try_from(entries.len()).unwrap_or(i64::MAX), json: Some(json) })
    }
}

impl PreparedWrite {
    pub(crate) fn new(write: AttemptWrite) -> Result<Self, StoreError> {
        Ok(Self {
            progress: transition::progress(&write.saved),
            log: PreparedLog::new(&write.log)?,
            began: AttemptRecord::first_component_in(&write.log),
            points: write.saved.into_iter().map(PreparedPoint::new).collect::<Result<_, _>>()?,
        })
    }

    /// How much of a message to the database it takes, but for some hundred bytes.
    pub(crate) fn bytes(&self) -> usize {
        let log = self.log.json.as_ref().map_or(0, Vec::len);
        log + self.points.iter().map(PreparedPoint::bytes).sum::<usize>()
    }

    /// Whether it saves nothing but log entries.
    pub(crate) fn saves_nothing(&self) -> bool {
        self.points.is_empty()
    }
}

/// A log entry as it is stored: its values in a fixed order, without their names, which would be longer than they are.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredEntry<'a>(
    Timestamp,
    u32,
    #[serde(borrow)] Cow<'a, str>,
    Level,
    Option<Cow<'a, str>>,
    Cow<'a, str>,
    Cow<'a, str>,
);

impl<'a> StoredEntry<'a> {
    fn of(entry: &'a LogEntry) -> Self {
        let LogEntry { at, attempt, server, level, component, event, message } = entry;
        let component = component.as_deref().map(Cow::Borrowed);
        Self(*at, *attempt, Cow::Borrowed(&**server), *level, component, Cow::Borrowed(&**event), message.into())
    }

    pub(super) fn into_entry(self) -> LogEntry {
        let Self(at, attempt, server, level, component, event, message) = self;
        LogEntry {
            at,
            attempt,
            server: server.into(),
            level,
            component: component.map(Into::into),
            event: Cow::Owned(event.into_owned()),
            message: message.into_owned(),
        }
    }
}

/// The number of a kind in the database. Never changes.
pub(super) fn kind_number(kind: SavedKind) -> i64 {
    match kind {
        SavedKind::Begin => 0,
        SavedKind::Checkpoint => 1,
        SavedKind::Wait => 2,
        SavedKind::Stream => 3,
        SavedKind::Completed => 4,
        SavedKind::Outlets => 5,
        SavedKind::Withdrawn => 6,
        SavedKind::Input => 7,
    }
}
