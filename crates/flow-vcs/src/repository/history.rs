//! The commits of a repository.

use super::Repository;
use crate::VcsError;
use git2::{Oid, Sort};
use serde::Serialize;
use std::path::Path;

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// Its id, in hexadecimal.
    pub id: String,
    /// Its message, without line breaks at the end.
    pub message: String,
    /// Who made it.
    pub author: String,
    /// The author's mail address.
    pub email: String,
    /// When, in milliseconds since 1970 by the author's clock.
    pub at: i64,
}

impl Repository {
    /// The newest commit of the branch; `None` before the first.
    pub fn head(&self) -> Result<Option<Commit>, VcsError> {
        Ok(self.head_commit()?.as_ref().map(describe))
    }

    /// The commit with this id; a branch or tag stands for its newest commit.
    pub fn commit_info(&self, commit: &str) -> Result<Commit, VcsError> {
        self.find_commit(commit).map(|commit| describe(&commit))
    }

    /// The commits that the head comes from, the newest first and at most `limit`. With a `path` (of a file or folder,
    /// relative to the repository), those that changed it.
    pub fn log(&self, path: Option<&str>, limit: usize) -> Result<Vec<Commit>, VcsError> {
        let Some(head) = self.head_commit()? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        let mut read = || {
            let mut walk = self.git.revwalk()?;
            walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME)?;
            walk.push(head.id())?;
            for id in walk {
                if found.len() == limit {
                    break;
                }
                let commit = self.git.find_commit(id?)?;
                if path.map_or(Ok(true), |path| changes(&commit, Path::new(path)))? {
                    found.push(describe(&commit));
                }
            }
            Ok(())
        };
        read().map_err(VcsError::git("read the history"))?;
        Ok(found)
    }
}

pub(super) fn describe(commit: &git2::Commit<'_>) -> Commit {
    let author = commit.author();
    Commit {
        id: commit.id().to_string(),
        message: String::from_utf8_lossy(commit.message_bytes()).trim().to_owned(),
        author: String::from_utf8_lossy(author.name_bytes()).into_owned(),
        email: String::from_utf8_lossy(author.email_bytes()).into_owned(),
        at: author.when().seconds().saturating_mul(1000),
    }
}

/// Whether what is at `path` differs from that of every parent. (A merge that took one side unchanged changed nothing.)
fn changes(commit: &git2::Commit<'_>, path: &Path) -> Result<bool, git2::Error> {
    let here = at_path(commit, path)?;
    if commit.parent_count() == 0 {
        return Ok(here.is_some());
    }
    for parent in commit.parents() {
        if at_path(&parent, path)? == here {
            return Ok(false);
        }
    }
    Ok(true)
}

fn at_path(commit: &git2::Commit<'_>, path: &Path) -> Result<Option<Oid>, git2::Error> {
    match commit.tree()?.get_path(path) {
        Ok(entry) => Ok(Some(entry.id())),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
