//! Going through a flow in the order in which it runs, with the fields and flow variables that there are.

use super::Examination;
use super::called::Calls;
use super::knowledge::{Found, Knowledge};
use crate::properties::WRONG_VALUE;
use crate::{ComponentError, Design, Palette, Services};
use flow_data::arrow::datatypes::{Schema, SchemaRef};
use flow_data::{Stream, Variables};
use flow_model::{
    ALWAYS_OUTLET, Catalogue, Component, ComponentId, Diagnostic, ERROR_OUTLET, Flow, Graph, IN, InputDeclaration,
    InputType, Link, OUT, PortRef, Ports, StartSettings,
};
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Goes through a flow in the order in which it runs.
pub(super) struct Examiner<'a> {
    palette: &'a Palette,
    flow: &'a Flow,
    sources: &'a dyn Services,
    calls: &'a Calls,
    defaults: &'a BTreeSet<String>,
    /// The links to each component.
    links: HashMap<&'a ComponentId, Vec<&'a Link>>,
    /// The flow variables behind each component that has been looked at.
    after: HashMap<&'a ComponentId, Variables>,
    /// What was known before, and what is known now.
    before: HashMap<ComponentId, Found>,
    known: &'a mut Knowledge,
    found: Examination,
}

impl<'a> Examiner<'a> {
    /// Finds out what can be known about `flow`, given what was known about it before.
    pub(super) fn examine(
        palette: &Palette,
        flow: &Flow,
        sources: &dyn Services,
        calls: &Calls,
        known: &mut Knowledge,
    ) -> Examination {
        // The rules of the document report what makes a graph impossible.
        let Ok(graph) = Graph::build(flow) else { return Examination::default() };
        let (inputs, defaults) = sample_variables(flow);
        let mut links: HashMap<&ComponentId, Vec<&Link>> = HashMap::with_capacity(flow.components.len());
        for link in &flow.links {
            links.entry(&link.to.component).or_default().push(link);
        }
        let mut examiner = Examiner {
            palette,
            flow,
            sources,
            calls,
            defaults: &defaults,
            links,
            after: HashMap::with_capacity(flow.components.len()),
            before: known.begin(&defaults),
            known,
            found: Examination::default(),
        };
        examiner.graph(&graph, &inputs);
        examiner.found
    }

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
        let ports = self.palette.ports(component).unwrap_or_default();
        let before = self.before.remove(id).filter(|found| found.holds(component, &inlets, &variables));
        let found = before.unwrap_or_else(|| self.look_at(id, component, &ports, inlets, variables));
        self.found.diagnostics.extend_from_slice(&found.problems);
        let outlets = found.outlets.iter();
        self.found.schemas.extend(outlets.map(|(outlet, schema)| (PortRef::new(id, outlet), Arc::clone(schema))));
        if !found.expressions.is_empty() {
            self.found.expressions.insert(id.clone(), found.expressions.clone());
        }
        let variables = found.variables.clone();
        let after = found.sets.iter().fold(variables.clone(), |all, (name, value)| all.with(name, value.clone()));
        self.after.insert(id, after);
        let input = found.inlets.get(IN).cloned();
        self.known.keep(id, found);
        if ports.has_body() {
            self.body(id, component, &ports, input.as_ref(), variables);
        }
    }

    /// Asks the component's own code.
    fn look_at(
        &self,
        id: &ComponentId,
        component: &Component,
        ports: &Ports,
        inlets: BTreeMap<String, SchemaRef>,
        variables: Variables,
    ) -> Found {
        let mut design = Design {
            component: id,
            name: &component.name,
            properties: &component.properties,
            inlets,
            outlets: BTreeMap::new(),
            variables: &variables,
            sets: Vec::new(),
            defaults: self.defaults,
            services: self.sources,
            palette: self.palette,
            calls: self.calls,
            looked_outside: Cell::new(false),
            problems: Vec::new(),
            expressions: Vec::new(),
        };
        match self.palette.prepare(id, component) {
            Ok(prepared) => prepared.design(&mut design),
            Err(problems) => design.problems.extend(problems.into_iter().filter(|problem| problem.code == WRONG_VALUE)),
        }
        describe_endings(&mut design, ports);
        let Design { inlets, outlets, sets, problems, expressions, looked_outside, .. } = design;
        let (component, looked_outside) = (component.clone(), looked_outside.get());
        Found { component, inlets, variables, outlets, sets, problems, expressions, looked_outside }
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

    /// The links to a component, in the flow's order.
    fn links_to(&self, id: &ComponentId) -> &[&'a Link] {
        self.links.get(id).map_or(&[], Vec::as_slice)
    }

    /// The flow variables that arrive at a component, on any of its links.
    fn variables_before(&self, id: &ComponentId, first: &Variables) -> Variables {
        let arriving = self.links_to(id).iter().filter_map(|link| self.after.get(&link.from.component));
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
        parent.is_some_and(|parent| self.links_to(id).iter().any(|link| link.from.component == *parent))
    }

    /// The fields that arrive at each inlet of a component, where all the outlets linked to it are known.
    fn inlets(&mut self, id: &ComponentId, report: bool) -> BTreeMap<String, SchemaRef> {
        let mut arriving: BTreeMap<&str, Vec<(&Link, Option<&SchemaRef>)>> = BTreeMap::new();
        for link in self.links_to(id) {
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
