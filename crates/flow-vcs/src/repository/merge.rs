//! Bringing two ways of a branch together, file by file.

use super::{Author, Repository, Updated};
use crate::{Access, VcsError};
use git2::{Commit, Index, IndexEntry, IndexTime, MergeOptions, Oid, Tree};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// A file that both sides changed, in its three versions; `None` where it does not exist.
#[derive(Debug)]
pub struct FileVersions<'a> {
    /// Its path within the repository, with `/`.
    pub path: &'a str,
    /// As it was before both sides changed it.
    pub base: Option<&'a [u8]>,
    /// As it is here.
    pub ours: Option<&'a [u8]>,
    /// As it is on the remote.
    pub theirs: Option<&'a [u8]>,
}

/// What came of merging a file.
#[derive(Debug)]
pub enum MergedFile {
    /// The merged content.
    Content(Vec<u8>),
    /// The file is gone.
    Removed,
    /// What both sides changed differently, each in words.
    Conflicts(Vec<String>),
    /// The file is none of those that are merged in a way of their own: git merges it line by line.
    LineByLine,
}

/// A file that could not be merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileConflict {
    /// Its path within the repository.
    pub path: String,
    /// What both sides changed differently, each in words.
    pub places: Vec<String>,
}

/// How a file's three versions become one.
pub type MergeFile<'a> = &'a dyn Fn(&FileVersions<'_>) -> MergedFile;

impl Repository {
    /// Fetches and brings the working copy up. When the branch and the remote's went different ways, they are merged
    /// with a merge commit, each file that both changed by `merge_file`. Nothing changes unless all goes well:
    /// [`VcsError::MergeConflict`] names what cannot be merged. Without an author, the one that git knows makes the
    /// commit.
    pub fn pull_merging(
        &self,
        access: &Access,
        author: Option<&Author>,
        merge_file: MergeFile<'_>,
    ) -> Result<Updated, VcsError> {
        self.fetch(access)?;
        match self.fast_forward() {
            Err(VcsError::NotFastForward { branch, .. }) => self.merge_upstream(&branch, author, merge_file),
            updated => updated,
        }
    }

    fn merge_upstream(
        &self,
        branch: &str,
        author: Option<&Author>,
        merge_file: MergeFile<'_>,
    ) -> Result<Updated, VcsError> {
        let ours = self.head_commit()?.ok_or(VcsError::NoCommit)?;
        let tip = self.upstream_tip(branch)?.ok_or(VcsError::NoCommit)?;
        let theirs = self.git.find_commit(tip).map_err(VcsError::git("read the remote's commit"))?;
        let base = self.common_ancestor(branch, &ours, &theirs)?;
        let signature = self.signature(author)?;
        let tree = self.merged_tree(&base, &ours, &theirs, merge_file)?;
        let message = format!("Merge the remote's {branch}\n");
        // No reference leads to it before the files are checked out.
        let commit = self
            .git
            .commit(None, &signature, &signature, &message, &tree, &[&ours, &theirs])
            .map_err(VcsError::git("write the merge commit"))?;
        self.forward_to(branch, commit)
    }

    fn common_ancestor(&self, branch: &str, ours: &Commit<'_>, theirs: &Commit<'_>) -> Result<Commit<'_>, VcsError> {
        let way_out = "they have no commit in common; merge them with git, then try again";
        let found = self.git.merge_base(ours.id(), theirs.id());
        let base = found.map_err(|_| VcsError::NotFastForward { branch: branch.to_owned(), way_out })?;
        self.git.find_commit(base).map_err(VcsError::git("read the common commit"))
    }

    /// The tree of the merge commit.
    fn merged_tree(
        &self,
        base: &Commit<'_>,
        ours: &Commit<'_>,
        theirs: &Commit<'_>,
        merge_file: MergeFile<'_>,
    ) -> Result<Tree<'_>, VcsError> {
        let git = VcsError::git("merge the files");
        let trees = || Ok::<_, git2::Error>((base.tree()?, ours.tree()?, theirs.tree()?));
        let (base, ours, theirs) = trees().map_err(git)?;
        let mut index = self
            .git
            .merge_trees(&base, &ours, &theirs, Some(&MergeOptions::new()))
            .map_err(VcsError::git("merge the files"))?;
        let mut conflicts = BTreeMap::new();
        for path in self.changed_by_both(&base, &ours, &theirs)? {
            let [base, ours, theirs] = [&base, &ours, &theirs].map(|tree| self.blob(tree, &path));
            let versions =
                FileVersions { path: &path, base: base.content(), ours: ours.content(), theirs: theirs.content() };
            match merge_file(&versions) {
                MergedFile::Content(content) => self.put(&mut index, &path, &content, ours.mode.or(theirs.mode))?,
                MergedFile::Removed => {
                    index.remove_path(Path::new(&path)).map_err(VcsError::git("take up a removed file"))?;
                }
                MergedFile::Conflicts(places) => drop(conflicts.insert(path, places)),
                MergedFile::LineByLine => {}
            }
        }
        conflicts_of_lines(&index, &mut conflicts)?;
        if !conflicts.is_empty() {
            let files = conflicts.into_iter().map(|(path, places)| FileConflict { path, places }).collect();
            return Err(VcsError::MergeConflict { files });
        }
        let tree = index.write_tree_to(&self.git).map_err(VcsError::git("write the tree of the merge"))?;
        self.git.find_tree(tree).map_err(VcsError::git("read the tree of the merge"))
    }

    /// The paths of the files that differ from `base` on both sides, and from each other.
    fn changed_by_both(&self, base: &Tree<'_>, ours: &Tree<'_>, theirs: &Tree<'_>) -> Result<Vec<String>, VcsError> {
        let changed = |side: &Tree<'_>| -> Result<BTreeMap<String, Oid>, git2::Error> {
            let diff = self.git.diff_tree_to_tree(Some(base), Some(side), None)?;
            let files = diff.deltas().filter_map(|delta| {
                let file = delta.new_file();
                let path = file.path().or(delta.old_file().path())?;
                Some((path.to_str()?.to_owned(), file.id()))
            });
            Ok(files.collect())
        };
        let both = || Ok::<_, git2::Error>((changed(ours)?, changed(theirs)?));
        let (ours, theirs) = both().map_err(VcsError::git("compare the commits"))?;
        Ok(ours
            .into_iter()
            .filter(|(path, id)| theirs.get(path).is_some_and(|other| other != id))
            .map(|(path, _)| path)
            .collect())
    }

    fn blob(&self, tree: &Tree<'_>, path: &str) -> Blob<'_> {
        let entry = tree.get_path(Path::new(path)).ok();
        let blob = entry.as_ref().and_then(|entry| self.git.find_blob(entry.id()).ok());
        Blob { mode: entry.map(|entry| entry.filemode()), blob }
    }

    /// Puts the merged content into `index`, in the place of what git made of the file.
    fn put(&self, index: &mut Index, path: &str, content: &[u8], mode: Option<i32>) -> Result<(), VcsError> {
        let put = |index: &mut Index| {
            let id = self.git.blob(content)?;
            index.remove_path(Path::new(path))?;
            index.add(&entry_of(path, id, mode))
        };
        put(index).map_err(VcsError::git("take up a merged file"))
    }
}

