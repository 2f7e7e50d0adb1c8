//! What is wrong with a flow, as far as its structure tells: without running it and without knowing any schema.

mod connections;
mod links;
mod properties;
mod restart;

#[cfg(test)]
mod tests;

pub use connections::check_connections;

use crate::{Catalogue, Component, ComponentId, Diagnostic, Flow, Graph, GraphError, START};

/// Checks the structure of `flow`: its start, its links, the types and properties of its components, and what would
/// break on another server. The result is in the order of the components, what concerns the whole flow first.
pub fn check_structure(flow: &Flow, catalogue: &dyn Catalogue) -> Vec<Diagnostic> {
    let mut found = starts(flow);
    links::check(flow, catalogue, &mut found);
    let graph = match Graph::build(flow) {
        Ok(graph) => Some(graph),
        Err(error @ GraphError::Cycle { .. }) => {
            found.push(cycle(flow, &error));
            None
        }
        // The links have been checked above.
        Err(GraphError::NoSuchComponent { .. }) => None,
    };
    for (id, component) in &flow.components {
        check_component(flow, id, component, catalogue, &mut found);
    }
    if let Some(graph) = &graph {
        unreachable(flow, graph, &mut found);
    }
    restart::check(flow, catalogue, &mut found);
    found
}

fn starts(flow: &Flow) -> Vec<Diagnostic> {
    let mut starts = flow.components.iter().filter(|(_, component)| component.kind == START);
    let Some((_, first)) = starts.next() else {
        return vec![Diagnostic::error(
            "flow/no-start",
            "the flow has no start component: drag Start from the palette and connect it to what comes first",
        )];
    };
    let several = |(id, _): (&ComponentId, &Component)| {
        let message =
            format!("a flow has exactly one start component, and “{}” is it already: remove one of them", first.name);
        Diagnostic::error("flow/several-starts", message).at(id)
    };
    starts.map(several).collect()
}

fn cycle(flow: &Flow, error: &GraphError) -> Diagnostic {
    let GraphError::Cycle { components } = error else { return Diagnostic::error(error.code(), error.to_string()) };
    let names: Vec<String> = components
        .iter()
        .filter_map(|id| flow.components.get(id))
        .map(|component| format!("“{}”", component.name))
        .collect();
    let message = format!(
        "links lead in a circle through {}: a flow runs in one direction, so remove one of the links between them",
        names.join(", ")
    );
    let diagnostic = Diagnostic::error("flow/cycle", message);
    match components.first() {
        Some(first) => diagnostic.at(first),
        None => diagnostic,
    }
}

fn check_component(
    flow: &Flow,
    id: &ComponentId,
    component: &Component,
    catalogue: &dyn Catalogue,
    found: &mut Vec<Diagnostic>,
) {
    match catalogue.describe(&component.kind) {
        Some(description) => properties::check(id, component, description, found),
        None => found.push(
            Diagnostic::error(
                "component/unknown-type",
                format!(
                    "“{}” is a {}, which this release of Cairn does not know: update Cairn, or replace the component",
                    component.name, component.kind
                ),
            )
            .at(id),
        ),
    }
    if let Some(parent) = component.parent.as_ref().filter(|parent| !flow.components.contains_key(*parent)) {
        let message =
            format!("“{}” belongs to the body of “{parent}”, which does not exist: remove it", component.name);
        found.push(Diagnostic::error("component/no-such-parent", message).at(id));
    }
}

fn unreachable(flow: &Flow, graph: &Graph, found: &mut Vec<Diagnostic>) {
    let Some(start) = flow.start().and_then(|(id, _)| graph.index_of(id)) else { return };
    let reached = graph.reachable_from(start);
    for (id, component) in &flow.components {
        let is_reached = graph.index_of(id).is_some_and(|at| reached[at]);
        if !is_reached && component.kind != START {
            let message = format!(
                "“{}” never runs, because no path leads to it from the start: connect it, or remove it",
                component.name
            );
            found.push(Diagnostic::warning("flow/unreachable", message).at(id));
        }
    }
}
