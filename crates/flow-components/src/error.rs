//! What can go wrong when a component runs.

use flow_data::arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, StringArray, new_null_array};
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use flow_data::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use flow_data::{DataError, Numbers, Stream, value_at};
use std::iter::repeat_n;
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

/// The fields of the record on an `always` outlet.
static ENDED: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let ok = Field::new("ok", DataType::Boolean, true);
    Arc::new(Schema::new(vec![text("component"), ok, text("code"), text("message")]))
});

/// What an error outlet says of the error, before the fields of the input.
const ABOUT: [(&str, DataType); 4] =
    [("code", DataType::Utf8), ("message", DataType::Utf8), ("component", DataType::Utf8), ("row", DataType::Int64)];

impl ComponentError {
    /// The fields of the records on an error outlet: those of the error, then those of the component's input (with
    /// `input_` before a name that the error has itself).
    pub fn schema(input: &SchemaRef) -> SchemaRef {
        let about = ABOUT.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
        let replayed = input.fields().iter().map(|field| {
            let taken = |name: &str| ABOUT.iter().any(|(about, _)| *about == name);
            let mut name = field.name().clone();
            while taken(&name) || name != *field.name() && input.field_with_name(&name).is_ok() {
                name.insert_str(0, "input_");
            }
            field.as_ref().clone().with_name(name).with_nullable(true)
        });
        Arc::new(Schema::new(about.chain(replayed).collect::<Vec<_>>()))
    }

    /// The records for the error outlet of the component named `component`: one for each of its input, so that they can
    /// be put in again; at least one.
    pub fn to_stream(&self, component: &str, input: &Stream) -> Result<Stream, ComponentError> {
        let schema = Self::schema(input.schema());
        let records = if is_empty(input)? { one_of_nulls(input.schema())? } else { input.clone() };
        let (error, component) = (self.clone(), component.to_owned());
        let to = Arc::clone(&schema);
        let records = records.map_batches(schema, move |batch| {
            let rows = batch.num_rows();
            let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(repeat_n(text, rows))) };
            let row: Int64Array = repeat_n(error.row.and_then(|row| i64::try_from(row).ok()), rows).collect();
            let mut columns = vec![text(&error.code), text(&error.message), text(&component), Arc::new(row)];
            columns.extend(batch.columns().iter().cloned());
            RecordBatch::try_new(Arc::clone(&to), columns).map_err(unfit)
        });
        Ok(records?)
    }

    /// The error that the records of an error outlet tell of.
    pub fn from_stream(records: &Stream) -> Result<Self, ComponentError> {
        let first = records.first(1)?.to_batch()?;
        let value = |name: &str| {
            let column = first.column_by_name(name).filter(|column| !column.is_empty())?;
            Some(value_at(column, 0, Numbers::Plain))
        };
        let text = |name: &str| value(name).as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let row = value("row").and_then(|row| row.as_u64());
        Ok(Self { row, ..Self::new(text("code"), text("message")) })
    }

    /// The fields of the record on an `always` outlet.
    pub fn ended_schema() -> &'static SchemaRef {
        &ENDED
    }

    /// The record for the `always` outlet of the component named `component`, which ended with `error` or well.
    pub fn ended(component: &str, error: Option<&Self>) -> Stream {
        let text = |text: Option<&String>| -> ArrayRef { Arc::new(StringArray::from(vec![text.map(String::as_str)])) };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![component])),
            Arc::new(BooleanArray::from(vec![error.is_none()])),
            text(error.map(|error| &error.code)),
            text(error.map(|error| &error.message)),
        ];
        let batch = RecordBatch::try_new(Arc::clone(&ENDED), columns);
        Stream::new(Arc::clone(&ENDED), batch.into_iter().collect())
    }
}

fn is_empty(stream: &Stream) -> Result<bool, DataError> {
    match stream.rows() {
        Some(rows) => Ok(rows == 0),
        None => Ok(stream.first(1)?.rows() == Some(0)),
    }
}

/// A stream of one record without any values.
fn one_of_nulls(schema: &SchemaRef) -> Result<Stream, DataError> {
    let fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let columns = schema.fields().iter().map(|field| new_null_array(field.data_type(), 1)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options).map_err(unfit)?;
    Ok(Stream::new(schema, vec![batch]))
}

fn unfit(error: impl std::fmt::Display) -> DataError {
    DataError::Type { message: error.to_string() }
}

impl From<DataError> for ComponentError {
    fn from(error: DataError) -> Self {
        Self { row: error.row(), ..Self::new(error.code(), error.to_string()) }
    }
}
