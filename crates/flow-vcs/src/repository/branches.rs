//! Git branches: which there are, making one, switching to another with what is not committed yet.

use super::commit::author_of;
use super::merge::entry_of;
use super::{Commit, FileConflict, FileVersions, MergeFile, MergedFile, Repository};
use crate::VcsError;
use git2::build::CheckoutBuilder;
use git2::{BranchType, CheckoutNotificationType, Tree};
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// A git branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its name, without that of the remote.
    pub name: String,
    /// The remote that it is on, when it is not here yet.
    pub remote: Option<String>,
    /// Whether it is the one that is checked out.
    pub current: bool,
    /// Its newest commit.
    pub newest: Commit,
}

/// What switching did with files that had changes which are not committed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Switched {
    /// The files whose changes were merged with what the other branch has, by their paths in the repository.
    pub merged: Vec<String>,
}

/// A file by its path, and what it is to hold; `None` when it is to go.
type KeptFile = (String, Option<Vec<u8>>);

impl Repository {
    /// The branches that are here, by name, and behind them those that only a remote has (as last fetched).
    pub fn branches(&self) -> Result<Vec<Branch>, VcsError> {
        let current = self.branch()?;
        let mut found = Vec::new();
        let mut names = BTreeSet::new();
        for kind in [BranchType::Local, BranchType::Remote] {
            let branches = self.git.branches(Some(kind)).map_err(VcsError::git("list the branches"))?;
            for (branch, _) in branches.flatten() {
                let Ok(Some(full)) = branch.name().map(|name| name.map(str::to_owned)) else { continue };
                let Ok(newest) = branch.get().peel_to_commit() else { continue };
                let (remote, name) = match (kind, full.split_once('/')) {
                    (BranchType::Remote, Some((_, "HEAD"))) | (BranchType::Remote, None) => continue,
                    (BranchType::Remote, Some((remote, name))) => (Some(remote.to_owned()), name.to_owned()),
                    (BranchType::Local, _) => (None, full),
                };
                if names.insert(name.clone()) {
                    let is_current = remote.is_none() && current.as_ref() == Some(&name);
                    found.push(Branch { name, remote, current: is_current, newest: super::history::describe(&newest) });
                }
            }
        }
        found.sort_by(|one, other| (one.remote.is_some(), &one.name).cmp(&(other.remote.is_some(), &other.name)));
        Ok(found)
    }

    /// Makes a branch at the newest commit and switches to it. The files, changed ones too, stay as they are. It also
    /// leads out of a detached head.
    pub fn create_branch(&self, name: &str) -> Result<(), VcsError> {
        let name = name.trim();
        if !git2::Branch::name_is_valid(name).unwrap_or(false) {
            return Err(VcsError::BranchName { name: name.to_owned() });
        }
        if self.git.find_branch(name, BranchType::Local).is_ok() {
            return Err(VcsError::BranchExists { name: name.to_owned() });
        }
        self.check_nothing_in_progress()?;
        if let Some(head) = self.head_commit()? {
            self.git.branch(name, &head, false).map_err(VcsError::git("make the branch"))?;
        }
        self.git.set_head(&format!("refs/heads/{name}")).map_err(VcsError::git("switch to the branch"))
    }

    /// Switches to a branch; one that only a remote has is made here. Changes that are not committed stay: where the
    /// other branch has another version of such a file, they are merged by `merge_file` (base is the last commit, theirs
    /// the other branch). When they cannot be, nothing changes and [`VcsError::SwitchConflict`] names what is in the way.
    pub fn switch(&self, name: &str, merge_file: MergeFile<'_>) -> Result<Switched, VcsError> {
        self.check_nothing_in_progress()?;
        let target = self.local_branch(name)?;
        let to = target.tree().map_err(VcsError::git("read the branch"))?;
        let from = match self.head_commit()? {
            Some(head) => Some(head.tree().map_err(VcsError::git("read the head"))?),
            None => None,
        };
        let differing = self.differing(from.as_ref(), &to)?;
        let changed: BTreeSet<String> = self.status()?.changed.into_iter().map(|file| file.path).collect();
        let met: Vec<&String> = differing.iter().filter(|path| changed.contains(*path)).collect();
        let kept = self.merge_changes(&met, from.as_ref(), &to, merge_file)?;
        self.check_out_files(&to, differing.iter().filter(|path| !changed.contains(*path)))?;
        for (path, content) in &kept {
            self.put_changed(path, content.as_deref(), &to)?;
        }
        let branch = format!("refs/heads/{name}");
        self.git.set_head(&branch).map_err(VcsError::git("switch to the branch"))?;
        Ok(Switched { merged: kept.into_iter().map(|(path, _)| path).collect() })
    }

