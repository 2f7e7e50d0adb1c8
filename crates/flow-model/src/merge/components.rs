//! Components: which there are, and what they are like.

use super::order::order;
use super::{Conflict, Merger, Picked, Side, pick};
use crate::diff::json_of;
use crate::{Component, ComponentId, Flow, Place};
use indexmap::IndexMap;
use serde_json::Value;
use std::collections::BTreeSet;

impl Merger<'_> {
    pub(super) fn components(&mut self) -> IndexMap<ComponentId, Component> {
        let kept = self.kept();
        let ids: Vec<ComponentId> =
            order(self.base, self.ours, self.theirs, |id| kept.contains(id)).into_iter().cloned().collect();
        ids.into_iter().filter_map(|id| Some((id.clone(), self.component(&id)?))).collect()
    }

    /// The components that the merged flow has. A component that one side removed goes, unless the other side changed
    /// it or what depends on it.
    fn kept(&mut self) -> BTreeSet<ComponentId> {
        let (base, ours, theirs) = (self.base, self.ours, self.theirs);
        let all: BTreeSet<&ComponentId> = ours.components.keys().chain(theirs.components.keys()).collect();
        let mut kept = BTreeSet::new();
        let mut contested = BTreeSet::new();
        for id in all {
            let is_in = |flow: &Flow| flow.components.contains_key(id);
            match (is_in(base), is_in(ours), is_in(theirs)) {
                (true, true, false) if changed(base, ours, id) => match self.decided(id) {
                    Some(Side::Theirs) => {}
                    decided => {
                        contested.extend(decided.is_none().then(|| id.clone()));
                        kept.insert(id.clone());
                    }
                },
                (true, false, true) if changed(base, theirs, id) => match self.decided(id) {
                    Some(Side::Theirs) => drop(kept.insert(id.clone())),
                    Some(Side::Ours) => {}
                    None => drop(contested.insert(id.clone())),
                },
                (true, true, false) | (true, false, true) => {}
                _ => {
                    kept.insert(id.clone());
                }
            }
        }
        self.keep_parents(&mut kept, &mut contested);
        for id in contested {
            self.contest(&id);
        }
        kept
    }

    /// What is kept keeps the component whose body it belongs to, or goes with it, as ours has it (or the side that was
    /// decided for).
    fn keep_parents(&self, kept: &mut BTreeSet<ComponentId>, contested: &mut BTreeSet<ComponentId>) {
        loop {
            let orphan = kept.iter().find_map(|id| {
                let side = if self.ours.components.contains_key(id) { self.ours } else { self.theirs };
                let parent = side.components.get(id)?.parent.as_ref()?;
                let is_gone = side.components.contains_key(parent) && !kept.contains(parent);
                is_gone.then(|| (id.clone(), parent.clone()))
            });
            let Some((id, parent)) = orphan else { return };
            let decided = self.decided(&parent);
            let counts = if decided == Some(Side::Theirs) { self.theirs } else { self.ours };
            let is_open = decided.is_none();
            if counts.components.contains_key(&parent) {
                kept.insert(parent.clone());
                contested.extend(is_open.then_some(parent));
            } else {
                kept.remove(&id);
                contested.extend([id, parent].into_iter().filter(|_| is_open));
            }
        }
    }

    /// Which side counts for a component that one side removed and the other needs, if that is decided.
    fn decided(&self, id: &ComponentId) -> Option<Side> {
        (self.decide)(&self.contested(id))
    }

    /// Names a component that one side removed and the other needs.
    fn contest(&mut self, id: &ComponentId) {
        let Conflict { place, what, base, ours, theirs } = self.contested(id);
        self.conflict(place, what, base, ours, theirs);
    }

    fn contested(&self, id: &ComponentId) -> Conflict {
        let of = |flow: &Flow| flow.components.get(id).map(json_of);
        let (base, ours, theirs) = (of(self.base), of(self.ours), of(self.theirs));
        let [ours_has, theirs_has] = [ours.is_some(), theirs.is_some()];
        let name = self.name(id);
        let what = match (ours_has, theirs_has) {
            (true, false) => format!("“{name}”, which ours changed and theirs removed"),
            (false, true) => format!("“{name}”, which ours removed and theirs changed"),
            _ => format!("“{name}”, which one side needs and the other removed"),
        };
        let place = Place { component: Some(id.clone()), ..Place::default() };
        let [base, ours, theirs] = [base, ours, theirs].map(Option::unwrap_or_default);
        Conflict { place, what, base, ours, theirs }
    }

    pub(super) fn name(&self, id: &ComponentId) -> String {
        let named = [self.ours, self.theirs, self.base].into_iter().find_map(|flow| flow.components.get(id));
        named.map_or_else(|| id.to_string(), |component| component.name.clone())
    }

    /// What a component that the merged flow has is like.
    fn component(&mut self, id: &ComponentId) -> Option<Component> {
        let (base, ours, theirs) = (self.base, self.ours, self.theirs);
        let (ours, theirs) = match (ours.components.get(id), theirs.components.get(id)) {
            (Some(ours), Some(theirs)) => (ours, theirs),
            (Some(only), None) | (None, Some(only)) => return Some(only.clone()),
            (None, None) => return None,
        };
        let nothing = Component::new("", "");
        let base = base.components.get(id).unwrap_or(&nothing);
        match pick(base, ours, theirs) {
            Picked::One(component) => Some(component.clone()),
            Picked::Conflict => Some(self.mixed(id, base, ours, theirs)),
        }
    }

    /// Both sides changed the component: each part of it is merged by itself.
    fn mixed(&mut self, id: &ComponentId, base: &Component, ours: &Component, theirs: &Component) -> Component {
        let title = ours.name.as_str();
        let text = |text: &String| Value::from(text.as_str());
        let parent_of = |component: &Component| component.parent.clone();
        let id_of = |parent: &Option<ComponentId>| parent.as_ref().map_or(Value::Null, |id| Value::from(id.as_str()));
        let part = |merger: &mut Self, what: &str, values: [Value; 3]| {
            let place = Place { component: Some(id.clone()), ..Place::default() };
            let [base, ours, theirs] = values;
            merger.conflict(place, format!("{what} of “{title}”"), base, ours, theirs)
        };
        let sides = [base, ours, theirs];
        let counts = |side: Side| if side == Side::Ours { ours } else { theirs };
        let kind = match pick(&base.kind, &ours.kind, &theirs.kind) {
            Picked::One(kind) => kind.clone(),
            Picked::Conflict => counts(part(self, "the type", sides.map(|side| text(&side.kind)))).kind.clone(),
        };
        let name = match pick(&base.name, &ours.name, &theirs.name) {
            Picked::One(name) => name.clone(),
            Picked::Conflict => counts(part(self, "the name", sides.map(|side| text(&side.name)))).name.clone(),
        };
        let parents = [base, ours, theirs].map(parent_of);
        let parent = match pick(&parents[0], &parents[1], &parents[2]) {
            Picked::One(parent) => parent.clone(),
            Picked::Conflict => {
                let side = part(self, "the body", [0, 1, 2].map(|side| id_of(&parents[side])));
                counts(side).parent.clone()
            }
        };
        let properties = self.properties([&base.properties, &ours.properties, &theirs.properties], (id, title));
        let unknown = self.members(&base.unknown, &ours.unknown, &theirs.unknown, Some((id, title)));
        Component { kind, name, parent, properties, unknown }
    }
}

/// Whether `side` changed component `id` or gave it a new link or a new component in its body.
fn changed(base: &Flow, side: &Flow, id: &ComponentId) -> bool {
    let touches = |link: &&crate::Link| link.from.component == *id || link.to.component == *id;
    base.components.get(id) != side.components.get(id)
        || side.links.difference(&base.links).any(|link| touches(&link))
        || side
            .children(id)
            .any(|(child, _)| base.components.get(child).and_then(|component| component.parent.as_ref()) != Some(id))
}
