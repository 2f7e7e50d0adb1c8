//! What can go wrong with version control, and the way out.

use crate::FileConflict;
use std::path::PathBuf;

/// Why something could not be done. Messages never hold a secret: of an address only what may be shown is shown.
#[derive(Debug, thiserror::Error)]
pub enum VcsError {
    /// The folder is not under git.
    #[error("“{}” is not under git: put it there with `git init`, or clone the project from its repository", path.display())]
    None {
        /// The folder.
        path: PathBuf,
    },
    /// There is something in the way of a clone.
    #[error("“{}” is not empty: clone into a new folder", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// Git refuses a repository that belongs to someone else.
    #[error("“{}” belongs to another user, so git refuses it: `git config --global --add safe.directory PATH` allows it", path.display())]
    Owner {
        /// The folder.
        path: PathBuf,
    },
    /// There is no remote.
    #[error("the repository has no remote: add one with `git remote add origin URL`")]
    NoRemote,
    /// The remote does not answer, or there is no repository there.
    #[error("the remote “{remote}” ({url}) cannot be reached: {problem}; check its address and the network")]
    Unreachable {
        /// The remote's name.
        remote: String,
        /// Its address, without secrets.
        url: String,
        /// What stands in the way.
        problem: String,
    },
    /// The remote does not let us in.
    #[error(
        "the remote “{remote}” ({url}) does not let us in: check that the key is in the SSH agent, or that the token is \
         valid and may do this"
    )]
    Auth {
        /// The remote's name.
        remote: String,
        /// Its address, without secrets.
        url: String,
    },
    /// The remote's certificate or key is not one that this machine trusts.
    #[error(
        "the remote “{remote}” ({url}) cannot be trusted: {problem}. Compare its key with what its owner says; for ssh, \
         connect once with `ssh HOST` to take the key up, for https have its certificate installed on this machine"
    )]
    Certificate {
        /// The remote's name.
        remote: String,
        /// Its address, without secrets.
        url: String,
        /// What git says.
        problem: String,
    },
    /// The clone was cancelled.
    #[error("the clone was cancelled: nothing of it stays")]
    Cancelled,
    /// No git branch can have that name.
    #[error("“{name}” is no name for a git branch: use letters, digits, `-`, `_` and `/`, without spaces")]
    BranchName {
        /// The name asked for.
        name: String,
    },
    /// There is a branch of that name.
    #[error("there is a git branch “{name}” already: switch to it, or choose another name")]
    BranchExists {
        /// The branch.
        name: String,
    },
    /// There is no branch of that name.
    #[error("there is no git branch “{name}”, neither here nor on a remote: pull to see the remote's newest branches")]
    UnknownBranch {
        /// The branch asked for.
        name: String,
    },
    /// Changes that are not committed cannot be taken along to another branch.
    #[error(
        "changes that are not committed cannot be taken along to the other branch: {}. Commit them first, then switch; \
         nothing was changed",
        files.iter().map(|file| format!("{} ({})", file.path, file.places.join("; "))).collect::<Vec<_>>().join(", ")
    )]
    SwitchConflict {
        /// The files, each with its places.
        files: Vec<FileConflict>,
    },
    /// A file cannot be read or written.
    #[error("{path} cannot be read or written: {source}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The branch is not on the remote.
    #[error("the remote “{remote}” ({url}) has no branch “{branch}”: push it first, or name another")]
    NoSuchBranch {
        /// The remote's name.
        remote: String,
        /// Its address, without secrets.
        url: String,
        /// The branch asked for.
        branch: String,
    },
    /// The two sides went different ways.
    #[error("the branch “{branch}” and its remote have gone different ways: {way_out}")]
    NotFastForward {
        /// The branch.
        branch: String,
        /// What to do.
        way_out: &'static str,
    },
    /// Both sides changed the same things differently.
    #[error(
        "here and on the remote the same was changed differently: {}. Nothing was merged: take one of the changes back, \
         or merge with git, then try again",
        files.iter().map(|file| format!("{} ({})", file.path, file.places.join("; "))).collect::<Vec<_>>().join(", ")
    )]
    MergeConflict {
        /// The files, each with its places.
        files: Vec<FileConflict>,
    },
    /// The remote refused the push for a reason of its own.
    #[error("the remote “{remote}” refused the push: {problem}")]
    Rejected {
        /// The remote's name.
        remote: String,
        /// What it said.
        problem: String,
    },
    /// Local changes are in the way.
    #[error("the update would overwrite local changes of {}: commit them, or take them back", paths.join(", "))]
    WouldOverwrite {
        /// The files, relative to the repository.
        paths: Vec<String>,
    },
    /// Nothing differs from the last commit.
    #[error("there is nothing to commit: the chosen files are as in the last commit")]
    NothingToCommit,
    /// The commit has no message.
    #[error("a commit needs a message: say what changed and why")]
    EmptyMessage,
    /// Git knows no name and address of the author.
    #[error(
        "git does not know who you are: `git config --global user.name \"NAME\"` and `git config --global user.email \
         ADDRESS` tell it"
    )]
    NoAuthor,
    /// A merge, rebase or the like is in progress.
    #[error("{what} is in progress in this repository: finish or abort it with git first")]
    InProgress {
        /// What is.
        what: &'static str,
    },
    /// The head is on no branch.
    #[error(
        "the repository is on no branch (its head is detached): switch to a branch first, with `git switch BRANCH`"
    )]
    Detached,
    /// The commit is not in the repository.
    #[error("there is no commit “{commit}” in this repository: fetch it first, if it is on the remote")]
    NoSuchCommit {
        /// The commit asked for.
        commit: String,
    },
    /// The commit has no such folder.
    #[error("commit {commit} has no folder “{folder}”")]
    NoSuchFolder {
        /// The commit.
        commit: String,
        /// The folder asked for, relative to the repository.
        folder: String,
    },
    /// The repository has no commit yet.
    #[error("the repository has no commit yet: make the first one")]
    NoCommit,
    /// Another program holds the repository, or changed it at the same moment.
    #[error(
        "another program is at work in this repository ({problem}): try again when it is done. When none is, one crashed \
         and left its lock behind: remove the file index.lock from the folder .git"
    )]
    Busy {
        /// What git says.
        problem: String,
    },
    /// Anything else, in git's words.
    #[error("git could not {what}: {source}")]
    Git {
        /// What was to be done.
        what: &'static str,
        /// What git says.
        source: git2::Error,
    },
}

