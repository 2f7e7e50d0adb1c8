//! The connections of a project: list, load, save, delete.

use super::{Project, files};
use crate::{Problem, ProjectError, Stamp, atomic};
use flow_model::{Connection, FlowName};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of a project's connections.
pub(super) const FOLDER: &str = "connections";

/// A connection of a project. One whose file cannot be read is listed with its problem.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionEntry {
    /// Its name: the file name without `.json`.
    pub name: String,
    /// The connection, or what is wrong with its file.
    pub connection: Result<Connection, Problem>,
}

impl Project {
    /// The connections by name, those with problems too.
    pub fn connections(&self) -> Result<Vec<ConnectionEntry>, ProjectError> {
        let folder = self.root.join(FOLDER);
        let mut entries = Vec::new();
        for path in files::visible_files(&folder)? {
            let Some(name) = path.to_str().and_then(|path| path.strip_suffix(".json")) else { continue };
            let name = name.to_owned();
            let connection = read(&folder.join(&path), &name).map_err(|error| error.problem());
            entries.push(ConnectionEntry { name, connection });
        }
        Ok(entries)
    }

    /// The connections that can be read, by name.
    pub fn good_connections(&self) -> Result<BTreeMap<String, Connection>, ProjectError> {
        let entries = self.connections()?.into_iter();
        Ok(entries.filter_map(|entry| Some((entry.name, entry.connection.ok()?))).collect())
    }

    /// One connection.
    pub fn connection(&self, name: &str) -> Result<Connection, ProjectError> {
        let path = self.root.join(path_of(name)?);
        match read(&path, name) {
            Err(ProjectError::CannotRead { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Err(ProjectError::NoSuchConnection { connection: name.to_owned() })
            }
            read => read,
        }
    }

    /// Writes a connection to its file, all or nothing. With `new`, one of that name must not be there yet.
    pub fn save_connection(&self, connection: &Connection, new: bool) -> Result<(), ProjectError> {
        connection.check()?;
        let path = self.place_of(&connection.name)?;
        if new && path.exists() {
            return Err(ProjectError::ConnectionExists { connection: connection.name.clone() });
        }
        let content = connection.to_json().into_bytes();
        self.own_writes.lock().insert(path.clone(), Some(Stamp::of(&content)));
        let written: Result<Result<(), Infallible>, _> = atomic::write(&path, &content, || Ok(()));
        written.map(drop).map_err(ProjectError::writing(&path))
    }

    /// Removes a connection's file.
    pub fn delete_connection(&self, name: &str) -> Result<(), ProjectError> {
        let path = self.place_of(name)?;
        self.own_writes.lock().insert(path.clone(), None);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ProjectError::NoSuchConnection { connection: name.to_owned() })
            }
            removed => removed
                .and_then(|()| path.parent().map_or(Ok(()), atomic::sync_folder))
                .map_err(ProjectError::writing(&path)),
        }
    }

    fn place_of(&self, name: &str) -> Result<PathBuf, ProjectError> {
        files::place_to_write(&self.root, &path_of(name)?)
    }
}

/// Where the file of a connection is. Its name follows the same rules as a flow's.
fn path_of(name: &str) -> Result<String, ProjectError> {
    let name = FlowName::parse(name).map_err(|error| flow_model::InvalidName { what: "connection name", ..error })?;
    Ok(format!("{FOLDER}/{name}.json"))
}

fn read(path: &Path, name: &str) -> Result<Connection, ProjectError> {
    let text = fs::read_to_string(path).map_err(ProjectError::reading(path))?;
    Ok(Connection::from_json(name, &text)?)
}
