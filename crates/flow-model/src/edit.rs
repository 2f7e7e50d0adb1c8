//! Edits: every change that an author makes to a flow, each with its inverse.

mod error;
mod perform;
mod rule;

#[cfg(test)]
pub(crate) mod tests;

pub use error::EditError;

use crate::{Catalogue, Component, ComponentId, Flow, Group, Link, Position};
use perform::Way;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;

/// A change to a flow. Menu, keyboard, canvas, inspector, paste and merge all change a flow by edits and in no other way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "edit", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Edit {
    /// Adds a component.
    AddComponent {
        /// The identity it gets; must be new.
        id: ComponentId,
        /// The component.
        component: Component,
        /// Where it is drawn.
        position: Position,
        /// Its place among the components; at the end when not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        index: Option<usize>,
    },
    /// Removes a component with its links and its position, and with all that belongs to its body.
    RemoveComponent {
        /// The component.
        id: ComponentId,
    },
    /// Gives a component another name.
    Rename {
        /// The component.
        id: ComponentId,
        /// The new name.
        name: String,
    },
    /// Sets a property of a component.
    SetProperty {
        /// The component.
        id: ComponentId,
        /// The property's name.
        property: String,
        /// The new value; null goes back to the default.
        #[ts(type = "unknown")]
        value: Value,
    },
    /// Draws a component elsewhere.
    Move {
        /// The component.
        id: ComponentId,
        /// Where.
        position: Position,
    },
    /// Moves components into the body of a ForEach, from one body to another, or out to the top level. Links between
    /// what moves and what stays are removed, because none leads over the border of a body.
    SetParent {
        /// The ForEach; none is the top level.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        parent: Option<ComponentId>,
        /// The components that move, with the places where they are drawn there.
        #[ts(type = "Record<string, Position>")]
        positions: BTreeMap<ComponentId, Position>,
    },
    /// Adds a link.
    Connect {
        /// The link.
        link: Link,
    },
    /// Removes a link.
    Disconnect {
        /// The link.
        link: Link,
    },
    /// Changes what the flow is said to be for.
    SetDescription {
        /// The new description.
        description: String,
    },
    /// Adds or changes a frame around components or a note, or removes it.
    SetGroup {
        /// Its identity.
        id: ComponentId,
        /// What it is from now on; none removes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        group: Option<Group>,
    },
    /// Several edits as one: all of them, or none.
    Batch {
        /// The edits, in order.
        edits: Vec<Edit>,
    },
    /// Puts another version in the place of the whole flow: one that was merged, or an old one that is restored.
    Replace {
        /// What the flow is from now on.
        flow: Box<Flow>,
        /// What it is, for the Undo menu: `Restore the version of 3 May`.
        title: String,
    },
}

impl Edit {
    /// Applies the edit to `flow` and returns its inverse. The rules of drawing hold: ports exist, no link from a
    /// component to itself, none twice, none over the border of a body, no circle, one start component, bodies only in
    /// components that have one. On an error the flow is unchanged.
    pub fn apply(&self, flow: &mut Flow, catalogue: &dyn Catalogue) -> Result<Self, EditError> {
        perform::perform(self, flow, Way::Drawn(catalogue))
    }

    /// Applies an edit once more that [`Self::apply`] applied to the same flow before: for recovery. The rules held then;
    /// what follows from the edit, as the links that a move out of a body cuts, follows again. On an error the flow is
    /// unchanged.
    pub fn repeat(&self, flow: &mut Flow) -> Result<Self, EditError> {
        perform::perform(self, flow, Way::Repeated)
    }

    /// Applies an edit that [`Self::apply`] or this method returned as an inverse: for undo, redo and recovery. What
    /// was once in the flow may come back even where the rules would refuse it today (say, a link to an outlet that
    /// the component has lost since). On an error the flow is unchanged.
    pub fn restore(&self, flow: &mut Flow) -> Result<Self, EditError> {
        perform::perform(self, flow, Way::Restored)
    }

    /// The same edit with defaults left out: a property set to its default goes back to not being set.
    #[must_use]
    pub fn without_defaults(self, flow: &Flow, catalogue: &dyn Catalogue) -> Self {
        match self {
            Self::SetProperty { id, property, value } => {
                let is_default = flow
                    .components
                    .get(&id)
                    .and_then(|component| catalogue.describe(&component.kind)?.property(&property))
                    .is_some_and(|described| described.default == value);
                Self::SetProperty { id, property, value: if is_default { Value::Null } else { value } }
            }
            Self::Batch { edits } => {
                Self::Batch { edits: edits.into_iter().map(|edit| edit.without_defaults(flow, catalogue)).collect() }
            }
            other => other,
        }
    }

