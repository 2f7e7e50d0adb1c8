//! Noticing what other programs (an editor, git) change in a project.

#[cfg(test)]
mod tests;

use crate::project::{OwnWrites, files};
use crate::{ProjectError, Stamp};
use flow_model::FlowName;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{fs, io, thread};
use tokio::sync::mpsc as channel;

/// Changes are reported once the folder has been quiet for this long …
const QUIET: Duration = Duration::from_millis(60);
/// … or has not been quiet for this long.
const PATIENCE: Duration = Duration::from_millis(500);

/// Files (or, when removed, whole folders) that other programs changed at about the same time. Rarely a save of this
/// process is among them, when another program changed the file at the same moment: compare the stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectChange {
    /// By path relative to the project with `/`.
    pub files: BTreeMap<String, Change>,
}

/// What happened to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is new or its content is different; this is its stamp now.
    Written(Stamp),
    /// It is gone.
    Removed,
}

impl ProjectChange {
    /// The flows among the files.
    pub fn flows(&self) -> BTreeSet<FlowName> {
        self.files.keys().filter_map(|path| FlowName::from_path(path)).collect()
    }
}

/// A running watch. Dropping it ends the watch.
#[derive(Debug)]
pub struct ProjectWatch {
    changes: channel::UnboundedReceiver<ProjectChange>,
    // Held for its Drop, which ends the thread below.
    _watcher: RecommendedWatcher,
}

impl ProjectWatch {
    /// Waits for the next change.
    pub async fn next(&mut self) -> Option<ProjectChange> {
        self.changes.recv().await
    }

    /// The same for code that is not async. Never call it within async code.
    pub fn next_blocking(&mut self) -> Option<ProjectChange> {
        self.changes.blocking_recv()
    }

    pub(crate) fn start(root: &Path, own_writes: OwnWrites) -> Result<Self, ProjectError> {
        let cannot_watch = |problem: String| ProjectError::CannotWatch { path: root.to_owned(), problem };
        let (touched, touches) = mpsc::channel();
        let mut watcher = notify::recommended_watcher(touched).map_err(|error| cannot_watch(error.to_string()))?;
        watcher.watch(root, RecursiveMode::Recursive).map_err(|error| cannot_watch(error.to_string()))?;
        let (report, changes) = channel::unbounded_channel();
        let mut observer = Observer { root: root.to_owned(), own_writes, seen: HashMap::new() };
        thread::Builder::new()
            .name("project-watch".to_owned())
            .spawn(move || {
                while let Some(paths) = collect(&touches) {
                    let change = observer.look(paths);
                    if !change.files.is_empty() && report.send(change).is_err() {
                        break;
                    }
                }
            })
            .map_err(|error| cannot_watch(error.to_string()))?;
        Ok(Self { changes, _watcher: watcher })
    }
}

/// Waits for something to happen and then for quiet; `None` when the watch has ended.
fn collect(touches: &mpsc::Receiver<notify::Result<notify::Event>>) -> Option<BTreeSet<PathBuf>> {
    let mut paths = BTreeSet::new();
    let add = |paths: &mut BTreeSet<PathBuf>, event: notify::Result<notify::Event>| match event {
        Ok(event) if !matches!(event.kind, EventKind::Access(_)) => paths.extend(event.paths),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "some changes in the project may have been missed"),
    };
    while paths.is_empty() {
        add(&mut paths, touches.recv().ok()?);
    }
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        match touches.recv_timeout(QUIET) {
            Ok(event) => add(&mut paths, event),
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    Some(paths)
}

/// The path itself and, of a folder, the files in it: a new folder is watched only after its first files were made.
fn with_files_below(path: PathBuf) -> Vec<PathBuf> {
    let files = if path.is_dir() { files::visible_files(&path).unwrap_or_default() } else { Vec::new() };
    files.into_iter().map(|file| path.join(file)).chain([path.clone()]).collect()
}

/// Tells real changes by others from own saves and from events without a change.
struct Observer {
    root: PathBuf,
    own_writes: OwnWrites,
    /// The last reported state of each file.
    seen: HashMap<PathBuf, Change>,
}

impl Observer {
    fn look(&mut self, paths: BTreeSet<PathBuf>) -> ProjectChange {
        let mut files = BTreeMap::new();
        for path in paths.into_iter().flat_map(with_files_below) {
            let Some(relative) = self.visible(&path) else { continue };
            let change = match fs::read(&path) {
                Ok(content) => Change::Written(Stamp::of(&content)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Change::Removed,
                // A folder.
                Err(_) => continue,
            };
            let is_news = self.seen.get(&path) != Some(&change);
            self.seen.insert(path.clone(), change.clone());
            if is_news && !self.is_own(&path, &change) {
                // Should it become again what this process wrote, that is news too.
                self.own_writes.lock().remove(&path);
                files.insert(relative, change);
            }
        }
        ProjectChange { files }
    }

    /// The path relative to the project, unless it or a folder that it is in is hidden.
    fn visible(&self, path: &Path) -> Option<String> {
        let relative = path.strip_prefix(&self.root).ok()?;
        let parts: Vec<_> = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        let is_visible = !parts.is_empty() && !parts.iter().any(|part| part.starts_with('.'));
        is_visible.then(|| parts.join("/"))
    }

    fn is_own(&self, path: &Path, change: &Change) -> bool {
        match (self.own_writes.lock().get(path), change) {
            (Some(Some(written)), Change::Written(found)) => written == found,
            (Some(None), Change::Removed) => true,
            _ => false,
        }
    }
}
