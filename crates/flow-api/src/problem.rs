use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;
use utoipa::ToSchema;

/// An error reply (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The code as a URN: `urn:cairn:error:auth/wrong-password`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What went wrong, in a few words that are the same for every problem of this code.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable code, one of `flow_api::codes`. Programs go by it, never by the text.
    pub code: String,
    /// What went wrong this time, where, and the way out.
    pub detail: String,
    /// The member of the input that is wrong, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub place: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail, self.code)
    }
}
