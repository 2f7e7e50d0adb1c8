//! The flows of a project: list, load, save, create, rename, delete.

use super::{Project, files};
use crate::{Problem, ProjectError, Stamp, atomic};
use flow_model::{DocumentError, Flow, FlowName};
use std::fs;
use std::io;
use std::path::Path;

/// The folder of a project's flows.
pub(super) const FOLDER: &str = "flows";

/// A flow of a project. One whose file cannot be read is listed with its problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowEntry {
    /// Its name.
    pub name: FlowName,
    /// What is wrong with its file, if anything.
    pub problem: Option<Problem>,
}

/// A flow as it is on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedFlow {
    /// The flow.
    pub flow: Flow,
    /// The stamp of its file, to be given when it is saved.
    pub stamp: Stamp,
}

impl Project {
    /// The flows by name, those with problems too.
    pub fn flows(&self) -> Result<Vec<FlowEntry>, ProjectError> {
        let entry = |name| {
            let problem = self.load(&name).err().map(|error| error.problem());
            FlowEntry { name, problem }
        };
        Ok(self.flow_names()?.into_iter().map(entry).collect())
    }

    /// The names of the flows, without reading them.
    pub fn flow_names(&self) -> Result<Vec<FlowName>, ProjectError> {
        let mut names = Vec::new();
        for path in files::visible_files(&self.root().join(FOLDER))? {
            let path = format!("{FOLDER}/{}", files::with_slashes(&path));
            match FlowName::from_path(&path) {
                Some(name) => names.push(name),
                None if path.ends_with(".flow.json") => {
                    tracing::warn!(path, "the file's name is not a valid flow name: rename it");
                }
                None => {}
            }
        }
        Ok(names)
    }

    /// Reads a flow.
    pub fn load(&self, name: &FlowName) -> Result<LoadedFlow, ProjectError> {
        let path = self.root().join(name.path());
        let content = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ProjectError::NoSuchFlow { flow: name.clone() });
            }
            read => read.map_err(ProjectError::reading(&path))?,
        };
        let wrong = |problem| ProjectError::Document { flow: name.clone(), problem };
        let flow = Flow::from_json(utf8(&content).map_err(wrong)?).map_err(wrong)?;
        Ok(LoadedFlow { flow, stamp: Stamp::of(&content) })
    }

    /// Whether a crash left unsaved edits of a flow in the crash journal in `state_folder`; [`crate::OpenFlow::open`]
    /// brings them back. Those of a flow that is open, here or in another process, do not count.
    pub fn has_unsaved_edits(&self, name: &FlowName, state_folder: &Path) -> bool {
        self.left_edits(name, state_folder).is_some()
    }

    /// The stamp of a flow's file as it is now; `None` when there is no file. Given to [`Self::save`], it writes over
    /// whatever the file holds.
    pub fn stamp(&self, name: &FlowName) -> Result<Option<Stamp>, ProjectError> {
        stamp_at(&self.root().join(name.path()))
    }

    /// Writes a flow to its file, all or nothing. `expected` is the stamp of the file that the changes were made on;
    /// `None` means that there is no file yet. When the file is different by now, nothing is written.
    pub fn save(&self, name: &FlowName, flow: &Flow, expected: Option<&Stamp>) -> Result<Stamp, ProjectError> {
        let content = flow.to_json().into_bytes();
        let stamp = Stamp::of(&content);
        self.replace(name, &content, expected)?;
        Ok(stamp)
    }

    /// Makes a new flow's file.
    pub fn create_flow(&self, name: &FlowName, flow: &Flow) -> Result<Stamp, ProjectError> {
        match self.save(name, flow, None) {
            Err(ProjectError::ChangedOutside { .. }) => Err(ProjectError::FlowExists { flow: name.clone() }),
            saved => saved,
        }
    }

    /// Removes a flow's file.
    pub fn delete_flow(&self, name: &FlowName) -> Result<(), ProjectError> {
        let path = files::place_to_write(self.root(), &name.path())?;
        self.own_writes.lock().insert(path.clone(), None);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ProjectError::NoSuchFlow { flow: name.clone() })
            }
            removed => removed.and_then(|()| sync_parent(&path)).map_err(ProjectError::writing(&path)),
        }
    }

    /// Gives a flow's file another name, as it is (a flow that cannot be read can be renamed too).
    pub fn rename_flow(&self, from: &FlowName, to: &FlowName) -> Result<(), ProjectError> {
        let path = self.root().join(from.path());
        let content = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ProjectError::NoSuchFlow { flow: from.clone() });
            }
            read => read.map_err(ProjectError::reading(&path))?,
        };
        match self.replace(to, &content, None) {
            Err(ProjectError::ChangedOutside { .. }) => Err(ProjectError::FlowExists { flow: to.clone() }),
            written => written.and_then(|()| self.delete_flow(from)),
        }
    }

    fn replace(&self, name: &FlowName, content: &[u8], expected: Option<&Stamp>) -> Result<(), ProjectError> {
        let path = files::place_to_write(self.root(), &name.path())?;
        let unchanged = || match stamp_at(&path)?.as_ref() == expected {
            true => Ok(()),
            false => Err(ProjectError::ChangedOutside { path: name.path() }),
        };
        unchanged()?;
        let before = self.own_writes.lock().insert(path.clone(), Some(Stamp::of(content)));
        // Asked once more right before the file is replaced: writing and syncing take their time.
        let written = atomic::write(&path, content, unchanged).map_err(ProjectError::writing(&path)).flatten();
        if written.is_err() {
            let mut own_writes = self.own_writes.lock();
            match before {
                Some(before) => own_writes.insert(path, before),
                None => own_writes.remove(&path),
            };
        }
        written
    }
}

fn stamp_at(path: &Path) -> Result<Option<Stamp>, ProjectError> {
    match fs::read(path) {
        Ok(content) => Ok(Some(Stamp::of(&content))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ProjectError::CannotRead { path: path.to_owned(), source }),
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), atomic::sync_folder)
}

fn utf8(content: &[u8]) -> Result<&str, DocumentError> {
    std::str::from_utf8(content).map_err(|error| {
        let good = &content[..error.valid_up_to()];
        let line_start = good.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        DocumentError::Syntax {
            line: good.iter().filter(|byte| **byte == b'\n').count() + 1,
            column: good.len() - line_start + 1,
            message: "the file is not UTF-8 text from here on: save it as UTF-8".to_owned(),
        }
    })
}
