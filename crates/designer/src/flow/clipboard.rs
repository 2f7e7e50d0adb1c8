//! Components as text: copy and paste within a flow, between flows, windows and people.

use super::session::{free_name, new_id};
use crate::CommandError;
use flow_model::{Component, ComponentId, Edit, Flow, Link, Position, START};
use std::collections::{BTreeMap, BTreeSet};

/// The components `ids` of `flow` and all that is in their bodies, with the links between them, as text: a flow of its
/// own, in the format of its file.
pub(super) fn copy(flow: &Flow, ids: &[ComponentId]) -> String {
    let is_wanted = |id: &&ComponentId| ids.iter().any(|asked| flow.is_inside(id, asked));
    let wanted: BTreeSet<&ComponentId> = flow.components.keys().filter(is_wanted).collect();
    let both_ends = |link: &&Link| wanted.contains(&link.from.component) && wanted.contains(&link.to.component);
    let part = Flow {
        components: flow
            .components
            .iter()
            .filter(|(id, _)| wanted.contains(id))
            .map(|(id, component)| (id.clone(), component.clone()))
            .collect(),
        links: flow.links.iter().filter(both_ends).cloned().collect(),
        layout: flow
            .layout
            .iter()
            .filter(|(id, _)| wanted.contains(id))
            .map(|(id, position)| (id.clone(), *position))
            .collect(),
        ..Flow::default()
    };
    part.to_json()
}

/// The edit that puts what [`copy`] gave into `flow`, into the body of `parent` or to the top level, its upper left
/// corner at `corner`. A second start component, or one that would come into a body, is left out.
pub(super) fn paste(
    flow: &Flow,
    text: &str,
    corner: Position,
    parent: Option<&ComponentId>,
) -> Result<Edit, CommandError> {
    let mut part = Flow::from_json(text).map_err(|_| nothing())?;
    part.place_missing();
    if flow.start().is_some() || parent.is_some() {
        part.components.retain(|_, component| component.kind != START);
    }
    if part.components.is_empty() {
        return Err(nothing());
    }
    let own_parent = |component: &Component| component.parent.clone().filter(|id| part.components.contains_key(id));
    let outermost = || part.components.iter().filter(|(_, component)| own_parent(component).is_none());
    let placed = || outermost().filter_map(|(id, _)| part.layout.get(id));
    let left = placed().map(|position| position.x).fold(f64::INFINITY, f64::min);
    let top = placed().map(|position| position.y).fold(f64::INFINITY, f64::min);

    let ids: BTreeMap<&ComponentId, ComponentId> =
        part.components.iter().map(|(id, component)| (id, new_id(&component.kind, flow))).collect();
    let mut names = BTreeSet::new();
    let mut edits = Vec::with_capacity(part.components.len() + part.links.len());
    // What is in a body is added after the component that has it, and keeps its place there.
    let mut in_order: Vec<_> = part.components.iter().collect();
    in_order.sort_by_key(|(id, _)| part.for_each_path(id).len());
    for (id, component) in in_order {
        let at = part.layout.get(id).copied().unwrap_or_default();
        let mut component = component.clone();
        component.name = free_name(&component.name, flow, &names);
        let (around, position) = match own_parent(&component).and_then(|own| ids.get(&own)) {
            Some(around) => (Some(around), at),
            None => (parent, Position { x: corner.x + at.x - left, y: corner.y + at.y - top }),
        };
        component.parent = around.cloned();
        names.insert(component.name.clone());
        edits.push(Edit::AddComponent { id: ids[id].clone(), component, position, index: None });
    }
    for link in &part.links {
        let (Some(from), Some(to)) = (ids.get(&link.from.component), ids.get(&link.to.component)) else { continue };
        let mut link = link.clone();
        link.from.component = from.clone();
        link.to.component = to.clone();
        edits.push(Edit::Connect { link });
    }
    Ok(Edit::Batch { edits })
}

fn nothing() -> CommandError {
    CommandError::new("flow/nothing-to-paste", "the clipboard holds no components that could be pasted here")
}

#[cfg(test)]
mod tests {
    use super::{copy, paste};
    use flow_model::{Component, ComponentId, Edit, Flow, Link, PortRef, Position};

    fn id(text: &str) -> ComponentId {
        ComponentId::parse(text).unwrap()
    }

    /// A ForEach with a Mapper in its body, at 100, 50.
    fn flow() -> Flow {
        let (for_each, mapper) = (id("foreach-a1b2c3"), id("mapper-a1b2c3"));
        let mut flow = Flow::default();
        flow.components.insert(for_each.clone(), Component::new("ForEach", "Each"));
        let inside = Component { parent: Some(for_each.clone()), ..Component::new("Mapper", "Map") };
        flow.components.insert(mapper.clone(), inside);
        flow.links.insert(Link { from: PortRef::new(&for_each, "each"), to: PortRef::new(&mapper, "in") });
        flow.layout.insert(for_each, Position { x: 100.0, y: 50.0 });
        flow.layout.insert(mapper, Position { x: 72.0, y: 88.0 });
        flow
    }

    fn pasted(into: &Flow, text: &str, parent: Option<&ComponentId>) -> Vec<(String, Option<ComponentId>, Position)> {
        let Edit::Batch { edits } = paste(into, text, Position { x: 8.0, y: 16.0 }, parent).unwrap() else { panic!() };
        let added = |edit: &Edit| match edit {
            Edit::AddComponent { component, position, .. } => {
                Some((component.kind.clone(), component.parent.clone(), *position))
            }
            _ => None,
        };
        edits.iter().filter_map(added).collect()
    }

    #[test]
    fn a_body_is_copied_with_the_component_that_has_it() {
        let flow = flow();
        let text = copy(&flow, &[id("foreach-a1b2c3")]);
        let added = pasted(&flow, &text, None);
        let [(outer, None, at), (inner, Some(around), inside)] = &added[..] else { panic!("{added:?}") };
        assert_eq!((outer.as_str(), inner.as_str()), ("ForEach", "Mapper"));
        assert_ne!(*around, id("foreach-a1b2c3"), "the copy has a body of its own");
        assert_eq!((at.x, at.y, inside.x, inside.y), (8.0, 16.0, 72.0, 88.0));
    }

    #[test]
    fn what_is_in_a_body_can_be_pasted_without_it_and_into_another() {
        let flow = flow();
        let text = copy(&flow, &[id("mapper-a1b2c3")]);
        for parent in [None, Some(id("foreach-a1b2c3"))] {
            let added = pasted(&flow, &text, parent.as_ref());
            let [(kind, around, at)] = &added[..] else { panic!("{added:?}") };
            assert_eq!((kind.as_str(), around), ("Mapper", &parent));
            assert_eq!((at.x, at.y), (8.0, 16.0));
        }
    }
}