    /// The components that the edit changes. Two edits that touch different components can be applied in either order.
    pub fn touches(&self) -> BTreeSet<ComponentId> {
        match self {
            Self::AddComponent { id, .. }
            | Self::RemoveComponent { id }
            | Self::Rename { id, .. }
            | Self::SetProperty { id, .. }
            | Self::Move { id, .. } => BTreeSet::from([id.clone()]),
            Self::Connect { link } | Self::Disconnect { link } => {
                BTreeSet::from([link.from.component.clone(), link.to.component.clone()])
            }
            Self::SetParent { parent, positions } => positions.keys().chain(parent).cloned().collect(),
            Self::SetGroup { id, .. } => BTreeSet::from([id.clone()]),
            Self::SetDescription { .. } => BTreeSet::new(),
            Self::Batch { edits } => edits.iter().flat_map(Self::touches).collect(),
            Self::Replace { flow, .. } => flow.components.keys().chain(flow.groups.keys()).cloned().collect(),
        }
    }

    /// Whether this edit changes something that `other` changes too.
    pub fn meets(&self, other: &Self) -> bool {
        (self.sets_description() && other.sets_description())
            || self.replaces()
            || other.replaces()
            || !self.touches().is_disjoint(&other.touches())
    }

    /// Whether nothing of the flow need stay as it is.
    fn replaces(&self) -> bool {
        match self {
            Self::Replace { .. } => true,
            Self::Batch { edits } => edits.iter().any(Self::replaces),
            _ => false,
        }
    }

    fn sets_description(&self) -> bool {
        match self {
            Self::SetDescription { .. } => true,
            Self::Batch { edits } => edits.iter().any(Self::sets_description),
            _ => false,
        }
    }

    /// What the edit does, for the Undo menu and the history: `Set Path of “Read orders”`. `flow` is the flow before it.
    pub fn describe(&self, flow: &Flow) -> String {
        let name = |id: &ComponentId| {
            flow.components.get(id).map_or_else(|| id.to_string(), |component| component.name.clone())
        };
        match self {
            Self::AddComponent { component, .. } => format!("Add “{}”", component.name),
            Self::RemoveComponent { id } => format!("Remove “{}”", name(id)),
            Self::Rename { id, name: new } => format!("Rename “{}” to “{new}”", name(id)),
            Self::SetProperty { id, property, .. } => format!("Set {property} of “{}”", name(id)),
            Self::Move { id, .. } => format!("Move “{}”", name(id)),
            Self::Connect { link } => {
                format!("Connect “{}” to “{}”", name(&link.from.component), name(&link.to.component))
            }
            Self::Disconnect { link } => {
                format!("Disconnect “{}” from “{}”", name(&link.from.component), name(&link.to.component))
            }
            Self::SetParent { parent, positions } => {
                let what = match positions.keys().next() {
                    Some(id) if positions.len() == 1 => format!("“{}”", name(id)),
                    _ => format!("{} components", positions.len()),
                };
                match parent {
                    Some(parent) => format!("Move {what} into “{}”", name(parent)),
                    None => format!("Move {what} out of the body"),
                }
            }
            Self::SetDescription { .. } => "Change the description".to_owned(),
            Self::SetGroup { id, group } => describe_group(flow.groups.get(id), group.as_ref()),
            Self::Batch { edits } => describe_batch(edits, flow),
            Self::Replace { title, .. } => title.clone(),
        }
    }
}

fn describe_group(before: Option<&Group>, after: Option<&Group>) -> String {
    let named = |group: &Group| match group.title.as_str() {
        _ if group.members.is_empty() => "a note".to_owned(),
        "" => "a group".to_owned(),
        title => format!("the group “{title}”"),
    };
    match (before, after) {
        (_, None) => format!("Remove {}", before.map_or_else(|| "a group".to_owned(), named)),
        (None, Some(group)) => format!("Add {}", named(group)),
        (Some(_), Some(group)) => format!("Change {}", named(group)),
    }
}

/// What adding components says: the links that come with them speak for themselves.
fn describe_additions(edits: &[Edit], flow: &Flow) -> String {
    let added: Vec<&Edit> = edits.iter().filter(|edit| matches!(edit, Edit::AddComponent { .. })).collect();
    match added[..] {
        [one] => one.describe(flow),
        _ => format!("Add {} components", added.len()),
    }
}

fn describe_batch(edits: &[Edit], flow: &Flow) -> String {
    let all = |fits: fn(&Edit) -> bool| edits.iter().all(fits);
    let count = edits.len();
    match edits {
        [] => "Change nothing".to_owned(),
        [edit] => edit.describe(flow),
        _ if all(|edit| matches!(edit, Edit::Move { .. })) => format!("Move {count} components"),
        _ if all(|edit| matches!(edit, Edit::RemoveComponent { .. })) => format!("Remove {count} components"),
        _ if all(|edit| matches!(edit, Edit::Disconnect { .. })) => format!("Remove {count} links"),
        [Edit::Disconnect { .. }, Edit::Connect { link }] => {
            let name = |id| flow.components.get(id).map_or("", |component| component.name.as_str());
            format!("Reconnect “{}” to “{}”", name(&link.from.component), name(&link.to.component))
        }
        [Edit::AddComponent { .. }, ..] => describe_additions(edits, flow),
        [first, ..] => format!("{} and {} more", first.describe(flow), count - 1),
    }
}
