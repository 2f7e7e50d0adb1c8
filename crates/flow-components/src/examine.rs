//! What can be known before anything runs: which fields flow on every link, and what is wrong with the expressions,
//! texts and field names that refer to them.

use crate::design::Called;
use crate::properties::WRONG_VALUE;
use crate::{ComponentError, Design, Palette, ResolvedPath, Services};
use flow_data::arrow::datatypes::{Schema, SchemaRef};
use flow_data::{Stream, Variables};
use flow_model::{
    ALWAYS_OUTLET, Catalogue, Component, ComponentId, Diagnostic, ERROR_OUTLET, Flow, FlowName, Graph, IN,
    InputDeclaration, InputType, Link, OUT, PortRef, Ports, StartSettings,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The fields that calls give are followed through so many flows.
const DEEPEST_CALL: usize = 8;

/// An outlet of a component.
pub type PortKey = PortRef;

/// What was found out about a flow before it runs.
#[derive(Debug, Clone, Default)]
pub struct Examination {
    /// What is wrong with expressions and with the names of fields and flow variables.
    pub diagnostics: Vec<Diagnostic>,
    /// The fields on every outlet where they can be known, and on those that lead into a body.
    pub schemas: BTreeMap<PortKey, SchemaRef>,
}

impl Palette {
    /// Finds out what can be known about a flow before it runs.
    pub fn examine(&self, flow: &Flow, sources: &dyn Services) -> Examination {
        self.examine_called(flow, sources, 0)
    }

    fn examine_called(&self, flow: &Flow, sources: &dyn Services, depth: usize) -> Examination {
        // The rules of the document report what makes a graph impossible.
        let Ok(graph) = Graph::build(flow) else { return Examination::default() };
        let (inputs, defaults) = sample_variables(flow);
        let mut examiner = Examiner {
            palette: self,
            flow,
            sources,
            depth,
            defaults: &defaults,
            after: HashMap::new(),
            found: Examination::default(),
        };
        examiner.graph(&graph, &inputs);
        examiner.found
    }

    /// What is known of the flow `name` of the project that `sources` gives the files of.
    pub(crate) fn called(
        &self,
        name: &FlowName,
        sources: &dyn Services,
        depth: usize,
    ) -> Result<Called, ComponentError> {
        let ResolvedPath::ProjectFile { bytes, .. } = sources.resolve(&format!("project:{}", name.path()))? else {
            return Err(ComponentError::new("file/not-found", format!("the project has no flow “{name}”")));
        };
        let text = String::from_utf8_lossy(&bytes);
        let flow = Flow::from_json(&text).map_err(|error| ComponentError::new(error.code(), error.to_string()))?;
        let replies = |component: &Component| {
            component.kind == "End" && component.properties.get("Reply").is_none_or(|reply| *reply == "Records")
        };
        let ends: Vec<&ComponentId> =
            flow.components.iter().filter(|(_, component)| replies(component)).map(|(id, _)| id).collect();
        let inputs = StartSettings::of(&flow).map(|settings| settings.inputs).unwrap_or_default();
        let mut called = Called { inputs, replies: !ends.is_empty(), reply: None };
        // Flows that call each other in a circle are reported by others.
        if depth < DEEPEST_CALL {
            let schemas = self.examine_called(&flow, sources, depth).schemas;
            let arriving = flow.links.iter().filter(|link| ends.contains(&&link.to.component));
            let known: Option<Vec<Stream>> =
                arriving.map(|link| schemas.get(&link.from).map(|schema| Stream::empty(Arc::clone(schema)))).collect();
            let joined = known.filter(|known| !known.is_empty()).and_then(|known| Stream::append(&known).ok());
            called.reply = joined.map(|joined| Arc::clone(joined.schema()));
        }
        Ok(called)
    }

    /// What is wrong with expressions and names, as far as the fields can be known.
    pub fn check_expressions(&self, flow: &Flow, sources: &dyn Services) -> Vec<Diagnostic> {
        self.examine(flow, sources).diagnostics
    }

    /// The fields on every outlet where they can be known.
    pub fn output_schemas(&self, flow: &Flow, sources: &dyn Services) -> BTreeMap<PortKey, SchemaRef> {
        self.examine(flow, sources).schemas
    }
}

/// A value of the right type for every declared input, and the names of those whose value is their default.
fn sample_variables(flow: &Flow) -> (Variables, BTreeSet<String>) {
    let inputs = StartSettings::of(flow).map(|settings| settings.inputs).unwrap_or_default();
    let given = |input: &InputDeclaration| input.default.clone().filter(|value| !value.is_null());
    let defaults = inputs.iter().filter(|input| given(input).is_some()).map(|input| input.name.clone()).collect();
    let sample = |input: &InputDeclaration| -> Value {
        let made_up = match input.kind {
            InputType::Text => json!(""),
            InputType::Integer => json!(1),
            InputType::Number => json!(0.5),
            InputType::Boolean => json!(true),
        };
        given(input).unwrap_or(made_up)
    };
    (inputs.iter().map(|input| (input.name.clone(), sample(input))).collect(), defaults)
}

/// Goes through a flow in the order in which it runs.
struct Examiner<'a> {
    palette: &'a Palette,
    flow: &'a Flow,
    sources: &'a dyn Services,
    depth: usize,
    defaults: &'a BTreeSet<String>,
    /// The flow variables behind each component that has been looked at.
    after: HashMap<&'a ComponentId, Variables>,
    found: Examination,
}

impl<'a> Examiner<'a> {
    /// Looks at the top level of the flow or at a body, which begins with the flow variables `first`.
    fn graph(&mut self, graph: &Graph, first: &Variables) {
        let flow = self.flow;
        for id in graph.order() {
            if let Some((id, component)) = flow.components.get_key_value(id) {
                self.component(id, component, first);
            }
        }
    }

