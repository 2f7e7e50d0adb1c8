//! Set Variable: gives flow variables a value.

use crate::describe::required;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::arrow::array::{RecordBatch, RecordBatchOptions, new_null_array};
use flow_data::arrow::datatypes::{Field, Schema};
use flow_data::{Numbers, value_at};
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind};
use serde_json::Value;
use std::sync::Arc;

const HELP: &str = "\
Gives flow variables a value for everything that follows, and passes on what arrives.

Each variable has an SQL expression over the first record that arrives and the flow variables set before:

| variable | expression |
|---|---|
| `customer` | `upper(name)` |
| `since` | `coalesce(last_change, '1970-01-01')` |
| `page` | `$page + 1` |

All expressions see the values from before this component. If no record arrives, fields count as missing (null).

Flow variables are for single values: times, numbers, names. They travel with the links and are saved at checkpoints, so \
a resumed request has them too. Where parallel paths join, they must not have set one variable to different values.";

pub(super) struct SetVariable;

impl ComponentType for SetVariable {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "SetVariable",
            title: "Set Variable",
            family: Family::Control,
            icon: "variable",
            summary: "Gives flow variables a value",
            help: HELP,
            properties: vec![required(
                "Variables",
                "Variables",
                PropertyKind::Mapping,
                "The flow variables, each with an SQL expression over the first record.",
            )],
            effect: Effect::None,
            saves: false,
            line: "{Variables}",
        }
    }

    fn sets(&self, component: &flow_model::Component) -> Vec<String> {
        let entries = component.properties.get("Variables").and_then(Value::as_array);
        let name = |entry: &Value| entry.get("field").and_then(Value::as_str).map(str::to_owned);
        entries.into_iter().flatten().filter_map(name).collect()
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let variables = properties.entries("Variables", "field", "expression");
        for (name, _) in &variables {
            if !name.chars().all(|c| c.is_alphanumeric() || c == '_') || name.starts_with(|c: char| c.is_numeric()) {
                properties.problem(
                    "Variables",
                    &format!("has a variable named “{name}”: use letters, digits and “_”, and begin with a letter"),
                );
            }
        }
        Arc::new(Prepared { variables })
    }
}

struct Prepared {
    /// The names and their expressions.
    variables: Vec<(String, String)>,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let first = or_nulls(run.first(1).await?)?;
        let mut variables = Vec::with_capacity(self.variables.len());
        for (name, sql) in &self.variables {
            let failed = |error| ComponentError::from(error).about(&format!("variable “{name}”")).on("Variables");
            let expression =
                run.services.expressions().compile(sql, first.schema_ref(), run.variables).map_err(failed)?;
            let values = expression.evaluate(&first).map_err(failed)?;
            variables.push((name.clone(), value_at(&values, 0, Numbers::Plain)));
        }
        let note = variables.iter().map(|(name, value)| format!("{name} = {}", shown(value))).collect::<Vec<_>>();
        Ok(Outcome { variables, ..Outcome::out(run.input().clone()) }.with_note(note.join(", ")))
    }

    fn design(&self, design: &mut Design<'_>) {
        for (name, sql) in &self.variables {
            let expression = design.expression(sql, "Variables", &format!("variable “{name}”"));
            design.sets(name, expression.map(|expression| expression.data_type()));
        }
        design.passes_on(OUT);
    }
}

/// The batch, or one record of missing values if it has none.
pub(super) fn or_nulls(batch: RecordBatch) -> Result<RecordBatch, ComponentError> {
    if batch.num_rows() > 0 {
        return Ok(batch);
    }
    let fields = batch.schema_ref().fields().iter().map(|field| Field::clone(field).with_nullable(true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let columns = schema.fields().iter().map(|field| new_null_array(field.data_type(), 1)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    RecordBatch::try_new_with_options(schema, columns, &options)
        .map_err(|error| ComponentError::new("data/type", error.to_string()))
}

/// A value in the log: long texts by their beginning.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
