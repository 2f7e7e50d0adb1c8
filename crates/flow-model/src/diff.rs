//! The difference between two versions of a flow, as an author thinks of it: components, properties and links.

#[cfg(test)]
mod tests;

use crate::{Component, ComponentId, Flow, Group, Link};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;

/// One difference between two versions of a flow.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct Change {
    /// What kind of difference it is.
    pub kind: ChangeKind,
    /// The component or group that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub component: Option<ComponentId>,
    /// The property, or the member of the file, that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub property: Option<String>,
    /// The link that came or went.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub link: Option<Link>,
    /// The value before; null when there was none.
    #[ts(type = "unknown")]
    pub before: Value,
    /// The value after; null when there is none.
    #[ts(type = "unknown")]
    pub after: Value,
    /// The change in words: `set Path of “Read orders” to "storage:orders.csv"`.
    pub words: String,
}

/// What kind of difference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ChangeKind {
    /// The description of the flow, or a member of the file that this release does not know.
    Flow,
    /// A component came.
    Added,
    /// A component went.
    Removed,
    /// A component got another name.
    Renamed,
    /// A component became one of another type.
    Retyped,
    /// A component moved into a body or out of one.
    Reparented,
    /// A property got another value.
    Property,
    /// A link came.
    Linked,
    /// A link went.
    Unlinked,
    /// A group or a note came, went or changed.
    Group,
    /// A component is drawn elsewhere.
    Moved,
}

/// What changed from `before` to `after`: components in the order of `after`, those removed last, then links, groups
/// and positions.
pub fn diff(before: &Flow, after: &Flow) -> Vec<Change> {
    let mut found = Changes { before, after, changes: Vec::new() };
    found.whole_flow();
    for (id, component) in &after.components {
        match before.components.get(id) {
            Some(old) => found.component(id, old, component),
            None => found.added(id, component),
        }
    }
    for (id, component) in before.components.iter().filter(|(id, _)| !after.components.contains_key(*id)) {
        found.note(ChangeKind::Removed, Some(id), None, json_of(component), Value::Null, {
            format!("removed {} “{}”", component.kind, component.name)
        });
    }
    found.links();
    found.groups();
    found.positions();
    found.changes
}

struct Changes<'a> {
    before: &'a Flow,
    after: &'a Flow,
    changes: Vec<Change>,
}

