//! What a component type is, and what a component of it does.

use crate::{ComponentError, Design, Properties, RunContext};
use async_trait::async_trait;
use flow_data::Stream;
use flow_model::{ComponentDescription, Effect, OUT, Ports};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// A component type: what the palette offers.
pub trait ComponentType: Send + Sync {
    /// What it is, for the palette, the inspector, the rules and the help.
    fn description(&self) -> ComponentDescription;

    /// The inlets and outlets that a component with these properties has.
    fn ports(&self, component: &flow_model::Component) -> Ports {
        let _ = component;
        Ports::ordinary()
    }

    /// What a component with these properties does to the world, if that is not what the description says.
    fn effect(&self, component: &flow_model::Component) -> Option<Effect> {
        let _ = component;
        None
    }

    /// Whether the input of a component with these properties becomes a saved point before it runs, so that its idempotency
    /// key always stands for the same data: an effect that is to happen exactly once.
    fn saves_input(&self, component: &flow_model::Component) -> bool {
        let _ = component;
        false
    }

    /// The flow variables that a component with these properties sets for what comes behind it.
    fn sets(&self, component: &flow_model::Component) -> Vec<String> {
        let _ = component;
        Vec::new()
    }

    /// Reads the properties of a component. Problems go into `properties`; if there are any, the result is not used.
    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component>;
}

/// One component of a flow, prepared: its properties are read. It may run many times, and at the same time.
#[async_trait]
pub trait Component: Send + Sync {
    /// Runs once over the streams of its inlets.
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError>;

    /// Says before anything runs which fields its outlets have, given those of its inlets, and reports what is wrong.
    /// What it does not say counts as not known.
    fn design(&self, design: &mut Design<'_>) {
        let _ = design;
    }
}

/// What a run of a component gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The outlets that delivered, each with its stream; the others close.
    pub outlets: Vec<(String, Stream)>,
    /// Flow variables that are set from here on.
    pub variables: Vec<(String, Value)>,
    /// What whoever runs the flow has to do before the component delivers.
    pub ask: Option<Ask>,
    /// One line for the log: `3,213 records`.
    pub note: Option<String>,
    /// More lines for the request's log, in order.
    pub log: Vec<LogLine>,
}

/// What a component asks of whoever runs the flow.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// To wait. The component then runs again, with the same input and [`RunContext::waited`] set.
    Wait(WaitUntil),
    /// To run its body once for every few records of its input, and to deliver the results at `out`.
    Iterations(Iterations),
    /// To run the other flow that it names, and to deliver at `out` what arrives at that flow's ends.
    Flow {
        /// The inputs of that flow.
        inputs: Map<String, Value>,
    },
}

/// How a body is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iterations {
    /// How many records an iteration gets; the last one may get fewer. At least 1.
    pub size: usize,
    /// How many iterations may be under way at once. At least 1.
    pub parallel: usize,
    /// The flow variable that has the number of the iteration, from 0; empty for none.
    pub index: String,
}

/// A line for the request's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How important it is.
    pub level: LogLevel,
    /// For a person. Holds no secrets.
    pub message: String,
}

/// How important a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Normal progress.
    Info,
    /// Something a person may want to look at.
    Warning,
    /// Something is wrong.
    Error,
}

/// When a durable wait is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitUntil {
    /// So long after now.
    After(Duration),
    /// At this time, in milliseconds since 1970 by the clock of the checkpoint database.
    At(i64),
}

impl Outcome {
    /// The stream on the ordinary outlet.
    pub fn out(stream: Stream) -> Self {
        Self::on(OUT, stream)
    }

    /// The stream on the outlet `name`.
    pub fn on(name: &str, stream: Stream) -> Self {
        Self { outlets: vec![(name.to_owned(), stream)], ..Self::default() }
    }

    /// Nothing on any outlet.
    pub fn none() -> Self {
        Self::default()
    }

    /// Nothing yet: first `ask` is to be done.
    pub fn ask(ask: Ask) -> Self {
        Self { ask: Some(ask), ..Self::default() }
    }

    /// The same with a line for the log.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}
