//! Components as text: copy and paste within a flow, between flows, windows and people.

use super::session::{free_name, new_id};
use crate::CommandError;
use flow_model::{ComponentId, Edit, Flow, Link, Position, START};
use std::collections::{BTreeMap, BTreeSet};

/// The components `ids` of `flow`, with the links between them, as text: a flow of its own, in the format of its file.
pub(super) fn copy(flow: &Flow, ids: &[ComponentId]) -> String {
    let wanted: BTreeSet<&ComponentId> = ids.iter().collect();
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

/// The edit that puts what [`copy`] gave into `flow`, its upper left corner at `corner`. A second start component is
/// left out.
pub(super) fn paste(flow: &Flow, text: &str, corner: Position) -> Result<Edit, CommandError> {
    let mut part = Flow::from_json(text).map_err(|_| nothing())?;
    part.place_missing();
    if flow.start().is_some() {
        part.components.retain(|_, component| component.kind != START);
    }
    if part.components.is_empty() {
        return Err(nothing());
    }
    let placed = || part.components.keys().filter_map(|id| part.layout.get(id));
    let left = placed().map(|position| position.x).fold(f64::INFINITY, f64::min);
    let top = placed().map(|position| position.y).fold(f64::INFINITY, f64::min);

    let ids: BTreeMap<&ComponentId, ComponentId> =
        part.components.iter().map(|(id, component)| (id, new_id(&component.kind, flow))).collect();
    let mut names = BTreeSet::new();
    let mut edits = Vec::with_capacity(part.components.len() + part.links.len());
    for (id, component) in &part.components {
        let position = part.layout.get(id).copied().unwrap_or_default();
        let mut component = component.clone();
        component.name = free_name(&component.name, flow, &names);
        component.parent = component.parent.and_then(|parent| ids.get(&parent).cloned());
        names.insert(component.name.clone());
        edits.push(Edit::AddComponent {
            id: ids[id].clone(),
            component,
            position: Position { x: corner.x + position.x - left, y: corner.y + position.y - top },
            index: None,
        });
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