    /// The newest commit of a branch, which is made here if only a remote has it.
    fn local_branch(&self, name: &str) -> Result<git2::Commit<'_>, VcsError> {
        let newest = |branch: &git2::Branch<'_>| branch.get().peel_to_commit().map(|commit| commit.id());
        let commit = |branch: &git2::Branch<'_>| newest(branch).and_then(|id| self.git.find_commit(id));
        if let Ok(branch) = self.git.find_branch(name, BranchType::Local) {
            return commit(&branch).map_err(VcsError::git("read the branch"));
        }
        let remotes = self.git.remotes().map_err(VcsError::git("list the remotes"))?;
        for remote in remotes.iter().flatten().flatten() {
            let full = format!("{remote}/{name}");
            let Ok(branch) = self.git.find_branch(&full, BranchType::Remote) else { continue };
            let target = commit(&branch).map_err(VcsError::git("read the branch"))?;
            let mut made = self.git.branch(name, &target, false).map_err(VcsError::git("make the branch"))?;
            made.set_upstream(Some(&full)).map_err(VcsError::git("let the branch follow its remote"))?;
            return Ok(target);
        }
        Err(VcsError::UnknownBranch { name: name.to_owned() })
    }

    fn differing(&self, from: Option<&Tree<'_>>, to: &Tree<'_>) -> Result<Vec<String>, VcsError> {
        let diff =
            self.git.diff_tree_to_tree(from, Some(to), None).map_err(VcsError::git("compare the two branches"))?;
        let path = |delta: git2::DiffDelta<'_>| {
            let path = delta.new_file().path().or(delta.old_file().path())?;
            Some(path.to_str()?.to_owned())
        };
        Ok(diff.deltas().filter_map(path).collect())
    }

    /// What becomes of files that have changes here and another version on the other branch; `None` for one that is gone.
    fn merge_changes(
        &self,
        paths: &[&String],
        from: Option<&Tree<'_>>,
        to: &Tree<'_>,
        merge_file: MergeFile<'_>,
    ) -> Result<Vec<KeptFile>, VcsError> {
        let mut kept = Vec::new();
        let mut conflicts = Vec::new();
        for path in paths {
            let base = from.and_then(|tree| self.content(tree, path));
            let theirs = self.content(to, path);
            let ours = match fs::read(self.folder().join(path)) {
                Ok(content) => Some(content),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(source) => return Err(VcsError::File { path: (*path).clone(), source }),
            };
            if ours == theirs {
                kept.push(((*path).clone(), ours));
                continue;
            }
            let versions =
                FileVersions { path, base: base.as_deref(), ours: ours.as_deref(), theirs: theirs.as_deref() };
            match merge_file(&versions) {
                MergedFile::Content(content) => kept.push(((*path).clone(), Some(content))),
                MergedFile::Removed => kept.push(((*path).clone(), None)),
                MergedFile::Conflicts(places) => conflicts.push(FileConflict { path: (*path).clone(), places }),
                MergedFile::LineByLine => {
                    let places = vec!["it is different on the other branch".to_owned()];
                    conflicts.push(FileConflict { path: (*path).clone(), places });
                }
            }
        }
        if conflicts.is_empty() { Ok(kept) } else { Err(VcsError::SwitchConflict { files: conflicts }) }
    }

    pub(super) fn content(&self, tree: &Tree<'_>, path: &str) -> Option<Vec<u8>> {
        let entry = tree.get_path(Path::new(path)).ok()?;
        Some(self.git.find_blob(entry.id()).ok()?.content().to_vec())
    }

    fn check_out_files<'a>(&self, to: &Tree<'_>, paths: impl Iterator<Item = &'a String>) -> Result<(), VcsError> {
        let mut in_the_way = Vec::new();
        let mut options = CheckoutBuilder::new();
        let mut is_empty = true;
        for path in paths {
            options.path(path.as_str());
            is_empty = false;
        }
        if is_empty {
            return Ok(());
        }
        options.safe().disable_pathspec_match(true).notify_on(CheckoutNotificationType::CONFLICT).notify(
            |_, path, _, _, _| {
                in_the_way.extend(path.map(|path| path.to_string_lossy().into_owned()));
                true
            },
        );
        let checked_out = self.git.checkout_tree(to.as_object(), Some(&mut options));
        drop(options);
        match checked_out {
            Err(_) if !in_the_way.is_empty() => Err(VcsError::WouldOverwrite { paths: in_the_way }),
            checked_out => checked_out.map_err(VcsError::git("switch the files")),
        }
    }

    /// Writes a file with changes that stay, and takes up for the index what the branch `to` has of it.
    fn put_changed(&self, path: &str, content: Option<&[u8]>, to: &Tree<'_>) -> Result<(), VcsError> {
        let full = self.folder().join(path);
        let failed = |source| VcsError::File { path: path.to_owned(), source };
        match content {
            Some(content) => replace(&full, content).map_err(failed)?,
            None => match fs::remove_file(&full) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            },
        }
        let take_up = || {
            let mut index = self.git.index()?;
            index.remove_path(Path::new(path))?;
            if let Ok(entry) = to.get_path(Path::new(path)) {
                index.add(&entry_of(path, entry.id(), Some(entry.filemode())))?;
            }
            index.write()
        };
        take_up().map_err(VcsError::git("take up a changed file"))
    }

    /// What a file of the working copy held in the last commit.
    pub fn committed(&self, path: &str) -> Result<Option<Vec<u8>>, VcsError> {
        let Some(head) = self.head_commit()? else { return Ok(None) };
        let tree = head.tree().map_err(VcsError::git("read the head"))?;
        Ok(self.content(&tree, path))
    }

    /// What a file held in a commit; `None` when it was not there.
    pub fn file_at(&self, commit: &str, path: &str) -> Result<Option<Vec<u8>>, VcsError> {
        let tree = self.find_commit(commit)?.tree().map_err(VcsError::git("read the commit"))?;
        Ok(self.content(&tree, path))
    }

    /// The three versions of a file that a merge by git left in conflict: before, ours, theirs.
    pub fn conflict(&self, path: &str) -> Result<Option<[Option<Vec<u8>>; 3]>, VcsError> {
        let index = self.git.index().map_err(VcsError::git("read the index"))?;
        let of = |stage| {
            let entry = index.get_path(Path::new(path), stage)?;
            Some(self.git.find_blob(entry.id).ok()?.content().to_vec())
        };
        let versions = [of(1), of(2), of(3)];
        Ok((versions[1].is_some() || versions[2].is_some()).then_some(versions))
    }

    /// Takes up that a file that was in conflict is solved, as it is on disk.
    pub fn solved(&self, path: &str) -> Result<(), VcsError> {
        let take_up = || {
            let mut index = self.git.index()?;
            index.add_path(Path::new(path))?;
            index.write()
        };
        take_up().map_err(VcsError::git("take up a solved file"))
    }

    /// Makes a commit on the branch that brings `folder` (relative to the repository; empty for all of it) back to what
    /// it held in `commit`, and checks it out. Nothing that happened is taken out of the history.
    pub fn go_back(
        &self,
        commit: &str,
        folder: &str,
        message: &str,
        author: Option<&super::Author>,
    ) -> Result<super::Updated, VcsError> {
        let branch = self.branch_or_refuse()?;
        self.check_ready()?;
        let author = self.signature(author)?;
        let head = self.head_commit()?.ok_or(VcsError::NoCommit)?;
        let former = self.tree(commit, folder)?;
        let now = head.tree().map_err(VcsError::git("read the head"))?;
        let folder = folder.trim_matches('/');
        let tree = if folder.is_empty() {
            former
        } else {
            let mut builder = git2::build::TreeUpdateBuilder::new();
            builder.upsert(folder, former.id(), git2::FileMode::Tree);
            let id = builder.create_updated(&self.git, &now).map_err(VcsError::git("write the tree of the commit"))?;
            self.git.find_tree(id).map_err(VcsError::git("read the tree of the commit"))?
        };
        if tree.id() == now.id() {
            let id = head.id().to_string();
            return Ok(super::Updated { from: Some(id.clone()), to: id });
        }
        let message = format!("{}\n", message.trim());
        let made = self
            .git
            .commit(None, &author, &author, &message, &tree, &[&head])
            .map_err(VcsError::git("write the commit"))?;
        self.forward_to(&branch, made)
    }

    /// Who makes commits here, as git knows it.
    pub fn author(&self) -> Option<super::Author> {
        let signature = self.git.signature().ok()?;
        author_of(&signature)
    }

    /// Tells git, for this repository, who makes commits here.
    pub fn set_author(&self, author: &super::Author) -> Result<(), VcsError> {
        let set = || {
            let mut config = self.git.config()?.open_level(git2::ConfigLevel::Local)?;
            config.set_str("user.name", author.name.trim())?;
            config.set_str("user.email", author.email.trim())
        };
        set().map_err(VcsError::git("keep the author"))
    }

    /// The lock of another git program on the index, if there is one. It stays behind when that program crashes.
    pub fn index_lock(&self) -> Option<std::path::PathBuf> {
        let lock = self.git.path().join("index.lock");
        lock.exists().then_some(lock)
    }

    /// Whether the repository is a submodule of another.
    pub fn is_submodule(&self) -> bool {
        self.git.path().components().any(|part| part.as_os_str() == "modules") && self.folder().join(".git").is_file()
    }

    /// The submodules whose folders hold something else than the last commit says.
    pub fn changed_submodules(&self) -> Vec<String> {
        let Ok(submodules) = self.git.submodules() else { return Vec::new() };
        let is_changed = |submodule: &git2::Submodule<'_>| submodule.head_id() != submodule.workdir_id();
        submodules.iter().filter(|one| is_changed(one)).map(|one| one.path().to_string_lossy().into_owned()).collect()
    }
}

/// Replaces a file all or nothing.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = folder.join(format!(".{name}.{}.switching", std::process::id()));
    let written = fs::File::create(&beside).and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()));
    let replaced = written.and_then(|()| fs::rename(&beside, path));
    if replaced.is_err() {
        let _ = fs::remove_file(&beside);
    }
    replaced
}
