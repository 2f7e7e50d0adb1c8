//! Files: on the server's disk, in the shared storage, of the project.

mod file_read;
mod file_write;

use crate::ComponentType;

/// These component types, in the order of the palette.
pub(super) fn types() -> Vec<Box<dyn ComponentType>> {
    vec![Box::new(file_read::FileRead), Box::new(file_write::FileWrite)]
}
