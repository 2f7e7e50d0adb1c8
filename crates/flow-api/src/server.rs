//! Servers of the cluster.

use crate::{ProjectVersion, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

/// State of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
pub enum ServerState {
    /// Takes requests and works on them.
    Running,
    /// Ends what it has and takes nothing new.
    Draining,
    /// Stopped or dead.
    Terminated,
}

/// A server of the cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// Identity, made at its first start.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it works; `Draining` during maintenance.
    pub state: ServerState,
    /// Whether an operator has put it into maintenance, which lasts over its restarts.
    #[serde(default)]
    pub maintenance: bool,
    /// Where its API and console are: `http://127.0.0.1:7401`.
    pub address: String,
    /// Its start number.
    pub epoch: i64,
    /// Its process on its machine.
    pub pid: u32,
    /// When it started last.
    pub started: Time,
    /// When it was stopped or found dead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub terminated: Option<Time>,
    /// The id of the server that took its requests over, if it was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub taken_over_by: Option<String>,
    /// How many requests it has in state `Running`.
    pub requests_running: u64,
    /// The version of each project that it has.
    pub versions: Vec<ProjectVersion>,
    /// Projects of which it has another commit than the cluster wants, or none.
    #[serde(default)]
    pub drift: Vec<Drift>,
    /// What keeps it from taking requests, as it finds itself; told only of the server that answers.
    #[serde(default)]
    pub problems: Vec<ServerProblem>,
    /// The version of its program; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub program: Option<String>,
    /// Its resident memory in bytes; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub memory: Option<u64>,
    /// Whether it is the one that answered.
    pub this_server: bool,
}

/// What keeps a server from taking requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerProblem {
    /// The stable code: `storage/not-writable`.
    pub code: String,
    /// What is wrong, and the way out.
    pub message: String,
}

/// A project of which a server has another commit than the cluster wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// The project.
    pub project: String,
    /// The commit that every server shall have.
    pub wanted: String,
    /// The commit that the server has; absent if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub present: Option<String>,
}

/// A new name for a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "north"}))]
pub struct ServerName {
    /// The name, 1 to 64 characters; no other server may have it.
    pub name: String,
}

/// Whether a server is in maintenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"on": true}))]
pub struct ServerMaintenance {
    /// Whether it takes nothing new, ends what it has, and hands over the rest.
    pub on: bool,
}

/// The program that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// The version of the program: `0.1.0`.
    pub version: String,
    /// The id of the server.
    pub server: String,
    /// Its name.
    pub name: String,
    /// Its start number.
    pub epoch: i64,
    /// When it was started.
    pub started: Time,
    /// The time by the checkpoint database's clock.
    pub now: Time,
}

/// How important a line of a server's log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum LogLevel {
    /// For those who look for a fault in Cairn itself.
    Debug,
    /// Normal progress.
    Info,
    /// Something a person may want to look at.
    Warning,
    /// Something failed.
    Error,
}

/// A line of a server's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerLogLine {
    /// When, by the server's clock.
    pub at: Time,
    /// How important it is.
    pub level: LogLevel,
    /// The part of the program that wrote it: `flow_cluster::takeover`.
    pub target: String,
    /// What happened, for people.
    pub message: String,
    /// More, by name: `request`, `code`, `error`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[ts(type = "Record<string, unknown>")]
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
}

/// Which part of a server's log to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ServerLogQuery {
    /// Only what follows: the `next` of a page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after: Option<String>,
    /// Only what came before: the `previous` of a page before. Without it and without `after`, the end of the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub before: Option<String>,
    /// Only lines with this text in them, in whichever case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub q: Option<String>,
    /// Only lines at least as important as this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[param(inline)]
    pub level: Option<LogLevel>,
    /// At most so many lines, 1 to 1,000; 200 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// A part of a server's log, the oldest line first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerLog {
    /// The lines.
    pub items: Vec<ServerLogLine>,
    /// Give it as `after` to read what follows, now or later.
    pub next: String,
    /// Give it as `before` to read what came before; absent at the beginning of what is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub previous: Option<String>,
}

/// The server that a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Identity of the server.
    pub server: String,
    /// Its name.
    pub name: String,
    /// Its start number.
    pub epoch: i64,
}
