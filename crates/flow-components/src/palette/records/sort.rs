//! Sort: puts the records in order.

use super::design_planned;
use crate::describe::{choice, optional, required};
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::{SortKey, Stream, sort};
use flow_model::{ComponentDescription, Effect, Family, PropertyKind};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

const HELP: &str = "\
Puts the records in order by one or more keys, the most important first. A key is a field, or any SQL expression over the \
fields and the flow variables:

| expression | order |
|---|---|
| `country` | Ascending |
| `amount * discs` | Descending |

Records whose keys are equal stay in the order in which they came. With *Limit*, only the first so many leave: the ten \
largest orders, say.

The stream may be larger than memory: it is then sorted on disk.";

pub(super) struct Sort;

impl ComponentType for Sort {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Sort",
            title: "Sort",
            family: Family::Transform,
            icon: "arrow-down-narrow-wide",
            summary: "Puts the records in order",
            help: HELP,
            properties: vec![
                required(
                    "Keys",
                    "Keys",
                    PropertyKind::SortKeys,
                    "What the records are ordered by, the most important first.",
                ),
                optional(
                    "Nulls",
                    "Nulls",
                    choice(&[("Last", "Last"), ("First", "First")]),
                    "Last",
                    "Where records without a value stand.",
                ),
                optional(
                    "Limit",
                    "Limit",
                    PropertyKind::Integer { min: 1, max: 1_000_000_000 },
                    Value::Null,
                    "How many records leave at most; empty for all.",
                ),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Keys}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let nulls_first = properties.choice("Nulls", &[("Last", false), ("First", true)]);
        let keys: Vec<Key> = properties.list("Keys");
        let keys = keys.into_iter().map(|Key { expression, order }| SortKey {
            expression,
            descending: order == Order::Descending,
            nulls_first,
        });
        let limit = u64::try_from(properties.integer("Limit")).ok().filter(|limit| *limit > 0);
        Arc::new(Prepared { keys: keys.collect(), limit })
    }
}

/// A key as the document has it.
#[derive(Deserialize)]
struct Key {
    expression: String,
    #[serde(default)]
    order: Order,
}

#[derive(Deserialize, Default, PartialEq)]
enum Order {
    #[default]
    Ascending,
    Descending,
}

struct Prepared {
    keys: Vec<SortKey>,
    limit: Option<u64>,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let sorted = sort(run.input(), &self.keys, self.limit, run.variables, run.spool());
        Ok(Outcome::out(sorted.map_err(|error| ComponentError::from(error).on("Keys"))?))
    }

    fn design(&self, design: &mut Design<'_>) {
        let mut is_good = true;
        for (at, key) in self.keys.iter().enumerate() {
            is_good &= design.expression(&key.expression, "Keys", &format!("key {}", at + 1)).is_some();
        }
        let Some(schema) = design.input().cloned().filter(|_| is_good) else { return };
        let spool = design.spool();
        let planned = sort(&Stream::empty(schema), &self.keys, self.limit, design.variables(), spool);
        design_planned(design, "Keys", planned);
    }
}
