//! `project.json`: what makes a folder a project.

use crate::{ProjectError, atomic};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::fs;
use std::path::Path;

pub(super) const FILE: &str = "project.json";
const FORMAT: u64 = 1;

/// Reads the project's name.
pub(super) fn read(root: &Path) -> Result<String, ProjectError> {
    let path = root.join(FILE);
    let text = fs::read_to_string(&path).map_err(ProjectError::reading(&path))?;
    let wrong = |problem: String| ProjectError::Descriptor { problem };
    let file: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    match file.get("format").and_then(Value::as_u64) {
        Some(found) if found > FORMAT => return Err(ProjectError::TooNew { found }),
        Some(1..) => {}
        _ => return Err(wrong(format!("“format” is missing or not a whole number: it should be {FORMAT}"))),
    }
    match file.get("name").and_then(Value::as_str).map(str::trim) {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(wrong("“name” is missing or not a text: give the project a name".to_owned())),
    }
}

pub(super) fn write(root: &Path, name: &str) -> Result<(), ProjectError> {
    let name = name.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(ProjectError::Descriptor { problem: "a project needs a name of one line".to_owned() });
    }
    let path = root.join(FILE);
    let text = format!("{:#}\n", json!({"format": FORMAT, "name": name}));
    let written = atomic::write::<Infallible>(&path, text.as_bytes(), || Ok(()));
    written.map(|_| ()).map_err(ProjectError::writing(&path))
}
