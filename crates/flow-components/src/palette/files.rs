//! Files: on the server's disk, in the shared storage, of the project.

mod file_delete;
mod file_list;
mod file_move;
mod file_read;
mod file_write;

use crate::describe::required;
use crate::{ComponentError, ComponentType};
use flow_data::Stream;
use flow_data::arrow::array::ArrayRef;
use flow_data::arrow::datatypes::SchemaRef;
use flow_data::arrow::record_batch::RecordBatch;
use flow_model::{PropertyDescription, PropertyKind};
use std::sync::Arc;

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

/// The property that names the files that something is done to.
fn path() -> PropertyDescription {
    let help = "The file, or a pattern: `storage:inbox/*.csv`. `${name}` stands for a field or a flow variable.";
    required("Path", "Path", PropertyKind::Path, help)
}

/// A list of files as records.
fn listed(fields: &SchemaRef, columns: Vec<ArrayRef>) -> Result<Stream, ComponentError> {
    let batch = RecordBatch::try_new(Arc::clone(fields), columns)
        .map_err(|error| ComponentError::new("component/internal", error.to_string()))?;
    Ok(Stream::new(Arc::clone(fields), vec![batch]))
}
