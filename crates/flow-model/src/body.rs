//! Bodies: the components that belong to a ForEach, and how links stand to the border around them.

use crate::{Component, ComponentId, Flow, Link, PortDescription, Ports};

/// How a link stands to the bodies of its flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPlace<'a> {
    /// Between two components of one body, or of the flow's top level (`None`).
    Within(Option<&'a ComponentId>),
    /// From a ForEach to a component of its body: `foreach.each → child.in`.
    Enters(&'a ComponentId),
    /// From a component of a body to its ForEach: `child.out → foreach.result`.
    Leaves(&'a ComponentId),
    /// Over the border of a body, which no link may do.
    Crosses,
}

impl LinkPlace<'_> {
    /// Of `ports`, the outlets that a link in such a place may come from.
    pub(crate) fn outlets(self, ports: &Ports) -> &[PortDescription] {
        match self {
            Self::Enters(_) => &ports.body_outlets,
            _ => &ports.outlets,
        }
    }

    /// Of `ports`, the inlets that a link in such a place may go to.
    pub(crate) fn inlets(self, ports: &Ports) -> &[PortDescription] {
        match self {
            Self::Leaves(_) => &ports.body_inlets,
            _ => &ports.inlets,
        }
    }

    /// Whether both stand in the same way to a body, whichever body it is.
    pub(crate) fn is_like(self, other: LinkPlace<'_>) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

impl Flow {
    /// The components that belong directly to the body of `for_each`, in the flow's order.
    pub fn children<'a>(&'a self, for_each: &'a ComponentId) -> impl Iterator<Item = (&'a ComponentId, &'a Component)> {
        self.components.iter().filter(move |(_, component)| component.parent.as_ref() == Some(for_each))
    }

    /// How `link` stands to the bodies; `None` when one of its ends does not exist.
    pub fn link_place<'a>(&'a self, link: &'a Link) -> Option<LinkPlace<'a>> {
        let from = self.components.get(&link.from.component)?.parent.as_ref();
        let to = self.components.get(&link.to.component)?.parent.as_ref();
        Some(if from == to {
            LinkPlace::Within(from)
        } else if to == Some(&link.from.component) {
            LinkPlace::Enters(&link.from.component)
        } else if from == Some(&link.to.component) {
            LinkPlace::Leaves(&link.to.component)
        } else {
            LinkPlace::Crosses
        })
    }

    /// The ForEach components around `id`, the outermost first. A broken file may hold parents that form a circle; the
    /// path ends where it would come to a component again.
    pub fn for_each_path(&self, id: &ComponentId) -> Vec<&ComponentId> {
        let mut path: Vec<&ComponentId> = Vec::new();
        let mut at = self.components.get(id);
        while let Some(parent) = at.and_then(|component| component.parent.as_ref()) {
            if parent == id || path.contains(&parent) {
                break;
            }
            path.push(parent);
            at = self.components.get(parent);
        }
        path.reverse();
        path
    }

    /// Whether component `id` is `around` or lies in its body, however deep.
    pub fn is_inside(&self, id: &ComponentId, around: &ComponentId) -> bool {
        id == around || self.for_each_path(id).contains(&around)
    }

    /// Whether the parents of `id` lead back to itself.
    pub(crate) fn is_own_ancestor(&self, id: &ComponentId) -> bool {
        let mut at = self.components.get(id).and_then(|component| component.parent.as_ref());
        for _ in 0..self.components.len() {
            match at {
                Some(parent) if parent == id => return true,
                Some(parent) => at = self.components.get(parent).and_then(|component| component.parent.as_ref()),
                None => return false,
            }
        }
        false
    }
}
