use crate::Time;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

/// Which requests to list: all conditions that are given must hold. The newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RequestQuery {
    /// Only those in these states, separated by commas: `Running,Waiting`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[param(example = "Running,WaitingForRetry")]
    pub state: Option<String>,
    /// Only those of this project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[param(example = "orders")]
    pub project: Option<String>,
    /// Only those of this flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[param(example = "import")]
    pub flow: Option<String>,
    /// Only those that belong to the server with this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub server: Option<String>,
    /// Only those whose id is this, or whose flow or project contains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub q: Option<String>,
    /// Only those made at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub from: Option<Time>,
    /// Only those made before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub to: Option<Time>,
    /// Only those whose error has this code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[param(example = "request/takeover-limit")]
    pub code: Option<String>,
    /// Only those with this priority, -9 to 9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub priority: Option<i32>,
    /// Only those that are stalled: they run, and make no progress for longer than they may.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub stalled: bool,
    /// The `next` of the page before: the id of its last request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after: Option<String>,
    /// At most so many, 1 to 1,000; 100 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
    /// Whether each comes with its attempts.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub attempts: bool,
}

/// Which requests to count; as in [`RequestQuery`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CountQuery {
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
    pub server: Option<String>,
    /// Only those whose id is this, or whose flow or project contains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub q: Option<String>,
    /// Only those made at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub from: Option<Time>,
    /// Only those made before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub to: Option<Time>,
    /// Only those whose error has this code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code: Option<String>,
    /// Only those with this priority, -9 to 9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub priority: Option<i32>,
    /// Only those that are stalled.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub stalled: bool,
}

impl From<CountQuery> for RequestQuery {
    fn from(query: CountQuery) -> Self {
        let CountQuery { project, flow, server, q, from, to, code, priority, stalled } = query;
        Self { project, flow, server, q, from, to, code, priority, stalled, ..Self::default() }
    }
}
