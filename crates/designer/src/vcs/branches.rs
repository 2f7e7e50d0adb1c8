//! Git branches: which there are, a new one, another one. What is not committed, and what is not even saved, comes along.

use super::{Commit, VcsView, folder_of, status};
use crate::background::blocking;
use crate::{Command, CommandError, Designer, Event};
use flow_project::{FileMerge, merge_file};
use flow_vcs::{FileVersions, MergedFile};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use ts_rs::TS;

/// A git branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct BranchView {
    /// Its name.
    pub name: String,
    /// The remote that has it, when it is not here yet: switching to it makes it.
    pub remote: Option<String>,
    /// Whether it is checked out.
    pub current: bool,
    /// Its newest commit.
    pub newest: Commit,
}

/// The git branches that are here, and those that only a remote has, as last fetched.
#[derive(Debug, Deserialize, TS)]
pub struct VcsBranches {}

impl Command for VcsBranches {
    const NAME: &'static str = "vcs_branches";
    type Output = Vec<BranchView>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<BranchView>, CommandError> {
        let project = designer.project()?;
        blocking(move || {
            let view = |branch: flow_vcs::Branch| BranchView {
                name: branch.name,
                remote: branch.remote,
                current: branch.current,
                newest: branch.newest.into(),
            };
            Ok(project.repository()?.branches()?.into_iter().map(view).collect())
        })
        .await
    }
}

/// Makes a git branch at the newest commit and switches to it; everything stays as it is. Errors: `vcs/branch-name`,
/// `vcs/branch-exists`, `vcs/in-progress`.
#[derive(Debug, Deserialize, TS)]
pub struct VcsCreateBranch {
    /// Its name.
    pub name: String,
}

impl Command for VcsCreateBranch {
    const NAME: &'static str = "vcs_create_branch";
    type Output = VcsView;

    async fn run(self, designer: Arc<Designer>) -> Result<VcsView, CommandError> {
        let project = designer.project()?;
        let view = blocking(move || {
            project.repository()?.create_branch(&self.name)?;
            status(&project)
        })
        .await?;
        designer.emit(Event::VcsChanged);
        Ok(view)
    }
}

/// What switching to another git branch did.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct SwitchedView {
    /// Where the working copy stands now.
    pub status: VcsView,
    /// The files whose uncommitted changes were merged with the other branch's.
    pub merged: Vec<String>,
}

/// Switches to another git branch. Changes that are not committed come along, flows merged by component; so do changes that
/// are not saved. Errors: `vcs/switch-conflict` when they cannot (nothing changed then), `vcs/unknown-branch`,
/// `vcs/in-progress`.
#[derive(Debug, Deserialize, TS)]
pub struct VcsSwitch {
    /// The branch.
    pub name: String,
}

impl Command for VcsSwitch {
    const NAME: &'static str = "vcs_switch";
    type Output = SwitchedView;

    async fn run(self, designer: Arc<Designer>) -> Result<SwitchedView, CommandError> {
        let project = designer.project()?;
        let switching = Arc::clone(&project);
        let switched = blocking(move || {
            let repository = switching.repository()?;
            let folder = folder_of(&switching, &repository);
            let switched = repository.switch(&self.name, &|versions| merged(versions, &folder))?;
            Ok(SwitchedView { status: status(&switching)?, merged: switched.merged })
        })
        .await;
        designer.follow_now(&project);
        switched
    }
}

fn merged(versions: &FileVersions<'_>, folder: &str) -> MergedFile {
    let (Some(path), Some(ours), Some(theirs)) = (versions.path.strip_prefix(folder), versions.ours, versions.theirs)
    else {
        let place = if versions.ours.is_none() { "it is deleted here" } else { "the other branch does not have it" };
        return MergedFile::Conflicts(vec![place.to_owned()]);
    };
    match merge_file(path, versions.base, ours, theirs) {
        FileMerge::Merged(text) => MergedFile::Content(text.into_bytes()),
        FileMerge::Conflicts { conflicts, .. } => {
            MergedFile::Conflicts(conflicts.into_iter().map(|conflict| conflict.what).collect())
        }
        FileMerge::Unreadable(why) => MergedFile::Conflicts(vec![why]),
        FileMerge::NotAFlow => MergedFile::LineByLine,
    }
}
