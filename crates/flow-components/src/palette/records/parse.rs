//! Parse: the text in a field becomes records.

use crate::describe::{optional, required};
use crate::formats::{self, BadRecords, Kind, Look};
use crate::json_records::{Chunk, JsonRecords};
use crate::wording::records;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use flow_data::arrow::compute::{cast, take};
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use flow_data::arrow::record_batch::RecordBatch;
use flow_data::formats::{Format, Reading, Source, rejected_schema, xml_to_json};
use flow_data::{DataError, Spool, Stream, json_schema_of, json_to_batch};
use flow_model::{ComponentDescription, ERROR_OUTLET, Effect, Family, IN, OUT, Ports, PropertyKind};
use serde_json::{Map, Value, json};
use std::sync::Arc;

const HELP: &str = "\
Turns the text in a field into records: the body of an HTTP answer, a document of a queue, a file that was read as text.

| Format | the text | gives |
|---|---|---|
| JSON | an object, or a list of them; *Records* leads to it: `data.items` | a record for each object |
| XML | a document; *Records* leads to the elements from the root: `orders/order` | a record for each element |
| CSV | rows, with a header or without | a record for each row |

Objects and lists within them become records and lists: `address.city`, `items[1]` in expressions, Unnest for a record \
each. With *KeepOtherFields*, the other fields of the record that held the text stand before those parsed from it.

**Which fields leave** is known before anything runs if you give a *Sample*, a text as it may come, or name all fields in \
*Columns*. Then exactly these leave: others in a text are left out, missing ones are empty, and a value of another type \
is a bad record. Without both, they follow from what arrives.

**Bad records** are texts that cannot be read, and values of a wrong type. *OnBadRecord* says whether they are an error, are \
left out, or leave at `rejected` with the text and what is wrong. A missing text is no record.";

const REJECTED: &str = "rejected";
const PROPERTY: &str = "Field";

pub(super) struct Parse;

impl ComponentType for Parse {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Parse",
            title: "Parse",
            family: Family::Transform,
            icon: "scan-text",
            summary: "Turns the text in a field into records",
            help: HELP,
            properties: vec![
                required("Field", "Field", PropertyKind::Field, "The field that holds the text."),
                formats::format(&[Kind::Json, Kind::Xml, Kind::Csv], "What the text looks like."),
                formats::records(
                    "JSON: the names that lead to the records, `data.items`; empty for the whole text. XML: the elements \
                     that lead to a record, from the root: `orders/order`.",
                ),
                formats::header(),
                formats::delimiter(),
                optional(
                    "Sample",
                    "Sample",
                    PropertyKind::Multiline,
                    "",
                    "A text as it may come. The fields that leave and their types follow from it.",
                ),
                formats::columns(),
                optional(
                    "KeepOtherFields",
                    "KeepOtherFields",
                    PropertyKind::Boolean,
                    json!(false),
                    "Whether the other fields of the record that held the text leave too.",
                ),
                formats::on_bad_record(),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Field} as {Format}",
        }
    }

    fn ports(&self, component: &flow_model::Component) -> Ports {
        match BadRecords::rejects(component) {
            true => Ports::named(&[IN], &[OUT, REJECTED, ERROR_OUTLET]),
            false => Ports::ordinary(),
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let look = Look::read(properties);
        let (sample, columns) = (properties.text("Sample"), properties.schema("Columns"));
        let fields = match declared(&look.format, &sample, columns.as_ref()) {
            Ok(fields) => fields,
            Err(error) => {
                properties.problem("Sample", &format!("cannot be read: {error}"));
                None
            }
        };
        Arc::new(Prepared {
            field: properties.text(PROPERTY),
            texts: Texts { look, bad: BadRecords::read(properties), fields },
            keep_others: properties.boolean("KeepOtherFields"),
        })
    }
}

