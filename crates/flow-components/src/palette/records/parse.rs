//! Parse: the text in a field becomes records.

mod texts;

use crate::describe::{optional, required};
use crate::formats::{self, BadRecords, Kind, Look};
use crate::wording::records;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::arrow::datatypes::{DataType, Schema, SchemaRef};
use flow_data::formats::{Format, Reading, rejected_schema};
use flow_data::{DataError, json_schema_of};
use flow_model::{
    ComponentDescription, ERROR_OUTLET, Effect, Family, IN, OUT, Ports, PropertyDescription, PropertyKind,
};
use serde_json::json;
use std::sync::Arc;
use texts::{Texts, csv_source, values};

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
/// The property that names the field with the texts.
const FIELD: &str = "Field";

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
                required(FIELD, FIELD, PropertyKind::Field, "The field that holds the text."),
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
                // Here they matter for every format.
                PropertyDescription { shown_when: Vec::new(), ..formats::columns() },
                optional(
                    "KeepOtherFields",
                    "Keep other fields",
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
            field: properties.text(FIELD),
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

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let (input, spool, texts) = (run.input().clone(), run.spool().clone(), self.texts.clone());
        let place = field_place(input.schema(), &self.field).map_err(|error| ComponentError::from(error).on(FIELD))?;
        let others = if self.keep_others { others(input.schema(), place) } else { Vec::new() };
        let (parsed, rejected) = run.blocking(move || texts.parse(&input, place, &others, &spool)).await?;
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
            design.problem(error.code(), FIELD, &error.to_string());
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
