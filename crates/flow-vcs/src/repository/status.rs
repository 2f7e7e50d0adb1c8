//! Where a working copy stands.

use super::{Commit, RemoteAddress, Repository};
use crate::VcsError;
use git2::{RepositoryState, StatusOptions};
use serde::Serialize;

/// Where a working copy stands. Nothing is asked of the remote: what is known of it is from the last fetch or push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The branch; `None` while the head is detached.
    pub branch: Option<String>,
    /// The newest commit; `None` before the first.
    pub head: Option<Commit>,
    /// The remote that the branch is pushed to, if there is any.
    pub remote: Option<RemoteAddress>,
    /// The files that differ from the last commit, by path.
    pub changed: Vec<ChangedFile>,
    /// How many commits the remote's branch does not have. All of them when the branch was never pushed.
    pub ahead: usize,
    /// How many commits of the remote's branch are not here.
    pub behind: usize,
    /// What is in progress.
    pub state: State,
}

/// A file that differs from the last commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ChangedFile {
    /// Its path, relative to the repository with `/`.
    pub path: String,
    /// How it differs.
    pub kind: FileChange,
}

/// How a file differs from the last commit. A renamed file is a deleted and an added one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FileChange {
    /// The last commit does not have it.
    Added,
    /// Its content or mode is different.
    Modified,
    /// It is gone.
    Deleted,
    /// A merge left it in conflict.
    Conflicted,
}

/// What is in progress in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Nothing: it is on a branch and may be committed to.
    Ready,
    /// The head is on no branch.
    Detached,
    /// A merge.
    Merging,
    /// A rebase, or the applying of mailed patches.
    Rebasing,
    /// A cherry-pick.
    CherryPicking,
    /// A revert.
    Reverting,
    /// A bisect.
    Bisecting,
}

impl State {
    /// What stands in the way of a commit or an update, in words; `None` when nothing does.
    pub fn obstacle(self) -> Option<&'static str> {
        match self {
            Self::Ready => None,
            Self::Detached => Some("a detached head"),
            Self::Merging => Some("a merge"),
            Self::Rebasing => Some("a rebase"),
            Self::CherryPicking => Some("a cherry-pick"),
            Self::Reverting => Some("a revert"),
            Self::Bisecting => Some("a bisect"),
        }
    }
}

impl Repository {
    /// Where the working copy stands.
    pub fn status(&self) -> Result<Status, VcsError> {
        let (ahead, behind) = self.ahead_behind()?;
        Ok(Status {
            branch: self.branch()?,
            head: self.head()?,
            remote: self.remote()?,
            changed: self.changed()?,
            ahead,
            behind,
            state: self.state()?,
        })
    }

    /// What is in progress.
    pub fn state(&self) -> Result<State, VcsError> {
        Ok(match self.git.state() {
            RepositoryState::Clean if self.branch()?.is_none() => State::Detached,
            RepositoryState::Clean => State::Ready,
            RepositoryState::Merge => State::Merging,
            RepositoryState::Revert | RepositoryState::RevertSequence => State::Reverting,
            RepositoryState::CherryPick | RepositoryState::CherryPickSequence => State::CherryPicking,
            RepositoryState::Bisect => State::Bisecting,
            RepositoryState::Rebase
            | RepositoryState::RebaseInteractive
            | RepositoryState::RebaseMerge
            | RepositoryState::ApplyMailbox
            | RepositoryState::ApplyMailboxOrRebase => State::Rebasing,
        })
    }

    pub(super) fn check_ready(&self) -> Result<(), VcsError> {
        match self.state()? {
            State::Ready => Ok(()),
            State::Detached => Err(VcsError::Detached),
            state => Err(VcsError::InProgress { what: state.obstacle().unwrap_or("something") }),
        }
    }

    /// A detached head is no obstacle to what leads out of it.
    pub(super) fn check_nothing_in_progress(&self) -> Result<(), VcsError> {
        match self.check_ready() {
            Err(VcsError::Detached) => Ok(()),
            checked => checked,
        }
    }

    fn changed(&self) -> Result<Vec<ChangedFile>, VcsError> {
        if self.git.is_bare() {
            return Ok(Vec::new());
        }
        let mut options = StatusOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(true).exclude_submodules(true);
        let statuses = self.git.statuses(Some(&mut options)).map_err(VcsError::git("compare the files"))?;
        let mut changed: Vec<ChangedFile> = statuses
            .iter()
            .filter_map(|entry| {
                let path = String::from_utf8_lossy(entry.path_bytes()).into_owned();
                Some(ChangedFile { path, kind: kind(entry.status())? })
            })
            .collect();
        changed.sort();
        Ok(changed)
    }
}

fn kind(status: git2::Status) -> Option<FileChange> {
    use git2::Status as Git;
    if status.is_conflicted() {
        Some(FileChange::Conflicted)
    } else if status.contains(Git::INDEX_NEW) && status.contains(Git::WT_DELETED) {
        // Staged and then removed: as if it had never been.
        None
    } else if status.intersects(Git::WT_DELETED) || (status.contains(Git::INDEX_DELETED) && !status.is_wt_new()) {
        Some(FileChange::Deleted)
    } else if status.intersects(Git::INDEX_NEW) || (status.is_wt_new() && !status.contains(Git::INDEX_DELETED)) {
        Some(FileChange::Added)
    } else if status.is_ignored() || status.is_empty() {
        None
    } else {
        Some(FileChange::Modified)
    }
}
