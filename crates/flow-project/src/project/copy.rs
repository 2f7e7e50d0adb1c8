//! Saving a whole project in another folder.

use super::Project;
use crate::ProjectError;
use std::fs;
use std::path::Path;
use walkdir::WalkDir;

impl Project {
    /// Copies everything in the project's folder, `.git` with it, into the folder `path`, which must be new or empty, and
    /// opens the copy. Symbolic links are copied as links. When it fails, what was copied is removed.
    pub fn copy_to(&self, path: impl AsRef<Path>) -> Result<Self, ProjectError> {
        let path = path.as_ref();
        let is_new = !path.exists();
        fs::create_dir_all(path).map_err(ProjectError::writing(path))?;
        if fs::read_dir(path).map_err(ProjectError::reading(path))?.next().is_some() {
            return Err(ProjectError::Exists { path: path.to_owned() });
        }
        let target = fs::canonicalize(path).map_err(ProjectError::reading(path))?;
        if target.starts_with(&self.root) {
            return Err(ProjectError::Inside { path: path.to_owned() });
        }
        let copied = copy(&self.root, &target).and_then(|()| Self::open(&target));
        if copied.is_err() {
            let removed = match is_new {
                true => fs::remove_dir_all(&target),
                false => clear(&target),
            };
            if let Err(error) = removed {
                tracing::warn!(path = %target.display(), %error, "what was copied of the project stays");
            }
        }
        copied
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), ProjectError> {
    for entry in WalkDir::new(from).min_depth(1).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(from).to_owned();
            ProjectError::CannotRead { path, source: error.into() }
        })?;
        let Ok(inside) = entry.path().strip_prefix(from) else { continue };
        let target = to.join(inside);
        let kind = entry.file_type();
        let copied = if kind.is_dir() {
            fs::create_dir_all(&target)
        } else if kind.is_symlink() {
            copy_link(entry.path(), &target)
        } else {
            copy_file(entry.path(), &target)
        };
        copied.map_err(ProjectError::writing(&target))?;
    }
    Ok(())
}

fn copy_link(from: &Path, to: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(fs::read_link(from)?, to);
    #[cfg(not(unix))]
    return fs::copy(from, to).map(drop);
}

/// A file of a folder that may only be read is often marked so itself; its copy shall be written to.
fn copy_file(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::copy(from, to)?;
    let mut permissions = fs::metadata(to)?.permissions();
    if permissions.readonly() {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            permissions.set_mode(permissions.mode() | 0o200);
        }
        fs::set_permissions(to, permissions)?;
    }
    Ok(())
}

fn clear(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)?.flatten() {
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
