//! From answers to records: the fields that are taken from the answer itself and from the record it belongs to, and
//! then the body.

use super::Prepared;
use super::call::Call;
use super::exchange::{Answer, excerpt};
use super::json_path::JsonPath;
use super::paging::Page;
use crate::json_records::Chunk;
use crate::{ComponentError, RunContext};
use flow_data::arrow::array::{ArrayRef, BinaryArray, Int64Array, StringArray, UInt32Array};
use flow_data::arrow::compute::take;
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use flow_data::arrow::record_batch::RecordBatch;
use flow_data::{DataError, json_schema_of};
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use std::sync::Arc;

/// Bodies from so many bytes on are parsed where that holds nobody up.
const PARSED_AT_ONCE: usize = 64 * 1024;

/// What becomes of the body of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    /// A field with its text.
    Text,
    /// A field with its bytes.
    Bytes,
    /// Records, from JSON.
    Records,
}

/// An answer that has been read, for the record at `row` of a batch.
pub(super) struct Received {
    row: usize,
    status: StatusCode,
    /// The values of the headers that become fields.
    headers: Vec<Option<String>>,
    /// The body, unless it is records.
    body: Vec<u8>,
    /// The records; a single empty one unless the body is records.
    pub(super) records: Vec<Value>,
}

impl Prepared {
    /// The body as JSON, if it is needed. An answer without content, or one of the errors that the author expects, has
    /// none.
    pub(super) async fn document(
        &self,
        run: &RunContext<'_>,
        answer: &Answer,
        call: &Call,
    ) -> Result<Option<Value>, ComponentError> {
        let is_needed = self.answer == As::Records || self.pages.need_body();
        let is_empty = answer.body.iter().all(u8::is_ascii_whitespace);
        if !is_needed || is_empty || answer.status.is_client_error() {
            return Ok(None);
        }
        let body = answer.body.clone();
        let parsed = if body.len() < PARSED_AT_ONCE {
            serde_json::from_slice(&body)
        } else {
            run.blocking(move || Ok(serde_json::from_slice(&body))).await?
        };
        parsed.map(Some).map_err(|error| not_json(answer, call, &error))
    }

    /// Takes what is wanted out of an answer, whose body is `document` if it is needed as JSON.
    pub(super) fn received(
        &self,
        answer: Answer,
        mut document: Option<Value>,
        row: usize,
        call: &Call,
    ) -> Result<(Received, Page), ComponentError> {
        let mark = self.pages.mark(&answer.headers, document.as_ref());
        let header = |name: &String| Some(String::from_utf8_lossy(answer.headers.get(name)?.as_bytes()).into_owned());
        let headers = self.header_fields.iter().map(header).collect();
        let records = match (self.answer, &mut document) {
            (As::Records, Some(document)) => self.records_of(document, call)?,
            (As::Records, None) => Vec::new(),
            (As::Text | As::Bytes, _) => vec![json!({})],
        };
        let page = Page { url: answer.url, records: records.len() as u64, mark };
        let body = if self.answer == As::Records { Vec::new() } else { answer.body.into() };
        Ok((Received { row, status: answer.status, headers, body, records }, page))
    }

    /// The records of a document: the items of a list, or an object as one record.
    fn records_of(&self, document: &mut Value, call: &Call) -> Result<Vec<Value>, ComponentError> {
        let found = self.records_at.take(document).ok_or_else(|| {
            let members = document.as_object().map(|members| members.keys().take(20).cloned().collect::<Vec<_>>());
            let there = members.map(|names| format!("; it has {}", names.join(", "))).unwrap_or_default();
            let place = call.place();
            let message = format!("{place}: there is nothing at “{}” in the answer{there}", self.records_text);
            ComponentError::new("http/no-records", message).on("Records")
        })?;
        let record = |value| if matches!(value, Value::Object(_)) { value } else { json!({ "value": value }) };
        Ok(match found {
            Value::Null => Vec::new(),
            Value::Array(items) => items.into_iter().map(record).collect(),
            single => vec![record(single)],
        })
    }

