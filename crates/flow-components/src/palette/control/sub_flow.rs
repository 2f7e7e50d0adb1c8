//! SubFlow: runs another flow of the project.

use crate::describe::{optional, required};
use crate::{Ask, Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::{Numbers, value_at};
use flow_model::{ComponentDescription, Effect, Family, FlowName, OUT, PropertyKind};
use serde_json::{Value, json};
use std::sync::Arc;

const HELP: &str = "\
Runs another flow of the project, as part of this request and at the same version. *Inputs* gives the values that the \
other flow declares at its Start: each is an SQL expression over the **first record** that arrives and the flow variables.

What arrives at the ends of the other flow (with *Reply* set to *Records*) leaves at *out*. If nothing does, *out* gives \
what arrived here. The other flow sees none of the flow variables set here, and those that it sets hold only there.

Saved points in the other flow count as in this one: after a failure it goes on from them. What its Start says about \
retries and takeover does not apply; that of the request's own flow does. An error that nothing handles there is an error \
of the SubFlow.";

pub(super) struct SubFlow;

impl ComponentType for SubFlow {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "SubFlow",
            title: "SubFlow",
            family: Family::Control,
            icon: "workflow",
            summary: "Runs another flow of the project",
            help: HELP,
            properties: vec![
                required("Flow", "Flow", PropertyKind::Flow, "The flow to run."),
                optional(
                    "Inputs",
                    "Inputs",
                    PropertyKind::Mapping,
                    json!([]),
                    "The inputs that the flow declares, each with an SQL expression over the first record.",
                ),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Flow}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let flow = properties.text("Flow");
        if !flow.is_empty()
            && let Err(error) = FlowName::parse(&flow)
        {
            properties.problem("Flow", &format!("names no flow: {error}"));
        }
        Arc::new(Prepared { flow, inputs: properties.entries("Inputs", "field", "expression") })
    }
}

struct Prepared {
    flow: String,
    /// The names and expressions of the inputs.
    inputs: Vec<(String, String)>,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let first = super::set_variable::or_nulls(run.first(1).await?)?;
        let mut inputs = serde_json::Map::new();
        for (name, sql) in &self.inputs {
            let failed = |error| ComponentError::from(error).about(&format!("input “{name}”")).on("Inputs");
            let expressions = run.services.expressions();
            let expression = expressions.compile(sql, first.schema_ref(), run.variables).map_err(failed)?;
            let values = expression.evaluate(&first).map_err(failed)?;
            inputs.insert(name.clone(), value_at(&values, 0, Numbers::Plain));
        }
        Ok(Outcome::ask(Ask::Flow { inputs }))
    }

    fn design(&self, design: &mut Design<'_>) {
        let Ok(name) = FlowName::parse(&self.flow) else { return };
        for (input, sql) in &self.inputs {
            design.expression(sql, "Inputs", &format!("input “{input}”"));
        }
        // That there is no such flow the rules of the document say; one that cannot be read is reported where it is.
        let Ok(called) = design.called(&name) else { return };
        let declared: Vec<&str> = called.inputs.iter().map(|input| input.name.as_str()).collect();
        for (input, _) in self.inputs.iter().filter(|(input, _)| !declared.contains(&input.as_str())) {
            let message = format!("“{input}” is no input of the flow “{name}”: it has {}", listed(&declared));
            design.problem("sub-flow/unknown-input", "Inputs", &message);
        }
        let is_missing = |input: &&flow_model::InputDeclaration| {
            input.default.as_ref().is_none_or(Value::is_null)
                && !self.inputs.iter().any(|(given, _)| *given == input.name)
        };
        for input in called.inputs.iter().filter(is_missing) {
            let message = format!("the flow “{name}” needs the input “{}”, and nothing gives it", input.name);
            design.problem("sub-flow/missing-input", "Inputs", &message);
        }
        match called.reply {
            Some(schema) => design.outlet(OUT, schema),
            None if !called.replies => design.passes_on(OUT),
            None => {}
        }
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
