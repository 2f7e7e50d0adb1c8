//! The rules of drawing: what an author's edit may not do to a flow.

use super::{Edit, EditError};
use crate::{Catalogue, Component, ComponentId, Flow, Link, LinkPlace, PortDescription, START};
use std::collections::HashSet;

/// Checks one edit against the flow as it is before it. The edits of a batch are checked one by one as they are applied.
pub(super) fn check(edit: &Edit, flow: &Flow, catalogue: &dyn Catalogue) -> Result<(), EditError> {
    match edit {
        Edit::AddComponent { component, .. } => {
            check_start(component, flow)?;
            check_parent(component, component.parent.as_ref(), flow, catalogue)
        }
        Edit::SetParent { parent, positions } => {
            for id in positions.keys() {
                let component = find(flow, id)?;
                check_parent(component, parent.as_ref(), flow, catalogue)?;
                if parent.as_ref().is_some_and(|parent| flow.is_inside(parent, id)) {
                    return Err(EditError::OwnBody { name: component.name.clone() });
                }
            }
            Ok(())
        }
        Edit::SetGroup { group: Some(group), .. } => {
            group.members.iter().try_for_each(|member| find(flow, member).map(|_| ()))
        }
        Edit::Connect { link } => check_link(link, flow, catalogue),
        _ => Ok(()),
    }
}

fn check_start(component: &Component, flow: &Flow) -> Result<(), EditError> {
    match flow.start().filter(|_| component.kind == START) {
        Some((_, start)) => Err(EditError::SecondStart { name: start.name.clone() }),
        None => Ok(()),
    }
}

fn check_parent(
    component: &Component,
    parent: Option<&ComponentId>,
    flow: &Flow,
    catalogue: &dyn Catalogue,
) -> Result<(), EditError> {
    let Some(parent) = parent else { return Ok(()) };
    let parent = find(flow, parent)?;
    // Of an unknown type nobody knows whether it has a body.
    if catalogue.ports(parent).is_some_and(|ports| !ports.has_body()) {
        return Err(EditError::NoBody { name: parent.name.clone() });
    }
    if component.kind == START {
        return Err(EditError::StartInBody { name: component.name.clone() });
    }
    Ok(())
}

fn check_link(link: &Link, flow: &Flow, catalogue: &dyn Catalogue) -> Result<(), EditError> {
    let from = find(flow, &link.from.component)?;
    let to = find(flow, &link.to.component)?;
    if link.from.component == link.to.component {
        return Err(EditError::SelfLink { name: from.name.clone() });
    }
    let crosses = || EditError::CrossesBorder { from: from.name.clone(), to: to.name.clone() };
    let place = flow.link_place(link).filter(|place| *place != LinkPlace::Crosses).ok_or_else(crosses)?;
    let has = |ports: &[PortDescription], name: &str| ports.iter().any(|port| port.name == name);
    // Of an unknown type nobody knows the ports: its links are kept and may be drawn anew.
    if catalogue.ports(from).is_some_and(|ports| !has(place.outlets(&ports), &link.from.port)) {
        return Err(EditError::NoSuchOutlet { name: from.name.clone(), outlet: link.from.port.clone() });
    }
    if catalogue.ports(to).is_some_and(|ports| !has(place.inlets(&ports), &link.to.port)) {
        return Err(EditError::NoSuchInlet { name: to.name.clone(), inlet: link.to.port.clone() });
    }
    if flow.links.contains(link) {
        return Err(EditError::LinkExists { link: link.clone() });
    }
    let is_within = matches!(place, LinkPlace::Within(_));
    if is_within && leads_to(flow, &link.to.component, &link.from.component) {
        return Err(EditError::Cycle { from: from.name.clone(), to: to.name.clone() });
    }
    Ok(())
}

fn find<'a>(flow: &'a Flow, id: &ComponentId) -> Result<&'a Component, EditError> {
    flow.components.get(id).ok_or_else(|| EditError::NoSuchComponent { id: id.clone() })
}

/// Whether links within one body, or the top level, lead from `from` to `to`.
fn leads_to(flow: &Flow, from: &ComponentId, to: &ComponentId) -> bool {
    let mut seen = HashSet::from([from]);
    let mut next = vec![from];
    while let Some(at) = next.pop() {
        if at == to {
            return true;
        }
        for link in flow.links_from(at) {
            if matches!(flow.link_place(link), Some(LinkPlace::Within(_))) && seen.insert(&link.to.component) {
                next.push(&link.to.component);
            }
        }
    }
    false
}
