//! What commits changed.

use super::Repository;
use super::history::{Commit, describe};
use crate::VcsError;
use git2::{Delta, Sort};
use std::path::Path;

/// A commit and the files that it changed against its first parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitChanges {
    /// The commit.
    pub commit: Commit,
    /// The files, by path.
    pub files: Vec<FileInCommit>,
}

/// A file before and after a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInCommit {
    /// Its path, relative to the folder that was asked for.
    pub path: String,
    /// What it held before; `None` when it was not there.
    pub before: Option<Vec<u8>>,
    /// What it holds after; `None` when it is gone.
    pub after: Option<Vec<u8>>,
}

impl Repository {
    /// The commits up to `newest` that changed `folder` (relative to the repository; empty for all of it) against their
    /// first parent, the newest first: at most `limit`, and only those behind the commit `after`. Hidden files are left
    /// out.
    pub fn changes(
        &self,
        newest: &str,
        folder: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<CommitChanges>, VcsError> {
        let newest = self.find_commit(newest)?.id();
        let after = after.map(|after| self.find_commit(after).map(|commit| commit.id())).transpose()?;
        let mut found = Vec::new();
        let mut read = || {
            let mut walk = self.git.revwalk()?;
            walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME)?;
            walk.push(newest)?;
            let mut is_behind = after.is_none();
            for id in walk {
                let id = id?;
                if found.len() == limit {
                    break;
                }
                if !is_behind {
                    is_behind = Some(id) == after;
                    continue;
                }
                let commit = self.git.find_commit(id)?;
                let files = self.files_changed(&commit, folder.trim_matches('/'))?;
                if !files.is_empty() {
                    found.push(CommitChanges { commit: describe(&commit), files });
                }
            }
            Ok(())
        };
        read().map_err(VcsError::git("read the history"))?;
        Ok(found)
    }

    /// The files of `folder` that differ between two commits. Hidden files are left out.
    pub fn difference(&self, from: &str, to: &str, folder: &str) -> Result<Vec<FileInCommit>, VcsError> {
        let (from, to) = (self.find_commit(from)?, self.find_commit(to)?);
        let folder = folder.trim_matches('/');
        let read = || {
            let (before, after) = (self.folder_of(&from, folder)?, self.folder_of(&to, folder)?);
            self.files_between(before.as_ref(), after.as_ref())
        };
        read().map_err(VcsError::git("compare the commits"))
    }

    /// How many commits `to` has that `from` does not, and the other way round.
    pub fn commits_between(&self, from: &str, to: &str) -> Result<(usize, usize), VcsError> {
        let (from, to) = (self.find_commit(from)?.id(), self.find_commit(to)?.id());
        self.git.graph_ahead_behind(to, from).map_err(VcsError::git("compare the commits"))
    }

    fn files_changed(&self, commit: &git2::Commit<'_>, folder: &str) -> Result<Vec<FileInCommit>, git2::Error> {
        let after = self.folder_of(commit, folder)?;
        let before = match commit.parent(0) {
            Ok(parent) => self.folder_of(&parent, folder)?,
            Err(_) => None,
        };
        self.files_between(before.as_ref(), after.as_ref())
    }

    fn files_between(
        &self,
        before: Option<&git2::Tree<'_>>,
        after: Option<&git2::Tree<'_>>,
    ) -> Result<Vec<FileInCommit>, git2::Error> {
        if before.map(git2::Tree::id) == after.map(git2::Tree::id) {
            return Ok(Vec::new());
        }
        let diff = self.git.diff_tree_to_tree(before, after, None)?;
        let mut files = Vec::new();
        for delta in diff.deltas() {
            let path = delta.new_file().path().or(delta.old_file().path()).unwrap_or(Path::new("")).to_string_lossy();
            if path.split('/').any(|part| part.starts_with('.')) {
                continue;
            }
            let content = |file: git2::DiffFile<'_>, missing: Delta| {
                let blob = (delta.status() != missing).then(|| self.git.find_blob(file.id()));
                // A submodule has no blob.
                blob.and_then(Result::ok).map(|blob| blob.content().to_vec())
            };
            let (before, after) = (content(delta.old_file(), Delta::Added), content(delta.new_file(), Delta::Deleted));
            files.push(FileInCommit { path: path.into_owned(), before, after });
        }
        Ok(files)
    }

    fn folder_of(&self, commit: &git2::Commit<'_>, folder: &str) -> Result<Option<git2::Tree<'_>>, git2::Error> {
        let root = self.git.find_tree(commit.tree_id())?;
        if folder.is_empty() || folder == "." {
            return Ok(Some(root));
        }
        match root.get_path(Path::new(folder)) {
            Ok(entry) => self.git.find_tree(entry.id()).map(Some),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
