//! Version control of the open project: status, Commit, Pull, Push, History.

use crate::{Command, CommandError, Designer};
use flow_model::FlowName;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use ts_rs::TS;

/// Where the working copy stands.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct VcsView {
    /// The git branch; null while the head is detached.
    pub branch: Option<String>,
    /// The newest commit of the branch; null before the first.
    pub head: Option<Commit>,
    /// The address of the remote, without a password; null when there is none.
    pub remote: Option<String>,
    /// The files of the project that differ from the last commit.
    pub changed: Vec<ChangedFile>,
    /// How many commits are not pushed.
    pub ahead: u32,
    /// How many commits of the remote (as last seen) are not pulled.
    pub behind: u32,
    /// What stands in the way of committing (`merging`, `rebasing`, …); null when nothing does.
    pub obstacle: Option<String>,
}

/// A file that differs from the last commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ChangedFile {
    /// Its path within the repository.
    pub path: String,
    /// The flow, if it is a flow's file.
    pub flow: Option<FlowName>,
    /// How it differs.
    pub change: FileChange,
}

/// How a file differs from the last commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum FileChange {
    Added,
    Modified,
    Deleted,
    Renamed,
    Conflicted,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// Its message.
    pub message: String,
    /// Who made it.
    pub author: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// What a pull did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Pulled {
    /// The commit before; null in an empty working copy.
    pub from: Option<String>,
    /// The commit now; the same when there was nothing new.
    pub to: String,
}

/// Where the working copy stands. Errors: `vcs/none` when the project is not under git.
#[derive(Debug, Deserialize, TS)]
pub struct VcsStatus {}

impl Command for VcsStatus {
    const NAME: &'static str = "vcs_status";
    type Output = VcsView;

    async fn run(self, designer: Arc<Designer>) -> Result<VcsView, CommandError> {
        todo!()
    }
}

/// Commits changed files. Open flows among them must be saved before. Errors: `vcs/nothing-to-commit`,
/// `vcs/empty-message`, `vcs/unsaved`, `vcs/no-author` when git knows no name and address of the author.
#[derive(Debug, Deserialize, TS)]
pub struct VcsCommit {
    /// The message.
    pub message: String,
    /// The files, by their paths as in the status; every changed file of the project when left out.
    #[serde(default)]
    #[ts(optional)]
    pub paths: Option<Vec<String>>,
}

impl Command for VcsCommit {
    const NAME: &'static str = "vcs_commit";
    type Output = Commit;

    async fn run(self, designer: Arc<Designer>) -> Result<Commit, CommandError> {
        todo!()
    }
}

/// Pushes the branch to the remote. Errors: `vcs/no-remote`, `vcs/unreachable`, `vcs/auth`, `vcs/not-fast-forward`
/// (pull first).
#[derive(Debug, Deserialize, TS)]
pub struct VcsPush {}

impl Command for VcsPush {
    const NAME: &'static str = "vcs_push";
    type Output = VcsView;

    async fn run(self, designer: Arc<Designer>) -> Result<VcsView, CommandError> {
        todo!()
    }
}

/// Fetches from the remote and brings the working copy up, by fast-forward only. Open flows without changes of
/// their own are loaded anew. Errors: `vcs/no-remote`, `vcs/unreachable`, `vcs/auth`, `vcs/not-fast-forward`,
/// `vcs/would-overwrite` when files that changed here changed there too.
#[derive(Debug, Deserialize, TS)]
pub struct VcsPull {}

impl Command for VcsPull {
    const NAME: &'static str = "vcs_pull";
    type Output = Pulled;

    async fn run(self, designer: Arc<Designer>) -> Result<Pulled, CommandError> {
        todo!()
    }
}

/// The commits of the project, or of one flow, the newest first.
#[derive(Debug, Deserialize, TS)]
pub struct VcsLog {
    /// Only those that changed this flow.
    #[serde(default)]
    #[ts(optional)]
    pub flow: Option<FlowName>,
    /// At most so many; 100 when left out.
    #[serde(default)]
    #[ts(optional)]
    pub limit: Option<u32>,
}

impl Command for VcsLog {
    const NAME: &'static str = "vcs_log";
    type Output = Vec<Commit>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<Commit>, CommandError> {
        todo!()
    }
}