/// The fields that are known before anything runs: those of the sample, with the types of the columns; else the columns.
fn declared(format: &Format, sample: &str, columns: Option<&SchemaRef>) -> Result<Option<SchemaRef>, DataError> {
    if sample.trim().is_empty() {
        return Ok(columns.cloned());
    }
    let found = match format {
        Format::Csv { .. } => return Ok(Some(Reading::new(format.clone()).schema(&csv_source(sample), sample.len())?)),
        _ => json_schema_of(&values(format, sample)?),
    };
    let asked = |name: &str| columns.and_then(|columns| columns.field_with_name(name).ok());
    let typed = found.fields().iter().map(|field| asked(field.name()).unwrap_or(field.as_ref()).clone());
    let missing =
        columns.iter().flat_map(|columns| columns.fields()).filter(|field| found.index_of(field.name()).is_err());
    let missing = missing.map(|field| field.as_ref().clone());
    Ok(Some(Arc::new(Schema::new(typed.chain(missing).collect::<Vec<_>>()))))
}

struct Prepared {
    field: String,
    texts: Texts,
    keep_others: bool,
}

/// How texts are parsed.
#[derive(Clone)]
struct Texts {
    look: Look,
    bad: BadRecords,
    /// The fields that leave, if they are known beforehand.
    fields: Option<SchemaRef>,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let (input, spool, texts) = (run.input().clone(), run.spool().clone(), self.texts.clone());
        let place =
            field_place(input.schema(), &self.field).map_err(|error| ComponentError::from(error).on(PROPERTY))?;
        let others = if self.keep_others { others(input.schema(), place) } else { Vec::new() };
        let parse = move || match &texts.look.format {
            Format::Csv { .. } => texts.parse_csv(&input, place, &others, &spool),
            _ => texts.parse(&input, place, &others, &spool),
        };
        let (parsed, rejected) = run.blocking(parse).await?;
        let note = match rejected.rows().filter(|rows| *rows > 0) {
            Some(rejected) => format!("{}, {rejected} rejected", records(parsed.rows())),
            None => records(parsed.rows()),
        };
        let mut outlets = vec![(OUT.to_owned(), parsed)];
        if self.texts.bad == BadRecords::Reject {
            outlets.push((REJECTED.to_owned(), rejected));
        }
        Ok(Outcome { outlets, ..Outcome::none() }.with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        if self.texts.bad == BadRecords::Reject {
            design.outlet(REJECTED, Arc::clone(rejected_schema()));
        }
        let input = design.input().cloned();
        let place = input.as_ref().map(|schema| field_place(schema, &self.field));
        if let Some(Err(error)) = &place {
            design.problem(error.code(), PROPERTY, &error.to_string());
        }
        let Some(fields) = &self.texts.fields else { return };
        match (input, place) {
            _ if !self.keep_others => design.outlet(OUT, Arc::clone(fields)),
            (Some(schema), Some(Ok(place))) => {
                let kept = others(&schema, place).into_iter().filter_map(|at| schema.fields().get(at).cloned());
                let all: Vec<_> = kept.chain(fields.fields().iter().cloned()).collect();
                let names: Vec<&str> = all.iter().map(|field| field.name().as_str()).collect();
                if let Some(twice) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
                    let message = format!("there is a field “{}” in the text and beside it: rename it before", twice.1);
                    return design.problem("data/type", "KeepOtherFields", &message);
                }
                design.outlet(OUT, Arc::new(Schema::new(all)));
            }
            _ => {}
        }
    }
}

/// The place of the field with the text.
fn field_place(schema: &SchemaRef, name: &str) -> Result<usize, DataError> {
    let names = || schema.fields().iter().map(|field| field.name().as_str());
    let Some((place, field)) = schema.column_with_name(name) else {
        let (near, all) = (flow_data::nearby_names(name, names()), names().map(str::to_owned).collect());
        return Err(DataError::UnknownField { field: name.to_owned(), near, all });
    };
    if field.data_type().is_string() || *field.data_type() == DataType::Null {
        return Ok(place);
    }
    let found = flow_data::type_name(field.data_type());
    Err(DataError::Type { message: format!("“{name}” is {found}, and only a text can be parsed") })
}

fn others(schema: &SchemaRef, place: usize) -> Vec<usize> {
    (0..schema.fields().len()).filter(|at| *at != place).collect()
}

fn fields_at(schema: &SchemaRef, places: &[usize]) -> Vec<Field> {
    places
        .iter()
        .filter_map(|at| schema.fields().get(*at))
        .map(|field| field.as_ref().clone().with_nullable(true))
        .collect()
}

