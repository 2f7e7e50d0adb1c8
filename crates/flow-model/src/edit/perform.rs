//! Doing what an edit says, and finding its inverse.

use super::{Edit, EditError, rule};
use crate::{Catalogue, Component, ComponentId, Flow, Link, Position};
use serde_json::Value;

/// Applies `edit`; the rules of drawing are asked when there is a catalogue.
pub(super) fn perform(edit: &Edit, flow: &mut Flow, catalogue: Option<&dyn Catalogue>) -> Result<Edit, EditError> {
    if let Some(catalogue) = catalogue {
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
        Edit::Connect { link } => connect(flow, link),
        Edit::Disconnect { link } => disconnect(flow, link),
        Edit::SetDescription { description } => {
            let old = std::mem::replace(&mut flow.description, description.clone());
            Ok(Edit::SetDescription { description: old })
        }
        Edit::Batch { edits } => batch(flow, edits, catalogue),
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

fn remove(flow: &mut Flow, id: &ComponentId) -> Result<Edit, EditError> {
    let component = component_mut(flow, id)?;
    let name = component.name.clone();
    if flow.components.values().any(|component| component.parent.as_ref() == Some(id)) {
        return Err(EditError::HasBody { name });
    }
    let Some((index, _, component)) = flow.components.shift_remove_full(id) else {
        return Err(EditError::NoSuchComponent { id: id.clone() });
    };
    let position = flow.layout.remove(id).unwrap_or_default();
    let mut back = vec![Edit::AddComponent { id: id.clone(), component, position, index: Some(index) }];
    let belongs = |link: &Link| link.from.component == *id || link.to.component == *id;
    back.extend(flow.links.iter().filter(|link| belongs(link)).map(|link| Edit::Connect { link: link.clone() }));
    flow.links.retain(|link| !belongs(link));
    Ok(Edit::Batch { edits: back })
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

fn batch(flow: &mut Flow, edits: &[Edit], catalogue: Option<&dyn Catalogue>) -> Result<Edit, EditError> {
    let before = flow.clone();
    let mut inverses = Vec::with_capacity(edits.len());
    for edit in edits {
        match perform(edit, flow, catalogue) {
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
