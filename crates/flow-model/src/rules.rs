//! What is wrong with a flow, as far as its structure tells: without running it and without knowing any schema.

mod bodies;
mod connections;
mod facts;
mod groups;
mod links;
mod local;
mod paths;
mod properties;
mod restart;
mod sub_flows;
mod variables;

#[cfg(test)]
mod tests;

pub use connections::{check_connections, connections_of};
pub(crate) use sub_flows::calls;
pub use sub_flows::{Surroundings, calls_flows, check_sub_flows};

use crate::{Catalogue, Component, ComponentId, Diagnostic, Edit, Flow, START};
use facts::{Facts, Part};

/// Checks the structure of `flow`: its start, its links and bodies, the types and properties of its components, its
/// flow variables, and what would break on another server. What concerns the whole flow comes first.
pub fn check_structure(flow: &Flow, catalogue: &dyn Catalogue) -> Vec<Diagnostic> {
    let facts = Facts::of(flow, catalogue);
    let mut found = starts(flow);
    links::check(&facts, &mut found);
    paths::cycles(&facts, &mut found);
    for part in &facts.parts {
        check_type(part, &mut found);
        bodies::check(&facts, part, &mut found);
    }
    paths::unreachable(&facts, &mut found);
    paths::never_ends_well(&facts, &mut found);
    variables::check(&facts, &mut found);
    groups::check(flow, &mut found);
    restart::check(&facts, &mut found);
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
    let several = |(id, component): (&ComponentId, &Component)| {
        let message =
            format!("a flow has exactly one start component, and “{}” is it already: remove one of them", first.name);
        Diagnostic::error("flow/several-starts", message)
            .at(id)
            .mended_by(format!("Remove “{}”", component.name), Edit::RemoveComponent { id: id.clone() })
    };
    starts.map(several).collect()
}

fn check_type(part: &Part, found: &mut Vec<Diagnostic>) {
    match part.description {
        Some(description) => properties::check(part.id, part.component, description, found),
        None => found.push(
            Diagnostic::error(
                "component/unknown-type",
                format!(
                    "“{}” is a {}, which this release of Cairn does not know: update Cairn, or replace the component",
                    part.component.name, part.component.kind
                ),
            )
            .at(part.id),
        ),
    }
}
