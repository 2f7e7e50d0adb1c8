//! Calls of other flows: they exist, and none leads back to the flow that calls.

use crate::{Catalogue, Component, Diagnostic, Flow, FlowName, PropertyKind};
use std::collections::{BTreeMap, BTreeSet};

/// Checks the calls of other flows in the flow `name` of a project. `flows` are all flows of the project that can be
/// read.
pub fn check_sub_flows(
    name: &FlowName,
    flows: &BTreeMap<FlowName, Flow>,
    catalogue: &dyn Catalogue,
) -> Vec<Diagnostic> {
    let Some(flow) = flows.get(name) else { return Vec::new() };
    let mut found = Vec::new();
    for (id, component) in &flow.components {
        for (property, called) in calls(component, catalogue) {
            let problem = match FlowName::parse(called).ok().filter(|called| flows.contains_key(called)) {
                None => Some(no_such_flow(called, flows)),
                Some(called) => way_back(&called, name, flows, catalogue).map(|way| calls_itself(name, &way)),
            };
            found.extend(problem.map(|problem| problem.at(id).on(property)));
        }
    }
    found
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
    let way: Vec<String> = std::iter::once(name).chain(way).map(|name| format!("“{name}”")).collect();
    let message = format!(
        "the flow calls itself ({}), which would never end: repetition is what ForEach is for",
        way.join(" → ")
    );
    Diagnostic::error("sub-flow/circle", message)
}
