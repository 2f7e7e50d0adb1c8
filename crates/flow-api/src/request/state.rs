use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// State of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
pub enum RequestState {
    /// Waits for a server.
    Queued,
    /// A server works on it.
    Running,
    /// Waits durably, without memory, until a time.
    Waiting,
    /// An attempt failed or its server was lost; another attempt begins when it is due.
    WaitingForRetry,
    /// Ended well.
    Finished,
    /// Ended with an error.
    Error,
    /// Ended because somebody asked for it.
    Cancelled,
}

impl RequestState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::WaitingForRetry,
        Self::Finished,
        Self::Error,
        Self::Cancelled,
    ];

    /// Its name: `WaitingForRetry`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::Running => "Running",
            Self::Waiting => "Waiting",
            Self::WaitingForRetry => "WaitingForRetry",
            Self::Finished => "Finished",
            Self::Error => "Error",
            Self::Cancelled => "Cancelled",
        }
    }

    /// Whether nothing will happen to the request any more, unless it is re-executed.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Finished | Self::Error | Self::Cancelled)
    }
}
