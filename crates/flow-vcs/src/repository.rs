//! A git repository with a working copy.

mod branches;
mod changes;
mod clone;
mod commit;
mod history;
mod merge;
mod remote;
mod status;
mod update;
mod version;

#[cfg(test)]
mod tests;

pub use branches::{Branch, Switched};
pub use changes::{CommitChanges, FileInCommit};
pub use clone::{CloneProgress, CloneWatch};
pub use commit::Author;
pub use history::Commit;
pub use merge::{FileConflict, FileVersions, MergeFile, MergedFile};
pub use remote::{Pushed, RemoteAddress, RemoteBranch};
pub use status::{ChangedFile, FileChange, State, Status};
pub use update::Updated;

use crate::VcsError;
use std::fmt;
use std::path::{Path, PathBuf};

/// A git repository with a working copy. It may be sent to another thread but not shared by several; opening it is cheap.
pub struct Repository {
    git: git2::Repository,
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Repository").field(&self.git.path()).finish()
    }
}

impl Repository {
    /// Opens the repository that `path` is in: its own folder, or any folder below.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, VcsError> {
        let path = path.as_ref();
        match git2::Repository::discover(path) {
            Ok(git) => Ok(Self { git }),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Err(VcsError::None { path: path.to_owned() }),
            Err(error) if error.code() == git2::ErrorCode::Owner => Err(VcsError::Owner { path: path.to_owned() }),
            Err(error) => Err(VcsError::git("open the repository")(error)),
        }
    }

    /// Puts the folder `path` under git, on branch `main`. What is under git already stays as it is.
    pub fn init(path: impl AsRef<Path>) -> Result<Self, VcsError> {
        Self::init_with(path.as_ref(), false)
    }

    /// Makes a bare repository, without a working copy: one that others push to and fetch from.
    pub fn init_bare(path: impl AsRef<Path>) -> Result<Self, VcsError> {
        Self::init_with(path.as_ref(), true)
    }

    fn init_with(path: &Path, bare: bool) -> Result<Self, VcsError> {
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main").bare(bare);
        let git = git2::Repository::init_opts(path, &options).map_err(VcsError::git("make a repository"))?;
        Ok(Self { git })
    }

    /// The folder of the working copy; that of the repository itself when it is bare.
    pub fn folder(&self) -> &Path {
        self.git.workdir().unwrap_or_else(|| self.git.path())
    }

    /// The path of `folder`, which is in the working copy, relative to the repository with `/`: what
    /// [`Self::tree_id`] and [`Self::files_at`] ask for. Empty for the repository's own folder.
    pub fn relative(&self, folder: impl AsRef<Path>) -> Option<String> {
        let canonical = |path: &Path| -> Option<PathBuf> { path.canonicalize().ok() };
        let folder = canonical(folder.as_ref())?;
        let relative = folder.strip_prefix(canonical(self.folder())?).ok()?;
        Some(relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"))
    }

    /// The branch that the head is on, also before its first commit; `None` while the head is detached.
    pub fn branch(&self) -> Result<Option<String>, VcsError> {
        let head = self.git.find_reference("HEAD").map_err(VcsError::git("read the head"))?;
        let target = head.symbolic_target().map_err(VcsError::git("read the head"))?;
        Ok(target.and_then(|target| target.strip_prefix("refs/heads/")).map(str::to_owned))
    }

    fn branch_or_refuse(&self) -> Result<String, VcsError> {
        self.branch()?.ok_or(VcsError::Detached)
    }

    fn head_commit(&self) -> Result<Option<git2::Commit<'_>>, VcsError> {
        match self.git.head() {
            Ok(head) => head.peel_to_commit().map(Some).map_err(VcsError::git("read the head")),
            Err(error) if matches!(error.code(), git2::ErrorCode::UnbornBranch | git2::ErrorCode::NotFound) => Ok(None),
            Err(error) => Err(VcsError::git("read the head")(error)),
        }
    }

    fn find_commit(&self, commit: &str) -> Result<git2::Commit<'_>, VcsError> {
        let found = self.git.revparse_single(commit).and_then(|object| object.peel_to_commit());
        found.map_err(|_| VcsError::NoSuchCommit { commit: commit.to_owned() })
    }
}
