//! The history of the project or of a flow: what each commit changed in words, how a flow was then, and restoring that.

use super::{Commit, FileChange, FlowWords, file_words, folder_of};
use crate::background::blocking;
use crate::flow::{FlowChange, FlowView, Session};
use crate::project::OpenProject;
use crate::{Command, CommandError, Designer};
use flow_model::{Flow, FlowName};
use flow_project::{OpenFlow, Stamp};
use flow_vcs::{CommitChanges, FileInCommit};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use ts_rs::TS;

/// How many commits are shown unless it is told.
const SHOWN: u32 = 50;
/// How many commits are looked through for those of one flow.
const SEARCHED: usize = 5_000;

/// A commit and what it changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct CommitView {
    /// The commit.
    #[serde(flatten)]
    pub commit: Commit,
    /// The files that it changed, with what it changed in flows.
    pub files: Vec<FlowWords>,
}

/// Part of a history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct HistoryPage {
    /// The commits, the newest first.
    pub commits: Vec<CommitView>,
    /// To be given as `after` for those behind them; null when these are all.
    pub next: Option<String>,
}

/// The commits that changed the project, or one flow, with what each changed in words; the newest first.
#[derive(Debug, Deserialize, TS)]
pub struct VcsHistory {
    /// Only those that changed this flow, and only what they changed in it.
    #[serde(default)]
    #[ts(optional)]
    pub flow: Option<FlowName>,
    /// Only those behind this commit.
    #[serde(default)]
    #[ts(optional)]
    pub after: Option<String>,
    /// At most so many; 50 when left out.
    #[serde(default)]
    #[ts(optional)]
    pub limit: Option<u32>,
}

impl Command for VcsHistory {
    const NAME: &'static str = "vcs_history";
    type Output = HistoryPage;

    async fn run(self, designer: Arc<Designer>) -> Result<HistoryPage, CommandError> {
        let project = designer.project()?;
        blocking(move || self.read(&project)).await
    }
}

impl VcsHistory {
    fn read(self, project: &OpenProject) -> Result<HistoryPage, CommandError> {
        let repository = project.repository()?;
        let Some(head) = repository.head()? else { return Ok(HistoryPage { commits: Vec::new(), next: None }) };
        let folder = folder_of(project, &repository);
        let limit = usize::try_from(self.limit.unwrap_or(SHOWN).max(1)).unwrap_or(usize::MAX);
        let path = self.flow.as_ref().map(FlowName::path);
        let mut after = self.after;
        let (mut commits, mut searched) = (Vec::new(), 0);
        loop {
            let changes = repository.changes(&head.id, &folder, after.as_deref(), limit)?;
            let is_last = changes.len() < limit;
            searched += changes.len();
            for changed in changes {
                after = Some(changed.commit.id.clone());
                let view = CommitView::of(changed, &folder, path.as_deref());
                if !view.files.is_empty() {
                    commits.push(view);
                }
                if commits.len() == limit {
                    return Ok(HistoryPage { commits, next: after });
                }
            }
            if is_last || searched >= SEARCHED {
                return Ok(HistoryPage { commits, next: None });
            }
        }
    }
}

impl CommitView {
    fn of(changes: CommitChanges, folder: &str, only: Option<&str>) -> Self {
        let wanted = |file: &FileInCommit| only.is_none_or(|path| file.path == path);
        let files = changes.files.into_iter().filter(wanted).map(|file| {
            let flow = FlowName::from_path(&file.path);
            let words = flow.as_ref().map(|_| file_words(file.before.as_deref(), file.after.as_deref()));
            let change = match (&file.before, &file.after) {
                (None, _) => FileChange::Added,
                (_, None) => FileChange::Deleted,
                _ => FileChange::Modified,
            };
            FlowWords { path: format!("{folder}{}", file.path), flow, change, words: words.unwrap_or_default() }
        });
        Self { files: files.collect(), commit: changes.commit.into() }
    }
}

/// A flow as a commit has it, to be looked at.
#[derive(Debug, Clone, Serialize, TS)]
pub struct FlowAtCommit {
    /// The commit.
    pub commit: Commit,
    /// The flow.
    pub view: FlowView,
}

/// A flow as it was in a commit; it is not opened. Errors: `vcs/no-such-commit`, `project/no-such-flow` when the commit
/// does not have it, `document/…` when it could not be read then either.
#[derive(Debug, Deserialize, TS)]
pub struct VcsFlowAt {
    /// The flow.
    pub flow: FlowName,
    /// The commit.
    pub commit: String,
}

impl Command for VcsFlowAt {
    const NAME: &'static str = "vcs_flow_at";
    type Output = FlowAtCommit;

    async fn run(self, designer: Arc<Designer>) -> Result<FlowAtCommit, CommandError> {
        let (project, palette) = (designer.project()?, Arc::clone(designer.palette()));
        blocking(move || {
            let (commit, document) = flow_at(&project, &self.flow, &self.commit)?;
            let stamp = Stamp::of(document.to_json().as_bytes());
            let open = OpenFlow::new(self.flow, document, Some(stamp));
            Ok(FlowAtCommit { commit, view: Session::new(open, palette, Arc::clone(project.saved_flows())).view() })
        })
        .await
    }
}

/// Puts the version of a flow that a commit has in the place of the open one, as a step that can be undone; a flow that is
/// not there any more is made again. It is not saved. Errors: as `vcs_flow_at`.
#[derive(Debug, Deserialize, TS)]
pub struct VcsRestore {
    /// The flow.
    pub flow: FlowName,
    /// The commit.
    pub commit: String,
    /// What the step is called in the Undo menu.
    pub title: String,
}

impl Command for VcsRestore {
    const NAME: &'static str = "vcs_restore";
    type Output = Option<FlowChange>;

    async fn run(self, designer: Arc<Designer>) -> Result<Option<FlowChange>, CommandError> {
        let project = designer.project()?;
        let (reading, flow, commit) = (Arc::clone(&project), self.flow.clone(), self.commit);
        let (_, document) = blocking(move || flow_at(&reading, &flow, &commit)).await?;
        if project.files().stamp(&self.flow)?.is_none() && project.session(&self.flow).is_err() {
            project.files().create_flow(&self.flow, &document)?;
            designer.changed_files(&project)?;
            return Ok(None);
        }
        project.open_flow(&self.flow, designer.palette())?;
        designer.change_flow(&self.flow, |session| session.replace(document, &self.title)).map(Some)
    }
}

/// Blocks.
fn flow_at(project: &OpenProject, flow: &FlowName, commit: &str) -> Result<(Commit, Flow), CommandError> {
    let repository = project.repository()?;
    let info = repository.commit_info(commit)?;
    let path = format!("{}{}", folder_of(project, &repository), flow.path());
    let missing = || {
        let message = format!("commit {} has no flow “{flow}”", info.id.get(..7).unwrap_or(&info.id));
        CommandError::new("project/no-such-flow", message)
    };
    let content = repository.file_at(commit, &path)?.ok_or_else(missing)?;
    let text = String::from_utf8_lossy(&content);
    let document = Flow::from_json(&text).map_err(|error| CommandError::new(error.code(), error.to_string()))?;
    Ok((info.into(), document))
}
