//! A plan: a flow in the form in which it runs. Compiled once per project version and flow, then only read, by any
//! number of attempts at once.

mod cache;

use crate::{EngineError, ProjectFiles};
use flow_components::{Component, Palette};
use flow_model::{
    Catalogue, ComponentId, Diagnostic, ERROR_OUTLET, Effect, Flow, FlowName, Graph, Severity, StartSettings,
    check_structure,
};
use std::sync::Arc;

pub(crate) use cache::PlanCache;

/// A flow, ready to run. Components and links are named by index; components stand in topological order.
pub(crate) struct Plan {
    pub(crate) graph: Graph,
    pub(crate) components: Vec<PlannedComponent>,
    pub(crate) links: Vec<PlannedLink>,
    /// The index of the start component.
    pub(crate) start: usize,
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
    pub(crate) code: Arc<dyn Component>,
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
    /// Puts out the request's inputs.
    Start,
    /// Makes a saved point of its stream.
    Checkpoint,
    /// Its stream is the reply.
    End,
    /// Passes its stream to one of its outlets; once recorded, always to the same.
    Branch,
    /// Ends the attempt as failed; the handled errors that led to it are open again.
    Fail,
    /// Just runs.
    Ordinary,
}

impl Role {
    fn of(kind: &str) -> Self {
        match kind {
            "Start" => Self::Start,
            "Checkpoint" => Self::Checkpoint,
            "End" => Self::End,
            "Branch" => Self::Branch,
            "Fail" => Self::Fail,
            _ => Self::Ordinary,
        }
    }
}

impl Plan {
    /// Compiles the flow `name` of a project version. The error is that of the first thing to mend in the flow.
    pub(crate) fn compile(palette: &Palette, files: Arc<ProjectFiles>, name: &FlowName) -> Result<Self, EngineError> {
        let path = name.path();
        let bytes = files
            .get(&path)
            .ok_or_else(|| EngineError::flow("engine/no-such-flow", name, "the project version has no such flow"))?;
        let text = std::str::from_utf8(bytes)
            .map_err(|_| EngineError::flow("document/syntax", name, "the file is not UTF-8 text"))?;
        let flow = Flow::from_json(text).map_err(|error| EngineError::flow(error.code(), name, &error.to_string()))?;
        Self::of_flow(palette, files, &flow).map_err(|problem| problem.into_error(name))
    }

    fn of_flow(palette: &Palette, files: Arc<ProjectFiles>, flow: &Flow) -> Result<Self, Problem> {
        first_error(check_structure(flow, palette))?;
        let graph = Graph::build(flow).map_err(|error| Problem::new(error.code(), error.to_string()))?;
        let no_start = || Problem::new("flow/no-start", "the flow has no start component: add one".to_owned());
        let settings = StartSettings::of(flow).ok_or_else(no_start)?;
        let start = flow.start().and_then(|(id, _)| graph.index_of(id)).ok_or_else(no_start)?;
        let mut components = Vec::with_capacity(graph.order().len());
        for id in graph.order() {
            components.push(PlannedComponent::prepare(palette, flow, id)?);
        }
        let links = connect(&graph, &mut components);
        Ok(Self { graph, components, links, start, settings, files })
    }

    /// The outlet that `link` leaves from.
    pub(crate) fn outlet_of(&self, link: &PlannedLink) -> &PlannedPort {
        &self.components[link.from].outlets[link.outlet]
    }

    /// The index of the component whose id reads `id`.
    pub(crate) fn index_of(&self, id: &str) -> Option<usize> {
        self.graph.index_of(&ComponentId::parse(id).ok()?)
    }
}

impl PlannedComponent {
    fn prepare(palette: &Palette, flow: &Flow, id: &ComponentId) -> Result<Self, Problem> {
        let component = flow
            .components
            .get(id)
            .ok_or_else(|| Problem::new("link/no-such-component", format!("there is no component {id}")))?;
        let code = palette.prepare(id, component).map_err(Problem::first)?;
        let effect = palette.describe(&component.kind).map_or(Effect::Changes, |description| description.effect);
        Ok(Self {
            id: id.clone(),
            name: component.name.clone(),
            role: Role::of(&component.kind),
            changes_world: effect == Effect::Changes,
            code,
            inlets: Vec::new(),
            outlets: Vec::new(),
        })
    }

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
}

/// Gives every link its index and every component its ports.
fn connect(graph: &Graph, components: &mut [PlannedComponent]) -> Vec<PlannedLink> {
    let mut links = Vec::new();
    for from in 0..graph.order().len() {
        for link in graph.outgoing(from) {
            let outlet = attach(&mut components[from].outlets, &link.outlet, links.len());
            attach(&mut components[link.to].inlets, &link.inlet, links.len());
            links.push(PlannedLink { from, outlet, to: link.to });
        }
    }
    links
}

/// Adds a link to the port `name`; the answer is the port's place.
fn attach(ports: &mut Vec<PlannedPort>, name: &str, link: usize) -> usize {
    let place = ports.iter().position(|port| port.name == name).unwrap_or(ports.len());
    match ports.get_mut(place) {
        Some(port) => port.links.push(link),
        None => ports.push(PlannedPort { name: name.to_owned(), links: vec![link] }),
    }
    place
}

/// Why a flow cannot run.
struct Problem {
    code: String,
    message: String,
}

impl Problem {
    fn new(code: &str, message: String) -> Self {
        Self { code: code.to_owned(), message }
    }

    fn first(diagnostics: Vec<Diagnostic>) -> Self {
        let found = diagnostics.into_iter().max_by_key(|diagnostic| diagnostic.severity);
        let Some(diagnostic) = found else {
            return Self::new("engine/cannot-prepare", "a component cannot be prepared".to_owned());
        };
        let place = diagnostic.place.component.map(|id| format!("{id}: ")).unwrap_or_default();
        Self { code: diagnostic.code, message: format!("{place}{}", diagnostic.message) }
    }

    fn into_error(self, flow: &FlowName) -> EngineError {
        EngineError::flow(&self.code, flow, &self.message)
    }
}

fn first_error(mut diagnostics: Vec<Diagnostic>) -> Result<(), Problem> {
    diagnostics.retain(|diagnostic| diagnostic.severity == Severity::Error);
    if diagnostics.is_empty() {
        Ok(())
    } else {
        diagnostics.truncate(1);
        Err(Problem::first(diagnostics))
    }
}
