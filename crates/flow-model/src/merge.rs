//! Three versions of a flow made into one: what one side changed is taken over, and what both changed differently is
//! named. Components, their properties, links and groups are merged each by itself, so two authors get in each other's
//! way only where they changed the same thing.

mod components;
mod groups;
mod order;
mod pick;
mod shape;

#[cfg(test)]
mod tests;

use crate::{ComponentId, Flow, Link, Place, Position};
use pick::{Picked, pick};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;

/// What came of a three-way merge.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// The merged flow. Where there is a conflict it is as in ours.
    pub flow: Flow,
    /// What both sides changed differently.
    pub conflicts: Vec<Conflict>,
}

/// Something that both sides changed, each differently. A value is null where there is none: a component that was
/// removed, a property at its default.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct Conflict {
    /// Where it is.
    pub place: Place,
    /// What it is about, in words: `Path of “Read orders”`.
    pub what: String,
    /// As it was before both sides changed it.
    #[ts(type = "unknown")]
    pub base: Value,
    /// As our side has it.
    #[ts(type = "unknown")]
    pub ours: Value,
    /// As their side has it.
    #[ts(type = "unknown")]
    pub theirs: Value,
}

/// Whose change counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// That of our side.
    Ours,
    /// That of their side.
    Theirs,
}

impl Conflict {
    /// What tells this conflict from the others of the same merge, however often that is repeated.
    pub fn key(&self) -> String {
        let component = self.place.component.as_ref().map_or("", ComponentId::as_str);
        format!("{component}/{}/{}", self.place.property.as_deref().unwrap_or_default(), self.what)
    }
}

/// Merges `ours` and `theirs`, which both come from `base`. Boxes that both sides moved stand where ours put them.
pub fn merge(base: &Flow, ours: &Flow, theirs: &Flow) -> Merge {
    merge_deciding(base, ours, theirs, &|_| None)
}

/// The same, with conflicts that are decided: where `decide` names a side, that side's change counts and the conflict is
/// not named. Parts that cannot go together (a circle, a link over a border) are left out whoever is named.
pub fn merge_deciding(base: &Flow, ours: &Flow, theirs: &Flow, decide: &dyn Fn(&Conflict) -> Option<Side>) -> Merge {
    if ours == theirs || base == theirs {
        return Merge { flow: ours.clone(), conflicts: Vec::new() };
    }
    if base == ours {
        return Merge { flow: theirs.clone(), conflicts: Vec::new() };
    }
    let mut merger = Merger { base, ours, theirs, conflicts: Vec::new(), decide };
    let flow = merger.merge();
    Merge { flow, conflicts: merger.conflicts }
}

/// Looks a value up in one of the three versions.
type ByName<'a> = &'a dyn Fn(&str) -> Option<Value>;

struct Merger<'a> {
    base: &'a Flow,
    ours: &'a Flow,
    theirs: &'a Flow,
    conflicts: Vec<Conflict>,
    decide: &'a dyn Fn(&Conflict) -> Option<Side>,
}

