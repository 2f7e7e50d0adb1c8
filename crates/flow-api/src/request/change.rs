//! Making requests and changing them.

use super::{Misfit, Request, RequestQuery, RequestState, VersionChoice};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

/// Requests to make.
#[derive(Debug, Clone, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"project": "orders", "flow": "import", "inputs": {"customer": "Anna"}}))]
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
    /// Who comes first where several wait, from -9 to 9: higher ones. What the flow's start component says, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub priority: Option<i32>,
    /// What started them, for the reader: `console`, `designer`, `tour`; `api` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub trigger: Option<String>,
}

/// How to answer the making of requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CreateQuery {
    /// Answer when all of them have ended, at the latest after so many seconds (60 are the most). At once, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[param(example = 10)]
    pub wait: Option<f64>,
}

/// The requests that were made, in the order of their making.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Requests {
    /// The requests.
    pub requests: Vec<Request>,
}

/// How long to wait for a request's end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WaitQuery {
    /// Seconds, at most 60; 30 if absent. The reply shows the request as it is then, ended or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[param(example = 10)]
    pub seconds: Option<f64>,
}

/// Where a re-execution goes on, and on which server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReExecution {
    /// The number of the saved point to go on from, as the request's list of them has it (from 0): later ones no longer
    /// count. From the last ones, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub from: Option<u32>,
    /// Go on from the start: nothing that was saved counts any more.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub from_start: bool,
    /// The id of the server that it belongs to from now on. If absent, the one that is called; if the request waits for its
    /// retry at a server that lives, that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub server: Option<String>,
    /// At which version of its project; at its own, if absent. At the newest only if what it goes on from fits that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub version: Option<VersionChoice>,
}

/// Whose a running request becomes that is taken from its server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TakeOver {
    /// The id of the server that it belongs to from now on. If absent, the one that is called; if the request is that
    /// one's, another one that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub server: Option<String>,
}

/// What to do to many requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum BulkAction {
    /// Begin a new attempt of each.
    ReExecute,
    /// End each.
    Cancel,
}

/// Something to do to many requests at once: those with the `ids`, or those that `filter` finds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"action": "reExecute", "filter": {"state": "Error", "flow": "import"}, "dryRun": true}))]
pub struct Bulk {
    /// What to do.
    pub action: BulkAction,
    /// To these, at most 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ids: Option<Vec<i64>>,
    /// To those that this finds, the newest first, at most 10,000 in one call; `limit` makes it fewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub filter: Option<RequestQuery>,
    /// At which version of their projects they are re-executed; at their own, if absent. At the newest only those of which
    /// what they go on from fits that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub version: Option<VersionChoice>,
    /// Say what would be done, and do nothing.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub dry_run: bool,
}

/// What was done to many requests, or would be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BulkDone {
    /// How many were looked at.
    pub matched: u64,
    /// To how many it was done; in a preview, to how many it would be.
    pub done: u64,
    /// How many of those that were looked at are in each state (before it was done).
    pub states: BTreeMap<RequestState, u64>,
    /// Those that it cannot be done to: all of those with the `ids`, at most 100 of those that `filter` finds.
    pub skipped: Vec<Skipped>,
    /// How many it cannot be done to.
    pub skipped_count: u64,
    /// Give it as `filter.after` to go on with those that were not looked at; absent when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next: Option<String>,
}

/// A request that something was not done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// The request.
    pub id: i64,
    /// Why, for programs: `request/state`, `request/not-found`, `server/not-running`, `request/version-does-not-fit`,
    /// `project/flow-not-found`, `project/flow-broken`.
    pub code: String,
    /// Why, for people.
    pub message: String,
    /// The saved points that do not fit the newest version, in the order of saving; the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<Misfit>>", optional)]
    pub misfits: Vec<Misfit>,
    /// Why the flow does not take the request's inputs at that version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub inputs: Option<String>,
}
