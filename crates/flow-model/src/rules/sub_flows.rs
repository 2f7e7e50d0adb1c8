//! Calls of other flows: they exist, and none leads back to the flow that calls.

use super::connections::local_connections;
use super::restart;
use crate::{Catalogue, Component, Connection, Diagnostic, Flow, FlowName, Place, PropertyKind};
use std::collections::{BTreeMap, BTreeSet};

/// What a flow of a project has around it.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// All flows of the project that can be read; that which is checked may be older among them.
    pub flows: &'a BTreeMap<FlowName, Flow>,
    /// Its connections, by name.
    pub connections: &'a BTreeMap<String, Connection>,
    /// What components there are.
    pub catalogue: &'a dyn Catalogue,
}

/// Checks the calls of other flows in `flow`, the flow `name` of a project.
pub fn check_sub_flows(name: &FlowName, flow: &Flow, around: Surroundings<'_>) -> Vec<Diagnostic> {
    let Surroundings { flows, catalogue, .. } = around;
    let mut found = Vec::new();
    for (id, component) in &flow.components {
        for (property, called) in calls(component, catalogue) {
            let problems = match FlowName::parse(called).ok().filter(|called| flows.contains_key(called)) {
                None => vec![no_such_flow(called, flows)],
                Some(called) => match way_back(&called, name, flows, catalogue) {
                    Some(way) => vec![calls_itself(name, &way)],
                    None if restart::moves_to_other_servers(flow) => local_in(&called, around),
                    None => Vec::new(),
                },
            };
            found.extend(problems.into_iter().map(|problem| problem.at(id).on(property)));
        }
    }
    found
}

/// What of the flow `called`, and of those that it calls, would break when another server goes on with the request of
/// the flow that calls it. Those that say themselves that other servers may go on say this themselves, too.
fn local_in(called: &FlowName, around: Surroundings<'_>) -> Vec<Diagnostic> {
    let Surroundings { flows, connections, catalogue } = around;
    let mut seen = BTreeSet::from([called.clone()]);
    let mut ahead = vec![vec![called.clone()]];
    let mut found = Vec::new();
    while let Some(way) = ahead.pop() {
        let flow = way.last().and_then(|name| flows.get(name));
        let Some(flow) = flow.filter(|flow| !restart::moves_to_other_servers(flow)) else { continue };
        for (id, component) in &flow.components {
            let own = restart::of_component(id, component, catalogue.describe(&component.kind));
            let through_connections = local_connections(id, component, catalogue, connections);
            for problem in own.into_iter().chain(through_connections) {
                let message = format!("in {}, “{}”: {}", named(&way), component.name, problem.message);
                // What mends it is in another flow.
                found.push(Diagnostic { place: Place::default(), fix: None, message, ..problem });
            }
            let next = calls(component, catalogue).filter_map(|(_, next)| FlowName::parse(next).ok());
            for next in next.filter(|next| seen.insert(next.clone())) {
                ahead.push(way.iter().cloned().chain([next]).collect());
            }
        }
    }
    found
}

/// The flows on a way of calls: `“a” → “b”`.
fn named(way: &[FlowName]) -> String {
    way.iter().map(|name| format!("“{name}”")).collect::<Vec<_>>().join(" → ")
}

/// Whether `flow` calls any other flow.
pub fn calls_flows(flow: &Flow, catalogue: &dyn Catalogue) -> bool {
    flow.components.values().any(|component| calls(component, catalogue).next().is_some())
}

/// The flows that a component calls, each with the property that names it.
pub(crate) fn calls<'a>(
    component: &'a Component,
    catalogue: &'a dyn Catalogue,
) -> impl Iterator<Item = (&'static str, &'a str)> {
    let described = catalogue.describe(&component.kind).into_iter().flat_map(|description| &description.properties);
    let of_flows = described.filter(|property| property.kind == PropertyKind::Flow);
    of_flows
        .filter_map(|property| Some((property.name, component.properties.get(property.name)?.as_str()?)))
        .filter(|(_, called)| !called.is_empty())
}

/// The names on a way of calls from `from` to `to`, both included.
fn way_back(
    from: &FlowName,
    to: &FlowName,
    flows: &BTreeMap<FlowName, Flow>,
    catalogue: &dyn Catalogue,
) -> Option<Vec<FlowName>> {
    let mut seen = BTreeSet::from([from.clone()]);
    let mut ways = vec![vec![from.clone()]];
    while let Some(way) = ways.pop() {
        let last = way.last()?;
        if last == to {
            return Some(way);
        }
        let components = flows.get(last).into_iter().flat_map(|flow| flow.components.values());
        let called = components.flat_map(|component| calls(component, catalogue)).map(|(_, called)| called);
        for next in called.filter_map(|called| FlowName::parse(called).ok()) {
            if seen.insert(next.clone()) {
                ways.push(way.iter().cloned().chain([next]).collect());
            }
        }
    }
    None
}

fn no_such_flow(called: &str, flows: &BTreeMap<FlowName, Flow>) -> Diagnostic {
    let known: Vec<&str> = flows.keys().map(FlowName::as_str).collect();
    let message =
        format!("the project has no flow “{called}” (it has {}): add it, or choose another", known.join(", "));
    Diagnostic::error("sub-flow/unknown", message)
}

fn calls_itself(name: &FlowName, way: &[FlowName]) -> Diagnostic {
    let way: Vec<FlowName> = std::iter::once(name).chain(way).cloned().collect();
    let message =
        format!("the flow calls itself ({}), which would never end: repetition is what ForEach is for", named(&way));
    Diagnostic::error("sub-flow/circle", message)
}
