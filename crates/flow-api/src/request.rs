//! Requests, their attempts, saved points and logs.

mod attempt;
mod change;
mod event;
mod fit;
mod log;
mod query;
mod saved;
mod state;

pub use attempt::{Attempt, AttemptEnd, AttemptsQuery};
pub use change::{
    Bulk, BulkAction, BulkDone, CreateQuery, NewRequests, ReExecution, Requests, Skipped, TakeOver, WaitQuery,
};
pub use event::RequestEvent;
pub use fit::{FitComponent, Misfit, ReExecutionPreview, ReExecutionQuery, UnknownFields, VersionChoice};
pub use log::{LogEntry, LogQuery};
pub use query::{CountQuery, RequestQuery};
pub use saved::{SavedFormat, SavedKind, SavedPoint, SavedPointsQuery, SavedQuery, SavedRows};
pub use state::RequestState;

use crate::{Owner, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;
use utoipa::ToSchema;

/// A request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Identity.
    pub id: i64,
    /// The project.
    pub project: String,
    /// The version of the project that it is pinned to.
    pub version: String,
    /// The flow.
    pub flow: String,
    /// What started it: `api`, `console`, `designer`, `tour`.
    pub trigger: String,
    /// The account that asked for it.
    pub requested_by: String,
    /// Its state.
    pub state: RequestState,
    /// The server it belongs to; absent while it waits for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub owner: Option<Owner>,
    /// Who comes first where several wait, from -9 to 9: higher ones.
    #[serde(default)]
    pub priority: i32,
    /// Why it waits, where it could go on: a limit that is reached, say, or no server with room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub waits_for: Option<String>,
    /// Its ownership number: raised each time it gets a new owner.
    pub fence: i64,
    /// The attempt it is in, from 1; 0 before the first.
    pub attempt: u32,
    /// How many automatic retries were spent.
    pub retries_used: u32,
    /// When the next attempt or the end of a wait is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub due: Option<Time>,
    /// When it was made.
    pub created: Time,
    /// When its first attempt began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub started: Option<Time>,
    /// When it changed last.
    pub updated: Time,
    /// Since when it makes no progress although its server lives, where that is longer than it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stalled: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ended: Option<Time>,
    /// The name of the last Checkpoint it passed; `Start` for `BeginCheckpoint`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub checkpoint: Option<String>,
    /// How many saved points it has.
    pub saved_points: u32,
    /// Why its last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub error: Option<RequestError>,
    /// What the flow answered at its End.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "unknown")]
    #[schema(value_type = Option<Object>)]
    pub reply: Option<Value>,
    /// Its attempts, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub attempts: Option<Vec<Attempt>>,
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestError {
    /// Stable code.
    pub code: String,
    /// What went wrong and the way out.
    pub message: String,
    /// The id of the component that failed, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub component: Option<String>,
}

/// All there is to see of one request, save its log and its flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestDetail {
    /// The request.
    pub request: Request,
    /// What it was given.
    #[ts(type = "Record<string, unknown>")]
    #[schema(value_type = Object)]
    pub inputs: Map<String, Value>,
    /// What its start component said when it was made.
    pub settings: RequestSettings,
    /// Its attempts, the first first: the newest 1,000. Those before them are at `attempts`.
    pub attempts: Vec<Attempt>,
    /// What it saved, the first first: the newest 1,000. Those before them are at `saved-points`.
    pub saved_points: Vec<SavedPoint>,
}

/// What the start component says about retry and takeover.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestSettings {
    /// Whether a survivor may take it over.
    pub other_server_retry: bool,
    /// Whether its inputs are saved at the start.
    pub begin_checkpoint: bool,
    /// How many automatic retries it has.
    pub retry_count: u32,
    /// Seconds between a failed attempt and the next.
    pub retry_interval: f64,
    /// How many times as long each further interval is.
    #[serde(default)]
    pub retry_backoff: u32,
    /// Seconds that one attempt may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub timeout: Option<f64>,
    /// The limits that it is under.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<RequestLimit>>", optional)]
    pub limits: Vec<RequestLimit>,
}

/// A limit: it starts only while fewer than `most` of the requests under a limit of the same thing run in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestLimit {
    /// What it is about: `flow import` or `connection warehouse`.
    pub of: String,
    /// How many run at once.
    pub most: u32,
}

/// The flow of a request, as it was when the request was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowAtVersion {
    /// The project.
    pub project: String,
    /// The version of the project.
    pub version: String,
    /// The flow's name.
    pub name: String,
    /// The flow.
    #[schema(value_type = Object)]
    pub flow: flow_model::Flow,
}
