//! End: what a request answers.

use crate::describe::{choice, optional};
use crate::wording::records;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_model::{ComponentDescription, Effect, Family, IN, OUT, Ports};
use std::sync::Arc;

const HELP: &str = "\
The end of a path. Its arrival is saved: what leads only here never runs again.

With *Reply* set to *Records*, the records that arrive here are the answer of the request: whoever asked for it gets \
them. A flow may have several ends, or none: a path also ends at a component that nothing is linked to.";

/// The outlet on which the reply is handed to whoever runs the flow; it is no outlet of the document.
const REPLY: &str = OUT;

pub(super) struct End;

impl ComponentType for End {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "End",
            title: "End",
            family: Family::Control,
            icon: "flag",
            summary: "The end of a path, and what the request answers",
            help: HELP,
            properties: vec![optional(
                "Reply",
                "Reply",
                choice(&[("Nothing", "Nothing"), ("Records", "The records that arrive")]),
                "Records",
                "What the request answers when it has finished.",
            )],
            effect: Effect::None,
            saves: false,
            line: "",
        }
    }

    fn ports(&self, _: &flow_model::Component) -> Ports {
        Ports::named(&[IN], &[])
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared { replies: properties.choice("Reply", &[("Records", true), ("Nothing", false)]) })
    }
}

struct Prepared {
    replies: bool,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let input = run.held().await?;
        let note = records(input.rows().unwrap_or_default());
        let outcome = if self.replies { Outcome::on(REPLY, input) } else { Outcome::none() };
        Ok(outcome.with_note(note))
    }

    fn design(&self, _: &mut Design<'_>) {}
}
