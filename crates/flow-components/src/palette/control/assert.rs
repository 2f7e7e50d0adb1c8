//! Assert: stops a request whose data is not as it must be.

use crate::describe::{choice, optional, required};
use crate::wording::records;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext, Template};
use async_trait::async_trait;
use flow_data::arrow::array::RecordBatch;
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use flow_data::{DataError, Expression, Stream};
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind};
use serde_json::json;
use std::sync::{Arc, LazyLock};

const HELP: &str = "\
Passes on what arrives if it is as it must be, and fails otherwise, so that nothing wrong goes any further: no record \
leaves before all of them have been looked at.

With *Of* on *Record* the condition must be true for every record (unknown because of a missing value is not true):

`total >= 0 AND customer_id IS NOT NULL`

With *Stream* it is asked once about the number of records, `count`: `count BETWEEN 1 AND 10000`.

The error names the first record that failed. In the *Message*, `${name}` stands for a field of that record or for a \
flow variable, and with *Of* on *Stream* `${count}` for the number. To go another way instead of failing, use Branch or \
Filter, or link the error outlet.";

static COUNT: LazyLock<SchemaRef> =
    LazyLock::new(|| Arc::new(Schema::new(vec![Field::new("count", DataType::Int64, true)])));

pub(super) struct Assert;

impl ComponentType for Assert {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Assert",
            title: "Assert",
            family: Family::Control,
            icon: "shield-check",
            summary: "Fails unless the records are as they must be",
            help: HELP,
            properties: vec![
                required(
                    "Condition",
                    "Condition",
                    PropertyKind::Expression { condition: true },
                    "An SQL condition over the fields (or `count`) and the flow variables (`$name`).",
                ),
                optional(
                    "Of",
                    "Of",
                    choice(&[("Record", "Every record"), ("Stream", "The number of records")]),
                    "Record",
                    "What the condition is about.",
                ),
                optional(
                    "Message",
                    "Message",
                    PropertyKind::Multiline,
                    "",
                    "What to say when it does not hold. Empty: the condition itself.",
                ),
                super::retry(),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Condition}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let message = properties.template("Message");
        Arc::new(Prepared {
            condition: properties.text("Condition"),
            of_count: properties.choice("Of", &[("Record", false), ("Stream", true)]),
            message: Some(message).filter(|message| *message != Template::empty()),
            retry: properties.boolean("Retry"),
        })
    }
}

struct Prepared {
    condition: String,
    of_count: bool,
    /// What the author wants to be told.
    message: Option<Template>,
    retry: bool,
}

/// A record for which the condition does not hold, in its batch.
struct Failing {
    batch: RecordBatch,
    row: usize,
    /// Its number in the stream, from 1; none when it is about the number of records.
    number: Option<u64>,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let about = |error: DataError| ComponentError::from(error).on("Condition");
        let input = run.held().await?;
        let count = input.rows().unwrap_or_default();
        let asked = if self.of_count {
            Stream::from_typed_record(&[("count", DataType::Int64, json!(count))])?
        } else {
            input.clone()
        };
        let condition =
            run.services.expressions().compile(&self.condition, asked.schema(), run.variables).map_err(about)?;
        let of_count = self.of_count;
        let failing = run.blocking(move || first_failing(&asked, &condition, of_count).map_err(about)).await?;
        match failing {
            None => Ok(Outcome::out(input).with_note(format!("{} hold", records(count)))),
            Some(failing) => Err(self.error(run, &failing)?),
        }
    }

    fn design(&self, design: &mut Design<'_>) {
        if self.of_count {
            design.condition_over(Some(&COUNT), &self.condition, "Condition", "Condition");
        } else {
            design.condition(&self.condition, "Condition", "Condition");
            if let Some(message) = &self.message {
                design.template(message, "Message", true);
            }
        }
        design.passes_on(OUT);
    }
}

impl Prepared {
    fn error(&self, run: &RunContext<'_>, failing: &Failing) -> Result<ComponentError, ComponentError> {
        let reason = match &self.message {
            Some(message) => run.fill_from(message, &failing.batch, failing.row)?,
            None => format!("“{}” does not hold", self.condition),
        };
        let error = ComponentError::new("flow/assertion", reason);
        let error = match failing.number {
            Some(number) => error.about(&format!("record {number}")).at_row(number),
            None => error,
        };
        Ok(super::failing(error, self.retry))
    }
}

/// The first record for which the condition is not true.
fn first_failing(stream: &Stream, condition: &Expression, of_count: bool) -> Result<Option<Failing>, DataError> {
    let mut rows_before = 0;
    for batch in stream.batches()? {
        let batch = batch?;
        let holds = condition.evaluate_condition(&batch).map_err(|error| error.after(rows_before))?;
        if let Some(row) = holds.iter().position(|holds| holds != Some(true)) {
            let number = (!of_count).then_some(rows_before + row as u64 + 1);
            return Ok(Some(Failing { batch, row, number }));
        }
        rows_before += batch.num_rows() as u64;
    }
    Ok(None)
}
