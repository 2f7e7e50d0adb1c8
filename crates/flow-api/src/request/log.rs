use crate::Time;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

/// A line of a request's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// Its number; give the last one as `after` to read on.
    pub number: u64,
    /// When.
    pub at: Time,
    /// The attempt it belongs to.
    pub attempt: u32,
    /// The name of the server that wrote it.
    pub server: String,
    /// `info`, `warning` or `error`.
    pub level: String,
    /// The id of the component it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub component: Option<String>,
    /// What happened, for programs: `component-finished`, `checkpoint-saved`, `taken-over`.
    pub event: String,
    /// What happened, for people.
    pub message: String,
}

/// Which part of a log to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// Only what follows the entry with this number; all, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after: Option<u64>,
    /// At most so many, 1 to 1,000; 500 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
}
