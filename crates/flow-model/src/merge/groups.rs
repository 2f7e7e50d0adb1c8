//! Groups and notes.

use super::{Merger, Picked, Side, pick};
use crate::diff::json_of;
use crate::{Component, ComponentId, Flow, Group, Place};
use indexmap::IndexMap;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

impl Merger<'_> {
    pub(super) fn groups(&mut self, components: &IndexMap<ComponentId, Component>) -> BTreeMap<ComponentId, Group> {
        let (base, ours, theirs) = (self.base, self.ours, self.theirs);
        let ids: BTreeSet<&ComponentId> = ours.groups.keys().chain(theirs.groups.keys()).collect();
        let mut groups = BTreeMap::new();
        for id in ids {
            let of = |flow: &'_ Flow| flow.groups.get(id).cloned();
            let (base, ours, theirs) = (of(base), of(ours), of(theirs));
            let merged = match (pick(&base, &ours, &theirs), &ours, &theirs) {
                (Picked::One(group), ..) => group.clone(),
                (Picked::Conflict, Some(ours), Some(theirs)) => Some(self.group(id, base.as_ref(), ours, theirs)),
                (Picked::Conflict, ..) => {
                    let side = self.group_conflict(id, "", [&base, &ours, &theirs].map(json_of));
                    if side == Side::Ours { ours.clone() } else { theirs.clone() }
                }
            };
            groups.extend(merged.map(|group| (id.clone(), self.without_gone(id, group, components))));
        }
        groups
    }

    /// Both sides changed the group: each part of it is merged by itself.
    fn group(&mut self, id: &ComponentId, base: Option<&Group>, ours: &Group, theirs: &Group) -> Group {
        let nothing = Group::default();
        let base = base.unwrap_or(&nothing);
        let mut merged = ours.clone();
        match pick(&base.title, &ours.title, &theirs.title) {
            Picked::One(title) => merged.title.clone_from(title),
            Picked::Conflict => {
                let sides = [&base.title, &ours.title, &theirs.title].map(json_of);
                if self.group_conflict(id, "the title of ", sides) == Side::Theirs {
                    merged.title.clone_from(&theirs.title);
                }
            }
        }
        match pick(&base.note, &ours.note, &theirs.note) {
            Picked::One(note) => merged.note.clone_from(note),
            Picked::Conflict => {
                let sides = [&base.note, &ours.note, &theirs.note].map(json_of);
                if self.group_conflict(id, "the text of ", sides) == Side::Theirs {
                    merged.note.clone_from(&theirs.note);
                }
            }
        }
        // Where a note is drawn is worth no conflict.
        if let Picked::One(area) = pick(&base.area, &ours.area, &theirs.area) {
            merged.area = *area;
        }
        let all = ours.members.union(&theirs.members);
        merged.members = all
            .filter(|id| {
                let is_in = |group: &Group| group.members.contains(*id);
                !is_in(base) || is_in(ours) && is_in(theirs)
            })
            .cloned()
            .collect();
        merged.unknown = self.members(&base.unknown, &ours.unknown, &theirs.unknown, Some((id, &ours.title)));
        merged
    }

    /// The group without the components that are gone; what was never there stays, and the rules report it.
    fn without_gone(&self, id: &ComponentId, mut group: Group, components: &IndexMap<ComponentId, Component>) -> Group {
        let was_never_there = |member: &ComponentId| {
            [self.ours, self.theirs].into_iter().any(|side| {
                let has_member = side.groups.get(id).is_some_and(|group| group.members.contains(member));
                has_member && !side.components.contains_key(member)
            })
        };
        group.members.retain(|member| components.contains_key(member) || was_never_there(member));
        group
    }

    fn group_conflict(&mut self, id: &ComponentId, part: &str, [base, ours, theirs]: [Value; 3]) -> Side {
        let titled = [self.ours, self.theirs, self.base].into_iter().find_map(|flow| flow.groups.get(id));
        let title = titled.map_or("", |group| group.title.as_str());
        let place = Place { component: Some(id.clone()), ..Place::default() };
        self.conflict(place, format!("{part}the group “{title}”"), base, ours, theirs)
    }
}
