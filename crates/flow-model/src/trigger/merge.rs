//! Differences of triggers, and three-way merge: member by member, so that two authors get in each other's way only where
//! they changed the same thing.

use super::Trigger;
use crate::{Conflict, Place, Side};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The members of a trigger as plain values, properties and inputs each by itself.
fn members(trigger: &Trigger) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("id".to_owned(), trigger.id.as_str().into());
    members.insert("kind".to_owned(), trigger.kind.as_str().into());
    members.insert("flow".to_owned(), trigger.flow.as_str().into());
    members.insert("description".to_owned(), trigger.description.as_str().into());
    members.insert("enabled".to_owned(), trigger.enabled.into());
    members.extend(trigger.inputs.iter().map(|(name, value)| (format!("inputs.{name}"), value.clone())));
    members.extend(trigger.properties.iter().map(|(name, value)| (format!("properties.{name}"), value.clone())));
    members
}

fn set(trigger: &mut Trigger, member: &str, value: Option<&Value>) {
    let text = || value.and_then(Value::as_str).unwrap_or_default().to_owned();
    match (member, member.split_once('.')) {
        ("id", _) => trigger.id = text(),
        ("kind", _) => trigger.kind = text(),
        ("flow", _) => trigger.flow = text(),
        ("description", _) => trigger.description = text(),
        ("enabled", _) => trigger.enabled = value.and_then(Value::as_bool).unwrap_or(true),
        (_, Some(("inputs", name))) => match value {
            Some(value) => drop(trigger.inputs.insert(name.to_owned(), value.clone())),
            None => drop(trigger.inputs.shift_remove(name)),
        },
        (_, Some(("properties", name))) => match value {
            Some(value) => drop(trigger.properties.insert(name.to_owned(), value.clone())),
            None => drop(trigger.properties.remove(name)),
        },
        _ => {}
    }
}

/// What a member is called by people.
fn shown(member: &str) -> String {
    match member.split_once('.') {
        Some(("inputs", name)) => format!("input {name}"),
        Some((_, name)) => name.to_owned(),
        None => member.to_owned(),
    }
}

impl Trigger {
    /// What is different in `to`, in words: “Cron: "0 6 * * *" → "0 7 * * *"”.
    pub fn differences(&self, to: &Self) -> Vec<String> {
        let (from, to) = (members(self), members(to));
        let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
        let nothing = Value::String("–".to_owned());
        let value = |members: &Map<String, Value>, name: &String| match members.get(name).unwrap_or(&nothing) {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let changed = names.into_iter().filter(|name| from.get(*name) != to.get(*name));
        changed.map(|name| format!("{}: {} → {}", shown(name), value(&from, name), value(&to, name))).collect()
    }

    /// Merges `ours` and `theirs`, which both come from `base`. Where both changed the same differently, and `decide`
    /// names no side, that is a conflict, and the merged trigger is as in ours.
    pub fn merge(
        base: Option<&Self>,
        ours: &Self,
        theirs: &Self,
        decide: &dyn Fn(&Conflict) -> Option<Side>,
    ) -> (Self, Vec<Conflict>) {
        let (mut merged, mut conflicts) = (ours.clone(), Vec::new());
        let (was, our, their) = (base.map(members).unwrap_or_default(), members(ours), members(theirs));
        let names: BTreeSet<&String> = was.keys().chain(our.keys()).chain(their.keys()).collect();
        for name in names {
            let (before, mine, other) = (was.get(name), our.get(name), their.get(name));
            if mine == other || other == before {
                continue;
            }
            if mine == before {
                set(&mut merged, name, other);
                continue;
            }
            let plain = |value: Option<&Value>| value.cloned().unwrap_or(Value::Null);
            let conflict = Conflict {
                place: Place { property: Some(shown(name)), ..Place::default() },
                what: format!("{} of trigger “{}”", shown(name), ours.name),
                base: plain(before),
                ours: plain(mine),
                theirs: plain(other),
            };
            match decide(&conflict) {
                Some(Side::Ours) => {}
                Some(Side::Theirs) => set(&mut merged, name, other),
                None => conflicts.push(conflict),
            }
        }
        (merged, conflicts)
    }
}
