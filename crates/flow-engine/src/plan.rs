//! A plan: a flow, or the body of a ForEach, in the form in which it runs. Compiled once per project version and flow,
//! then only read, by any number of attempts at once.

mod cache;
mod compile;

use crate::ProjectFiles;
use flow_components::{Component, ComponentError};
use flow_data::Variables;
use flow_model::{ALWAYS_OUTLET, ComponentId, ERROR_OUTLET, Flow, FlowName, Graph, StartSettings};
use serde_json::{Map, Value};
use std::sync::Arc;

pub(crate) use cache::PlanCache;

/// A flow or a body, ready to run. Components and links are named by index. The components of the document come first,
/// in topological order; behind them stand the entry and the exit of a body.
pub(crate) struct Plan {
    pub(crate) graph: Graph,
    pub(crate) components: Vec<PlannedComponent>,
    pub(crate) links: Vec<PlannedLink>,
    /// Where it begins: the start component, or the entry of the body.
    pub(crate) start: usize,
    /// The exit of a body: what arrives there is the result of an iteration. None if nothing is linked to it.
    pub(crate) exit: Option<usize>,
    /// Whether anything in it, however deep, makes a saved point or changes the world. Where nothing does, nothing of
    /// it is recorded: it just runs again.
    pub(crate) records: bool,
    /// The flow that it belongs to.
    pub(crate) flow: Arc<PlannedFlow>,
}

/// What a flow and the bodies in it share.
pub(crate) struct PlannedFlow {
    pub(crate) name: FlowName,
    pub(crate) document: Flow,
    pub(crate) settings: StartSettings,
    /// The files of the project version that the flow belongs to.
    pub(crate) files: Arc<ProjectFiles>,
}

/// A component of a plan.
pub(crate) struct PlannedComponent {
    pub(crate) id: ComponentId,
    pub(crate) name: String,
    pub(crate) role: Role,
    /// Whether running it twice may be seen outside.
    pub(crate) changes_world: bool,
    /// Whether its input becomes a saved point before it runs.
    pub(crate) saves_input: bool,
    pub(crate) code: Arc<dyn Component>,
    /// What runs inside it: the body of a ForEach, or the flow that a SubFlow calls.
    pub(crate) inner: Option<Arc<Plan>>,
    /// The inlets that have links.
    pub(crate) inlets: Vec<PlannedPort>,
    /// The outlets that have links.
    pub(crate) outlets: Vec<PlannedPort>,
}

/// An inlet or outlet with its links, in the order of the document.
pub(crate) struct PlannedPort {
    pub(crate) name: String,
    pub(crate) links: Vec<usize>,
}

/// The ends of a link.
pub(crate) struct PlannedLink {
    pub(crate) from: usize,
    /// The place of its outlet in [`PlannedComponent::outlets`].
    pub(crate) outlet: usize,
    pub(crate) to: usize,
}

/// What the engine itself has to do with a component, beyond running its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Puts out the inputs of the request, or of the call.
    Start,
    /// Makes a saved point of its stream.
    Checkpoint,
    /// Its stream is the reply, or the result of the call.
    End,
    /// Passes its stream to one of its outlets; once recorded, always to the same.
    Branch,
    /// Ends the attempt as failed; the handled errors that led to it are open again.
    Fail,
    /// Waits durably.
    Wait,
    /// Runs its body for every few records.
    ForEach,
    /// Runs another flow.
    SubFlow,
    /// Puts out the records of an iteration: the ForEach as its body sees it.
    Entry,
    /// Takes the result of an iteration: the ForEach as its body sees it.
    Exit,
    /// Just runs.
    Ordinary,
}

impl Role {
    fn of(kind: &str) -> Self {
        match kind {
            "Start" => Self::Start,
            "Checkpoint" => Self::Checkpoint,
            "End" | "HttpReply" => Self::End,
            "Branch" => Self::Branch,
            "Fail" => Self::Fail,
            "Wait" => Self::Wait,
            "ForEach" => Self::ForEach,
            "SubFlow" => Self::SubFlow,
            _ => Self::Ordinary,
        }
    }
}

impl Plan {
    /// The inputs of a request, checked against what the flow declares.
    pub(crate) fn inputs(&self, given: &Value) -> Result<Variables, ComponentError> {
        let none = Map::new();
        let given = match given {
            Value::Object(given) => given,
            Value::Null => &none,
            _ => {
                return Err(
                    ComponentError::new("input/type", "the inputs of a request must be a JSON object").for_good()
                );
            }
        };
        let inputs = self.flow.settings.check_inputs(given);
        let inputs = inputs.map_err(|error| ComponentError::new(error.code, error.message).for_good())?;
        Ok(inputs.into_iter().collect())
    }

    /// The outlet that `link` leaves from.
    pub(crate) fn outlet_of(&self, link: &PlannedLink) -> &PlannedPort {
        &self.components[link.from].outlets[link.outlet]
    }

    /// The index of the component whose id reads `id`.
    pub(crate) fn index_of(&self, id: &str) -> Option<usize> {
        self.graph.index_of(&ComponentId::parse(id).ok()?)
    }

    /// Whether each component lies behind the outlet `outlet` of `component`.
    pub(crate) fn behind(&self, component: usize, outlet: &str) -> Vec<bool> {
        let mut behind = vec![false; self.components.len()];
        let Some(outlet) = self.components[component].outlet(outlet) else { return behind };
        let mut open: Vec<usize> = self.components[component].outlets[outlet].links.clone();
        while let Some(link) = open.pop() {
            let to = self.links[link].to;
            if !std::mem::replace(&mut behind[to], true) {
                open.extend(self.components[to].outlets.iter().flat_map(|outlet| &outlet.links));
            }
        }
        behind
    }
}

impl PlannedComponent {
    /// Whether nothing follows it.
    pub(crate) fn is_terminal(&self) -> bool {
        self.outlets.is_empty()
    }

    /// The place in [`Self::outlets`] of the outlet `name`; `None` when it has no link.
    pub(crate) fn outlet(&self, name: &str) -> Option<usize> {
        self.outlets.iter().position(|outlet| outlet.name == name)
    }

    /// Whether the flow handles this component's errors.
    pub(crate) fn handles_errors(&self) -> bool {
        self.outlet(ERROR_OUTLET).is_some()
    }

    /// Whether something follows however the component ends.
    pub(crate) fn is_always_followed(&self) -> bool {
        self.outlet(ALWAYS_OUTLET).is_some()
    }

    /// Whether anything of its run is to be recorded.
    fn records(&self) -> bool {
        matches!(self.role, Role::Checkpoint | Role::Wait)
            || self.saves_input
            || self.changes_world
            || self.inner.as_ref().is_some_and(|inner| inner.records)
    }
}
