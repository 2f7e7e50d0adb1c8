use crate::{Owner, Time};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Something that changed, as the event stream tells it. Changes in quick succession come as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Event {
    /// A request was made or changed.
    RequestChanged {
        /// The request.
        id: i64,
    },
    /// More requests changed than are worth naming, or the stream missed some: read again what is shown.
    RequestsChanged,
    /// A server started, stopped or has another version.
    ServersChanged,
    /// A project was registered or has another wanted commit.
    ProjectsChanged,
    /// A survivor took over the requests of a dead server.
    Takeover {
        /// The server that died.
        dead: Owner,
        /// The server that took over.
        survivor: Owner,
        /// How many requests now belong to the survivor.
        count: u64,
    },
    /// A running request makes no progress for longer than it may.
    Stalled {
        /// The request.
        id: i64,
        /// Its flow.
        flow: String,
        /// The server that it is stalled at.
        owner: Owner,
        /// Since when it makes no progress.
        since: Time,
    },
}

impl Event {
    /// Its name in the event stream: `request-changed`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RequestChanged { .. } => "request-changed",
            Self::RequestsChanged => "requests-changed",
            Self::ServersChanged => "servers-changed",
            Self::ProjectsChanged => "projects-changed",
            Self::Takeover { .. } => "takeover",
            Self::Stalled { .. } => "stalled",
        }
    }
}
