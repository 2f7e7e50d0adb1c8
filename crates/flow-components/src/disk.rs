//! Files on disk: found by pattern, written and moved so that they are there as a whole or not at all.

mod beside;
mod find;
mod leftovers;
mod paths;
#[cfg(test)]
mod tests;

pub(crate) use beside::{Beside, copy_file, delete_file, move_file};
pub(crate) use find::{Found, Search};
pub(crate) use paths::{PathTemplate, names_fields, records_for};

use crate::ComponentError;
use std::io::{Error, ErrorKind};

/// Why the file at `path`, as its author names it, cannot be read.
pub(crate) fn cannot_read(path: &str, error: &Error) -> ComponentError {
    let (code, why) = match error.kind() {
        ErrorKind::NotFound => ("file/not-found", "there is no such file".to_owned()),
        ErrorKind::PermissionDenied => ("file/no-permission", "the server may not read it".to_owned()),
        ErrorKind::IsADirectory => ("file/is-folder", "this is a folder: name a file".to_owned()),
        _ => ("file/read", error.to_string()),
    };
    ComponentError::new(code, format!("{path}: {why}"))
}

/// Why the file at `path` cannot be written, moved or deleted.
pub(crate) fn cannot_write(path: &str, error: &Error) -> ComponentError {
    let (code, why) = match error.kind() {
        ErrorKind::PermissionDenied => ("file/no-permission", "the server may not write there".to_owned()),
        ErrorKind::IsADirectory => ("file/is-folder", "this is a folder: name a file".to_owned()),
        ErrorKind::StorageFull => ("file/no-space", "the disk is full".to_owned()),
        _ => ("file/write", error.to_string()),
    };
    ComponentError::new(code, format!("{path}: {why}"))
}

/// Why the files of the project cannot be written, moved or deleted.
pub(crate) fn read_only(path: &str) -> ComponentError {
    let message = format!(
        "project:{path} is a file of the pinned project version, which never changes: write to a storage: path"
    );
    ComponentError::new("file/read-only", message).for_good()
}
