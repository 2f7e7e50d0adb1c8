//! Checkpoint: where work is saved.

use crate::wording::records;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_model::{ComponentDescription, Effect, Family, IN, OUT, Ports};
use std::sync::Arc;

const HELP: &str = "\
Saves the stream that arrives, and the flow variables, before it goes on. Whatever happens afterwards, the components \
before it never run again: a retry, a takeover by another server or a re-execution goes on from here.

Put one behind work that is dear (a long computation, a slow download) and before and behind work that must not happen \
twice (a payment, a mail). Between two checkpoints a component may run more than once.

What was saved can be looked at in the monitor, and opened with pandas or DuckDB: it is an Arrow file.";

pub(super) struct Checkpoint;

impl ComponentType for Checkpoint {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Checkpoint",
            title: "Checkpoint",
            family: Family::Checkpoint,
            icon: "cairn",
            summary: "Saves what has been done: nothing before it runs again",
            help: HELP,
            properties: Vec::new(),
            effect: Effect::None,
            saves: true,
            line: "",
        }
    }

    /// Without an error outlet: when saving fails, nothing may go on.
    fn ports(&self, _: &flow_model::Component) -> Ports {
        Ports::named(&[IN], &[OUT])
    }

    fn prepare(&self, _: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared)
    }
}

/// Saving is done by whoever runs the flow; to the stream nothing happens.
struct Prepared;

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let input = run.input().clone();
        let note = records(input.rows());
        Ok(Outcome::out(input).with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        design.passes_on(OUT);
    }
}
