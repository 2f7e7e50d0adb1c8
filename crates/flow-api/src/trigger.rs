//! Triggers on the cluster.

use crate::{RequestState, Time};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

/// A trigger of the version that its project's triggers go by, or one that the version no longer has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TriggerEntry {
    /// The project.
    pub project: String,
    /// Its id, which never changes.
    pub id: String,
    /// Its name; its id if the version no longer has it.
    pub name: String,
    /// What kind it is: `schedule`, `http`, `file` or `request`; empty if the version no longer has it.
    pub kind: String,
    /// The flow that it starts.
    pub flow: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// When it fires, in words.
    #[serde(default)]
    pub fires: String,
    /// The version that the project's triggers go by: the one that every running server has.
    pub version: String,
    /// Whether that version has it.
    pub present: bool,
    /// Whether it is switched on here.
    pub on: bool,
    /// Who switched it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub switched_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub switched: Option<Time>,
    /// How often it has fired.
    pub fired: u64,
    /// How many due times were missed.
    pub missed: u64,
    /// When it fired last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_fired: Option<Time>,
    /// The request of the last firing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_request: Option<i64>,
    /// When it is due next, if it is a schedule and on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next: Option<Time>,
    /// Where to call it, if it answers calls: `POST /api/v1/http/orders/new`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub address: Option<String>,
    /// Why it cannot fire, if it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub problem: Option<String>,
}

/// Which triggers to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TriggerQuery {
    /// Only those of this project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[param(example = "orders")]
    pub project: Option<String>,
}

/// Something that a trigger has fired for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TriggerFiring {
    /// What it was for: a due time, a file, a request.
    pub key: String,
    /// When that was due, or came.
    pub due: Time,
    /// When it fired.
    pub at: Time,
    /// How many due times were missed with it.
    pub missed: u64,
    /// The request that it made; none if it only notes what was missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub request: Option<i64>,
    /// The state of that request, if it is still kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub state: Option<RequestState>,
}

/// How many firings, or due times.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FiringQuery {
    /// At most so many, 1 to 1,000; 20 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// When a schedule is due next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DueTime {
    /// The time.
    pub at: Time,
    /// The same as the clock of the schedule's time zone shows it.
    pub shown: String,
}
