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

    /// Changes `flow` as a window does that holds the state before.
    pub(super) fn apply_to(&self, flow: &mut Flow) {
        for id in &self.removed_components {
            flow.components.swap_remove(id);
            flow.layout.remove(id);
        }
        for link in &self.removed_links {
            flow.links.remove(link);
        }
        for id in &self.removed_groups {
            flow.groups.remove(id);
        }
        flow.components.extend(self.components.clone());
        flow.links.extend(self.links.iter().cloned());
        flow.groups.extend(self.groups.clone());
        flow.layout.extend(self.layout.clone());
        if let Some(description) = &self.description {
            flow.description.clone_from(description);
        }
    }

    /// Whether boxes moved, and nothing else changed.
    pub(super) fn is_layout_only(&self) -> bool {
        *self == Self { layout: self.layout.clone(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::FlowPatch;
    use flow_model::{Component, ComponentId, Flow, Group, Link, PortRef, Position};

    fn id(name: &str) -> ComponentId {
        ComponentId::parse(name).unwrap()
    }

    fn flow(names: &[&str]) -> Flow {
        let mut flow = Flow::default();
        for name in names {
            flow.components.insert(id(name), Component::new("Mapper", name));
            flow.layout.insert(id(name), Position::default());
        }
        for pair in names.windows(2) {
            let port = |name: &str, port: &str| PortRef { component: id(name), port: port.to_owned() };
            flow.links.insert(Link { from: port(pair[0], "out"), to: port(pair[1], "in") });
        }
        flow
    }

    #[test]
    fn a_patch_makes_the_later_flow_out_of_the_earlier_one() {
        let before = flow(&["mapper-a", "mapper-b", "mapper-c"]);
        let mut after = flow(&["mapper-a", "mapper-c", "mapper-d"]);
        after.description = "What it is for".to_owned();
        after.layout.insert(id("mapper-a"), Position { x: 8.0, y: 16.0 });
        after.groups.insert(id("group-a"), Group { title: "All".to_owned(), ..Group::default() });
        for (from, to) in [(&before, &after), (&after, &before)] {
            let mut patched = from.clone();
            FlowPatch::between(from, to).apply_to(&mut patched);
            assert_eq!(&patched, to);
        }
    }
}
