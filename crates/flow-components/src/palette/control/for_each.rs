//! ForEach: runs its body for every few records.

use crate::describe::optional;
use crate::{Ask, Component, ComponentError, ComponentType, Design, Iterations, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_model::{ComponentDescription, ERROR_OUTLET, Effect, Family, IN, OUT, Ports, PropertyKind};
use serde_json::json;
use std::sync::Arc;

const HELP: &str = "\
Runs what is drawn inside of it once for every record that arrives, or for every *Size* records. Each such iteration \
begins at **each** with its records. What is linked to **result** is what the iteration gives; all results leave at \
**out**, in the order of the iterations. If nothing is linked to *result*, *out* gives what arrived.

With *Parallel*, several iterations run at the same time. *Index* names a flow variable that has the number of the \
iteration, from 0. Flow variables that are set inside hold for the rest of their iteration only. No records: no iterations.

If anything inside is saved or changes the world, the input is saved first, and every iteration that has finished is \
saved: after a failure, ForEach goes on with the iterations that have not. Otherwise it begins again.

An error inside that nothing inside handles ends the ForEach: its *error* outlet, if linked, gets what arrived.";

/// The outlet into the body.
const EACH: &str = "each";
/// The inlet for what comes back from the body.
const RESULT: &str = "result";

pub(super) struct ForEach;

impl ComponentType for ForEach {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "ForEach",
            title: "ForEach",
            family: Family::Control,
            icon: "repeat",
            summary: "Runs its body for every record, or every few",
            help: HELP,
            properties: vec![
                optional(
                    "Size",
                    "Size",
                    PropertyKind::Integer { min: 1, max: 1_000_000 },
                    1,
                    "How many records an iteration gets. The last one may get fewer.",
                ),
                optional(
                    "Parallel",
                    "Parallel",
                    PropertyKind::Integer { min: 1, max: 64 },
                    1,
                    "How many iterations may run at the same time.",
                ),
                optional(
                    "Index",
                    "Index",
                    PropertyKind::Text,
                    json!(""),
                    "The flow variable that has the number of the iteration, from 0. Empty: none.",
                ),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Size} each, {Parallel} at once",
        }
    }

    fn ports(&self, _: &flow_model::Component) -> Ports {
        Ports::named(&[IN], &[OUT, ERROR_OUTLET]).with_body(&[EACH], &[RESULT])
    }

    /// Inside of its body.
    fn sets(&self, component: &flow_model::Component) -> Vec<String> {
        let index = component.properties.get("Index").and_then(serde_json::Value::as_str);
        index.filter(|index| !index.is_empty()).map(str::to_owned).into_iter().collect()
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let index = properties.text("Index");
        let is_name = |name: &str| {
            name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && !name.starts_with(|c: char| c.is_ascii_digit())
        };
        if !is_name(&index) {
            properties.problem(
                "Index",
                "is no name of a flow variable: use letters, digits and “_”, and begin with a letter",
            );
        }
        Arc::new(Prepared {
            iterations: Iterations {
                size: properties.integer("Size").max(1),
                parallel: properties.integer("Parallel").clamp(1, 64),
                index,
            },
        })
    }
}

struct Prepared {
    iterations: Iterations,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, _: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        Ok(Outcome::ask(Ask::Iterations(self.iterations.clone())))
    }

    /// What leaves it follows from its body.
    fn design(&self, _: &mut Design<'_>) {}
}
