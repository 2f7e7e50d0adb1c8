//! Servers of the cluster.

use crate::{ProjectVersion, Time};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

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
    /// Whether it works.
    pub state: ServerState,
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
    /// Whether it is the one that answered.
    pub this_server: bool,
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