impl Merger<'_> {
    fn merge(&mut self) -> Flow {
        let description = self.description();
        let components = self.components();
        let links = self.links(&components);
        let groups = self.groups(&components);
        let layout = components.keys().map(|id| (id.clone(), self.position(id))).collect();
        let (base, ours, theirs) = (self.base, self.ours, self.theirs);
        let unknown = self.members(&base.unknown, &ours.unknown, &theirs.unknown, None);
        let mut flow = Flow { description, components, links, groups, layout, unknown };
        self.keep_in_shape(&mut flow);
        flow
    }

    fn description(&mut self) -> String {
        let of = |flow: &Flow| flow.description.clone();
        match pick(&of(self.base), &of(self.ours), &of(self.theirs)) {
            Picked::One(description) => description.clone(),
            Picked::Conflict => {
                let [base, ours, theirs] = [self.base, self.ours, self.theirs].map(|flow| Value::from(of(flow)));
                let what = "the description of the flow".to_owned();
                match self.conflict(Place::default(), what, base, ours, theirs) {
                    Side::Ours => of(self.ours),
                    Side::Theirs => of(self.theirs),
                }
            }
        }
    }

    /// The links of both sides, without those that one side removed and those whose components are gone.
    fn links(&mut self, components: &indexmap::IndexMap<ComponentId, crate::Component>) -> BTreeSet<Link> {
        let in_all = |link: &Link| [self.base, self.ours, self.theirs].map(|flow| flow.links.contains(link));
        let sides = [self.ours, self.theirs];
        let kept = |link: &Link| {
            let ends = [&link.from.component, &link.to.component];
            let has_ends = |flow: &Flow| ends.iter().all(|end| flow.components.contains_key(*end));
            let is_whole = ends.iter().all(|end| components.contains_key(*end));
            // A link that led nowhere before is kept as it is; the rules report it.
            is_whole || sides.iter().any(|side| side.links.contains(link) && !has_ends(side))
        };
        // A component that theirs removed is there because of a conflict: then it is as in ours, with its links.
        let as_in_ours = |link: &Link| {
            let ends = [&link.from.component, &link.to.component];
            ends.iter().any(|end| self.base.components.contains_key(*end) && !self.theirs.components.contains_key(*end))
        };
        // The same the other way round, where it was decided that theirs counts.
        let as_in_theirs = |link: &Link| {
            let ends = [&link.from.component, &link.to.component];
            ends.iter().any(|end| self.base.components.contains_key(*end) && !self.ours.components.contains_key(*end))
        };
        let all = self.ours.links.union(&self.theirs.links);
        all.filter(|link| match in_all(link) {
            [_, true, true] | [false, _, _] => true,
            [true, true, false] => as_in_ours(link),
            [true, false, true] => as_in_theirs(link),
            [true, false, false] => false,
        })
        .filter(|link| kept(link))
        .cloned()
        .collect()
    }

    fn position(&self, id: &ComponentId) -> Position {
        let of = |flow: &Flow| flow.layout.get(id).copied();
        let (ours, theirs) = (of(self.ours), of(self.theirs));
        match pick(&of(self.base), &ours, &theirs) {
            Picked::One(position) => *position,
            Picked::Conflict => ours.or(theirs),
        }
        .or(ours)
        .or(theirs)
        .unwrap_or_default()
    }

    /// Values by name: properties, or members that this release does not know.
    fn values<'v>(
        &mut self,
        names: impl Iterator<Item = &'v String>,
        [base, ours, theirs]: [ByName<'_>; 3],
        component: Option<(&ComponentId, &str)>,
    ) -> Vec<(String, Value)> {
        let mut merged = Vec::new();
        let mut seen = BTreeSet::new();
        for name in names.filter(|name| seen.insert(name.as_str())) {
            let values = [base(name), ours(name), theirs(name)];
            let picked = match pick(&values[0], &values[1], &values[2]) {
                Picked::One(value) => value.clone(),
                Picked::Conflict => {
                    let mut place = Place { property: Some(name.clone()), ..Place::default() };
                    let what = match component {
                        Some((id, title)) => {
                            place.component = Some(id.clone());
                            format!("{name} of “{title}”")
                        }
                        None => format!("“{name}” of the file"),
                    };
                    let [base, ours, theirs] = values.clone().map(Option::unwrap_or_default);
                    match self.conflict(place, what, base, ours, theirs) {
                        Side::Ours => values[1].clone(),
                        Side::Theirs => values[2].clone(),
                    }
                }
            };
            merged.extend(picked.map(|value| (name.clone(), value)));
        }
        merged
    }

    fn members(
        &mut self,
        base: &Map<String, Value>,
        ours: &Map<String, Value>,
        theirs: &Map<String, Value>,
        component: Option<(&ComponentId, &str)>,
    ) -> Map<String, Value> {
        if base == theirs {
            return ours.clone();
        }
        let of = |members: &Map<String, Value>, name: &str| members.get(name).cloned();
        let sides: [ByName<'_>; 3] = [&|name| of(base, name), &|name| of(ours, name), &|name| of(theirs, name)];
        self.values(ours.keys().chain(theirs.keys()), sides, component).into_iter().collect()
    }

    fn properties(
        &mut self,
        [base, ours, theirs]: [&BTreeMap<String, Value>; 3],
        component: (&ComponentId, &str),
    ) -> BTreeMap<String, Value> {
        let of = |properties: &BTreeMap<String, Value>, name: &str| properties.get(name).cloned();
        let sides: [ByName<'_>; 3] = [&|name| of(base, name), &|name| of(ours, name), &|name| of(theirs, name)];
        self.values(ours.keys().chain(theirs.keys()), sides, Some(component)).into_iter().collect()
    }

    /// Takes note of a conflict, unless it is decided; the side whose change counts for now.
    fn conflict(&mut self, place: Place, what: String, base: Value, ours: Value, theirs: Value) -> Side {
        let conflict = Conflict { place, what, base, ours, theirs };
        (self.decide)(&conflict).unwrap_or_else(|| {
            self.conflicts.push(conflict);
            Side::Ours
        })
    }
}