impl VcsError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::None { .. } => "vcs/none",
            Self::Exists { .. } => "vcs/exists",
            Self::Owner { .. } => "vcs/owner",
            Self::NoRemote => "vcs/no-remote",
            Self::Unreachable { .. } => "vcs/unreachable",
            Self::Auth { .. } => "vcs/auth",
            Self::Certificate { .. } => "vcs/certificate",
            Self::Cancelled => "vcs/cancelled",
            Self::BranchName { .. } => "vcs/branch-name",
            Self::BranchExists { .. } => "vcs/branch-exists",
            Self::UnknownBranch { .. } => "vcs/unknown-branch",
            Self::SwitchConflict { .. } => "vcs/switch-conflict",
            Self::File { .. } => "vcs/file",
            Self::NoSuchBranch { .. } => "vcs/no-such-branch",
            Self::NotFastForward { .. } => "vcs/not-fast-forward",
            Self::MergeConflict { .. } => "vcs/merge-conflict",
            Self::Rejected { .. } => "vcs/rejected",
            Self::WouldOverwrite { .. } => "vcs/would-overwrite",
            Self::NothingToCommit => "vcs/nothing-to-commit",
            Self::EmptyMessage => "vcs/empty-message",
            Self::NoAuthor => "vcs/no-author",
            Self::InProgress { .. } => "vcs/in-progress",
            Self::Detached => "vcs/detached",
            Self::NoSuchCommit { .. } => "vcs/no-such-commit",
            Self::NoSuchFolder { .. } => "vcs/no-such-folder",
            Self::NoCommit => "vcs/no-commit",
            Self::Busy { .. } => "vcs/busy",
            Self::Git { .. } => "vcs/git",
        }
    }

    /// What git answered to an attempt to do `what`, such as `read the index`.
    pub(crate) fn git(what: &'static str) -> impl FnOnce(git2::Error) -> Self {
        move |source| match source.code() {
            git2::ErrorCode::Locked | git2::ErrorCode::Modified => Self::Busy { problem: source.message().to_owned() },
            _ => Self::Git { what, source },
        }
    }
}
