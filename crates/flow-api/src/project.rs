//! Projects on the cluster and their versions.

use crate::Time;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

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
