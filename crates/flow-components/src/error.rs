//! What can go wrong when a component runs.

use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use flow_data::{DataError, Stream};
use std::sync::{Arc, LazyLock};

/// The code of the error when this server may no longer act on the world: its lease is running out.
pub const MAY_NOT_ACT: &str = "component/may-not-act";
/// The code of the error when the attempt was told to end.
pub const CANCELLED: &str = "component/cancelled";

/// Why a component failed. It becomes the record of the component's error outlet, or the error of the attempt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ComponentError {
    /// Stable code that programs go by: `file/not-found`.
    pub code: String,
    /// What happened, where, and the way out, for people. Holds no secrets.
    pub message: String,
    /// The record of the input it is about, from 1.
    pub row: Option<u64>,
    /// The property it is about.
    pub property: Option<String>,
    /// Whether another attempt may go better. What the pinned version of the flow makes impossible stays so.
    pub retryable: bool,
}

impl ComponentError {
    /// An error that another attempt may not meet again.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), row: None, property: None, retryable: true }
    }

    /// Says which property it is about.
    #[must_use]
    pub fn on(mut self, property: &str) -> Self {
        self.property = Some(property.to_owned());
        self
    }

    /// Says which record of the input it is about, counted from 1.
    #[must_use]
    pub fn at_row(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }

    /// Says that no other attempt will go better.
    #[must_use]
    pub fn for_good(mut self) -> Self {
        self.retryable = false;
        self
    }

    /// Puts the place before the message: `field “price”: division by zero`.
    #[must_use]
    pub fn about(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![text("code"), text("message"), text("component")]))
});

impl ComponentError {
    /// The fields of the record on an error outlet.
    pub fn schema() -> &'static SchemaRef {
        &SCHEMA
    }

    /// The record for the error outlet of the component named `component`.
    pub fn to_stream(&self, component: &str) -> Stream {
        let text = |name: &str, value: &str| (name.to_owned(), value.into());
        Stream::from_record(&[text("code", &self.code), text("message", &self.message), text("component", component)])
    }
}

impl From<DataError> for ComponentError {
    fn from(error: DataError) -> Self {
        Self { row: error.row(), ..Self::new(error.code(), error.to_string()) }
    }
}