fn csv_source(text: &str) -> Source {
    Source::bytes(text.as_bytes().to_vec())
}

/// The records of a text as JSON objects.
fn values(format: &Format, text: &str) -> Result<Vec<Value>, DataError> {
    let (path, document) = match format {
        Format::Xml { records, .. } => return xml_to_json(text, records),
        Format::Json { records, .. } => (records.as_str(), serde_json::from_str::<Value>(text)),
        _ => ("", serde_json::from_str::<Value>(text)),
    };
    let mut found = document.map_err(|error| malformed(format!("this is no JSON: {error}")))?;
    for name in path.split('.').map(str::trim).filter(|name| !name.is_empty()) {
        found = found
            .get_mut(name)
            .map(Value::take)
            .ok_or_else(|| malformed(format!("there is no “{name}” on the way {path}")))?;
    }
    let items = match found {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        one => vec![one],
    };
    // What is no object is a value without a name.
    let as_record = |item: Value| match item {
        Value::Object(members) => Value::Object(members),
        other => Value::Object(Map::from_iter([("value".to_owned(), other)])),
    };
    Ok(items.into_iter().map(as_record).collect())
}

fn malformed(message: String) -> DataError {
    DataError::Malformed { row: None, line: None, message }
}

impl Texts {
    /// Parses JSON or XML.
    fn parse(
        &self,
        input: &Stream,
        place: usize,
        others: &[usize],
        spool: &Spool,
    ) -> Result<(Stream, Stream), ComponentError> {
        let mut parsed = JsonRecords::new(spool, fields_at(input.schema(), others), self.fields.clone());
        let mut rejects = Rejects::new(spool);
        let mut row_before = 0;
        for batch in input.batches()? {
            let batch = batch?;
            let texts = texts_of(&batch, place)?;
            let (mut all, mut rows): (Vec<Value>, Vec<u32>) = (Vec::new(), Vec::new());
            for row in (0..batch.num_rows()).filter(|row| texts.is_valid(*row)) {
                let text = texts.as_string::<i32>().value(row);
                let number = row_before + row as u64 + 1;
                let found = values(&self.look.format, text).and_then(|values| self.fitting(values));
                match found {
                    Ok(values) => {
                        rows.extend(std::iter::repeat_n(u32::try_from(row).unwrap_or(u32::MAX), values.len()));
                        all.extend(values);
                    }
                    Err(error) => self.bad(error, number, text, &mut rejects)?,
                }
            }
            row_before += batch.num_rows() as u64;
            parsed.add(Chunk { values: all, before: repeated(&batch, others, rows)? }).map_err(|error| {
                ComponentError::from(error).on(if self.fields.is_some() { "Columns" } else { PROPERTY })
            })?;
        }
        Ok((parsed.finish()?, rejects.finish()?))
    }

    /// The values, if they have the types that are declared. Where bad ones end everything, that shows later.
    fn fitting(&self, values: Vec<Value>) -> Result<Vec<Value>, DataError> {
        if let (Some(fields), BadRecords::Skip | BadRecords::Reject) = (&self.fields, self.bad) {
            json_to_batch(&values, fields)?;
        }
        Ok(values)
    }

