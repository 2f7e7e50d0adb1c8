//! What follows from the document for each component: ports, the card's line, whether it settles.

use super::{ComponentView, FlowPatch};
use flow_model::{
    Catalogue, Component, ComponentDescription, ComponentId, Flow, FlowName, Graph, PortDescription, Ports,
    PropertyKind, SavedState, Saving, is_unprotected, settled,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The views of all components of `flow`, which may call `flows`.
pub(super) fn views(
    flow: &Flow,
    catalogue: &dyn Catalogue,
    flows: &BTreeMap<FlowName, Flow>,
) -> BTreeMap<ComponentId, ComponentView> {
    let settles = settles(flow, catalogue, flows);
    let view = |(id, component): (&ComponentId, &Component)| {
        (id.clone(), view(flow, (id, component), settles.contains(id), catalogue, flows))
    };
    flow.components.iter().map(view).collect()
}

/// Brings `views` up to `flow`, to which `patch` led, and gives those that are others than before. Only what can have changed
/// is worked out anew.
pub(super) fn update_views(
    views: &mut BTreeMap<ComponentId, ComponentView>,
    patch: &FlowPatch,
    flow: &Flow,
    catalogue: &dyn Catalogue,
    flows: &BTreeMap<FlowName, Flow>,
) -> BTreeMap<ComponentId, ComponentView> {
    let mut changed = BTreeMap::new();
    for id in &patch.removed_components {
        views.remove(id);
    }
    if patch.is_layout_only() {
        return changed;
    }
    let settles = settles(flow, catalogue, flows);
    for (id, component) in &flow.components {
        let is_settled = settles.contains(id);
        // The ports of unknown types are those that links use.
        let is_same = !patch.components.contains_key(id) && catalogue.describe(&component.kind).is_some();
        if let Some(known) = views.get_mut(id)
            && is_same
        {
            let unprotected = is_unprotected(component, catalogue, flows);
            if (known.settles, known.unprotected) != (is_settled, unprotected) {
                (known.settles, known.unprotected) = (is_settled, unprotected);
                changed.insert(id.clone(), known.clone());
            }
            continue;
        }
        let new = view(flow, (id, component), is_settled, catalogue, flows);
        if views.get(id) != Some(&new) {
            views.insert(id.clone(), new.clone());
            changed.insert(id.clone(), new);
        }
    }
    changed
}

fn view(
    flow: &Flow,
    (id, component): (&ComponentId, &Component),
    settles: bool,
    catalogue: &dyn Catalogue,
    flows: &BTreeMap<FlowName, Flow>,
) -> ComponentView {
    ComponentView {
        ports: catalogue.ports(component).unwrap_or_else(|| ports_in_use(flow, id)),
        line: catalogue.describe(&component.kind).map(|kind| line(component, kind)).unwrap_or_default(),
        settles,
        unprotected: is_unprotected(component, catalogue, flows),
        sets: catalogue.sets(component),
    }
}

/// The components from which every path crosses a saved point: once it is made, they never run again.
fn settles(flow: &Flow, catalogue: &dyn Catalogue, flows: &BTreeMap<FlowName, Flow>) -> HashSet<ComponentId> {
    let saving = Saving::of(flow, catalogue, flows);
    let state = SavedState { saved: saving.points, inputs: saving.inputs, ..SavedState::default() };
    let parents: BTreeSet<&ComponentId> = flow.components.values().filter_map(|part| part.parent.as_ref()).collect();
    let bodies = parents.into_iter().map(|for_each| Graph::of_body(flow, for_each));
    // Without an order (a circle) nothing runs at all, and the problems say so.
    let graphs = std::iter::once(Graph::build(flow)).chain(bodies).flatten();
    graphs.flat_map(|graph| settled(&graph, &state)).collect()
}

/// The ports that the links of a component use: all that is known of an unknown type.
fn ports_in_use(flow: &Flow, id: &ComponentId) -> Ports {
    let describe = |names: BTreeSet<&str>| {
        names.into_iter().map(|name| PortDescription { name: name.to_owned(), title: name.to_owned() }).collect()
    };
    Ports {
        inlets: describe(flow.links_to(id).map(|link| link.to.port.as_str()).collect()),
        outlets: describe(flow.links_from(id).map(|link| link.from.port.as_str()).collect()),
        ..Ports::default()
    }
}

/// The one line of a component's card: its type's template with `{…}` filled from its properties. Empty when none of
/// them says anything.
pub(crate) fn line(component: &Component, kind: &ComponentDescription) -> String {
    let mut line = String::new();
    let mut says_something = false;
    let mut rest = kind.line;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        line.push_str(before);
        let value = words(component, kind, name);
        says_something |= !value.is_empty();
        line.push_str(&value);
        rest = after;
    }
    line.push_str(rest);
    if says_something { line.trim().to_owned() } else { String::new() }
}

/// The value of the property `name` in words.
fn words(component: &Component, kind: &ComponentDescription, name: &str) -> String {
    let Some(property) = kind.property(name) else { return String::new() };
    let value = component.properties.get(name).unwrap_or(&property.default);
    match (value, &property.kind) {
        (Value::String(text), PropertyKind::Choice { choices }) => {
            choices.iter().find(|choice| choice.value == text).map_or(text.as_str(), |choice| choice.title).to_owned()
        }
        (Value::String(text), _) => text.lines().next().unwrap_or_default().to_owned(),
        (Value::Array(items), _) if !items.is_empty() => counted(items.len(), property.title),
        (Value::Number(number), _) => number.to_string(),
        _ => String::new(),
    }
}

/// `3 fields`, `1 branch`: a number of things, given the word for several.
fn counted(count: usize, several: &str) -> String {
    let several = several.to_lowercase();
    let one = match several.strip_suffix("es") {
        Some(stem) if stem.ends_with("ch") || stem.ends_with('s') || stem.ends_with('x') => stem,
        _ => several.strip_suffix('s').unwrap_or(&several),
    };
    format!("{count} {}", if count == 1 { one } else { &several })
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn things_are_counted_in_words() {
        let cases = [
            (3, "Fields", "3 fields"),
            (1, "Fields", "1 field"),
            (1, "Branches", "1 branch"),
            (2, "Branches", "2 branches"),
        ];
        for (count, word, expected) in cases {
            assert_eq!(counted(count, word), expected);
        }
    }
}
