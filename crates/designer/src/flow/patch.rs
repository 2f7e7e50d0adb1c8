//! What changed between two states of a document.

use super::FlowPatch;
use flow_model::{ComponentId, Flow, Position};

impl FlowPatch {
    /// What makes `after` out of `before`.
    pub(super) fn between(before: &Flow, after: &Flow) -> Self {
        let is_moved = |(id, position): &(&ComponentId, &Position)| before.layout.get(*id) != Some(*position);
        Self {
            components: after
                .components
                .iter()
                .filter(|(id, component)| before.components.get(*id) != Some(*component))
                .map(|(id, component)| (id.clone(), component.clone()))
                .collect(),
            removed_components: before
                .components
                .keys()
                .filter(|id| !after.components.contains_key(*id))
                .cloned()
                .collect(),
            links: after.links.difference(&before.links).cloned().collect(),
            removed_links: before.links.difference(&after.links).cloned().collect(),
            groups: after
                .groups
                .iter()
                .filter(|(id, group)| before.groups.get(*id) != Some(*group))
                .map(|(id, group)| (id.clone(), group.clone()))
                .collect(),
            removed_groups: before.groups.keys().filter(|id| !after.groups.contains_key(*id)).cloned().collect(),
            layout: after.layout.iter().filter(is_moved).map(|(id, position)| (id.clone(), *position)).collect(),
            description: (before.description != after.description).then(|| after.description.clone()),
        }
    }

    /// Whether boxes moved, and nothing else changed.
    pub(super) fn is_layout_only(&self) -> bool {
        *self == Self { layout: self.layout.clone(), ..Self::default() }
    }
}
