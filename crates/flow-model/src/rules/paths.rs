//! Paths: no circles, nothing that no path leads to, and a way to a good end.

use super::facts::Facts;
use crate::{ALWAYS_OUTLET, Component, ComponentId, Diagnostic, ERROR_OUTLET, Edit, FAIL, Graph, GraphError, START};
use std::collections::{HashMap, HashSet};

/// One diagnostic for each circle, in whichever body it is.
pub(super) fn cycles(facts: &Facts, found: &mut Vec<Diagnostic>) {
    for graph in facts.graphs.values() {
        if let Err(GraphError::Cycle { components }) = graph {
            found.push(cycle(facts, components));
        }
    }
}

fn cycle(facts: &Facts, components: &[ComponentId]) -> Diagnostic {
    let names: Vec<String> = components
        .iter()
        .filter_map(|id| facts.flow.components.get(id))
        .map(|component| format!("“{}”", component.name))
        .collect();
    let message = format!(
        "links lead in a circle through {}: a flow runs in one direction, so remove one of the links between them",
        names.join(", ")
    );
    let mut diagnostic = Diagnostic::error("flow/cycle", message);
    if let Some(first) = components.first() {
        diagnostic = diagnostic.at(first);
    }
    // The link that leads against the order in which the components were drawn is likely the one too many.
    let place = |id: &ComponentId| facts.flow.components.get_index_of(id);
    let on_circle: HashSet<&ComponentId> = components.iter().collect();
    let leads_back = facts.flow.links.iter().find(|link| {
        let ends = [&link.from.component, &link.to.component];
        ends.iter().all(|end| on_circle.contains(*end)) && place(ends[0]) >= place(ends[1])
    });
    match leads_back {
        Some(link) => {
            let (from, to) = (facts.name(&link.from.component), facts.name(&link.to.component));
            let edit = Edit::Disconnect { link: link.clone() };
            diagnostic.mended_by(format!("Remove the link from “{from}” to “{to}”"), edit)
        }
        None => diagnostic,
    }
}

/// Components that no path leads to from the start, or from the entry of their body.
pub(super) fn unreachable(facts: &Facts, found: &mut Vec<Diagnostic>) {
    let reached: HashMap<Option<&ComponentId>, Vec<bool>> = facts
        .graphs
        .keys()
        .filter_map(|for_each| Some((*for_each, reached(facts, *for_each, facts.graph(*for_each)?)?)))
        .collect();
    for (id, component) in &facts.flow.components {
        let for_each = component.parent.as_ref();
        let (Some(graph), Some(reached)) = (facts.graph(for_each), reached.get(&for_each)) else { continue };
        if graph.index_of(id).is_some_and(|at| !reached[at]) && component.kind != START {
            let from = if component.parent.is_some() { "the entry of its body" } else { "the start" };
            let message = format!(
                "“{}” never runs, because no path leads to it from {from}: connect it, or remove it",
                component.name
            );
            found.push(
                Diagnostic::warning("flow/unreachable", message)
                    .at(id)
                    .mended_by(format!("Remove “{}”", component.name), Edit::RemoveComponent { id: id.clone() }),
            );
        }
    }
}

/// Which components of a body or the top level can be reached, by index; `None` where that cannot be said.
fn reached(facts: &Facts, for_each: Option<&ComponentId>, graph: &Graph) -> Option<Vec<bool>> {
    match for_each {
        None => Some(graph.reachable_from([graph.index_of(facts.flow.start()?.0)?])),
        Some(for_each) if facts.flow.components.contains_key(for_each) => {
            Some(graph.reachable_from(graph.entries().iter().map(|entry| entry.to)))
        }
        Some(_) => None,
    }
}

/// A flow of which every path ends in Fail.
pub(super) fn never_ends_well(facts: &Facts, found: &mut Vec<Diagnostic>) {
    let (Some(graph), Some((start, _))) = (facts.graph(None), facts.flow.start()) else { return };
    let Some(reached) = reached(facts, None, graph) else { return };
    let fails = |id: &ComponentId| facts.flow.components.get(id).is_some_and(|component| component.kind == FAIL);
    let mut reachable = graph.order().iter().enumerate().filter(|(at, _)| reached[*at]);
    let mut has_fail = false;
    let ends_well = reachable.any(|(at, id)| {
        has_fail |= fails(id);
        facts.flow.components.get(id).is_some_and(|component| may_end_well(facts, graph, at, id, component))
    });
    if !ends_well && has_fail {
        let message = "every path of the flow ends in Fail, so no request of it can ever finish: let one path end in \
                       End or another component";
        found.push(Diagnostic::warning("flow/never-ends-well", message).at(start));
    }
}

/// Whether a path may end well at the component at `at`: nothing follows it when it succeeds.
fn may_end_well(facts: &Facts, graph: &Graph, at: usize, id: &ComponentId, component: &Component) -> bool {
    if component.kind == FAIL {
        return false;
    }
    let is_ordinary = |outlet: &str| outlet != ERROR_OUTLET && outlet != ALWAYS_OUTLET;
    let linked: HashSet<&str> =
        graph.outgoing(at).iter().map(|link| link.outlet.as_str()).filter(|outlet| is_ordinary(outlet)).collect();
    if linked.is_empty() {
        return true;
    }
    let Some(ports) = facts.ports(id).filter(|_| facts.chooses(component)) else { return false };
    let mut outlets = ports.outlets.iter().map(|port| port.name.as_str());
    outlets.any(|outlet| is_ordinary(outlet) && !linked.contains(outlet))
}
