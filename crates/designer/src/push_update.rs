//! Push update: push the commits, then Update on every server of the chosen cluster, one after the other.

use crate::{Command, CommandError, Designer};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use ts_rs::TS;

/// Pushes what is committed (if anything is not pushed yet), records on the cluster the commit that every server
/// shall have, and then has every server Update, one after the other. Progress comes in `push-update-progress`
/// events; one server's failure does not keep the others from updating. A project that the cluster does not know
/// yet is registered with the address of the git remote. Errors: `vcs/…`, `cluster/…`, `push-update/uncommitted`
/// when changed files would be left behind and `leave_changes` is not set.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PushUpdate {
    /// The cluster.
    pub cluster: String,
    /// Go on although files have changes that are not committed. They stay here.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub leave_changes: bool,
}

/// Push update as far as it has come, and at its end its result.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct PushUpdateProgress {
    /// The cluster.
    pub cluster: String,
    /// The project's name on the cluster.
    pub project: String,
    /// The commit that every server shall have.
    pub commit: String,
    /// How many commits were pushed.
    pub pushed: u32,
    /// Every server, in the order of updating.
    pub servers: Vec<ServerUpdate>,
    /// Whether it is over.
    pub done: bool,
}

/// Push update on one server.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ServerUpdate {
    /// The server's id.
    pub server: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    #[serde(flatten)]
    pub step: UpdateStep,
}

/// Where Push update stands on one server.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "step", rename_all = "camelCase")]
pub enum UpdateStep {
    /// Its turn has not come.
    Waiting,
    /// It updates.
    Updating,
    /// It has the commit.
    Updated {
        /// The commit it had before; null at its first Update.
        from: Option<String>,
        /// The version of the project that it starts new requests with.
        version: String,
        /// How long it took, in milliseconds.
        took: f64,
        /// The flows that cannot run there, each with the reason.
        problems: Vec<String>,
    },
    /// It is down. It adopts the wanted commit when it starts.
    Down,
    /// It answered with an error.
    Failed {
        /// Stable code.
        code: String,
        /// What went wrong and the way out.
        message: String,
    },
}

impl Command for PushUpdate {
    const NAME: &'static str = "push_update";
    type Output = PushUpdateProgress;

    async fn run(self, designer: Arc<Designer>) -> Result<PushUpdateProgress, CommandError> {
        todo!()
    }
}
