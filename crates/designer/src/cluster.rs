//! Clusters: the servers that run the flows, their requests, live.

mod calls;
mod commands;
mod download;
mod earlier;
mod known;
mod live;
mod notices;
mod requests;
mod servers;
mod sign_ins;
mod status_list;
mod tokens;

pub(crate) use crate::secrets::SecretPlace;
pub use calls::Calls;
pub(crate) use calls::new_key;
pub use commands::*;
pub use download::*;
pub use earlier::*;
pub(crate) use known::{Cluster, Clusters};
pub use requests::*;
pub use servers::*;
pub use sign_ins::SignIns;
pub use status_list::*;

use flow_api::{Account, RequestState, Server};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// The clusters that the designer knows.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ClusterListView {
    /// The clusters by name.
    pub clusters: Vec<ClusterView>,
    /// The name of the one that Push update goes to and that the status bar shows.
    pub chosen: Option<String>,
}

/// A cluster that the designer knows.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ClusterView {
    /// Its name, given by the author.
    pub name: String,
    /// The addresses of servers of it that were told or found out; any one that answers will do.
    pub urls: Vec<String>,
    /// Who is signed in; null when nobody is.
    pub account: Option<Account>,
    /// Where the token is kept: `keyring`, or `file` where the system has no keyring.
    pub token_kept_in: Option<SecretPlace>,
    /// How it is marked, so that nobody takes it for another.
    pub mark: ClusterMark,
}

/// How a cluster is marked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterMark {
    /// Its colour.
    pub color: ClusterColor,
    /// Whether real work runs on it: Push update then asks for its name.
    pub production: bool,
    /// The git branch that goes to it; any when null.
    pub branch: Option<String>,
}

/// A colour to tell clusters by. Its name stands beside it wherever it is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ClusterColor {
    #[default]
    Gray,
    Blue,
    Green,
    Yellow,
    Orange,
    Red,
    Violet,
}

/// How a cluster is doing.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ClusterOverview {
    /// The cluster's name.
    pub cluster: String,
    /// Its servers.
    pub servers: Vec<ServerView>,
    /// How many requests there are in each state.
    #[ts(as = "BTreeMap<RequestState, u32>")]
    pub counts: BTreeMap<RequestState, u64>,
    /// What hinders the view of it, when no server answers; what is shown is then what was seen last.
    pub problem: Option<String>,
}

/// A server of a cluster as the designer sees it.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ServerView {
    /// What the cluster says of it.
    #[serde(flatten)]
    pub server: Server,
    /// Whether it answers the designer.
    pub reachable: bool,
    /// Why it does not answer.
    pub problem: Option<String>,
}

/// Something changed on a cluster. What changed is not told: ask again for what is shown.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ClusterChanged {
    /// The cluster's name.
    pub cluster: String,
    /// Whether servers or their versions changed: ask `cluster_overview`.
    pub servers: bool,
    /// The requests that changed; null when there are too many to name.
    pub requests: Option<Vec<i64>>,
    /// The takeovers since the last event.
    pub takeovers: Vec<Takeover>,
    /// The requests that turned out to be stalled since the last event.
    pub stalled: Vec<Stalled>,
}

/// A running request makes no progress for longer than it may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Stalled {
    /// The request.
    pub request: i64,
    /// Its flow.
    pub flow: String,
    /// The name of the server that it is stalled at.
    pub server: String,
}

/// A survivor took over the requests of a dead server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Takeover {
    /// The name of the server that died.
    pub dead: String,
    /// The name of the server that took over.
    pub survivor: String,
    /// How many requests belong to the survivor now.
    pub count: u64,
}
