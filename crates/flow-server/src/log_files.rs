//! The server's log as files in the checkpoint storage, where every server of the cluster can read it.
//!
//! A server writes to `logs/SERVER/NUMBER.jsonl`, a line a thing that happened. A file that has grown large is followed by
//! the next one, and the oldest go.

mod layer;
mod read;
mod writer;

#[cfg(test)]
mod tests;

pub use layer::LogLayer;
pub use read::{Wanted, read};

use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// A file that is larger than this is followed by the next one, in bytes.
const LARGE: u64 = 8 << 20;
/// So many files are kept.
const KEPT: usize = 8;
/// So many lines may wait for the disk; more are left out, and it is said how many.
const WAITING: usize = 10_000;

/// The folder of a server's log in the checkpoint storage.
pub fn folder(storage: &Path, server: &str) -> PathBuf {
    storage.join("logs").join(server)
}

/// Where the process's log goes once it is known where the files are: until then lines wait.
#[derive(Clone)]
pub struct LogFiles {
    lines: mpsc::Sender<String>,
    waiting: std::sync::Arc<parking_lot::Mutex<Option<mpsc::Receiver<String>>>>,
}

impl LogFiles {
    /// The files, and what brings the log of this process into them: give it to the process's subscriber.
    pub fn new() -> (Self, LogLayer) {
        let (lines, waiting) = mpsc::channel(WAITING);
        let files = Self { lines: lines.clone(), waiting: std::sync::Arc::new(Some(waiting).into()) };
        (files, LogLayer::new(lines))
    }

    /// Writes to the files in `folder` from now on, on a thread of its own, for as long as the process lives. Does
    /// nothing the second time.
    pub(crate) fn begin(&self, folder: PathBuf) {
        let Some(lines) = self.waiting.lock().take() else { return };
        let writing = std::thread::Builder::new().name("log-files".to_owned());
        if let Err(error) = writing.spawn(move || writer::write_for_ever(&folder, lines)) {
            tracing::warn!(%error, "the log is not written to the storage");
        }
    }

    /// Waits until all that was logged so far is in the file, at most for a moment.
    pub(crate) async fn settle(&self) {
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_millis(500);
        while self.lines.capacity() < self.lines.max_capacity() && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

/// The files of a log, by number, the oldest first.
fn files(folder: &Path) -> std::io::Result<Vec<(u64, PathBuf)>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        if let Some(number) = number.filter(|_| path.extension().is_some_and(|extension| extension == "jsonl")) {
            found.push((number, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn file(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08}.jsonl"))
}
