//! Paths: no circles, nothing that no path leads to, and a way to a good end.

use super::facts::{Facts, Part};
use crate::{ALWAYS_OUTLET, ComponentId, Diagnostic, ERROR_OUTLET, Edit, FAIL, GraphError, Ports, START};
use std::collections::HashSet;

/// One diagnostic for each circle, in whichever body it is.
pub(super) fn cycles(facts: &Facts, found: &mut Vec<Diagnostic>) {
    for circle in facts.circles() {
        if let GraphError::Cycle { components } = circle {
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
    let reached: Vec<Option<Vec<bool>>> = (0..facts.scopes.all.len()).map(|scope| facts.reached(scope)).collect();
    for (part, (scope, place)) in facts.parts.iter().zip(&facts.scopes.places) {
        let is_unreached = reached[*scope].as_ref().is_some_and(|reached| !reached[*place]);
        if is_unreached && part.component.kind != START {
            let from = if part.component.parent.is_some() { "the entry of its body" } else { "the start" };
            let name = &part.component.name;
            let message =
                format!("“{name}” never runs, because no path leads to it from {from}: connect it, or remove it");
            let remove = Edit::RemoveComponent { id: part.id.clone() };
            found.push(
                Diagnostic::warning("flow/unreachable", message)
                    .at(part.id)
                    .mended_by(format!("Remove “{name}”"), remove),
            );
        }
    }
}

/// A flow of which every path ends in Fail.
pub(super) fn never_ends_well(facts: &Facts, found: &mut Vec<Diagnostic>) {
    let (Some(reached), Some((start, _))) = (facts.reached(0), facts.flow.start()) else { return };
    let Some((_, top)) = facts.scopes.all.get_index(0) else { return };
    let is_ordinary = |outlet: &str| outlet != ERROR_OUTLET && outlet != ALWAYS_OUTLET;
    let mut linked: Vec<HashSet<&str>> = vec![HashSet::new(); top.members.len()];
    for (link, from, _) in top.within.iter().filter(|(link, ..)| is_ordinary(&link.from.port)) {
        linked[*from].insert(&link.from.port);
    }
    let mut has_fail = false;
    for (part, (scope, place)) in facts.parts.iter().zip(&facts.scopes.places) {
        if *scope != 0 || !reached[*place] {
            continue;
        }
        has_fail |= part.component.kind == FAIL;
        if may_end_well(part, &linked[*place]) {
            return;
        }
    }
    if has_fail {
        let message = "every path of the flow ends in Fail, so no request of it can ever finish: let one path end in \
                       End or another component";
        found.push(Diagnostic::warning("flow/never-ends-well", message).at(start));
    }
}

/// Whether a path may end well at a component, given its ordinary outlets with links: nothing follows it when it
/// succeeds, or nothing follows one of the outlets that it chooses between.
fn may_end_well(part: &Part, linked: &HashSet<&str>) -> bool {
    if part.component.kind == FAIL {
        return false;
    }
    let open_outlet = |ports: &Ports| {
        let mut names = ports.outlets.iter().map(|port| port.name.as_str());
        names.any(|outlet| outlet != ERROR_OUTLET && outlet != ALWAYS_OUTLET && !linked.contains(outlet))
    };
    linked.is_empty() || (part.chooses() && part.ports.as_ref().is_some_and(open_outlet))
}
