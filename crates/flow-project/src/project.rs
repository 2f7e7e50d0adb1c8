//! A project folder: what is in it, and reading and writing its flows.

mod calendars;
mod connections;
mod copy;
mod descriptor;
pub(crate) mod files;
mod flow_tests;
mod flows;
mod triggers;

#[cfg(test)]
pub(crate) mod tests;

pub use calendars::CalendarEntry;
pub use connections::ConnectionEntry;
pub use flows::{FlowEntry, LoadedFlow};
pub use triggers::TriggerEntry;

use crate::{ProjectError, ProjectWatch, Stamp, atomic};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What this process wrote last, by absolute path: how its own saves are told from changes by others. `None` stands
/// for a file that it removed.
pub(crate) type OwnWrites = Arc<Mutex<HashMap<PathBuf, Option<Stamp>>>>;

/// A project folder. It holds no file open and caches nothing: the disk is the truth.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
    name: String,
    own_writes: OwnWrites,
}

impl Project {
    /// Opens the project in folder `path`, or in the nearest folder above `path` that is a project.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ProjectError> {
        let path = path.as_ref();
        let given = fs::canonicalize(path).map_err(|_| ProjectError::NotFound { path: path.to_owned() })?;
        let is_project = |folder: &&Path| folder.join(descriptor::FILE).is_file();
        let root = given.ancestors().find(is_project).ok_or(ProjectError::NotAProject { path: given.clone() })?;
        let name = descriptor::read(root)?;
        let folders =
            [flows::FOLDER, connections::FOLDER, triggers::FOLDER, calendars::FOLDER].map(|folder| root.join(folder));
        for folder in [root.to_owned()].into_iter().chain(folders) {
            atomic::sweep(&folder);
        }
        Ok(Self { root: root.to_owned(), name, own_writes: OwnWrites::default() })
    }

    /// Makes a project named `name` in folder `path`, which must be new, empty, or hold nothing but hidden files (such
    /// as `.git`).
    pub fn create(path: impl AsRef<Path>, name: &str) -> Result<Self, ProjectError> {
        let path = path.as_ref();
        fs::create_dir_all(path).map_err(ProjectError::writing(path))?;
        let mut entries = fs::read_dir(path).map_err(ProjectError::reading(path))?.flatten();
        if entries.any(|entry| !entry.file_name().to_string_lossy().starts_with('.')) {
            return Err(ProjectError::Exists { path: path.to_owned() });
        }
        for folder in [flows::FOLDER, connections::FOLDER] {
            let folder = path.join(folder);
            fs::create_dir_all(&folder).map_err(ProjectError::writing(&folder))?;
        }
        descriptor::write(path, name)?;
        Self::open(path)
    }

    /// The project's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The project's folder, absolute and free of symbolic links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every file of the project with its content, by path relative to the project with `/`: what a version of the
    /// project consists of, as it is on disk now. Hidden files, `.git` and symbolic links are left out.
    pub fn files(&self) -> Result<BTreeMap<String, Vec<u8>>, ProjectError> {
        let mut files = BTreeMap::new();
        for path in files::visible_files(&self.root)? {
            let full = self.root.join(&path);
            let content = fs::read(&full).map_err(ProjectError::reading(&full))?;
            files.insert(files::with_slashes(&path), content);
        }
        Ok(files)
    }

    /// Why nothing can be saved in the project's folder, in words; `None` when it can.
    pub fn read_only(&self) -> Option<String> {
        let folders = [self.root.clone(), self.root.join(flows::FOLDER)];
        let closed = |folder: &PathBuf| match rustix::fs::access(folder, rustix::fs::Access::WRITE_OK) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => None,
            Err(error) => Some(format!("{} may only be read ({error})", folder.display())),
        };
        folders.iter().find_map(closed)
    }

    /// Watches the project for changes by other programs. What this project value (or a clone of it) writes is not
    /// reported. The watch ends when the returned value is dropped.
    pub fn watch(&self) -> Result<ProjectWatch, ProjectError> {
        ProjectWatch::start(&self.root, Arc::clone(&self.own_writes))
    }
}
