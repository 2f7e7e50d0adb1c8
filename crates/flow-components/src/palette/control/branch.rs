//! Branch: chooses one of several paths.

use crate::describe::required;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::{Stream, holds_for_first};
use flow_model::{ComponentDescription, ERROR_OUTLET, Effect, Family, IN, PortDescription, Ports, PropertyKind};
use serde_json::Value;
use std::sync::Arc;

const HELP: &str = "\
Chooses one path for the whole stream. The conditions are tried from top to bottom over the **first record** and the \
flow variables; the first that is true decides, and the stream leaves at its outlet. If none is true, it leaves at \
`otherwise`. The paths not chosen do not run.

| outlet | condition |
|---|---|
| `large` | `total > 10000` |
| `test` | `$customer = 'test'` |

The choice is saved before anything that changes the world starts on the chosen path, so that a retry takes the same \
one. To treat every record by itself, use Filter.";

const OTHERWISE: &str = "otherwise";

pub(super) struct Branch;

impl ComponentType for Branch {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Branch",
            title: "Branch",
            family: Family::Control,
            icon: "git-fork",
            summary: "Chooses one of several paths",
            help: HELP,
            properties: vec![required(
                "Branches",
                "Branches",
                PropertyKind::Branches,
                "The outlets to choose from, in the order in which their conditions are tried.",
            )],
            effect: Effect::None,
            saves: false,
            line: "{Branches}",
        }
    }

    fn ports(&self, component: &flow_model::Component) -> Ports {
        let branches = component.properties.get("Branches").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut ports = Ports::named(&[IN], &[]);
        for outlet in
            branches.iter().filter_map(|branch| branch.get("outlet")?.as_str()).chain([OTHERWISE, ERROR_OUTLET])
        {
            if !outlet.is_empty() && !ports.has_outlet(outlet) {
                ports.outlets.push(PortDescription { name: outlet.to_owned(), title: outlet.to_owned() });
            }
        }
        ports
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let branches = properties.entries("Branches", "outlet", "condition");
        if branches.iter().any(|(outlet, _)| outlet == OTHERWISE || outlet == ERROR_OUTLET) {
            properties.problem(
                "Branches",
                "cannot use the names “otherwise” and “error”: every Branch has these outlets already",
            );
        }
        Arc::new(Prepared { branches })
    }
}

struct Prepared {
    branches: Vec<(String, String)>,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let (input, first) = (run.input(), run.first(1).await?);
        let first = Stream::new(first.schema(), vec![first]);
        for (outlet, sql) in &self.branches {
            let failed = |error| ComponentError::from(error).about(&format!("outlet “{outlet}”")).on("Branches");
            let condition = run.services.expressions().compile(sql, input.schema(), run.variables).map_err(failed)?;
            if holds_for_first(&first, &condition).map_err(failed)? {
                return Ok(Outcome::on(outlet, input.clone()).with_note(format!("chose “{outlet}”")));
            }
        }
        Ok(Outcome::on(OTHERWISE, input.clone()).with_note("chose “otherwise”"))
    }

    fn design(&self, design: &mut Design<'_>) {
        for (outlet, sql) in &self.branches {
            design.condition(sql, "Branches", &format!("outlet “{outlet}”"));
            design.passes_on(outlet);
        }
        design.passes_on(OTHERWISE);
    }
}
