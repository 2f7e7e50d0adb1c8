//! Wait: durably, without memory.

use crate::describe::optional;
use crate::{Ask, Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext, WaitUntil};
use async_trait::async_trait;
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind};
use std::sync::Arc;
use std::time::Duration;

const HELP: &str = "\
Waits, then passes on what arrived. The wait is durable: the stream is saved, the request takes no memory meanwhile, \
and a server that starts again, or takes the request over, keeps to the same time.";

pub(super) struct Wait;

impl ComponentType for Wait {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Wait",
            title: "Wait",
            family: Family::Control,
            icon: "hourglass",
            summary: "Waits for a time, durably",
            help: HELP,
            properties: vec![optional(
                "Seconds",
                "Seconds",
                PropertyKind::Seconds { min: 0.0 },
                1,
                "How long to wait. A day has 86400 seconds.",
            )],
            effect: Effect::None,
            saves: false,
            line: "{Seconds} s",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let seconds = properties.seconds("Seconds");
        Arc::new(Prepared { time: Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX) })
    }
}

struct Prepared {
    time: Duration,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        if run.waited || self.time.is_zero() {
            return Ok(Outcome::out(run.input().clone()));
        }
        Ok(Outcome::ask(Ask::Wait(WaitUntil::After(self.time))))
    }

    fn design(&self, design: &mut Design<'_>) {
        design.passes_on(OUT);
    }
}
