//! Mapper: makes new records out of those that arrive.

use crate::describe::{optional, required};
use crate::wording::records;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::arrow::datatypes::{Field, Schema, SchemaRef};
use flow_data::{DataError, Expression, Projection};
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind};
use serde_json::json;
use std::sync::Arc;

const HELP: &str = "\
Makes one record out of each record that arrives. Every field that leaves has an SQL expression over the fields that \
arrive and the flow variables:

| field | expression |
|---|---|
| `customer` | `upper(trim(customer_name))` |
| `gross` | `round(net * 1.19, 2)` |
| `size` | `CASE WHEN net > 1000 THEN 'large' ELSE 'small' END` |
| `batch` | `$month` |

The expressions are those of [DataFusion](https://datafusion.apache.org/user-guide/sql/scalar_functions.html). Names of \
fields are taken as they are written; put those with spaces or other characters into double quotes, and texts into \
single ones. With *KeepOtherFields* on, fields that have no expression here pass unchanged, before the new ones.";

pub(super) struct Mapper;

impl ComponentType for Mapper {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Mapper",
            title: "Mapper",
            family: Family::Transform,
            icon: "arrow-right-left",
            summary: "Makes new fields by SQL expressions",
            help: HELP,
            properties: vec![
                required("Fields", "Fields", PropertyKind::Mapping, "The fields that leave, each with its expression."),
                optional(
                    "KeepOtherFields",
                    "KeepOtherFields",
                    PropertyKind::Boolean,
                    json!(false),
                    "Whether fields that arrive and are not made here pass unchanged.",
                ),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Fields}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared {
            fields: properties.entries("Fields", "field", "expression"),
            keep_others: properties.boolean("KeepOtherFields"),
        })
    }
}

struct Prepared {
    fields: Vec<(String, String)>,
    keep_others: bool,
}

impl Prepared {
    /// The fields that pass unchanged, each with its name as an expression.
    fn others(&self, schema: &SchemaRef) -> Vec<(String, String)> {
        if !self.keep_others {
            return Vec::new();
        }
        let is_made = |name: &str| self.fields.iter().any(|(field, _)| field == name);
        let others = schema.fields().iter().filter(|field| !is_made(field.name()));
        others.map(|field| (field.name().clone(), format!("\"{}\"", field.name().replace('"', "\"\"")))).collect()
    }
}

/// Names the field whose expression it is about.
fn about(field: &str, error: DataError) -> ComponentError {
    ComponentError::from(error).about(&format!("field “{field}”")).on("Fields")
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let input = run.input();
        let others = self.others(input.schema());
        let compiled = others.iter().chain(&self.fields).map(|(field, sql)| {
            let expression = run.services.expressions().compile(sql, input.schema(), run.variables);
            expression.map(|expression| (field, expression)).map_err(|error| about(field, error))
        });
        let projection = Projection::new(compiled.collect::<Result<Vec<(&String, Arc<Expression>)>, _>>()?);
        let mapped = projection.map(input).map_err(|(field, error)| about(&field, error))?;
        let note = records(mapped.rows());
        Ok(Outcome::out(mapped).with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        let others = design.input().map(|schema| self.others(schema)).unwrap_or_default();
        let compiled: Vec<Option<Field>> = others
            .iter()
            .chain(&self.fields)
            .map(|(field, sql)| {
                let expression = design.expression(sql, "Fields", &format!("field “{field}”"))?;
                Some(Field::new(field, expression.data_type(), true))
            })
            .collect();
        // With one expression wrong the fields count as not known: one problem at its place, not many behind it.
        if let Some(fields) = compiled.into_iter().collect::<Option<Vec<Field>>>() {
            design.outlet(OUT, Arc::new(Schema::new(fields)));
        }
    }
}
