//! Doing what an edit says, and finding its inverse.

use super::{Edit, EditError, rule};
use crate::{Catalogue, Component, ComponentId, Flow, Group, Link, LinkPlace, Position};
use serde_json::Value;
use std::collections::BTreeMap;

/// How an edit comes to be applied.
#[derive(Clone, Copy)]
pub(super) enum Way<'a> {
    /// Somebody drew it: the rules of drawing are asked.
    Drawn(&'a dyn Catalogue),
    /// It was drawn before, and is repeated.
    Repeated,
    /// It is an inverse: all that it does stands in it.
    Restored,
}

/// Applies `edit`.
pub(super) fn perform(edit: &Edit, flow: &mut Flow, way: Way<'_>) -> Result<Edit, EditError> {
    if let Way::Drawn(catalogue) = way {
        rule::check(edit, flow, catalogue)?;
    }
    match edit {
        Edit::AddComponent { id, component, position, index } => add(flow, id, component, *position, *index),
        Edit::RemoveComponent { id } => remove(flow, id),
        Edit::Rename { id, name } => {
            let old = std::mem::replace(&mut component_mut(flow, id)?.name, name.clone());
            Ok(Edit::Rename { id: id.clone(), name: old })
        }
        Edit::SetProperty { id, property, value } => set_property(flow, id, property, value),
        Edit::Move { id, position } => place(flow, id, *position),
        Edit::SetParent { parent, positions } => {
            let cuts = match way {
                Way::Drawn(_) | Way::Repeated => cut_links(flow, parent.as_ref(), positions),
                Way::Restored => Vec::new(),
            };
            set_parent(flow, parent.as_ref(), positions, cuts)
        }
        Edit::Connect { link } => connect(flow, link),
        Edit::Disconnect { link } => disconnect(flow, link),
        Edit::SetDescription { description } => {
            let old = std::mem::replace(&mut flow.description, description.clone());
            Ok(Edit::SetDescription { description: old })
        }
        Edit::SetGroup { id, group } => set_group(flow, id, group.as_ref()),
        Edit::Batch { edits } => batch(flow, edits, way),
        Edit::Replace { flow: new, title } => {
            let old = Box::new(std::mem::replace(flow, (**new).clone()));
            Ok(Edit::Replace { flow: old, title: title.clone() })
        }
    }
}

fn add(
    flow: &mut Flow,
    id: &ComponentId,
    component: &Component,
    position: Position,
    index: Option<usize>,
) -> Result<Edit, EditError> {
    if flow.components.contains_key(id) {
        return Err(EditError::ComponentExists { id: id.clone() });
    }
    check_position(position)?;
    let mut component = component.clone();
    component.properties.retain(|_, value| !value.is_null());
    let index = index.unwrap_or(usize::MAX).min(flow.components.len());
    flow.components.shift_insert(index, id.clone(), component);
    flow.layout.insert(id.clone(), position);
    Ok(Edit::RemoveComponent { id: id.clone() })
}

/// Removes a component, what belongs to its body first, so that the inverse brings the component back before its body.
fn remove(flow: &mut Flow, id: &ComponentId) -> Result<Edit, EditError> {
    component_mut(flow, id)?;
    let around = [id.clone()].into_iter().chain(body_of(flow, id));
    let around: Vec<ComponentId> = around.collect();
    let mut inverses: Vec<Edit> = around.iter().rev().map(|id| remove_one(flow, id)).collect();
    inverses.reverse();
    Ok(one_or_batch(inverses))
}

/// All that belongs to the body of `id`, however deep, each behind its parent.
fn body_of(flow: &Flow, id: &ComponentId) -> Vec<ComponentId> {
    let mut inside: Vec<ComponentId> = Vec::new();
    let mut next = 0;
    let mut around = id.clone();
    loop {
        let children = flow.children(&around).map(|(child, _)| child);
        let new: Vec<ComponentId> = children.filter(|child| *child != id && !inside.contains(child)).cloned().collect();
        inside.extend(new);
        match inside.get(next) {
            Some(child) => around = child.clone(),
            None => return inside,
        }
        next += 1;
    }
}

fn remove_one(flow: &mut Flow, id: &ComponentId) -> Edit {
    let Some((index, _, component)) = flow.components.shift_remove_full(id) else {
        return Edit::Batch { edits: Vec::new() };
    };
    let position = flow.layout.remove(id).unwrap_or_default();
    let mut back = vec![Edit::AddComponent { id: id.clone(), component, position, index: Some(index) }];
    let belongs = |link: &Link| link.from.component == *id || link.to.component == *id;
    back.extend(flow.links.iter().filter(|link| belongs(link)).map(|link| Edit::Connect { link: link.clone() }));
    flow.links.retain(|link| !belongs(link));
    for (group_id, group) in flow.groups.iter_mut().filter(|(_, group)| group.members.contains(id)) {
        back.push(Edit::SetGroup { id: group_id.clone(), group: Some(group.clone()) });
        group.members.remove(id);
    }
    Edit::Batch { edits: back }
}