    fn component(&mut self, id: &'a ComponentId, component: &'a Component, first: &Variables) {
        let variables = self.variables_before(id, first);
        let inlets = self.inlets(id, true);
        let mut design = Design {
            component: id,
            name: &component.name,
            inlets,
            outlets: BTreeMap::new(),
            variables: &variables,
            sets: Vec::new(),
            defaults: self.defaults,
            services: self.sources,
            palette: self.palette,
            depth: self.depth,
            problems: Vec::new(),
        };
        match self.palette.prepare(id, component) {
            Ok(prepared) => prepared.design(&mut design),
            Err(problems) => design.problems.extend(problems.into_iter().filter(|problem| problem.code == WRONG_VALUE)),
        }
        let ports = self.palette.ports(component).unwrap_or_default();
        describe_endings(&mut design, &ports);
        let Design { inlets, outlets, sets, mut problems, .. } = design;
        self.found.diagnostics.append(&mut problems);
        self.found.schemas.extend(outlets.into_iter().map(|(outlet, schema)| (PortRef::new(id, &outlet), schema)));
        let after = sets.into_iter().fold(variables.clone(), |all, (name, value)| all.with(&name, value));
        self.after.insert(id, after);
        if ports.has_body() {
            self.body(id, component, &ports, inlets.get(IN), variables);
        }
    }

    /// Looks at the body of a ForEach: what goes in are its records, what comes out is what the body gives back.
    fn body(
        &mut self,
        id: &'a ComponentId,
        component: &Component,
        ports: &Ports,
        input: Option<&SchemaRef>,
        variables: Variables,
    ) {
        let Ok(graph) = Graph::of_body(self.flow, id) else { return };
        if let Some(input) = input {
            for outlet in &ports.body_outlets {
                self.found.schemas.insert(PortRef::new(id, &outlet.name), Arc::clone(input));
            }
        }
        // The number of the iteration.
        let sets = self.palette.sets(component);
        let variables = sets.iter().fold(variables, |all, name| all.with(name, 1));
        self.graph(&graph, &variables);
        let given = self.inlets(id, false);
        let results: Vec<&SchemaRef> = ports.body_inlets.iter().filter_map(|inlet| given.get(&inlet.name)).collect();
        let out = match results.as_slice() {
            [result] => Some(Arc::clone(result)),
            [] if graph.exits().is_empty() => input.cloned(),
            _ => None,
        };
        if let Some(schema) = out {
            self.found.schemas.insert(PortRef::new(id, OUT), schema);
        }
    }

    /// The flow variables that arrive at a component, on any of its links.
    fn variables_before(&self, id: &ComponentId, first: &Variables) -> Variables {
        let sources = self.flow.links.iter().filter(|link| link.to.component == *id);
        let arriving = sources.filter_map(|link| self.after.get(&link.from.component));
        arriving
            .fold(None, |joined: Option<Variables>, next| {
                Some(match joined {
                    None => next.clone(),
                    Some(joined) => next
                        .iter()
                        .filter(|(name, _)| joined.get(name).is_none())
                        .fold(joined.clone(), |all, (name, value)| all.with(name, value.clone())),
                })
            })
            .filter(|_| !self.enters(id))
            .unwrap_or_else(|| first.clone())
    }

    /// Whether a body begins at the component.
    fn enters(&self, id: &ComponentId) -> bool {
        let parent = self.flow.components.get(id).and_then(|component| component.parent.as_ref());
        parent.is_some_and(|parent| {
            self.flow.links.iter().any(|link| link.to.component == *id && link.from.component == *parent)
        })
    }

    /// The fields that arrive at each inlet of a component, where all the outlets linked to it are known.
    fn inlets(&mut self, id: &ComponentId, report: bool) -> BTreeMap<String, SchemaRef> {
        let mut arriving: BTreeMap<&str, Vec<(&Link, Option<&SchemaRef>)>> = BTreeMap::new();
        for link in self.flow.links.iter().filter(|link| link.to.component == *id) {
            arriving.entry(&link.to.port).or_default().push((link, self.found.schemas.get(&link.from)));
        }
        let mut inlets = BTreeMap::new();
        let mut problems = Vec::new();
        for (inlet, links) in arriving {
            let known: Option<Vec<Stream>> =
                links.iter().map(|(_, schema)| schema.map(|schema| Stream::empty(Arc::clone(schema)))).collect();
            match known.map(|streams| Stream::append(&streams)) {
                Some(Ok(joined)) => {
                    inlets.insert(inlet.to_owned(), Arc::clone(joined.schema()));
                }
                Some(Err(error)) => {
                    let message = format!("{error}: map them to the same fields first");
                    let problem = Diagnostic::error(error.code(), message).at(id);
                    problems.push(links.last().map_or(problem.clone(), |(link, _)| problem.along(link)));
                }
                None => {}
            }
        }
        if report {
            self.found.diagnostics.append(&mut problems);
        }
        inlets
    }
}

/// The outlets that every component has which can fail.
fn describe_endings(design: &mut Design<'_>, ports: &Ports) {
    if ports.has_outlet(ERROR_OUTLET) {
        let nothing = Arc::new(Schema::empty());
        let input = if ports.has_inlet(IN) { design.input() } else { Some(&nothing) };
        if let Some(schema) = input.map(ComponentError::schema) {
            design.outlet(ERROR_OUTLET, schema);
        }
    }
    if ports.has_outlet(ALWAYS_OUTLET) {
        design.outlet(ALWAYS_OUTLET, Arc::clone(ComponentError::ended_schema()));
    }
}
