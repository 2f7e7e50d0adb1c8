//! From the files of a project version to plans.

use super::{Plan, PlannedComponent, PlannedFlow, PlannedLink, PlannedPort, Role};
use crate::{EngineError, ProjectFiles};
use flow_components::Palette;
use flow_model::{
    Catalogue, Component, ComponentId, Diagnostic, Effect, Flow, FlowName, Graph, Severity, StartSettings,
    check_structure,
};
use std::collections::HashMap;
use std::sync::Arc;

/// Compiles flows of one project version.
pub(super) struct Compiler<'a> {
    palette: &'a Palette,
    files: Arc<ProjectFiles>,
    /// The flows whose compilation has begun: each is called by the one before it.
    open: Vec<FlowName>,
    done: HashMap<FlowName, Arc<Plan>>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(palette: &'a Palette, files: Arc<ProjectFiles>) -> Self {
        Self { palette, files, open: Vec::new(), done: HashMap::new() }
    }

    /// Compiles the flow `name` and the flows that it calls. The error is that of the first thing to mend.
    pub(super) fn compile(&mut self, name: &FlowName) -> Result<Arc<Plan>, EngineError> {
        if let Some(plan) = self.done.get(name) {
            return Ok(Arc::clone(plan));
        }
        if let Some(first) = self.open.iter().position(|open| open == name) {
            let circle: Vec<&str> = self.open[first..].iter().chain([name]).map(FlowName::as_str).collect();
            let message = format!(
                "it calls itself: {}; take one of these SubFlow components out, a ForEach repeats things",
                circle.join(" → ")
            );
            return Err(EngineError::flow("flow/sub-flow-cycle", name, &message));
        }
        let document = self.read(name)?;
        self.open.push(name.clone());
        let plan = self.flow(name, document);
        self.open.pop();
        let plan = Arc::new(plan?);
        self.done.insert(name.clone(), Arc::clone(&plan));
        Ok(plan)
    }

    fn read(&self, name: &FlowName) -> Result<Flow, EngineError> {
        let bytes = self
            .files
            .get(&name.path())
            .ok_or_else(|| EngineError::flow("engine/no-such-flow", name, "the project version has no such flow"))?;
        let text = std::str::from_utf8(bytes)
            .map_err(|_| EngineError::flow("document/syntax", name, "the file is not UTF-8 text"))?;
        Flow::from_json(text).map_err(|error| EngineError::flow(error.code(), name, &error.to_string()))
    }

    fn flow(&mut self, name: &FlowName, document: Flow) -> Result<Plan, EngineError> {
        let bad = |problem: Problem| EngineError::flow(&problem.code, name, &problem.message);
        first_error(check_structure(&document, self.palette)).map_err(bad)?;
        let no_start = || bad(Problem::new("flow/no-start", "the flow has no start component: add one"));
        let settings = StartSettings::of(&document).ok_or_else(no_start)?;
        let graph = Graph::build(&document).map_err(|error| bad(Problem::new(error.code(), &error.to_string())))?;
        let start = document.start().and_then(|(id, _)| graph.index_of(id)).ok_or_else(no_start)?;
        let flow = Arc::new(PlannedFlow { name: name.clone(), document, settings, files: Arc::clone(&self.files) });
        let mut components = self.components(&flow, &graph)?;
        let links = connect(&graph, &mut components);
        Ok(Plan { records: records(&components), graph, components, links, start, exit: None, flow })
    }

    /// The plan of the body of `id`. Its entry and exit are two more components, which stand for the ForEach itself.
    fn body(
        &mut self,
        flow: &Arc<PlannedFlow>,
        id: &ComponentId,
        owner: &PlannedComponent,
    ) -> Result<Plan, EngineError> {
        let graph = Graph::of_body(&flow.document, id)
            .map_err(|error| EngineError::flow(error.code(), &flow.name, &error.to_string()))?;
        let mut components = self.components(flow, &graph)?;
        let mut links = connect(&graph, &mut components);
        let start = components.len();
        components.push(owner.border(Role::Entry));
        for entry in graph.entries() {
            link(&mut components, &mut links, (start, &entry.outlet), (entry.to, &entry.inlet));
        }
        let exit = (!graph.exits().is_empty()).then_some(components.len());
        if let Some(exit) = exit {
            components.push(owner.border(Role::Exit));
            for from in graph.exits() {
                link(&mut components, &mut links, (from.from, &from.outlet), (exit, &from.inlet));
            }
        }
        Ok(Plan { records: records(&components), graph, components, links, start, exit, flow: Arc::clone(flow) })
    }

    fn components(&mut self, flow: &Arc<PlannedFlow>, graph: &Graph) -> Result<Vec<PlannedComponent>, EngineError> {
        graph.order().iter().map(|id| self.component(flow, id)).collect()
    }

    fn component(&mut self, flow: &Arc<PlannedFlow>, id: &ComponentId) -> Result<PlannedComponent, EngineError> {
        let bad = |problem: Problem| EngineError::flow(&problem.code, &flow.name, &problem.message);
        let component = flow.document.components.get(id);
        let component = component
            .ok_or_else(|| bad(Problem::new("link/no-such-component", &format!("there is no component {id}"))))?;
        let code = self.palette.prepare(id, component).map_err(|found| bad(Problem::first(found)))?;
        let mut planned = PlannedComponent {
            id: id.clone(),
            name: component.name.clone(),
            role: Role::of(&component.kind),
            changes_world: self.palette.effect(component) == Effect::Changes,
            saves_input: self.palette.saves_input(component),
            code,
            inner: None,
            inlets: Vec::new(),
            outlets: Vec::new(),
        };
        planned.inner = match planned.role {
            Role::ForEach => Some(Arc::new(self.body(flow, id, &planned)?)),
            Role::SubFlow => Some(self.called(flow, id, component)?),
            _ => None,
        };
        Ok(planned)
    }

    /// The plan of the flow that a SubFlow names.
    fn called(&mut self, flow: &PlannedFlow, id: &ComponentId, caller: &Component) -> Result<Arc<Plan>, EngineError> {
        let name = caller.properties.get("Flow").and_then(serde_json::Value::as_str).unwrap_or_default();
        let name = FlowName::parse(name).map_err(|error| {
            EngineError::flow("property/flow", &flow.name, &format!("{id}: “{}”: {error}", caller.name))
        })?;
        self.compile(&name)
    }
}

