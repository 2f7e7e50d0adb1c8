//! The triggers of a project: list, load, save, delete.

use super::{Project, files};
use crate::{Problem, ProjectError, Stamp, atomic};
use flow_model::{Trigger, TriggerError};
use std::convert::Infallible;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of a project's triggers.
pub(super) const FOLDER: &str = "triggers";

/// A trigger of a project. One whose file cannot be read is listed with its problem.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerEntry {
    /// Its name: the file name without `.trigger.json`.
    pub name: String,
    /// The trigger, or what is wrong with its file.
    pub trigger: Result<Trigger, Problem>,
}

impl Project {
    /// The triggers by name, those with problems too.
    pub fn triggers(&self) -> Result<Vec<TriggerEntry>, ProjectError> {
        let mut entries = Vec::new();
        for path in files::visible_files(&self.root.join(FOLDER))? {
            let path = format!("{FOLDER}/{}", files::with_slashes(&path));
            let Some(name) = Trigger::name_in(&path) else { continue };
            let trigger = read(&self.root.join(&path), name).map_err(|error| error.problem());
            entries.push(TriggerEntry { name: name.to_owned(), trigger });
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    /// One trigger.
    pub fn trigger(&self, name: &str) -> Result<Trigger, ProjectError> {
        let path = self.root.join(path_of(name)?);
        match read(&path, name) {
            Err(ProjectError::CannotRead { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Err(ProjectError::NoSuchTrigger { trigger: name.to_owned() })
            }
            read => read,
        }
    }

    /// Writes a trigger to its file, all or nothing. With `new`, one of that name must not be there yet.
    pub fn save_trigger(&self, trigger: &Trigger, new: bool) -> Result<(), ProjectError> {
        let path = self.place_of_trigger(&trigger.name)?;
        if new && path.exists() {
            return Err(ProjectError::TriggerExists { trigger: trigger.name.clone() });
        }
        let content = trigger.to_json().into_bytes();
        self.own_writes.lock().insert(path.clone(), Some(Stamp::of(&content)));
        let written: Result<Result<(), Infallible>, _> = atomic::write(&path, &content, || Ok(()));
        written.map(drop).map_err(ProjectError::writing(&path))
    }

    /// Removes a trigger's file.
    pub fn delete_trigger(&self, name: &str) -> Result<(), ProjectError> {
        let path = self.place_of_trigger(name)?;
        self.own_writes.lock().insert(path.clone(), None);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ProjectError::NoSuchTrigger { trigger: name.to_owned() })
            }
            removed => removed
                .and_then(|()| path.parent().map_or(Ok(()), atomic::sync_folder))
                .map_err(ProjectError::writing(&path)),
        }
    }

    fn place_of_trigger(&self, name: &str) -> Result<PathBuf, ProjectError> {
        files::place_to_write(&self.root, &path_of(name)?)
    }
}

fn path_of(name: &str) -> Result<String, ProjectError> {
    Trigger::check_name(name)?;
    Ok(Trigger::path_of(name))
}

fn read(path: &Path, name: &str) -> Result<Trigger, ProjectError> {
    let text = fs::read(path).map_err(ProjectError::reading(path))?;
    Ok(Trigger::from_json(name, &String::from_utf8_lossy(&text))?)
}

impl From<TriggerError> for ProjectError {
    fn from(error: TriggerError) -> Self {
        Self::Trigger(Box::new(error))
    }
}
