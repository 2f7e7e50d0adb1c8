//! Versions of a project: what a commit holds of its folder, read from git objects as they are.

use super::Repository;
use crate::VcsError;
use git2::{ObjectType, TreeWalkMode, TreeWalkResult};
use std::path::Path;

/// The mode of a symbolic link in a tree.
const SYMBOLIC_LINK: i32 = 0o120_000;

impl Repository {
    /// The id of the tree of `folder` (relative to the repository; empty for all of it) in `commit`. It is the same
    /// wherever and whenever the folder holds the same files, so it names a version of the project.
    pub fn tree_id(&self, commit: &str, folder: &str) -> Result<String, VcsError> {
        self.tree(commit, folder).map(|tree| tree.id().to_string())
    }

    /// The files of `folder` in `commit`, by path relative to the folder, byte for byte as committed. Hidden files,
    /// symbolic links and submodules are left out.
    pub fn files_at(&self, commit: &str, folder: &str) -> Result<Vec<(String, Vec<u8>)>, VcsError> {
        let tree = self.tree(commit, folder)?;
        let mut blobs = Vec::new();
        tree.walk(TreeWalkMode::PreOrder, |parent, entry| {
            let Ok(name) = entry.name() else { return TreeWalkResult::Skip };
            if name.starts_with('.') {
                return TreeWalkResult::Skip;
            }
            if entry.kind() == Some(ObjectType::Blob) && entry.filemode() != SYMBOLIC_LINK {
                blobs.push((format!("{parent}{name}"), entry.id()));
            }
            TreeWalkResult::Ok
        })
        .map_err(VcsError::git("read the commit's files"))?;
        let read = |(path, id)| {
            let blob = self.git.find_blob(id).map_err(VcsError::git("read a file of the commit"))?;
            Ok((path, blob.content().to_vec()))
        };
        blobs.into_iter().map(read).collect()
    }

    pub(super) fn tree(&self, commit: &str, folder: &str) -> Result<git2::Tree<'_>, VcsError> {
        let found = self.find_commit(commit)?;
        let root = found.tree().map_err(VcsError::git("read the commit"))?;
        let folder = folder.trim_matches('/');
        if folder.is_empty() || folder == "." {
            return Ok(root);
        }
        let entry = root.get_path(Path::new(folder)).and_then(|entry| self.git.find_tree(entry.id()));
        entry.map_err(|_| VcsError::NoSuchFolder { commit: found.id().to_string(), folder: folder.to_owned() })
    }
}
