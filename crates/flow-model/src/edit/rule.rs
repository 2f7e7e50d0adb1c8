//! The rules of drawing: what an author's edit may not do to a flow.

use super::{Edit, EditError};
use crate::{Catalogue, Component, ComponentId, Flow, Link, START};
use std::collections::HashSet;

/// Checks one edit against the flow as it is before it. The edits of a batch are checked one by one as they are applied.
pub(super) fn check(edit: &Edit, flow: &Flow, catalogue: &dyn Catalogue) -> Result<(), EditError> {
    match edit {
        Edit::AddComponent { component, .. } if component.kind == START => match flow.start() {
            Some((_, start)) => Err(EditError::SecondStart { name: start.name.clone() }),
            None => Ok(()),
        },
        Edit::Connect { link } => check_link(link, flow, catalogue),
        _ => Ok(()),
    }
}

fn check_link(link: &Link, flow: &Flow, catalogue: &dyn Catalogue) -> Result<(), EditError> {
    let from = find(flow, &link.from.component)?;
    let to = find(flow, &link.to.component)?;
    if link.from.component == link.to.component {
        return Err(EditError::SelfLink { name: from.name.clone() });
    }
    // Of an unknown type nobody knows the ports: its links are kept and may be drawn anew.
    if catalogue.ports(from).is_some_and(|ports| !ports.has_outlet(&link.from.port)) {
        return Err(EditError::NoSuchOutlet { name: from.name.clone(), outlet: link.from.port.clone() });
    }
    if catalogue.ports(to).is_some_and(|ports| !ports.has_inlet(&link.to.port)) {
        return Err(EditError::NoSuchInlet { name: to.name.clone(), inlet: link.to.port.clone() });
    }
    if flow.links.contains(link) {
        return Err(EditError::LinkExists { link: link.clone() });
    }
    if leads_to(flow, &link.to.component, &link.from.component) {
        return Err(EditError::Cycle { from: from.name.clone(), to: to.name.clone() });
    }
    Ok(())
}

fn find<'a>(flow: &'a Flow, id: &ComponentId) -> Result<&'a Component, EditError> {
    flow.components.get(id).ok_or_else(|| EditError::NoSuchComponent { id: id.clone() })
}

/// Whether links lead from `from` to `to`.
fn leads_to(flow: &Flow, from: &ComponentId, to: &ComponentId) -> bool {
    let mut seen = HashSet::from([from]);
    let mut next = vec![from];
    while let Some(at) = next.pop() {
        if at == to {
            return true;
        }
        for link in flow.links_from(at) {
            if seen.insert(&link.to.component) {
                next.push(&link.to.component);
            }
        }
    }
    false
}
