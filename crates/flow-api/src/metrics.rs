//! What the servers counted over the last day.

use crate::{Owner, Time};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

/// Which part of the last day to tell, and how finely.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MetricsQuery {
    /// From when on, until now; an hour ago if absent, a day ago at the earliest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub from: Option<Time>,
    /// Seconds that one point stands for, 10 to 3,600. Where that gave more than 400 points, or finer ones than are kept,
    /// it is the next that does not; that is also what it is if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[param(minimum = 10, maximum = 3600)]
    pub step: Option<u32>,
}

/// What the servers counted. Point *i* of every list stands for the `step` seconds from `from` + *i* · `step` on, and is
/// null where nothing is known: the server was not there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricsHistory {
    /// Where the first point begins.
    pub from: Time,
    /// Seconds that one point stands for.
    pub step: u32,
    /// How many points each list has.
    pub points: u32,
    /// Requests of the cluster that have not ended, by state.
    pub requests: OpenRequests,
    /// Every server that was there in this time, by name.
    pub servers: Vec<ServerMetrics>,
    /// The takeovers of this time, the oldest first; the newest 500.
    pub takeovers: Vec<TakeoverMark>,
}

/// Requests of the cluster that have not ended, at the end of each step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenRequests {
    /// Those in `Queued`.
    pub queued: Vec<Option<f64>>,
    /// Those in `Running`.
    pub running: Vec<Option<f64>>,
    /// Those in `Waiting`.
    pub waiting: Vec<Option<f64>>,
    /// Those in `WaitingForRetry`.
    pub waiting_for_retry: Vec<Option<f64>>,
}

/// The figures of one server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerMetrics {
    /// The server.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Requests made a second.
    pub created: Vec<Option<f64>>,
    /// Requests finished a second.
    pub finished: Vec<Option<f64>>,
    /// Requests a second that an attempt left in `Error`.
    pub failed: Vec<Option<f64>>,
    /// Attempts a second that ended, in whichever way.
    pub attempts: Vec<Option<f64>>,
    /// Commits a second to the checkpoint database.
    pub commits: Vec<Option<f64>>,
    /// Commands a second that they made durable; divided by `commits`, how many one commit held.
    pub commands: Vec<Option<f64>>,
    /// Seconds a second spent on commits; divided by `commits`, how long one took.
    pub committing: Vec<Option<f64>>,
    /// Cores that were busy: 1 is one whole core.
    pub cores: Vec<Option<f64>>,
    /// Resident memory in bytes.
    pub memory: Vec<Option<f64>>,
}

/// A takeover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TakeoverMark {
    /// When.
    pub at: Time,
    /// The lost server.
    pub dead: Owner,
    /// The server that took over.
    pub survivor: Owner,
    /// How many requests went to it.
    pub requests: u64,
}
