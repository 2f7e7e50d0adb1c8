//! Cloning a project from its repository.

use crate::background::blocking;
use crate::project::absolute;
use crate::{Command, CommandError, Designer, Event};
use flow_vcs::Repository;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use ts_rs::TS;

/// At most so often the windows are told how far a clone has come.
const PAUSE: Duration = Duration::from_millis(100);
/// So many folders below the repository's own are searched for projects.
const DEPTH: u8 = 3;

/// The clone that goes on, if one does.
#[derive(Default)]
pub(crate) struct Clones(Mutex<CancellationToken>);

/// How far a clone has come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
pub struct CloneProgress {
    /// How many objects have come.
    pub received: u32,
    /// How many there are.
    pub total: u32,
    /// How many bytes have come.
    pub bytes: f64,
}

/// A repository that was cloned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Cloned {
    /// Its folder.
    pub path: String,
    /// The folders of the projects in it; to be opened with `project_open`.
    pub projects: Vec<String>,
}

/// Clones a repository into a folder, which must be new or empty. Progress comes in `clone-progress` events. Errors:
/// `vcs/exists`, `vcs/auth` (set a credential and try again), `vcs/unreachable`, `vcs/cancelled`.
#[derive(Debug, Deserialize, TS)]
pub struct VcsClone {
    /// The address of the repository.
    pub url: String,
    /// The folder.
    pub path: String,
}

impl Command for VcsClone {
    const NAME: &'static str = "vcs_clone";
    type Output = Cloned;

    async fn run(self, designer: Arc<Designer>) -> Result<Cloned, CommandError> {
        let cancelled = CancellationToken::new();
        *designer.clones.0.lock() = cancelled.clone();
        let (hosts, path, events) = (designer.git_hosts(), absolute(&self.path), designer.event_sender());
        blocking(move || {
            let url = self.url.trim();
            let told = Cell::new(None::<Instant>);
            let watch = |progress: flow_vcs::CloneProgress| {
                let is_due = told.get().is_none_or(|at| at.elapsed() >= PAUSE) || progress.received == progress.total;
                if is_due {
                    told.set(Some(Instant::now()));
                    // Nobody listening is no error.
                    let _ = events.send(Event::CloneProgress(progress.into()));
                }
                !cancelled.is_cancelled()
            };
            let repository = Repository::clone_watched(url, &path, None, &hosts.access(url)?, &watch)?;
            let folder = repository.folder().to_owned();
            let mut projects = Vec::new();
            find_projects(&folder, DEPTH, &mut projects);
            Ok(Cloned { path: folder.to_string_lossy().into_owned(), projects })
        })
        .await
    }
}

/// Breaks off the clone that goes on. Nothing of it stays.
#[derive(Debug, Deserialize, TS)]
pub struct VcsCloneCancel {}

impl Command for VcsCloneCancel {
    const NAME: &'static str = "vcs_clone_cancel";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        designer.clones.0.lock().cancel();
        Ok(())
    }
}

fn find_projects(folder: &Path, depth: u8, found: &mut Vec<String>) {
    if folder.join("project.json").is_file() {
        found.push(folder.to_string_lossy().into_owned());
        return;
    }
    if depth == 0 {
        return;
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut below: Vec<_> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .collect();
    below.sort();
    for folder in below {
        find_projects(&folder, depth - 1, found);
    }
}

impl From<flow_vcs::CloneProgress> for CloneProgress {
    fn from(progress: flow_vcs::CloneProgress) -> Self {
        Self {
            received: super::count(progress.received),
            total: super::count(progress.total),
            bytes: progress.bytes as f64,
        }
    }
}
