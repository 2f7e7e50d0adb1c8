//! Version control of the open project: status, Commit, Pull, Push, History, git branches, clone, credentials.

mod branches;
mod changes;
mod clone;
mod git_hosts;
mod history;
mod pull;
mod situation;

pub use branches::{VcsBranches, VcsCreateBranch, VcsSwitch};
pub use changes::VcsChanges;
pub(crate) use changes::{FlowWords, file_words};
pub(crate) use clone::Clones;
pub use clone::{CloneProgress, VcsClone, VcsCloneCancel};
pub(crate) use git_hosts::GitHosts;
pub use git_hosts::{GitCredentials, GitForgetCredential, GitSetCredential, GitTestAccess};
pub use history::{VcsFlowAt, VcsHistory, VcsRestore};
pub use pull::VcsPull;
pub use situation::{VcsInit, VcsSetRemote, VcsSolve, VcsSolveConflicts};

use crate::background::blocking;
use crate::project::OpenProject;
use crate::{Command, CommandError, Designer, Event};
use flow_model::FlowName;
use flow_vcs::{Repository, host_of};
use serde::{Deserialize, Serialize};
use situation::Situation;
use std::collections::BTreeSet;
use std::sync::Arc;
use ts_rs::TS;

/// How many commits the history shows unless it is told.
const HISTORY: u32 = 100;

/// Where the working copy stands.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct VcsView {
    /// The git branch; null while the head is detached.
    pub branch: Option<String>,
    /// The newest commit of the branch; null before the first.
    pub head: Option<Commit>,
    /// The address of the remote, without a password; null when there is none.
    pub remote: Option<String>,
    /// The host of that address, which may ask who the author is; null for a path.
    pub host: Option<String>,
    /// The files of the project that differ from the last commit.
    pub changed: Vec<ChangedFile>,
    /// How many commits are not pushed.
    pub ahead: u32,
    /// How many commits of the remote (as last seen) are not pulled.
    pub behind: u32,
    /// What stands in the way of committing (`a merge`, `a rebase`, …); null when nothing does.
    pub obstacle: Option<String>,
    /// Who makes commits here, as git knows it; null when it knows nobody.
    pub author: Option<Author>,
    /// The project's folder in the repository; empty when it is the repository's own.
    pub folder: String,
    /// What is to be known about the repository, with the way out of it; the most pressing first.
    pub situations: Vec<Situation>,
}

/// Who makes commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Author {
    /// The name.
    pub name: String,
    /// The mail address.
    pub email: String,
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
pub enum FileChange {
    Added,
    Modified,
    Deleted,
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

/// Where the working copy stands. Errors: `vcs/none` when the project is not under git.
#[derive(Debug, Deserialize, TS)]
pub struct VcsStatus {}

impl Command for VcsStatus {
    const NAME: &'static str = "vcs_status";
    type Output = VcsView;

    async fn run(self, designer: Arc<Designer>) -> Result<VcsView, CommandError> {
        let project = designer.project()?;
        blocking(move || status(&project)).await
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
    /// Who makes it, kept for this repository; the one whom git knows when left out.
    #[serde(default)]
    #[ts(optional)]
    pub author: Option<Author>,
}

impl Command for VcsCommit {
    const NAME: &'static str = "vcs_commit";
    type Output = Commit;

