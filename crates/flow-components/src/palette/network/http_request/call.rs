//! What is sent: the request for the whole stream or for one record, ready to be sent as often as needed.

use super::Prepared;
use crate::http::Endpoint;
use crate::http::content::{JSON, TEXT, document, header_value};
use crate::{ComponentError, RunContext};
use bytes::Bytes;
use flow_data::arrow::array::Array;
use flow_data::arrow::record_batch::RecordBatch;
use flow_data::{Numbers, value_at};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::{Map, Value};

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// What is sent with POST, PUT, PATCH and DELETE.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// The records as JSON.
    Records,
    /// The fields of the first record, as a form.
    Form,
    /// The only field of the first record as it is.
    Document,
    /// The text of the property.
    Text,
    /// Nothing.
    None,
}

/// A request, ready to be sent as often as needed.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
}

impl Call {
    /// Method and URL for messages: without what may be secret.
    pub(super) fn place(&self) -> String {
        format!("{} {}", self.method, shown(&self.url))
    }

    /// Whether the server may get it twice without harm.
    pub(super) fn is_repeatable(&self) -> bool {
        self.method.is_idempotent() || self.headers.contains_key(IDEMPOTENCY_KEY)
    }
}

/// A URL without user, password and query.
pub(super) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

impl Prepared {
    /// The request for the record at `row` of a batch, or for the whole stream, whose first records the batch has.
    /// `body` is what is sent, if it is the same for all.
    pub(super) fn call(
        &self,
        run: &RunContext<'_>,
        endpoint: &Endpoint,
        batch: &RecordBatch,
        row: usize,
        (content_type, body): (&'static str, Option<Bytes>),
    ) -> Result<Call, ComponentError> {
        let path = run.fill_from_encoded(&self.path, batch, row, percent_encoded)?;
        let mut url = endpoint.join(&path)?;
        for (name, template) in &self.query {
            url.query_pairs_mut().append_pair(name, &run.fill_from(template, batch, row)?);
        }
        let mut headers = HeaderMap::new();
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        for (name, template) in &self.headers {
            let value = run.fill_from(template, batch, row)?;
            // The name was checked when the component was prepared.
            let Ok(parsed) = HeaderName::try_from(name.as_str()) else { continue };
            if parsed == CONTENT_TYPE {
                headers.insert(parsed, header_value(name, &value)?);
            } else {
                headers.append(parsed, header_value(name, &value)?);
            }
        }
        Ok(Call { method: self.method.clone(), url, headers, body })
    }

    /// Adds the key by which the server knows a request that it had before. An author's own key stays.
    pub(super) fn with_key(&self, mut call: Call, key: &str) -> Result<Call, ComponentError> {
        if self.exactly_once && !call.headers.contains_key(IDEMPOTENCY_KEY) {
            call.headers.insert(IDEMPOTENCY_KEY, header_value(IDEMPOTENCY_KEY, key)?);
        }
        Ok(call)
    }

    /// The body for the record at `row` of a batch, with its content type.
    pub(super) fn body_of_record(
        &self,
        run: &RunContext<'_>,
        batch: &RecordBatch,
        row: usize,
    ) -> Result<(&'static str, Option<Bytes>), ComponentError> {
        Ok(match self.sends() {
            Body::None => ("", None),
            Body::Records => (JSON, Some(Value::Object(record(batch, row)).to_string().into())),
            Body::Form => (FORM, Some(form(batch, row).into())),
            Body::Document => match document(batch, row)? {
                Some((media_type, bytes)) => (media_type, Some(bytes)),
                None => ("", None),
            },
            Body::Text => (TEXT, Some(run.fill_from(&self.text, batch, row)?.into())),
        })
    }

    /// The body for the whole stream, whose first record is `first`.
    pub(super) async fn body_of_stream(
        &self,
        run: &RunContext<'_>,
        first: &RecordBatch,
    ) -> Result<(&'static str, Option<Bytes>), ComponentError> {
        if self.sends() != Body::Records {
            return self.body_of_record(run, first, 0);
        }
        let (input, most) = (run.input().clone(), self.body_limit);
        let body = run.blocking(move || {
            let mut text = vec![b'['];
            for batch in input.batches()? {
                let batch = batch?;
                for row in 0..batch.num_rows() {
                    if text.len() > 1 {
                        text.push(b',');
                    }
                    text.extend_from_slice(Value::Object(record(&batch, row)).to_string().as_bytes());
                    if text.len() > most {
                        return Err(too_large_to_send(most));
                    }
                }
            }
            text.push(b']');
            Ok(text)
        });
        Ok((JSON, Some(body.await?.into())))
    }

    fn sends(&self) -> Body {
        if matches!(self.method, Method::GET | Method::HEAD) { Body::None } else { self.body }
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn too_large_to_send(most: usize) -> ComponentError {
    let message = format!(
        "the records make a body of more than {} MiB: send them in parts (Per: Record, or a ForEach), or raise BodyLimit",
        most >> 20
    );
    ComponentError::new("http/too-large", message).on("Body").for_good()
}

/// The record at `row` as JSON for programs.
fn record(batch: &RecordBatch, row: usize) -> Map<String, Value> {
    let fields = batch.schema_ref().fields().iter().zip(batch.columns());
    fields.map(|(field, column)| (field.name().clone(), value_at(column, row, Numbers::Plain))).collect()
}

/// The record at `row` as a form; missing values are left out.
fn form(batch: &RecordBatch, row: usize) -> String {
    let mut pairs = String::new();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let text = match (row < column.len()).then(|| value_at(column, row, Numbers::AsText)) {
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
        };
        if !pairs.is_empty() {
            pairs.push('&');
        }
        pairs.push_str(&format!("{}={}", percent_encoded(field.name()), percent_encoded(&text)));
    }
    pairs
}

/// What may stand in a path or a form as it is.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}
