use super::{LogEntry, Request, SavedPoint};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Something that happened to one request, as its event stream tells it. Each event's id says where to go on: a
/// stream that is opened with it as `Last-Event-ID` misses nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[allow(clippy::large_enum_variant, reason = "events are told one by one and not kept")]
pub enum RequestEvent {
    /// An entry of its log.
    Log {
        /// The entry.
        entry: LogEntry,
    },
    /// It saved something.
    SavedPoint {
        /// What.
        point: SavedPoint,
    },
    /// It changed; the first event of every stream, and the last once it has ended.
    Changed {
        /// The request as it is now.
        request: Request,
    },
}

impl RequestEvent {
    /// Its name in the event stream: `saved-point`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Log { .. } => "log",
            Self::SavedPoint { .. } => "saved-point",
            Self::Changed { .. } => "changed",
        }
    }
}
