//! Components, groups and notes as text: copy and paste within a flow, between flows, windows and people.

#[cfg(test)]
mod tests;

use super::session::{free_name, new_id};
use crate::CommandError;
use flow_model::{Component, ComponentId, Edit, Flow, Group, Link, Position, START};
use std::collections::{BTreeMap, BTreeSet};

/// The components `ids` of `flow` and all that is in their bodies, with the links between them, the groups and notes
/// `groups` and those groups whose components are all among them, as text: a flow of its own, in the format of its file.
/// What is copied out of a body stands where it is drawn on the whole canvas.
pub(super) fn copy(flow: &Flow, ids: &[ComponentId], groups: &[ComponentId]) -> String {
    let is_wanted = |id: &&ComponentId| ids.iter().any(|asked| flow.is_inside(id, asked));
    let wanted: BTreeSet<&ComponentId> = flow.components.keys().filter(is_wanted).collect();
    let both_ends = |link: &&Link| wanted.contains(&link.from.component) && wanted.contains(&link.to.component);
    let place = |id: &ComponentId| match flow.components.get(id).and_then(|component| component.parent.as_ref()) {
        Some(parent) if !wanted.contains(parent) => place_on_canvas(flow, id),
        _ => flow.layout.get(id).copied().unwrap_or_default(),
    };
    let part = Flow {
        components: flow
            .components
            .iter()
            .filter(|(id, _)| wanted.contains(id))
            .map(|(id, component)| (id.clone(), component.clone()))
            .collect(),
        links: flow.links.iter().filter(both_ends).cloned().collect(),
        groups: flow
            .groups
            .iter()
            .filter_map(|(id, group)| {
                copied_group(group, groups.contains(id), &wanted).map(|group| (id.clone(), group))
            })
            .collect(),
        layout: wanted.iter().map(|id| ((*id).clone(), place(id))).collect(),
        ..Flow::default()
    };
    part.to_json()
}

/// A group with those of its components that are copied; nothing of one that is not.
fn copied_group(group: &Group, is_asked: bool, wanted: &BTreeSet<&ComponentId>) -> Option<Group> {
    let members: BTreeSet<ComponentId> = group.members.iter().filter(|id| wanted.contains(id)).cloned().collect();
    let is_whole = !members.is_empty() && members.len() == group.members.len();
    (is_whole || (is_asked && (group.members.is_empty() || !members.is_empty())))
        .then(|| Group { members, ..group.clone() })
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
    part.groups
        .retain(|_, group| group.area.is_some() || group.members.iter().any(|id| part.components.contains_key(id)));
    if part.components.is_empty() && part.groups.is_empty() {
        return Err(nothing());
    }
    let old = corner_of(&part);
    let around = parent.map_or_else(Position::default, |parent| place_on_canvas(flow, parent));
    let ids: BTreeMap<&ComponentId, ComponentId> =
        part.components.iter().map(|(id, component)| (id, new_id(&component.kind, flow))).collect();
    let mut names = BTreeSet::new();
    let mut edits = Vec::with_capacity(part.components.len() + part.links.len() + part.groups.len());
    // What is in a body is added after the component that has it, and keeps its place there.
    let mut in_order: Vec<_> = part.components.iter().collect();
    in_order.sort_by_key(|(id, _)| part.for_each_path(id).len());
    for (id, component) in in_order {
        let at = part.layout.get(id).copied().unwrap_or_default();
        let mut component = component.clone();
        component.name = free_name(&component.name, flow, &names);
        let (own, position) = match own_parent(&part, &component).and_then(|own| ids.get(own)) {
            Some(own) => (Some(own), at),
            None => (parent, Position { x: corner.x + at.x - old.x, y: corner.y + at.y - old.y }),
        };
        component.parent = own.cloned();
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
    for group in part.groups.values() {
        let mut group = group.clone();
        group.members = group.members.iter().filter_map(|id| ids.get(id)).cloned().collect();
        if let Some(area) = &mut group.area {
            area.x += around.x + corner.x - old.x;
            area.y += around.y + corner.y - old.y;
        }
        edits.push(Edit::SetGroup { id: new_group_id(&group, flow), group: Some(group) });
    }
    Ok(Edit::Batch { edits })
}

/// The component of `part` in whose body another of it is.
fn own_parent<'a>(part: &Flow, component: &'a Component) -> Option<&'a ComponentId> {
    component.parent.as_ref().filter(|id| part.components.contains_key(*id))
}

/// The upper left corner of what is copied: of its outermost components and its notes.
fn corner_of(part: &Flow) -> Position {
    let outermost = part.components.iter().filter(|(_, component)| own_parent(part, component).is_none());
    let components = outermost.filter_map(|(id, _)| part.layout.get(id)).map(|at| (at.x, at.y));
    let areas = part.groups.values().filter(|group| group.members.is_empty()).filter_map(|group| group.area);
    let places: Vec<(f64, f64)> = components.chain(areas.map(|area| (area.x, area.y))).collect();
    Position {
        x: places.iter().map(|(x, _)| *x).fold(f64::INFINITY, f64::min),
        y: places.iter().map(|(_, y)| *y).fold(f64::INFINITY, f64::min),
    }
}

/// Where a component is drawn on the whole canvas: places in a body are relative to the component that has it.
fn place_on_canvas(flow: &Flow, id: &ComponentId) -> Position {
    let path = flow.for_each_path(id);
    let places = path.into_iter().chain([id]).filter_map(|id| flow.layout.get(id));
    places.fold(Position::default(), |sum, at| Position { x: sum.x + at.x, y: sum.y + at.y })
}

/// An id that no group of `flow` has.
fn new_group_id(group: &Group, flow: &Flow) -> ComponentId {
    let kind = if group.members.is_empty() { "note" } else { "group" };
    loop {
        let id = new_id(kind, flow);
        if !flow.groups.contains_key(&id) {
            return id;
        }
    }
}

fn nothing() -> CommandError {
    CommandError::new("flow/nothing-to-paste", "the clipboard holds nothing that could be pasted here")
}
