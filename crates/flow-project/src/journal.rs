//! The crash journal: the edits of an open flow that are not saved yet, outside of the project and of git.

use crate::Stamp;
use flow_model::{Edit, Flow, FlowName};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The journal of one flow. It belongs to one process at a time. That it cannot be written must not stop the author:
/// it is logged, and the journal stays silent from then on.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    project: PathBuf,
    flow: FlowName,
    /// `None` once it could not be written.
    file: Option<File>,
    /// Its first line, to be written before the first edit.
    header: Option<String>,
}

/// What a crash left behind.
#[derive(Debug)]
pub(crate) struct Left {
    /// The flow that the edits were made on.
    pub(crate) base: Flow,
    /// The stamp of the file it was in.
    pub(crate) stamp: Option<Stamp>,
    /// The edits, in the order in which they were performed.
    pub(crate) edits: Vec<(Step, Edit)>,
}

/// Why an edit was performed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "camelCase")]
pub(crate) enum Step {
    /// The author made it.
    Apply {
        /// The gesture it is part of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gesture: Option<String>,
        /// What it does, in words.
        label: String,
    },
    /// It took back a step.
    Undo,
    /// It did a step again.
    Redo,
}

#[derive(Serialize, Deserialize)]
struct Header {
    journal: u32,
    project: PathBuf,
    flow: FlowName,
    stamp: Option<Stamp>,
    base: String,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    step: Step,
    performed: Edit,
}

const FORMAT: u32 = 1;

impl Journal {
    /// Opens the journal of `flow` of the project at `root`, with what a crash left in it. `None`, with a line in the
    /// log, when it cannot be used: another process has the flow open, or the folder cannot be written.
    pub(crate) fn open(state_folder: &Path, root: &Path, flow: &FlowName) -> Option<(Self, Option<Left>)> {
        let path = path_of(state_folder, root, flow);
        match Self::lock(&path) {
            Ok(mut file) => {
                let left = read(&mut file);
                let (project, flow) = (root.to_owned(), flow.clone());
                Some((Self { path, project, flow, file: Some(file), header: None }, left))
            }
            Err(error) => {
                tracing::warn!(%flow, path = %path.display(), %error, "no crash journal: unsaved edits will not survive a crash");
                None
            }
        }
    }

    /// Whether there are edits of `flow` that were never saved.
    pub(crate) fn has_edits(state_folder: &Path, root: &Path, flow: &FlowName) -> bool {
        let text = fs::read(path_of(state_folder, root, flow)).unwrap_or_default();
        text.iter().filter(|byte| **byte == b'\n').count() > 1
    }

    /// Begins anew: nothing is unsaved, and edits from now on are made on `flow`, whose file has the stamp `stamp`.
    pub(crate) fn begin(&mut self, stamp: Option<&Stamp>, flow: &Flow) {
        self.clear();
        let header = Header {
            journal: FORMAT,
            project: self.project.clone(),
            flow: self.flow.clone(),
            stamp: stamp.cloned(),
            base: flow.to_json(),
        };
        self.header = serde_json::to_string(&header).ok();
    }

    /// Drops the edits.
    pub(crate) fn clear(&mut self) {
        self.write(|file| {
            file.set_len(0)?;
            file.rewind()
        });
    }

    /// Appends a performed edit; it is durable when this returns.
    pub(crate) fn append(&mut self, step: Step, edit: &Edit) {
        let mut lines = self.header.take().map(|header| header + "\n").unwrap_or_default();
        match serde_json::to_string(&Entry { step, performed: edit.clone() }) {
            Ok(entry) => lines.push_str(&entry),
            Err(error) => return tracing::error!(%error, "an edit does not fit the crash journal"),
        }
        lines.push('\n');
        self.write(|file| {
            file.write_all(lines.as_bytes())?;
            file.sync_data()
        });
    }

    fn lock(path: &Path) -> io::Result<File> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let file = options.open(path)?;
        file.try_lock()?;
        Ok(file)
    }

    fn write(&mut self, write: impl FnOnce(&mut File) -> io::Result<()>) {
        if let Some(file) = &mut self.file
            && let Err(error) = write(file)
        {
            tracing::warn!(path = %self.path.display(), %error, "the crash journal cannot be written: unsaved edits will not survive a crash");
            self.file = None;
        }
    }
}

/// Two projects with flows of one name have different journals, and a path is no good file name.
fn path_of(state_folder: &Path, root: &Path, flow: &FlowName) -> PathBuf {
    let mut hash = blake3::Hasher::new();
    hash.update(root.as_os_str().as_encoded_bytes()).update(b"\0").update(flow.as_str().as_bytes());
    state_folder.join(format!("{}.journal", &hash.finalize().to_hex()[..32]))
}

/// Reads what is left, and cuts off a line that the crash broke off, so that later lines stay readable.
fn read(file: &mut File) -> Option<Left> {
    let mut text = Vec::new();
    file.read_to_end(&mut text).ok()?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let text = std::str::from_utf8(&text[..whole]).ok()?;
    let mut lines = text.lines();
    let header: Header = serde_json::from_str(lines.next()?).ok().filter(|header: &Header| header.journal == FORMAT)?;
    let base = Flow::from_json(&header.base).ok()?;
    let entries = lines.map_while(|line| serde_json::from_str::<Entry>(line).ok());
    let edits: Vec<_> = entries.map(|entry| (entry.step, entry.performed)).collect();
    file.set_len(whole as u64).and_then(|()| file.seek(io::SeekFrom::End(0))).ok()?;
    (!edits.is_empty()).then_some(Left { base, stamp: header.stamp, edits })
}
