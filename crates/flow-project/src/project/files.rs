//! Finding the files of a project, and where in it may be written.

use crate::ProjectError;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// The files below `folder`, relative to it and sorted; neither hidden ones nor symbolic links. None when there is no
/// such folder.
pub(crate) fn visible_files(folder: &Path) -> Result<Vec<PathBuf>, ProjectError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let is_visible = |entry: &DirEntry| entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.');
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(is_visible) {
        match entry {
            Ok(entry) if entry.file_type().is_file() => {
                files.extend(entry.path().strip_prefix(folder).ok().map(Path::to_owned));
            }
            Ok(_) => {}
            // A file that went away while the folder was read.
            Err(error) if error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound) => {}
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                return Err(ProjectError::CannotRead { path, source: error.into() });
            }
        }
    }
    Ok(files)
}

/// A relative path with `/` between its parts, whatever the system uses.
pub(super) fn with_slashes(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The place to write the file `path` (relative to the project) at, with its folder made if need be. Refused when a
/// symbolic link leads out of the project.
pub(super) fn place_to_write(root: &Path, path: &str) -> Result<PathBuf, ProjectError> {
    let full = root.join(path);
    let Some(folder) = full.parent() else { return Err(outside(path)) };
    if !is_inside(root, folder)? {
        return Err(outside(path));
    }
    fs::create_dir_all(folder).map_err(ProjectError::writing(&full))?;
    if fs::symlink_metadata(&full).is_ok_and(|metadata| metadata.is_symlink()) {
        // Written through a link within the project, so that the link stays a link.
        let target = fs::canonicalize(&full).map_err(|_| outside(path))?;
        return if target.starts_with(root) { Ok(target) } else { Err(outside(path)) };
    }
    Ok(full)
}

/// Whether `folder`, or the nearest folder above it that exists, is within `root` once links are followed.
fn is_inside(root: &Path, folder: &Path) -> Result<bool, ProjectError> {
    for folder in folder.ancestors() {
        if fs::symlink_metadata(folder).is_ok() {
            return match fs::canonicalize(folder) {
                Ok(real) => Ok(real.starts_with(root)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
                Err(source) => Err(ProjectError::CannotRead { path: folder.to_owned(), source }),
            };
        }
    }
    Ok(false)
}

fn outside(path: &str) -> ProjectError {
    ProjectError::Outside { path: path.to_owned() }
}
