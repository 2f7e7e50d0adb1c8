//! Unnest: a record for each item of a list.

use super::design_planned;
use crate::describe::{optional, required};
use crate::wording::records;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::{Stream, unnest};
use flow_model::{ComponentDescription, Effect, Family, PropertyKind};
use std::sync::Arc;

const HELP: &str = "\
Makes a record for each item of a list: an order with a list `items` becomes as many records as it has items, each with \
the other fields of the order.

If the items are records, their fields become fields in the place of the list (with *Expand* on); a name that is taken \
gets the name of the list before it: `items_id`. A field that is a record and no list is only expanded.

A record whose list is empty leaves nothing, unless *KeepEmpty* is on. To put records into a list, use Aggregate with \
`array_agg`.";

pub(super) struct Unnest;

impl ComponentType for Unnest {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Unnest",
            title: "Unnest",
            family: Family::Transform,
            icon: "list-tree",
            summary: "Makes a record for each item of a list",
            help: HELP,
            properties: vec![
                required("Field", "Field", PropertyKind::Field, "The field with the list, or with a record to expand."),
                optional(
                    "Expand",
                    "Expand",
                    PropertyKind::Boolean,
                    true,
                    "Whether items that are records become fields.",
                ),
                optional(
                    "KeepEmpty",
                    "Keep empty",
                    PropertyKind::Boolean,
                    false,
                    "Whether a record with an empty or missing list leaves too, without a value.",
                ),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Field}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared(flow_data::Unnest {
            field: properties.text("Field"),
            keep_empty: properties.boolean("KeepEmpty"),
            expand: properties.boolean("Expand"),
        }))
    }
}

struct Prepared(flow_data::Unnest);

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let items = unnest(run.input(), &self.0).map_err(|error| ComponentError::from(error).on("Field"))?;
        Ok(Outcome { note: items.rows().map(records), ..Outcome::out(items) })
    }

    fn design(&self, design: &mut Design<'_>) {
        let Some(schema) = design.input().cloned() else { return };
        design_planned(design, "Field", unnest(&Stream::empty(schema), &self.0));
    }
}
