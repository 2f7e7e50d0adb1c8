//! A folder to measure in, on the disk that matters, removed at the end.

use crate::outcome::Failure;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder that is removed when this is dropped.
pub struct Scratch(TempDir);

impl Scratch {
    /// A new folder below `folder`, or below the current one.
    pub fn new(folder: Option<PathBuf>) -> Result<Self, Failure> {
        let parent = folder.unwrap_or_else(|| PathBuf::from("."));
        let parent = std::path::absolute(&parent).unwrap_or(parent);
        let made = tempfile::Builder::new().prefix("cairn-bench-").tempdir_in(&parent);
        made.map(Self).map_err(|error| Failure::file("make a folder in", &parent, &error))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A new folder in it.
    pub fn folder(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.path().join(name);
        std::fs::create_dir_all(&path).map_err(|error| Failure::file("make the folder", &path, &error))?;
        Ok(path)
    }
}