    async fn run(self, designer: Arc<Designer>) -> Result<Commit, CommandError> {
        let project = designer.project()?;
        let commit = blocking(move || {
            let repository = project.repository()?;
            let paths = match self.paths {
                Some(paths) => paths,
                None => changed(&project, &repository)?.into_iter().map(|file| file.path).collect(),
            };
            check_saved(&project, &repository, &paths)?;
            if let Some(author) = self.author.map(flow_vcs::Author::from) {
                if author.name.trim().is_empty() || !author.email.contains('@') {
                    let message = "an author has a name and a mail address: give both";
                    return Err(CommandError::new("vcs/author", message));
                }
                if repository.author().as_ref() != Some(&author) {
                    repository.set_author(&author)?;
                }
            }
            Ok(Commit::from(repository.commit(&self.message, None, &paths)?))
        })
        .await?;
        designer.emit(Event::VcsChanged);
        Ok(commit)
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
        let (project, hosts) = (designer.project()?, designer.git_hosts());
        let view = blocking(move || {
            let repository = project.repository()?;
            repository.push(&hosts.access_to(&repository)?)?;
            status(&project)
        })
        .await?;
        designer.emit(Event::VcsChanged);
        Ok(view)
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
        let project = designer.project()?;
        blocking(move || {
            let repository = project.repository()?;
            let folder = folder_of(&project, &repository);
            let path = match &self.flow {
                Some(flow) => Some(format!("{folder}{}", flow.path())),
                None => Some(folder.trim_end_matches('/').to_owned()).filter(|folder| !folder.is_empty()),
            };
            let limit = usize::try_from(self.limit.unwrap_or(HISTORY)).unwrap_or(usize::MAX);
            Ok(repository.log(path.as_deref(), limit)?.into_iter().map(Commit::from).collect())
        })
        .await
    }
}

/// Where the working copy stands. Blocks.
pub(crate) fn status(project: &OpenProject) -> Result<VcsView, CommandError> {
    let repository = project.repository()?;
    let status = repository.status()?;
    let folder = folder_of(project, &repository);
    let situations = situation::of(&repository, &status, &folder);
    let remote = status.remote.map(|remote| remote.url);
    Ok(VcsView {
        branch: status.branch,
        head: status.head.map(Commit::from),
        host: remote.as_deref().and_then(host_of).map(str::to_owned),
        remote,
        changed: within(&folder, status.changed),
        ahead: count(status.ahead),
        behind: count(status.behind),
        obstacle: status.state.obstacle().map(str::to_owned),
        author: repository.author().map(|author| Author { name: author.name, email: author.email }),
        folder: folder.trim_end_matches('/').to_owned(),
        situations,
    })
}

/// The files of the project that differ from the last commit.
fn changed(project: &OpenProject, repository: &Repository) -> Result<Vec<ChangedFile>, CommandError> {
    Ok(within(&folder_of(project, repository), repository.status()?.changed))
}

/// Of the changed files of a repository, those of the project in `folder`.
fn within(folder: &str, changed: Vec<flow_vcs::ChangedFile>) -> Vec<ChangedFile> {
    let of_project = |file: flow_vcs::ChangedFile| {
        let flow = FlowName::from_path(file.path.strip_prefix(folder)?);
        Some(ChangedFile { path: file.path, flow, change: file.kind.into() })
    };
    changed.into_iter().filter_map(of_project).collect()
}

/// The project's folder in the repository, with a `/` at its end; empty when it is the repository's own.
pub(crate) fn folder_of(project: &OpenProject, repository: &Repository) -> String {
    match repository.relative(project.files().root()) {
        Some(folder) if !folder.is_empty() => folder + "/",
        _ => String::new(),
    }
}

/// Refuses to commit the file of a flow that is open with other content.
fn check_saved(project: &OpenProject, repository: &Repository, paths: &[String]) -> Result<(), CommandError> {
    let folder = folder_of(project, repository);
    let paths: BTreeSet<&str> = paths.iter().map(String::as_str).collect();
    let unsaved = project.unsaved();
    match unsaved.iter().find(|flow| paths.contains(format!("{folder}{}", flow.path()).as_str())) {
        None => Ok(()),
        Some(flow) => {
            let message =
                format!("“{flow}” has changes that are not saved and would not be in the commit: save it first");
            Err(CommandError::new("vcs/unsaved", message))
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl From<flow_vcs::Commit> for Commit {
    fn from(commit: flow_vcs::Commit) -> Self {
        Self { id: commit.id, message: commit.message, author: commit.author, at: commit.at }
    }
}

impl From<flow_vcs::FileChange> for FileChange {
    fn from(change: flow_vcs::FileChange) -> Self {
        match change {
            flow_vcs::FileChange::Added => Self::Added,
            flow_vcs::FileChange::Modified => Self::Modified,
            flow_vcs::FileChange::Deleted => Self::Deleted,
            flow_vcs::FileChange::Conflicted => Self::Conflicted,
        }
    }
}

impl From<Author> for flow_vcs::Author {
    fn from(author: Author) -> Self {
        Self { name: author.name.trim().to_owned(), email: author.email.trim().to_owned() }
    }
}
