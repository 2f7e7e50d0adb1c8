//! The log: entries as they are stored, and read again.

use super::{LOG, walk};
use crate::error::{DbResult, corrupt};
use flow_store::{Level, LogEntry, NumberedLogEntry, RequestId, StoreError, Timestamp};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A log entry as it is stored: its values in a fixed order, without their names, which would be longer than they are.
#[derive(Serialize, Deserialize)]
struct StoredEntry<'a>(
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

    fn into_entry(self) -> LogEntry {
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

/// Log entries as they are stored, in one piece.
pub(in crate::requests) struct PreparedLog {
    /// How many they are.
    pub(in crate::requests) entries: i64,
    /// None if there are none.
    pub(in crate::requests) json: Option<Vec<u8>>,
}

impl PreparedLog {
    pub(super) const NONE: Self = Self { entries: 0, json: None };

    pub(in crate::requests) fn new(entries: &[LogEntry]) -> Result<Self, StoreError> {
        if entries.is_empty() {
            return Ok(Self::NONE);
        }
        let no_json = |error| StoreError::unavailable(format!("a log entry is no JSON: {error}"));
        let stored: Vec<StoredEntry<'_>> = entries.iter().map(StoredEntry::of).collect();
        let json = serde_json::to_vec(&stored).map_err(no_json)?;
        Ok(Self { entries: i64::try_from(entries.len()).unwrap_or(i64::MAX), json: Some(json) })
    }
}

/// The log of a request after entry number `after`, at most `limit` entries, oldest first.
pub(in crate::requests) fn log(
    connection: &Connection,
    id: RequestId,
    after: u64,
    limit: usize,
) -> DbResult<Vec<NumberedLogEntry>> {
    let mut parts = Vec::new();
    walk(connection, id, LOG, "first, log", |row| {
        let Some(first) = row.get::<_, Option<u64>>(1)? else {
            return Ok(true);
        };
        let json = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
        let stored: Vec<StoredEntry<'_>> = serde_json::from_slice(json).map_err(|error| corrupt("log entry", error))?;
        parts.push((first, stored.into_iter().map(StoredEntry::into_entry).collect::<Vec<_>>()));
        Ok(first > after.saturating_add(1))
    })?;
    let numbered = parts.into_iter().rev().flat_map(|(first, entries)| (first..).zip(entries));
    let wanted = numbered.filter(|(number, _)| *number > after).take(limit);
    Ok(wanted.map(|(number, entry)| NumberedLogEntry { number, entry }).collect())
}
