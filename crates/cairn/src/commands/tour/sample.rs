//! The sample project of the tour.

use crate::outcome::Failure;
use rust_embed::RustEmbed;
use std::path::{Path, PathBuf};

/// The project of the tour among the samples.
const PROJECT: &str = "orders";

/// The sample projects that came with this program.
#[derive(RustEmbed)]
#[folder = "../../flows-sample"]
struct Embedded;

/// Where sample projects come from.
pub struct Samples(Option<PathBuf>);

impl Samples {
    /// Those in `folder`, or those that came with this program.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self(folder)
    }

    /// Copies the tour's project to `to`, unless it is there from an earlier tour.
    pub fn copy_to(&self, to: &Path) -> Result<(), Failure> {
        if to.join("project.json").is_file() {
            return Ok(());
        }
        match &self.0 {
            Some(folder) => copy_folder(&folder.join(PROJECT), to),
            None => write_embedded(to),
        }
    }
}

fn write_embedded(to: &Path) -> Result<(), Failure> {
    let prefix = format!("{PROJECT}/");
    for path in Embedded::iter() {
        if let (Some(inside), Some(file)) = (path.strip_prefix(&prefix), Embedded::get(&path)) {
            write(&to.join(inside), &file.data)?;
        }
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    let entries = std::fs::read_dir(from).map_err(|error| Failure::file("read the sample in", from, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Failure::file("read the sample in", from, &error))?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_folder(&path, &to)?;
        } else {
            let content = std::fs::read(&path).map_err(|error| Failure::file("read", &path, &error))?;
            write(&to, &content)?;
        }
    }
    Ok(())
}

fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::file("write", path, &error);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, content).map_err(failed)
}
