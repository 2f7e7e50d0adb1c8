//! The crash journal: the edits of an open flow that are not saved yet, outside of the project and of git.

use crate::Stamp;
use flow_model::{Edit, Flow, FlowName};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How many processes can have one flow open, each with a journal of its own.
const SLOTS: usize = 16;

/// The journal of one flow in one process. That it cannot be written must not stop the author: it is said (see
/// [`Self::is_whole`]), and begun anew as soon as it can be written again.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    project: PathBuf,
    flow: FlowName,
    file: File,
    /// Whether it holds every edit since it was begun.
    is_whole: bool,
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
    /// When the last of them was made.
    pub(crate) at: Option<SystemTime>,
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
    /// Opens a journal of `flow` of the project at `root` that no other process uses, with what a crash left in it: one
    /// with such edits if there is any. `None`, with a line in the log, when the folder cannot be written.
    pub(crate) fn open(state_folder: &Path, root: &Path, flow: &FlowName) -> Option<(Self, Option<Left>)> {
        let mut free = None;
        for path in slots(state_folder, root, flow) {
            if free.is_some() && !path.exists() {
                continue;
            }
            match own(&path) {
                Ok(mut file) => {
                    let left = read_and_mend(&mut file);
                    let is_left = left.is_some();
                    let (project, flow) = (root.to_owned(), flow.clone());
                    let journal = Self { path, project, flow, file, is_whole: true, header: None };
                    if is_left {
                        return Some((journal, left));
                    }
                    free.get_or_insert(journal);
                }
                // Another process has the flow open.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    tracing::warn!(%flow, path = %path.display(), %error, "no crash journal: unsaved edits will not survive a crash");
                    break;
                }
            }
        }
        free.map(|journal| (journal, None))
    }

    /// What crashes left of `flow`: edits that were never saved and that no process has open.
    pub(crate) fn left(state_folder: &Path, root: &Path, flow: &FlowName) -> Option<Left> {
        let existing = slots(state_folder, root, flow).into_iter().filter(|path| path.exists());
        existing.filter_map(|path| look(&path)).next()
    }

    /// Drops what crashes left of `flow`.
    pub(crate) fn drop_left(state_folder: &Path, root: &Path, flow: &FlowName) -> io::Result<()> {
        for path in slots(state_folder, root, flow).into_iter().filter(|path| path.exists()) {
            match own(&path) {
                Ok(file) => file.set_len(0)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether it holds every edit since it was begun, so that a crash would lose none.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Begins anew: nothing is unsaved, and edits from now on are made on `flow`, whose file has the stamp `stamp`.
    pub(crate) fn begin(&mut self, stamp: Option<&Stamp>, flow: &Flow) {
        self.is_whole = true;
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

    fn write(&mut self, write: impl FnOnce(&mut File) -> io::Result<()>) {
        if let Err(error) = write(&mut self.file) {
            tracing::warn!(path = %self.path.display(), %error, "the crash journal cannot be written: unsaved edits will not survive a crash");
            self.is_whole = false;
        }
    }
}

/// The files of a flow's journals, one for each process that has it open. Two projects with flows of one name have
/// different journals, and a path is no good file name.
fn slots(state_folder: &Path, root: &Path, flow: &FlowName) -> Vec<PathBuf> {
    let mut hash = blake3::Hasher::new();
    hash.update(root.as_os_str().as_encoded_bytes()).update(b"\0").update(flow.as_str().as_bytes());
    let name = hash.finalize().to_hex()[..32].to_owned();
    let others = (2..=SLOTS).map(|slot| state_folder.join(format!("{name}-{slot}.journal")));
    std::iter::once(state_folder.join(format!("{name}.journal"))).chain(others).collect()
}

/// Opens a journal to write it; [`io::ErrorKind::WouldBlock`] when somebody else does.
fn own(path: &Path) -> io::Result<File> {
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
    // Whoever writes holds the lock alone. Those who only look share it, and are done in a moment.
    loop {
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => file.try_lock_shared()?,
            tried => return Ok(tried.map(|()| file)?),
        }
        file.unlock()?;
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Looks at what is left in a journal that nobody writes.
fn look(path: &Path) -> Option<Left> {
    let mut file = File::open(path).ok()?;
    file.try_lock_shared().ok()?;
    Some(read(&mut file)?.0)
}

/// Reads what is left, and cuts off a line that the crash broke off, so that later lines stay readable.
fn read_and_mend(file: &mut File) -> Option<Left> {
    let (left, length) = read(file)?;
    file.set_len(length).and_then(|()| file.seek(io::SeekFrom::End(0))).ok()?;
    Some(left)
}

/// Reads what is left, and how many bytes of the file are whole lines.
fn read(file: &mut File) -> Option<(Left, u64)> {
    let mut text = Vec::new();
    file.read_to_end(&mut text).ok()?;
    let at = file.metadata().and_then(|metadata| metadata.modified()).ok();
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let text = std::str::from_utf8(&text[..whole]).ok()?;
    let mut lines = text.lines();
    let header: Header = serde_json::from_str(lines.next()?).ok().filter(|header: &Header| header.journal == FORMAT)?;
    let base = Flow::from_json(&header.base).ok()?;
    let entries = lines.map_while(|line| serde_json::from_str::<Entry>(line).ok());
    let edits: Vec<_> = entries.map(|entry| (entry.step, entry.performed)).collect();
    (!edits.is_empty()).then_some((Left { base, stamp: header.stamp, edits, at }, whole as u64))
}
