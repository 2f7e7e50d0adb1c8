//! Requests, their attempts, saved points and logs.

use crate::{Owner, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

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

/// Requests to make.
#[derive(Debug, Clone, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRequests {
    /// The project.
    pub project: String,
    /// The flow of that project, at the version that the server has.
    pub flow: String,
    /// The inputs that the flow's start component declares, by name.
    #[serde(default)]
    #[ts(type = "Record<string, unknown>")]
    #[schema(value_type = Object)]
    pub inputs: Map<String, Value>,
    /// How many requests to make with these inputs, 1 to 1,000; 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub count: Option<u32>,
    /// What started them, for the reader: `console`, `designer`, `tour`; `api` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub trigger: Option<String>,
}

/// Requests, the newest first in a list and in the order of their making where they were just made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Requests {
    /// The requests.
    pub requests: Vec<Request>,
    /// Give it as `before` to read on; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next: Option<i64>,
}

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
    /// Its attempts, the first first.
    pub attempts: Vec<Attempt>,
    /// What it saved, the first first.
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
}

/// One try of a request by one owner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Its number, from 1.
    pub attempt: u32,
    /// Whose it was.
    pub owner: Owner,
    /// When it began.
    pub started: Time,
    /// When its first component began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub first_component_at: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ended: Option<Time>,
    /// How it ended; absent while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub end: Option<AttemptEnd>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub error: Option<RequestError>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum AttemptEnd {
    /// The request finished.
    Finished,
    /// It failed.
    Failed,
    /// The request waits durably.
    Waiting,
    /// Its server stopped in good order and let go of it.
    Released,
    /// Its server was lost.
    OwnerLost,
    /// Somebody cancelled the request.
    Cancelled,
}

/// What a saved point keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SavedKind {
    /// The inputs of the request (`BeginCheckpoint`).
    Begin,
    /// The stream at a Checkpoint.
    Checkpoint,
    /// What a Wait was given, while it waits.
    Wait,
    /// What a component was given before it ran: its effect happens exactly once, or what runs inside it is saved.
    Input,
    /// The stream of an outlet, kept because the attempt ended before it was used up.
    Stream,
    /// That a last component of a path completed, or an iteration of a ForEach, with its result.
    Completed,
    /// Which outlets a component chose.
    Outlets,
    /// That an earlier choice of outlets no longer holds.
    Withdrawn,
}

/// Something that a request saved; what is settled by it never runs again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SavedPoint {
    /// Its number within the request, from 0, in the order of saving.
    pub number: u32,
    /// What it keeps.
    pub kind: SavedKind,
    /// The id of the component.
    pub component: String,
    /// The iterations and calls around it, the outermost first: `foreach-a1b2c3[17]/subflow-d4e5f6`. Empty at the top level.
    #[serde(default)]
    pub iteration: String,
    /// The name of the component.
    pub name: String,
    /// The attempt that saved it.
    pub attempt: u32,
    /// How many records it keeps.
    pub rows: u64,
    /// How many bytes they take where they are kept; 0 if it keeps no stream.
    pub bytes: u64,
    /// The flow variables saved with it.
    #[ts(type = "Record<string, unknown>")]
    #[schema(value_type = Object)]
    pub variables: Map<String, Value>,
    /// The outlets that were chosen, for `outlets`.
    pub outlets: Vec<String>,
    /// When.
    pub at: Time,
}

/// The first records of a saved point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SavedRows {
    /// The names of the fields, in order.
    pub fields: Vec<String>,
    /// The first records, by field. Numbers that JavaScript could not hold exactly are strings.
    #[ts(type = "Record<string, unknown>[]")]
    #[schema(value_type = Vec<Object>)]
    pub rows: Vec<Map<String, Value>>,
    /// How many records there are in all.
    pub total: u64,
}

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

/// Which requests to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RequestQuery {
    /// Only those in these states, separated by commas: `Running,Waiting`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub state: Option<String>,
    /// Only those of this project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub project: Option<String>,
    /// Only those of this flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub flow: Option<String>,
    /// Only those that belong to the server with this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub owner: Option<String>,
    /// Only those older than the request with this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub before: Option<i64>,
    /// At most so many, 1 to 1,000; 100 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
    /// Whether each comes with its attempts.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub attempts: bool,
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

/// How long to wait for a request's end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WaitQuery {
    /// Seconds, at most 60; 30 if absent. The reply shows the request as it is then, ended or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub timeout: Option<f64>,
}
