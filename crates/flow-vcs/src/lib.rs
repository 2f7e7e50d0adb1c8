//! Version control of a project: the only crate that knows git2.
//!
//! A project version is what a commit holds, read from git objects as they are: no checkout filter of any machine
//! changes it. Everything here may block on the disk or the network, so async code calls it on a thread of its own.

mod access;
mod error;
mod repository;

pub use access::{Access, host_of};
pub use error::VcsError;
pub use repository::{
    Author, Branch, ChangedFile, CloneProgress, CloneWatch, Commit, CommitChanges, FileChange, FileConflict,
    FileInCommit, FileVersions, MergeFile, MergedFile, Pushed, RemoteAddress, RemoteBranch, Repository, State, Status,
    Switched, Updated,
};
