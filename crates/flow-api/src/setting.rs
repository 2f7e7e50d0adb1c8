//! The settings of a server and its cluster.

use crate::{RequestState, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;
use utoipa::ToSchema;

/// Where the value of a setting comes from. Each wins over those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SettingSource {
    /// Nobody said anything.
    Default,
    /// The cluster: set here, the same for every server (a server's name: for that server).
    Cluster,
    /// The server's configuration file.
    File,
    /// The server's environment.
    Environment,
    /// The server's command line.
    Flag,
}

/// When a change of a setting takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SettingApplies {
    /// At once, on every server.
    AtOnce,
    /// When the server is started anew, with another file, environment or command line.
    AtStart,
}

/// What kind of value a setting has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SettingKind {
    /// Text.
    Text,
    /// A number, or null where that means “no limit”.
    Number,
    /// Yes or no.
    Flag,
}

/// A setting with its effective value on the server that answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// Its key: `retention.finished.days`.
    pub key: String,
    /// The part of the page it belongs to: `Server`, `Checkpoints`, `Retention`, `Limits`.
    pub group: String,
    /// Its name, for people.
    pub title: String,
    /// What it means.
    pub help: String,
    /// What kind of value it has.
    pub kind: SettingKind,
    /// What its number counts: `days`, `seconds`, `bytes`, `requests`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub unit: Option<String>,
    /// The effective value; null where that means “no limit”.
    #[ts(type = "unknown")]
    #[schema(value_type = Value)]
    pub value: Value,
    /// The value when nobody says anything.
    #[ts(type = "unknown")]
    #[schema(value_type = Value)]
    pub default: Value,
    /// Where the value comes from.
    pub source: SettingSource,
    /// When a change takes effect.
    pub applies: SettingApplies,
    /// Whether it can be changed here. If not, `help` says where.
    pub changeable: bool,
    /// The version of the value that was set here, to change it by; 0 if none was.
    pub version: u64,
    /// Who set it here last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub changed_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub changed: Option<Time>,
}

/// A new value of a setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"value": 30}))]
pub struct SettingChange {
    /// The value; null puts the setting back to what it is without this.
    #[ts(type = "unknown")]
    #[schema(value_type = Value)]
    pub value: Value,
    /// The version that was read. If somebody else has set it since, nothing is changed (`setting/changed`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub version: Option<u64>,
}

/// What retention would do to the requests of one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetentionGroup {
    /// `Finished`, `Error` or `Cancelled`.
    pub state: RequestState,
    /// How many requests are in that state.
    pub present: u64,
    /// How many of them go as a whole.
    pub requests: u64,
    /// How many others lose their log and their saved points.
    pub details: u64,
    /// When the first of them all ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub oldest: Option<Time>,
}

/// What retention would do now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetentionReport {
    /// By state.
    pub groups: Vec<RetentionGroup>,
}

/// Settings of retention to look at before they are made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"settings": {"retention.finished.days": 30}}))]
pub struct RetentionWish {
    /// By key, in the place of those that hold now; null keeps for ever.
    #[serde(default)]
    #[ts(type = "Record<string, unknown>")]
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
}

/// A list's filter that somebody keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Failed imports", "query": "state=Error&flow=import"}))]
pub struct SavedFilter {
    /// Its name.
    pub name: String,
    /// The query of the list's address.
    pub query: String,
}
