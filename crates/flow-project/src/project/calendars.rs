//! The calendars of a project: list, load, save, delete.

use super::{Project, files};
use crate::{Problem, ProjectError, Stamp, atomic};
use flow_model::{Calendar, Calendars};
use std::convert::Infallible;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of a project's calendars.
pub(super) const FOLDER: &str = "calendars";

/// A calendar of a project. One whose file cannot be read is listed with its problem.
#[derive(Debug, Clone, PartialEq)]
pub struct CalendarEntry {
    /// Its name: the file name without `.json`.
    pub name: String,
    /// The calendar, or what is wrong with its file.
    pub calendar: Result<Calendar, Problem>,
}

impl Project {
    /// The calendars by name, those with problems too.
    pub fn calendars(&self) -> Result<Vec<CalendarEntry>, ProjectError> {
        let mut entries = Vec::new();
        for path in files::visible_files(&self.root.join(FOLDER))? {
            let path = format!("{FOLDER}/{}", files::with_slashes(&path));
            let Some(name) = Calendar::name_in(&path) else { continue };
            let calendar = read(&self.root.join(&path), name).map_err(|error| error.problem());
            entries.push(CalendarEntry { name: name.to_owned(), calendar });
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    /// The calendars that can be read, by name.
    pub fn good_calendars(&self) -> Result<Calendars, ProjectError> {
        let entries = self.calendars()?.into_iter();
        Ok(entries.filter_map(|entry| Some((entry.name, entry.calendar.ok()?))).collect())
    }

    /// One calendar.
    pub fn calendar(&self, name: &str) -> Result<Calendar, ProjectError> {
        let path = self.root.join(path_of(name)?);
        match read(&path, name) {
            Err(ProjectError::CannotRead { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Err(ProjectError::NoSuchCalendar { calendar: name.to_owned() })
            }
            read => read,
        }
    }

    /// Writes a calendar to its file, all or nothing. With `new`, one of that name must not be there yet.
    pub fn save_calendar(&self, calendar: &Calendar, new: bool) -> Result<(), ProjectError> {
        let path = self.place_of_calendar(&calendar.name)?;
        if new && path.exists() {
            return Err(ProjectError::CalendarExists { calendar: calendar.name.clone() });
        }
        let content = calendar.to_json().into_bytes();
        self.own_writes.lock().insert(path.clone(), Some(Stamp::of(&content)));
        let written: Result<Result<(), Infallible>, _> = atomic::write(&path, &content, || Ok(()));
        written.map(drop).map_err(ProjectError::writing(&path))
    }

    /// Removes a calendar's file.
    pub fn delete_calendar(&self, name: &str) -> Result<(), ProjectError> {
        let path = self.place_of_calendar(name)?;
        self.own_writes.lock().insert(path.clone(), None);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ProjectError::NoSuchCalendar { calendar: name.to_owned() })
            }
            removed => removed
                .and_then(|()| path.parent().map_or(Ok(()), atomic::sync_folder))
                .map_err(ProjectError::writing(&path)),
        }
    }

    fn place_of_calendar(&self, name: &str) -> Result<PathBuf, ProjectError> {
        files::place_to_write(&self.root, &path_of(name)?)
    }
}

fn path_of(name: &str) -> Result<String, ProjectError> {
    Calendar::check_name(name)?;
    Ok(Calendar::path_of(name))
}

fn read(path: &Path, name: &str) -> Result<Calendar, ProjectError> {
    let text = fs::read(path).map_err(ProjectError::reading(path))?;
    Ok(Calendar::from_json(name, &String::from_utf8_lossy(&text))?)
}
