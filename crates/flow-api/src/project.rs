//! Projects on the cluster and their versions.

use crate::{ServerState, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

/// A project that the cluster knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Its name on the cluster.
    pub name: String,
    /// The git repository that servers update from. A password in the address is left out.
    pub repository: String,
    /// The git branch.
    pub branch: String,
    /// The project's folder in the repository; empty for the repository itself.
    #[serde(default)]
    pub folder: String,
    /// The account that it belongs to, with whose git credentials servers update.
    #[serde(default)]
    pub account: String,
    /// The commit that every server shall have, once one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub wanted_commit: Option<String>,
    /// The version that new requests start with on the server that answered; absent before its first Update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub version: Option<ProjectVersion>,
}

/// Which version of a project a server has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectVersion {
    /// The project.
    pub project: String,
    /// The version: the git tree id of the project's folder.
    pub version: String,
    /// The commit that it came from.
    pub commit: String,
    /// Since when the server has it.
    pub since: Time,
}

/// A project to register.
#[derive(Debug, Clone, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewProject {
    /// Its name on the cluster: 1 to 64 letters, digits, `-` or `_`.
    pub name: String,
    /// The git repository: `https://…`, `ssh://…`, `file:///…` or a path on the servers.
    pub repository: String,
    /// The git branch.
    #[serde(default = "main_branch")]
    pub branch: String,
    /// The project's folder in the repository; empty for the repository itself.
    #[serde(default)]
    pub folder: String,
}

fn main_branch() -> String {
    "main".to_owned()
}

/// Asks a server to bring its working copy of a project up.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Update {
    /// The commit that the server must have afterwards; the newest of the branch, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub commit: Option<String>,
}

/// What an Update did on one server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Updated {
    /// The name of the server.
    pub server: String,
    /// The commit it had before; absent at the first Update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub from: Option<String>,
    /// The commit it has now.
    pub to: String,
    /// The version of the project that new requests start with from now on.
    pub version: String,
    /// The flows of that version.
    pub flows: Vec<FlowEntry>,
}

/// A flow of a project, at the version that the server has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowEntry {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Why it cannot run, if it cannot. The other flows of the project run all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub problem: Option<String>,
    /// What a request of it can be given: `{name, type, default}` each.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub inputs: Vec<flow_model::InputDeclaration>,
}

/// What to change of a project; what is absent stays. Servers go by it from their next Update.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"branch": "release"}))]
pub struct ProjectChange {
    /// The git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub repository: Option<String>,
    /// The git branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub branch: Option<String>,
    /// The project's folder in the repository; empty for the repository itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub folder: Option<String>,
    /// The account that it belongs to, with whose git credentials servers update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub account: Option<String>,
}

/// What a server has of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectOnServer {
    /// The id of the server.
    pub server: String,
    /// Its name.
    pub name: String,
    /// Whether it works.
    pub state: ServerState,
    /// The commit that every server shall have, once one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub wanted: Option<String>,
    /// The version that it has; absent before its first Update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub present: Option<ProjectVersion>,
    /// Whether it has what is wanted.
    pub up_to_date: bool,
}

/// Which part of a long list to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// The `next` of the page before: the id of its last commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after: Option<String>,
    /// At most so many, 1 to 100; 20 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// A commit that changed a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectCommit {
    /// Its id.
    pub id: String,
    /// The first line of its message.
    pub summary: String,
    /// The rest of its message.
    #[serde(default)]
    pub message: String,
    /// Who made it.
    pub author: String,
    /// The author's mail address.
    pub email: String,
    /// When, by the author's clock.
    pub at: Time,
    /// What it changed of the project's flows and other files.
    pub changes: Vec<CommitFile>,
}

/// What a commit did to a file of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum CommitFileChange {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another.
    Changed,
}

/// A file of a project that a commit changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommitFile {
    /// Its path in the project's folder.
    pub path: String,
    /// The name of the flow that it holds, if it holds one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub flow: Option<String>,
    /// What was done to it.
    pub kind: CommitFileChange,
    /// What changed of a flow, in words, at most 50 of them: `set Path of “Read orders” to "orders.csv"`.
    pub words: Vec<String>,
}

/// A connection of a project, as the version that the server has declares it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionEntry {
    /// Its name.
    pub name: String,
    /// What it leads to: `postgres`, `http`.
    pub kind: String,
    /// Where that is, in a few words.
    pub address: String,
    /// Its settings as they stand in the project.
    #[ts(type = "Record<string, unknown>")]
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
    /// The secrets that its kind takes.
    pub secrets: Vec<ConnectionSecret>,
    /// Why it cannot be used, if it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub problem: Option<String>,
}

/// A secret that a connection takes, and whether it is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionSecret {
    /// The field: `password`.
    pub field: String,
    /// What it is for.
    pub help: String,
    /// When it was set; absent if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub updated: Option<Time>,
}
