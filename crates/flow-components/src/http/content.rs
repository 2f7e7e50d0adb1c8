//! What requests and replies carry: headers and bodies.

use crate::{ComponentError, Properties};
use bytes::Bytes;
use flow_data::arrow::array::{Array, AsArray};
use flow_data::arrow::datatypes::DataType;
use flow_data::arrow::record_batch::RecordBatch;
use flow_data::{Numbers, value_at};
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value;

pub(crate) const JSON: &str = "application/json";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
pub(crate) const BYTES: &str = "application/octet-stream";

/// Reports the names in a property that headers cannot have.
pub(crate) fn check_header_names<'a>(
    properties: &mut Properties<'_>,
    property: &'static str,
    names: impl Iterator<Item = &'a String>,
) {
    for name in names.filter(|name| HeaderName::try_from(name.as_str()).is_err()) {
        properties.problem(property, &format!("holds “{name}”, which cannot be the name of a header"));
    }
}

/// The value of a header.
pub(crate) fn header_value(name: &str, value: &str) -> Result<HeaderValue, ComponentError> {
    HeaderValue::from_str(value).map_err(|_| {
        let message = format!("the value of the header “{name}” holds characters that a header cannot have");
        ComponentError::new("http/bad-header", message).on("Headers").for_good()
    })
}

/// The only field of the record at `row` as it is, with its media type; none if it is missing.
pub(crate) fn document(batch: &RecordBatch, row: usize) -> Result<Option<(&'static str, Bytes)>, ComponentError> {
    let [column] = batch.columns() else {
        let message = format!(
            "a document is the only field of its stream, and {} fields arrive: choose one with a Mapper",
            batch.num_columns()
        );
        return Err(ComponentError::new("http/no-document", message).on("Body").for_good());
    };
    if row >= column.len() || column.is_null(row) {
        return Ok(None);
    }
    Ok(Some(match column.data_type() {
        DataType::Binary => (BYTES, Bytes::copy_from_slice(column.as_binary::<i32>().value(row))),
        _ => match value_at(column, row, Numbers::Plain) {
            Value::String(text) => (TEXT, text.into()),
            other => (JSON, other.to_string().into()),
        },
    }))
}
