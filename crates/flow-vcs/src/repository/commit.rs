//! Making a commit.

use super::{Commit, Repository};
use crate::VcsError;
use git2::{Index, IndexEntry, Signature};
use std::path::Path;

/// Who makes a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The name.
    pub name: String,
    /// The mail address.
    pub email: String,
}

impl Repository {
    /// Commits the files at `paths` (relative to the repository, as in the status; deleted ones too) as they are on
    /// disk, and nothing else, whatever else is staged. Without an author, the one that git knows makes it.
    pub fn commit(&self, message: &str, author: Option<&Author>, paths: &[String]) -> Result<Commit, VcsError> {
        let message = message.trim();
        if message.is_empty() {
            return Err(VcsError::EmptyMessage);
        }
        self.check_ready()?;
        let author = self.signature(author)?;
        let head = self.head_commit()?;
        let mut index = self.git.index().map_err(VcsError::git("read the index"))?;
        let staged = self.stage(&mut index, paths)?;
        let tree = self.tree_with(head.as_ref(), staged)?;
        let before = head.as_ref().map(git2::Commit::tree_id);
        if before.map_or(tree.is_empty(), |before| before == tree.id()) {
            return Err(VcsError::NothingToCommit);
        }
        index.write().map_err(VcsError::git("write the index"))?;
        let parents: Vec<&git2::Commit<'_>> = head.iter().collect();
        let message = format!("{message}\n");
        let id = self
            .git
            .commit(Some("HEAD"), &author, &author, &message, &tree, &parents)
            .map_err(VcsError::git("write the commit"))?;
        self.commit_info(&id.to_string())
    }

    pub(super) fn signature(&self, author: Option<&Author>) -> Result<Signature<'static>, VcsError> {
        let signature = match author {
            Some(author) => Signature::now(&author.name, &author.email),
            None => self.git.signature(),
        };
        signature.map_err(|_| VcsError::NoAuthor)
    }

    /// Brings `index` up to date for `paths`; the entry of each, or `None` for a deleted one.
    fn stage<'a>(
        &self,
        index: &mut Index,
        paths: &'a [String],
    ) -> Result<Vec<(&'a Path, Option<IndexEntry>)>, VcsError> {
        let mut staged = Vec::with_capacity(paths.len());
        for path in paths.iter().map(Path::new) {
            if std::fs::symlink_metadata(self.folder().join(path)).is_ok() {
                index.add_path(path).map_err(VcsError::git("take up a file"))?;
            } else {
                index.remove_path(path).map_err(VcsError::git("take up a deleted file"))?;
            }
            staged.push((path, index.get_path(path, 0)));
        }
        Ok(staged)
    }

    /// The tree of `head` with the staged entries and no others.
    fn tree_with(
        &self,
        head: Option<&git2::Commit<'_>>,
        staged: Vec<(&Path, Option<IndexEntry>)>,
    ) -> Result<git2::Tree<'_>, VcsError> {
        let build = || {
            let mut index = Index::new()?;
            if let Some(head) = head {
                index.read_tree(&head.tree()?)?;
            }
            for (path, entry) in staged {
                match entry {
                    Some(entry) => index.add(&entry)?,
                    None => index.remove_path(path)?,
                }
            }
            self.git.find_tree(index.write_tree_to(&self.git)?)
        };
        build().map_err(VcsError::git("write the tree of the commit"))
    }
}

/// The author behind a signature, if it names one.
pub(super) fn author_of(signature: &Signature<'_>) -> Option<Author> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let author = Author { name: text(signature.name_bytes()), email: text(signature.email_bytes()) };
    (!author.name.is_empty()).then_some(author)
}