    fn parse_csv(
        &self,
        input: &Stream,
        place: usize,
        others: &[usize],
        spool: &Spool,
    ) -> Result<(Stream, Stream), ComponentError> {
        let reading = self.look.reading("", self.bad);
        let kept = fields_at(input.schema(), others);
        let mut fields = self.fields.clone();
        let mut parsed = None;
        let mut rejects = Rejects::new(spool);
        let mut row_before = 0;
        for batch in input.batches()? {
            let batch = batch?;
            let texts = texts_of(&batch, place)?;
            for row in (0..batch.num_rows()).filter(|row| texts.is_valid(*row)) {
                let text = texts.as_string::<i32>().value(row);
                let number = row_before + row as u64 + 1;
                let found = match self.bad {
                    BadRecords::Reject => reading.read_parted(&csv_source(text), spool).and_then(|(good, bad)| {
                        rejects.add(&bad)?;
                        Ok(good)
                    }),
                    BadRecords::Fail | BadRecords::Skip => reading.read(&csv_source(text)),
                };
                let found = found.and_then(|stream| match &fields {
                    Some(fields) => stream_of(&stream, fields),
                    None => stream.hold(spool),
                });
                let stream = match found {
                    Ok(stream) => stream,
                    Err(error) => {
                        self.bad(error, number, text, &mut rejects)?;
                        continue;
                    }
                };
                let fields = fields.get_or_insert_with(|| Arc::clone(stream.schema()));
                let schema: SchemaRef = Arc::new(Schema::new(
                    kept.iter().cloned().map(Arc::new).chain(fields.fields().iter().cloned()).collect::<Vec<_>>(),
                ));
                let collector = parsed.get_or_insert_with(|| spool.collect(Arc::clone(&schema)));
                for rows in stream.batches()? {
                    let rows = rows?;
                    let from = u32::try_from(row).unwrap_or(u32::MAX);
                    let mut columns = repeated(&batch, others, vec![from; rows.num_rows()])?;
                    columns.extend(rows.columns().iter().cloned());
                    let whole = RecordBatch::try_new(Arc::clone(&schema), columns).map_err(unfit)?;
                    collector.push(whole)?;
                }
            }
            row_before += batch.num_rows() as u64;
        }
        let parsed = match parsed {
            Some(parsed) => parsed.finish()?,
            None => {
                let known = fields.iter().flat_map(|fields| fields.fields().iter().cloned());
                Stream::empty(Arc::new(Schema::new(kept.into_iter().map(Arc::new).chain(known).collect::<Vec<_>>())))
            }
        };
        Ok((parsed, rejects.finish()?))
    }

    /// A text that cannot be read.
    fn bad(&self, error: DataError, number: u64, text: &str, rejects: &mut Rejects) -> Result<(), ComponentError> {
        match self.bad {
            BadRecords::Fail => {
                Err(ComponentError::from(error.about(format!("record {number}"))).at_row(number).on(PROPERTY))
            }
            BadRecords::Skip => Ok(()),
            BadRecords::Reject => Ok(rejects.push(number, text, &error)?),
        }
    }
}

fn unfit(error: flow_data::arrow::error::ArrowError) -> ComponentError {
    ComponentError::new("data/type", error.to_string())
}

/// The texts of a batch.
fn texts_of(batch: &RecordBatch, place: usize) -> Result<ArrayRef, ComponentError> {
    cast(batch.column(place), &DataType::Utf8).map_err(unfit)
}

/// The other fields of the records that held the texts, once for each record parsed from it.
fn repeated(batch: &RecordBatch, others: &[usize], rows: Vec<u32>) -> Result<Vec<ArrayRef>, ComponentError> {
    let rows = UInt32Array::from(rows);
    let columns = others.iter().map(|at| take(batch.column(*at), &rows, None).map_err(unfit));
    columns.collect()
}

/// The same records with exactly these fields.
fn stream_of(stream: &Stream, fields: &SchemaRef) -> Result<Stream, DataError> {
    let batch = stream.to_batch()?;
    let columns = fields.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) => cast(column, field.data_type())
            .map_err(|error| DataError::Type { message: format!("field “{}”: {error}", field.name()) }),
        None => Ok(flow_data::arrow::array::new_null_array(field.data_type(), batch.num_rows())),
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let options = flow_data::arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(fields), columns, &options)
        .map_err(|error| DataError::Type { message: error.to_string() })?;
    Ok(Stream::new(Arc::clone(fields), vec![batch]))
}

/// What could not be read.
struct Rejects(flow_data::Collector);

impl Rejects {
    fn new(spool: &Spool) -> Self {
        Self(spool.collect(Arc::clone(rejected_schema())))
    }

    fn push(&mut self, row: u64, text: &str, error: &DataError) -> Result<(), DataError> {
        let record =
            json!({"row": row, "line": null, "text": text, "code": error.code(), "message": error.to_string()});
        self.0.push(json_to_batch(&[record], rejected_schema())?)
    }

    fn add(&mut self, rejected: &Stream) -> Result<(), DataError> {
        for batch in rejected.batches()? {
            self.0.push(batch?)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Stream, DataError> {
        self.0.finish()
    }
}
