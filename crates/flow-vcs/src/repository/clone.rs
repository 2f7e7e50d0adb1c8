//! Cloning a repository, with progress, and without a trace when it is broken off.

use super::Repository;
use super::remote::{remote_error, without_secrets};
use crate::{Access, VcsError};
use git2::build::{CheckoutBuilder, RepoBuilder};
use git2::{BranchType, ErrorClass, ErrorCode, FetchOptions, ReferenceType};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// How far a clone has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CloneProgress {
    /// How many objects have come.
    pub received: usize,
    /// How many there are.
    pub total: usize,
    /// How many bytes have come.
    pub bytes: usize,
}

/// Is told how far a clone has come; it goes on for as long as the answer is `true`.
pub type CloneWatch<'a> = &'a dyn Fn(CloneProgress) -> bool;

impl Repository {
    /// Clones the repository at `url` into the folder `path`, which must be new or empty, and checks out `branch` (the
    /// remote's own choice when none is given).
    pub fn clone(url: &str, path: impl AsRef<Path>, branch: Option<&str>, access: &Access) -> Result<Self, VcsError> {
        Self::clone_watched(url, path, branch, access, &|_| true)
    }

    /// The same, told to `watch`. What comes is kept beside the folder until it is whole, so that one that was broken off
    /// leaves nothing behind.
    pub fn clone_watched(
        url: &str,
        path: impl AsRef<Path>,
        branch: Option<&str>,
        access: &Access,
        watch: CloneWatch<'_>,
    ) -> Result<Self, VcsError> {
        let path = path.as_ref();
        let failed = |source: io::Error| VcsError::File { path: path.display().to_string(), source };
        if path.read_dir().is_ok_and(|mut entries| entries.next().is_some()) || path.is_file() {
            return Err(VcsError::Exists { path: path.to_owned() });
        }
        let beside = beside(path).map_err(failed)?;
        let cloned = Self::clone_into(url, &beside, branch, access, watch);
        let placed = cloned.and_then(|()| {
            if path.exists() {
                fs::remove_dir(path).map_err(failed)?;
            }
            fs::rename(&beside, path).map_err(failed)
        });
        match placed {
            Ok(()) => Self::open(path),
            Err(error) => {
                if let Err(error) = fs::remove_dir_all(&beside) {
                    tracing::debug!(path = %beside.display(), %error, "what came of a clone stays");
                }
                Err(error)
            }
        }
    }

    fn clone_into(
        url: &str,
        path: &Path,
        branch: Option<&str>,
        access: &Access,
        watch: CloneWatch<'_>,
    ) -> Result<(), VcsError> {
        let cancelled = std::cell::Cell::new(false);
        let mut callbacks = access.callbacks(git2::Config::open_default().ok());
        callbacks.transfer_progress(|progress| {
            let goes_on = watch(CloneProgress {
                received: progress.received_objects(),
                total: progress.total_objects(),
                bytes: progress.received_bytes(),
            });
            cancelled.set(!goes_on);
            goes_on
        });
        let mut options = FetchOptions::new();
        options.remote_callbacks(callbacks);
        let mut builder = RepoBuilder::new();
        builder.fetch_options(options);
        if let Some(branch) = branch {
            builder.branch(branch);
        }
        let cloned = builder.clone(url, path);
        drop(builder);
        match cloned {
            Ok(repository) => {
                check_out_the_only_branch(&repository).map_err(VcsError::git("check out what was cloned"))
            }
            Err(_) if cancelled.get() => Err(VcsError::Cancelled),
            Err(error) if error.class() == ErrorClass::Reference && branch.is_some() => Err(VcsError::NoSuchBranch {
                remote: "origin".to_owned(),
                url: without_secrets(url),
                branch: branch.unwrap_or_default().to_owned(),
            }),
            Err(error) => Err(remote_error("origin", url, &error)),
        }
    }
}

/// Where the remote names a branch that nobody has pushed, nothing is checked out: then the only branch that there is will be.
fn check_out_the_only_branch(repository: &git2::Repository) -> Result<(), git2::Error> {
    if !repository.head().is_err_and(|error| error.code() == ErrorCode::UnbornBranch) {
        return Ok(());
    }
    let mut branches = repository.branches(Some(BranchType::Remote))?.collect::<Result<Vec<_>, _>>()?;
    branches.retain(|(branch, _)| branch.get().kind() == Some(ReferenceType::Direct));
    let [(branch, _)] = branches.as_slice() else { return Ok(()) };
    let Some((_, name)) = branch.name()?.and_then(|name| name.split_once('/')) else { return Ok(()) };
    let mut local = repository.branch(name, &branch.get().peel_to_commit()?, false)?;
    local.set_upstream(branch.name()?)?;
    repository.set_head(&format!("refs/heads/{name}"))?;
    repository.checkout_head(Some(CheckoutBuilder::new().force()))
}

/// A new folder beside `path`, on the same disk.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy().into_owned();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = folder.join(format!(".{name}.{}.cloning", std::process::id()));
    if beside.exists() {
        fs::remove_dir_all(&beside)?;
    }
    Ok(beside)
}