impl PlannedComponent {
    /// The component as its own body sees it.
    fn border(&self, role: Role) -> Self {
        Self {
            id: self.id.clone(),
            name: self.name.clone(),
            role,
            changes_world: false,
            saves_input: false,
            code: Arc::clone(&self.code),
            inner: None,
            inlets: Vec::new(),
            outlets: Vec::new(),
        }
    }
}

fn records(components: &[PlannedComponent]) -> bool {
    components.iter().any(PlannedComponent::records)
}

/// Gives every link its index and every component its ports.
fn connect(graph: &Graph, components: &mut [PlannedComponent]) -> Vec<PlannedLink> {
    let mut links = Vec::new();
    for from in 0..graph.order().len() {
        for found in graph.outgoing(from) {
            link(components, &mut links, (from, &found.outlet), (found.to, &found.inlet));
        }
    }
    links
}

fn link(components: &mut [PlannedComponent], links: &mut Vec<PlannedLink>, from: (usize, &str), to: (usize, &str)) {
    let outlet = attach(&mut components[from.0].outlets, from.1, links.len());
    attach(&mut components[to.0].inlets, to.1, links.len());
    links.push(PlannedLink { from: from.0, outlet, to: to.0 });
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
    fn new(code: &str, message: &str) -> Self {
        Self { code: code.to_owned(), message: message.to_owned() }
    }

    fn first(diagnostics: Vec<Diagnostic>) -> Self {
        let found = diagnostics.into_iter().max_by_key(|diagnostic| diagnostic.severity);
        let Some(diagnostic) = found else {
            return Self::new("engine/cannot-prepare", "a component cannot be prepared");
        };
        let place = diagnostic.place.component.map(|id| format!("{id}: ")).unwrap_or_default();
        Self { code: diagnostic.code, message: format!("{place}{}", diagnostic.message) }
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
