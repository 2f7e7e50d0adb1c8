//! Aggregate: sums, counts and the like over many records.

use super::design_planned;
use crate::describe::{optional, required};
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::{DataError, Stream, aggregate};
use flow_model::{ComponentDescription, Effect, Family, PropertyKind};
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;

const HELP: &str = "\
Makes one record out of all records that belong together: those with the same values in *GroupBy*. Without *GroupBy*, one \
record out of all.

| field | expression |
|---|---|
| `orders` | `count(*)` |
| `customers` | `count(DISTINCT customer_id)` |
| `total` | `sum(amount)` |
| `mean` | `round(avg(amount), 2)` |
| `last` | `max(date)` |
| `items` | `array_agg(item ORDER BY item)` |

The fields of *GroupBy* leave too, before the others. They may be expressions: a field `month` of \
`date_trunc('month', date)`. The functions are those of \
[DataFusion](https://datafusion.apache.org/user-guide/sql/aggregate_functions.html).

Groups leave in the order of their first record. The stream may be larger than memory.";

pub(super) struct Aggregate;

impl ComponentType for Aggregate {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Aggregate",
            title: "Aggregate",
            family: Family::Transform,
            icon: "sigma",
            summary: "Sums, counts and the like over many records",
            help: HELP,
            properties: vec![
                optional(
                    "GroupBy",
                    "Group by",
                    PropertyKind::Mapping,
                    json!([]),
                    "What records have in common that belong together: fields that leave, each with its expression.",
                ),
                required(
                    "Fields",
                    "Fields",
                    PropertyKind::Mapping,
                    "The fields over the records of a group, each with its expression: `sum(amount)`.",
                ),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Fields}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let groups = properties.entries("GroupBy", "field", "expression");
        let fields = properties.entries("Fields", "field", "expression");
        let mut names = HashSet::new();
        if let Some((twice, _)) = groups.iter().chain(&fields).find(|(name, _)| !names.insert(name)) {
            properties.problem("Fields", &format!("and GroupBy have the field “{twice}” twice: rename one of them"));
        }
        Arc::new(Prepared { groups, fields })
    }
}

struct Prepared {
    groups: Vec<(String, String)>,
    fields: Vec<(String, String)>,
}

impl Prepared {
    /// The property that an error is about: the message begins with the field.
    fn property(&self, error: &DataError) -> &'static str {
        let message = error.to_string();
        let of_group = |(name, _): &(String, String)| message.starts_with(&format!("field “{name}”: "));
        if self.groups.iter().any(of_group) { "GroupBy" } else { "Fields" }
    }
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let found = aggregate(run.input(), &self.groups, &self.fields, run.variables, run.spool());
        let failed = |error: DataError| {
            let property = self.property(&error);
            ComponentError::from(error).on(property)
        };
        Ok(Outcome::out(found.map_err(failed)?))
    }

    fn design(&self, design: &mut Design<'_>) {
        let Some(schema) = design.input().cloned() else {
            for (property, fields) in [("GroupBy", &self.groups), ("Fields", &self.fields)] {
                for (name, sql) in fields {
                    design.expression(sql, property, &format!("field “{name}”"));
                }
            }
            return;
        };
        let spool = design.spool();
        let planned = aggregate(&Stream::empty(schema), &self.groups, &self.fields, design.variables(), spool);
        let property = planned.as_ref().err().map_or("Fields", |error| self.property(error));
        if let Ok(stream) = &planned {
            let schema = Arc::clone(stream.schema());
            design.fields_have_types("GroupBy", &schema);
            design.fields_have_types("Fields", &schema);
        }
        design_planned(design, property, planned);
    }
}