/// A file of a tree as an entry of an index; git compares its content before it takes it for unchanged.
pub(super) fn entry_of(path: &str, id: Oid, mode: Option<i32>) -> IndexEntry {
    IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: mode.and_then(|mode| u32::try_from(mode).ok()).unwrap_or(0o100_644),
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    }
}

/// A file in a tree.
struct Blob<'a> {
    mode: Option<i32>,
    blob: Option<git2::Blob<'a>>,
}

impl Blob<'_> {
    fn content(&self) -> Option<&[u8]> {
        self.blob.as_ref().map(git2::Blob::content)
    }
}

/// Adds the conflicts that git's own merge left, by path.
fn conflicts_of_lines(index: &Index, conflicts: &mut BTreeMap<String, Vec<String>>) -> Result<(), VcsError> {
    for conflict in index.conflicts().map_err(VcsError::git("list the conflicts"))? {
        let conflict = conflict.map_err(VcsError::git("read a conflict"))?;
        let is_whole = conflict.our.is_some() && conflict.their.is_some();
        let Some(entry) = conflict.our.or(conflict.their).or(conflict.ancestor) else { continue };
        let place =
            if is_whole { "both sides changed the same lines" } else { "one side removed it and the other changed it" };
        conflicts.entry(String::from_utf8_lossy(&entry.path).into_owned()).or_insert_with(|| vec![place.to_owned()]);
    }
    Ok(())
}
