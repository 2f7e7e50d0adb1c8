use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;
use utoipa::ToSchema;

/// A moment by the checkpoint database's clock, written as RFC 3339 in UTC: `2026-03-01T12:00:00.25Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
#[ts(type = "string")]
#[schema(value_type = String, format = DateTime)]
pub struct Time(pub jiff::Timestamp);

impl Time {
    /// The moment `ms` milliseconds after 1970 began. What lies outside the years that can be written is moved to
    /// the nearest that can.
    pub fn from_millisecond(ms: i64) -> Self {
        let edge = if ms < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        Self(jiff::Timestamp::from_millisecond(ms).unwrap_or(edge))
    }

    /// Milliseconds since 1970 began.
    pub fn as_millisecond(self) -> i64 {
        self.0.as_millisecond()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