/// The links between what moves to `parent` and what stays. A link that led over a border before may come right.
fn cut_links(flow: &Flow, parent: Option<&ComponentId>, moved: &BTreeMap<ComponentId, Position>) -> Vec<Link> {
    let links = flow.links.iter();
    let touched =
        links.filter(|link| moved.contains_key(&link.from.component) || moved.contains_key(&link.to.component));
    let mut after = flow.clone();
    for id in moved.keys() {
        if let Some(component) = after.components.get_mut(id) {
            component.parent = parent.cloned();
        }
    }
    let is_cut = |link: &&Link| match (flow.link_place(link), after.link_place(link)) {
        (Some(LinkPlace::Crosses) | None, _) | (_, None) => false,
        (Some(before), Some(after)) => !before.is_like(after),
    };
    touched.filter(is_cut).cloned().collect()
}

fn set_parent(
    flow: &mut Flow,
    parent: Option<&ComponentId>,
    positions: &BTreeMap<ComponentId, Position>,
    cuts: Vec<Link>,
) -> Result<Edit, EditError> {
    for (id, position) in positions {
        component_mut(flow, id)?;
        check_position(*position)?;
    }
    let mut before: BTreeMap<Option<ComponentId>, BTreeMap<ComponentId, Position>> = BTreeMap::new();
    for (id, position) in positions {
        let old_parent = std::mem::replace(&mut component_mut(flow, id)?.parent, parent.cloned());
        let old_position = flow.layout.insert(id.clone(), *position).unwrap_or_default();
        before.entry(old_parent).or_default().insert(id.clone(), old_position);
    }
    let mut back: Vec<Edit> =
        before.into_iter().map(|(parent, positions)| Edit::SetParent { parent, positions }).collect();
    for link in cuts {
        flow.links.remove(&link);
        back.push(Edit::Connect { link });
    }
    Ok(one_or_batch(back))
}

fn one_or_batch(mut edits: Vec<Edit>) -> Edit {
    if edits.len() == 1 { edits.remove(0) } else { Edit::Batch { edits } }
}

fn set_group(flow: &mut Flow, id: &ComponentId, group: Option<&Group>) -> Result<Edit, EditError> {
    if let Some(area) = group.and_then(|group| group.area) {
        check_position(Position { x: area.x, y: area.y })?;
        check_position(Position { x: area.width, y: area.height })?;
    }
    let old = match group {
        Some(group) => flow.groups.insert(id.clone(), group.clone()),
        None => flow.groups.remove(id),
    };
    Ok(Edit::SetGroup { id: id.clone(), group: old })
}

fn set_property(flow: &mut Flow, id: &ComponentId, property: &str, value: &Value) -> Result<Edit, EditError> {
    let properties = &mut component_mut(flow, id)?.properties;
    let old = if value.is_null() {
        properties.remove(property)
    } else {
        properties.insert(property.to_owned(), value.clone())
    };
    Ok(Edit::SetProperty { id: id.clone(), property: property.to_owned(), value: old.unwrap_or_default() })
}

fn place(flow: &mut Flow, id: &ComponentId, position: Position) -> Result<Edit, EditError> {
    component_mut(flow, id)?;
    check_position(position)?;
    let old = flow.layout.insert(id.clone(), position).unwrap_or_default();
    Ok(Edit::Move { id: id.clone(), position: old })
}

fn connect(flow: &mut Flow, link: &Link) -> Result<Edit, EditError> {
    if link.from.port.is_empty() {
        let name = link.from.component.to_string();
        return Err(EditError::NoSuchOutlet { name, outlet: String::new() });
    }
    if link.to.port.is_empty() {
        let name = link.to.component.to_string();
        return Err(EditError::NoSuchInlet { name, inlet: String::new() });
    }
    if !flow.links.insert(link.clone()) {
        return Err(EditError::LinkExists { link: link.clone() });
    }
    Ok(Edit::Disconnect { link: link.clone() })
}

fn disconnect(flow: &mut Flow, link: &Link) -> Result<Edit, EditError> {
    if !flow.links.remove(link) {
        return Err(EditError::NoSuchLink { link: link.clone() });
    }
    Ok(Edit::Connect { link: link.clone() })
}

fn batch(flow: &mut Flow, edits: &[Edit], way: Way<'_>) -> Result<Edit, EditError> {
    let before = flow.clone();
    let mut inverses = Vec::with_capacity(edits.len());
    for edit in edits {
        match perform(edit, flow, way) {
            Ok(inverse) => inverses.push(inverse),
            Err(error) => {
                *flow = before;
                return Err(error);
            }
        }
    }
    inverses.reverse();
    Ok(Edit::Batch { edits: inverses })
}

fn component_mut<'a>(flow: &'a mut Flow, id: &ComponentId) -> Result<&'a mut Component, EditError> {
    flow.components.get_mut(id).ok_or_else(|| EditError::NoSuchComponent { id: id.clone() })
}

fn check_position(position: Position) -> Result<(), EditError> {
    if position.x.is_finite() && position.y.is_finite() { Ok(()) } else { Err(EditError::Position) }
}
