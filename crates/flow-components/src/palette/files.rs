//! Files: on the server's disk, in the shared storage, of the project.

mod file_delete;
mod file_list;
mod file_move;
mod file_read;
mod file_write;

use crate::ComponentType;

/// These component types, in the order of the palette.
pub(super) fn types() -> Vec<Box<dyn ComponentType>> {
    vec![
        Box::new(file_read::FileRead),
        Box::new(file_write::FileWrite),
        Box::new(file_list::FileList),
        Box::new(file_move::FileMove),
        Box::new(file_delete::FileDelete),
    ]
}
