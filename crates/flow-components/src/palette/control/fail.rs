//! Fail: ends the attempt with an error of the author's own.

use crate::describe::required;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext, Template};
use async_trait::async_trait;
use flow_model::{ComponentDescription, Effect, Family, IN, Ports, PropertyKind};
use std::sync::Arc;

const HELP: &str = "\
Ends the attempt with an error: because the data is wrong, or behind a rollback on an error outlet, so that the request \
does not count as finished.

The message may name flow variables and fields of the first record that arrives: `Order ${order_id} has no customer`. \
Behind an error outlet these are `${code}`, `${message}` and `${component}`.

With *Retry* on, the request is tried again as Start says; off, it ends in error at once.";

pub(super) struct Fail;

impl ComponentType for Fail {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Fail",
            title: "Fail",
            family: Family::Control,
            icon: "octagon-x",
            summary: "Ends the attempt with an error of your own",
            help: HELP,
            properties: vec![
                required(
                    "Message",
                    "Message",
                    PropertyKind::Multiline,
                    "What is wrong. `${name}` stands for a flow variable or for a field of the first record.",
                ),
                super::retry(),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Message}",
        }
    }

    /// Without outlets: it is the end of its path.
    fn ports(&self, _: &flow_model::Component) -> Ports {
        Ports::named(&[IN], &[])
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared { message: properties.template("Message"), retry: properties.boolean("Retry") })
    }
}

struct Prepared {
    message: Template,
    retry: bool,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let message = run.fill_with_record(&self.message, 0)?;
        let error = ComponentError::new("flow/failed", message);
        Err(super::failing(error, self.retry))
    }

    fn design(&self, design: &mut Design<'_>) {
        design.template(&self.message, "Message", true);
    }
}