impl Changes<'_> {
    fn note(
        &mut self,
        kind: ChangeKind,
        component: Option<&ComponentId>,
        property: Option<&str>,
        before: Value,
        after: Value,
        words: String,
    ) {
        let (component, property) = (component.cloned(), property.map(str::to_owned));
        self.changes.push(Change { kind, component, property, link: None, before, after, words });
    }

    fn whole_flow(&mut self) {
        let (before, after) = (self.before, self.after);
        if before.description != after.description {
            let values = (Value::from(before.description.as_str()), Value::from(after.description.as_str()));
            let words = "changed the description".to_owned();
            self.note(ChangeKind::Flow, None, Some("description"), values.0, values.1, words);
        }
        for (name, old, new) in differing_members(&before.unknown, &after.unknown) {
            let words = format!("changed “{name}” of the file");
            self.note(ChangeKind::Flow, None, Some(name), old, new, words);
        }
    }

    fn added(&mut self, id: &ComponentId, component: &Component) {
        let place = component.parent.as_ref().map(|parent| format!(" to the body of “{}”", name(self.after, parent)));
        let words = format!("added {} “{}”{}", component.kind, component.name, place.unwrap_or_default());
        self.note(ChangeKind::Added, Some(id), None, Value::Null, json_of(component), words);
    }

    fn component(&mut self, id: &ComponentId, old: &Component, new: &Component) {
        let text = |text: &str| Value::from(text);
        if old.name != new.name {
            let words = format!("renamed “{}” to “{}”", old.name, new.name);
            self.note(ChangeKind::Renamed, Some(id), None, text(&old.name), text(&new.name), words);
        }
        if old.kind != new.kind {
            let words = format!("made “{}” a {} instead of a {}", new.name, new.kind, old.kind);
            self.note(ChangeKind::Retyped, Some(id), None, text(&old.kind), text(&new.kind), words);
        }
        if old.parent != new.parent {
            let words = match &new.parent {
                Some(parent) => format!("moved “{}” into the body of “{}”", new.name, name(self.after, parent)),
                None => format!("moved “{}” out of the body", new.name),
            };
            self.note(ChangeKind::Reparented, Some(id), None, json_of(&old.parent), json_of(&new.parent), words);
        }
        for property in keys(&old.properties, &new.properties) {
            let (before, after) = (old.properties.get(property), new.properties.get(property));
            if before != after {
                let words = property_words(property, &new.name, before, after);
                let (before, after) = (before.cloned().unwrap_or_default(), after.cloned().unwrap_or_default());
                self.note(ChangeKind::Property, Some(id), Some(property), before, after, words);
            }
        }
        for (member, before, after) in differing_members(&old.unknown, &new.unknown) {
            let words = format!("changed “{member}” of “{}”", new.name);
            self.note(ChangeKind::Property, Some(id), Some(member), before, after, words);
        }
    }

    fn links(&mut self) {
        let gone = self.before.links.difference(&self.after.links);
        let come = self.after.links.difference(&self.before.links);
        let gone = gone.map(|link| (ChangeKind::Unlinked, link, "disconnected", "from", self.before));
        let come = come.map(|link| (ChangeKind::Linked, link, "connected", "to", self.after));
        for (kind, link, verb, preposition, flow) in gone.chain(come) {
            let words = format!("{verb} {} {preposition} {}", end(flow, &link.from, "out"), end(flow, &link.to, "in"));
            let link = Some(link.clone());
            let (before, after) = (Value::Null, Value::Null);
            self.changes.push(Change { kind, component: None, property: None, link, before, after, words });
        }
    }

    fn groups(&mut self) {
        for id in keys(&self.before.groups, &self.after.groups) {
            let (before, after) = (self.before.groups.get(id), self.after.groups.get(id));
            let words = match (before, after) {
                (None, Some(group)) => format!("added {}", group_words(group)),
                (Some(group), None) => format!("removed {}", group_words(group)),
                (Some(before), Some(after)) if before != after => format!("changed {}", group_words(after)),
                _ => continue,
            };
            self.note(ChangeKind::Group, Some(id), None, json_of(&before), json_of(&after), words);
        }
    }

    fn positions(&mut self) {
        for (id, new) in &self.after.layout {
            let Some(old) = self.before.layout.get(id).filter(|old| *old != new) else { continue };
            let words = format!("moved “{}” on the canvas", name(self.after, id));
            self.note(ChangeKind::Moved, Some(id), None, json_of(old), json_of(new), words);
        }
    }
}

fn property_words(property: &str, component: &str, before: Option<&Value>, after: Option<&Value>) -> String {
    match (before, after) {
        (_, None) => format!("set {property} of “{component}” back to its default"),
        (Some(Value::Array(_) | Value::Object(_)), Some(Value::Array(_) | Value::Object(_))) => {
            format!("changed {property} of “{component}”")
        }
        (_, Some(after)) => format!("set {property} of “{component}” to {}", shorten(after)),
    }
}

fn shorten(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { format!("{}…", text.chars().take(59).collect::<String>()) }
}

fn group_words(group: &Group) -> String {
    match group.title.as_str() {
        "" if group.members.is_empty() => "a note".to_owned(),
        "" => "a group".to_owned(),
        title => format!("the group “{title}”"),
    }
}

fn end(flow: &Flow, port: &crate::PortRef, usual: &str) -> String {
    let name = name(flow, &port.component);
    if port.port == usual { format!("“{name}”") } else { format!("“{name}” ({})", port.port) }
}

fn name<'a>(flow: &'a Flow, id: &'a ComponentId) -> &'a str {
    flow.components.get(id).map_or(id.as_str(), |component| component.name.as_str())
}

/// The keys of both maps, each once.
fn keys<'a, K: Ord, V>(one: &'a BTreeMap<K, V>, other: &'a BTreeMap<K, V>) -> BTreeSet<&'a K> {
    one.keys().chain(other.keys()).collect()
}

fn differing_members<'a>(
    before: &'a Map<String, Value>,
    after: &'a Map<String, Value>,
) -> impl Iterator<Item = (&'a str, Value, Value)> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).map(|name| {
        let value = |members: &Map<String, Value>| members.get(name).cloned().unwrap_or_default();
        (name.as_str(), value(before), value(after))
    })
}

/// The parts of a flow always have a JSON form.
pub(crate) fn json_of(part: &impl Serialize) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}
