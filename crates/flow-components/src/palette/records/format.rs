//! Format: records become text in a field.

use crate::describe::{choice, optional};
use crate::formats::{self, Kind, Look};
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::arrow::array::{ArrayRef, StringArray};
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use flow_data::arrow::record_batch::RecordBatch;
use flow_data::formats::{Format as TextFormat, Writing};
use flow_data::{DataError, Numbers, Stream, value_at};
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind};
use serde_json::{Map, Value, json};
use std::sync::Arc;

const HELP: &str = "\
Makes a text out of records, to send it, to store it in a field, or to write it somewhere.

With *Per* on *Stream*, one record leaves, whose only field is the text of all records: a JSON list, an XML document, CSV \
with its header. With *Per* on *Record*, every record gets a text of its own in the field *Into*: a JSON object, an XML \
document, rows of CSV; the other fields stay if *KeepOtherFields* is on.

For JSON, *Records* names what the list is put within: `data.items`. For XML it names the root and the element of a \
record, `orders/order`; fields whose names begin with `@` become attributes.

To write a file, File Write needs no Format before it.";

/// The largest text, in bytes.
const MOST: usize = 1 << 30;

pub(super) struct Format;

impl ComponentType for Format {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Format",
            title: "Format",
            family: Family::Transform,
            icon: "file-code",
            summary: "Makes a text out of records",
            help: HELP,
            properties: vec![
                formats::format(&[Kind::Json, Kind::Xml, Kind::Csv], "What the text looks like."),
                optional(
                    "Per",
                    "Per",
                    choice(&[("Stream", "One text for the stream"), ("Record", "One text for each record")]),
                    "Stream",
                    "How many texts are made.",
                ),
                optional("Into", "Into", PropertyKind::Text, "text", "The name of the field that holds the text."),
                optional(
                    "KeepOtherFields",
                    "Keep other fields",
                    PropertyKind::Boolean,
                    json!(false),
                    "Per record: whether the fields that arrive stay beside the text.",
                )
                .when("Per", &["Record"]),
                formats::records(
                    "JSON: names to put the list within, `data.items`. XML: the root and the element of a record: \
                     `orders/order`.",
                ),
                formats::header(),
                formats::delimiter(),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Format}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let into = properties.text("Into");
        if into.trim().is_empty() {
            properties.problem("Into", "is empty: name the field that holds the text");
        }
        Arc::new(Prepared {
            look: Look::read(properties),
            per_record: properties.choice("Per", &[("Stream", false), ("Record", true)]),
            into,
            keep_others: properties.boolean("KeepOtherFields"),
        })
    }
}

struct Prepared {
    look: Look,
    per_record: bool,
    into: String,
    keep_others: bool,
}

impl Prepared {
    /// The fields that leave.
    fn schema(&self, input: &SchemaRef) -> SchemaRef {
        let keep = |field: &&Arc<Field>| self.per_record && self.keep_others && *field.name() != self.into;
        let kept = input.fields().iter().filter(keep).cloned();
        let text = Arc::new(Field::new(&self.into, DataType::Utf8, true));
        Arc::new(Schema::new(kept.chain([text]).collect::<Vec<_>>()))
    }
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let input = run.input().clone();
        let writing = self.look.writing("");
        writing.check(input.schema()).map_err(formats::unfit)?;
        let schema = self.schema(input.schema());
        if self.per_record {
            let to = Arc::clone(&schema);
            let texts = input.map_batches(schema, move |batch| each(batch, &writing, &to));
            return Ok(Outcome::out(texts.map_err(formats::unfit)?));
        }
        let write = move || Ok((text_of(&input, &writing)?, input.rows()));
        let (text, _) = run.blocking(move || write().map_err(|error: DataError| ComponentError::from(error))).await?;
        let note = format!("{} characters", text.chars().count());
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(StringArray::from(vec![text]))])
            .map_err(|error| ComponentError::new("data/type", error.to_string()))?;
        Ok(Outcome::out(Stream::new(schema, vec![batch])).with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        match design.input().cloned() {
            Some(schema) => {
                if let Err(error) = self.look.writing("").check(&schema) {
                    design.problem(error.code(), "Format", &error.to_string());
                }
                design.outlet(OUT, self.schema(&schema));
            }
            // One text for all has the same fields whatever arrives.
            None if !self.per_record => design.outlet(OUT, self.schema(&Arc::new(Schema::empty()))),
            None => {}
        }
    }
}

/// The records of a batch with the text of each.
fn each(batch: &RecordBatch, writing: &Writing, schema: &SchemaRef) -> Result<RecordBatch, DataError> {
    let text = |row: usize| match &writing.format {
        TextFormat::Json { records, .. } if records.trim().is_empty() => Ok(object(batch, row)),
        _ => text_of(&Stream::new(batch.schema(), vec![batch.slice(row, 1)]), writing)
            .map_err(|error| error.after(row as u64)),
    };
    let texts: StringArray = (0..batch.num_rows()).map(|row| text(row).map(Some)).collect::<Result<_, DataError>>()?;
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields().iter().take(schema.fields().len().saturating_sub(1)) {
        columns.extend(batch.column_by_name(field.name()).cloned());
    }
    columns.push(Arc::new(texts));
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(|error| DataError::Type { message: error.to_string() })
}

/// A record as a JSON object.
fn object(batch: &RecordBatch, row: usize) -> String {
    let fields = batch.schema_ref().fields().iter().zip(batch.columns());
    let members = fields.map(|(field, column)| (field.name().clone(), value_at(column, row, Numbers::Plain)));
    Value::Object(members.collect::<Map<_, _>>()).to_string()
}

fn text_of(stream: &Stream, writing: &Writing) -> Result<String, DataError> {
    let mut bytes = Limited(Vec::new());
    writing.write(stream, &mut bytes)?;
    String::from_utf8(bytes.0).map_err(|error| DataError::Internal { message: error.to_string() })
}

/// A text in memory, up to a size.
struct Limited(Vec<u8>);

impl std::io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > MOST {
            let message = "the text would be larger than 1 GiB: use File Write, which has no such limit";
            return Err(std::io::Error::other(message));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