    /// The fields that stand before those of the body, for records with the given fields; `None` while these are not
    /// known and are needed.
    pub(super) fn fields_before(&self, input: Option<&Schema>) -> Option<Vec<Field>> {
        let mut fields = Vec::new();
        for name in &self.keep_fields {
            // A name that is wrong has been reported.
            fields.extend(input?.field_with_name(name).ok().cloned());
        }
        if self.answer != As::Records || self.keep_status {
            fields.push(Field::new("status", DataType::Int64, true));
        }
        fields.extend(self.header_fields.iter().map(|name| Field::new(name, DataType::Utf8, true)));
        match self.answer {
            As::Text => fields.push(Field::new("body", DataType::Utf8, true)),
            As::Bytes => fields.push(Field::new("body", DataType::Binary, true)),
            As::Records => {}
        }
        Some(fields)
    }

    /// The fields of the records in the body, if they are declared or a sample shows them.
    pub(super) fn declared(&self) -> Option<SchemaRef> {
        match self.answer {
            As::Text | As::Bytes => Some(Arc::new(Schema::empty())),
            As::Records => self.columns.clone(),
        }
    }

    /// The answers for records of `batch` as one chunk of records.
    pub(super) fn chunk(&self, received: Vec<Received>, batch: &RecordBatch) -> Result<Chunk, ComponentError> {
        let repeated = |value: fn(&Received) -> u32| {
            received.iter().flat_map(move |answer| std::iter::repeat_n(value(answer), answer.records.len()))
        };
        let mut before: Vec<ArrayRef> = Vec::new();
        if !self.keep_fields.is_empty() {
            let rows = UInt32Array::from_iter_values(repeated(|answer| u32::try_from(answer.row).unwrap_or(u32::MAX)));
            for column in self.keep_fields.iter().filter_map(|name| batch.column_by_name(name)) {
                let taken = take(column, &rows, None);
                before.push(taken.map_err(|error| DataError::Type { message: error.to_string() })?);
            }
        }
        if self.answer != As::Records || self.keep_status {
            let statuses = repeated(|answer| u32::from(answer.status.as_u16())).map(i64::from);
            before.push(Arc::new(Int64Array::from_iter_values(statuses)));
        }
        for at in 0..self.header_fields.len() {
            let values = received.iter().flat_map(|answer| {
                let value = answer.headers.get(at).and_then(Option::as_deref);
                std::iter::repeat_n(value, answer.records.len())
            });
            before.push(Arc::new(StringArray::from_iter(values)));
        }
        match self.answer {
            As::Text => {
                let texts = received.iter().map(|answer| String::from_utf8_lossy(&answer.body));
                before.push(Arc::new(StringArray::from_iter_values(texts)));
            }
            As::Bytes => {
                before.push(Arc::new(BinaryArray::from_iter_values(received.iter().map(|answer| &answer.body))));
            }
            As::Records => {}
        }
        Ok(Chunk { values: received.into_iter().flat_map(|answer| answer.records).collect(), before })
    }
}

fn not_json(answer: &Answer, call: &Call, error: &serde_json::Error) -> ComponentError {
    let media_type = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.map(|text| format!(" ({text})")).unwrap_or_default();
    let message = format!("{}: the answer{media_type} is no JSON: {error}{}", call.place(), excerpt(&answer.body));
    ComponentError::new("http/not-json", message).on("Answer")
}

/// The fields of the records in a sample answer; gives what is wrong with it.
pub(super) fn fields_of_sample(text: &str, at: &JsonPath) -> Result<SchemaRef, String> {
    let mut document: Value = serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
    let found = at.take(&mut document).ok_or("has nothing at the place that Records names")?;
    let records = match found {
        Value::Array(items) => items,
        single => vec![single],
    };
    if records.is_empty() || !records.iter().all(Value::is_object) {
        return Err("has no records at the place that Records names".to_owned());
    }
    Ok(json_schema_of(&records))
}
