//! Running a part of a flow: up to a component, or without what changes the world.

use flow_model::{Catalogue, Component, ComponentId, Effect, Flow, FlowName, Link, PropertyKind};
use std::collections::{BTreeMap, BTreeSet};

/// What of `flow` must run so that `target` does: what is before it, and the bodies of those. Of a body that `target`
/// itself is in, only what is before it there.
pub(super) fn up_to(flow: &Flow, target: &ComponentId) -> Flow {
    // Each with whether all of its body runs.
    let mut kept: BTreeMap<&ComponentId, bool> = BTreeMap::new();
    let mut ahead: Vec<(&ComponentId, bool)> = Vec::new();
    ahead.extend(flow.components.get_key_value(target).map(|(id, _)| (id, true)));
    while let Some((id, whole)) = ahead.pop() {
        if kept.get(id).is_some_and(|known| *known || !whole) {
            continue;
        }
        kept.insert(id, whole);
        let Some(component) = flow.components.get(id) else { continue };
        ahead.extend(component.parent.as_ref().map(|parent| (parent, false)));
        if whole {
            ahead.extend(body_of(flow, id).map(|inner| (inner, true)));
        }
        for link in flow.links_to(id) {
            let from = &link.from.component;
            let is_entry = component.parent.as_ref() == Some(from);
            if !is_entry && parent_of(flow, from) != Some(id) {
                ahead.push((from, true));
            }
        }
    }
    let kept = kept.into_keys().cloned().collect();
    only(flow, &kept)
}

/// `flow` without the components `left_out` and without everything that would have to wait for them.
pub(super) fn without(flow: &Flow, left_out: &BTreeSet<ComponentId>) -> Flow {
    let mut gone: BTreeSet<&ComponentId> = BTreeSet::new();
    // Those of which what is behind them goes, too.
    let mut ahead: Vec<&ComponentId> = left_out.iter().collect();
    let mut passed: BTreeSet<&ComponentId> = BTreeSet::new();
    gone.extend(left_out);
    while let Some(id) = ahead.pop() {
        if !passed.insert(id) {
            continue;
        }
        for Link { to, .. } in flow.links_from(id) {
            let next = &to.component;
            let goes_into_its_body = parent_of(flow, next) == Some(id);
            if goes_into_its_body && !gone.contains(id) {
                continue;
            }
            let leaves_its_body = parent_of(flow, id) == Some(next);
            if !leaves_its_body {
                gone.insert(next);
            }
            ahead.push(next);
        }
        // What is behind a ForEach whose body is not whole cannot run.
        if let Some(parent) = parent_of(flow, id) {
            ahead.push(parent);
        }
        if gone.contains(id) {
            for inner in body_of(flow, id) {
                gone.insert(inner);
                ahead.push(inner);
            }
        }
    }
    let kept = flow.components.keys().filter(|id| !gone.contains(id)).cloned().collect();
    only(flow, &kept)
}

/// The components of `flow` that change the world, also those that call a flow in which something does.
pub(super) fn changing(
    flow: &Flow,
    catalogue: &dyn Catalogue,
    flows: &BTreeMap<FlowName, Flow>,
) -> BTreeSet<ComponentId> {
    let is_changing = |component: &Component| {
        catalogue.effect(component) == Effect::Changes
            || called_by(component, catalogue).is_some_and(|called| changes(&called, catalogue, flows))
    };
    flow.components.iter().filter(|(_, component)| is_changing(component)).map(|(id, _)| id.clone()).collect()
}

/// The flow that a component calls.
pub(super) fn called_by(component: &Component, catalogue: &dyn Catalogue) -> Option<FlowName> {
    let properties = &catalogue.describe(&component.kind)?.properties;
    let property = properties.iter().find(|property| property.kind == PropertyKind::Flow)?;
    FlowName::parse(component.properties.get(property.name)?.as_str()?).ok()
}

/// Whether the flow `name` changes the world, itself or by those that it calls.
fn changes(name: &FlowName, catalogue: &dyn Catalogue, flows: &BTreeMap<FlowName, Flow>) -> bool {
    let mut seen = BTreeSet::from([name.clone()]);
    let mut ahead = vec![name.clone()];
    while let Some(name) = ahead.pop() {
        for component in flows.get(&name).into_iter().flat_map(|flow| flow.components.values()) {
            if catalogue.effect(component) == Effect::Changes {
                return true;
            }
            ahead.extend(called_by(component, catalogue).filter(|called| seen.insert(called.clone())));
        }
    }
    false
}

fn only(flow: &Flow, kept: &BTreeSet<ComponentId>) -> Flow {
    let mut part = flow.clone();
    part.components.retain(|id, _| kept.contains(id));
    part.links.retain(|link| kept.contains(&link.from.component) && kept.contains(&link.to.component));
    part.layout.retain(|id, _| kept.contains(id));
    // Frames and notes change nothing about how it runs.
    part.groups.clear();
    part
}

fn parent_of<'a>(flow: &'a Flow, id: &ComponentId) -> Option<&'a ComponentId> {
    flow.components.get(id)?.parent.as_ref()
}

fn body_of<'a>(flow: &'a Flow, id: &'a ComponentId) -> impl Iterator<Item = &'a ComponentId> {
    flow.components.iter().filter(move |(_, component)| component.parent.as_ref() == Some(id)).map(|(inner, _)| inner)
}

#[cfg(test)]
mod tests;
