//! Properties: known, present where required, and of the type that the catalogue says.

use crate::{
    ALWAYS_OUTLET, Component, ComponentDescription, ComponentId, Diagnostic, ERROR_OUTLET, Edit, InputDeclaration,
    PropertyDescription, PropertyKind, is_missing,
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashSet;

pub(super) fn check(
    id: &ComponentId,
    component: &Component,
    description: &ComponentDescription,
    found: &mut Vec<Diagnostic>,
) {
    for described in &description.properties {
        let value = component.properties.get(described.name).filter(|value| !value.is_null());
        if described.required && is_missing(value.unwrap_or(&described.default)) {
            let message = format!("{} of “{}” is missing: set it in the inspector", described.title, component.name);
            found.push(Diagnostic::error("property/missing", message).at(id).on(described.name));
        } else if let Some(problem) = value.and_then(|value| problem(described, value)) {
            let message = format!("{} of “{}” {problem}", described.title, component.name);
            let diagnostic = Diagnostic::error("property/type", message).at(id).on(described.name);
            // One wrong entry is no reason to give up the whole list.
            found.push(if value.is_some_and(Value::is_array) {
                diagnostic
            } else {
                diagnostic.mended_by("Go back to the default", set(id, described.name, Value::Null))
            });
        }
    }
    for (name, value) in component.properties.iter().filter(|(name, _)| description.property(name).is_none()) {
        found.push(unknown(id, component, description, name, value));
    }
}

/// A property that the type does not have: perhaps another one that was mistyped.
fn unknown(
    id: &ComponentId,
    component: &Component,
    description: &ComponentDescription,
    name: &str,
    value: &Value,
) -> Diagnostic {
    let message = format!(
        "“{}” has a property “{name}” that {} does not have: it is kept but has no effect; remove it if it is a mistake",
        component.name, description.title
    );
    let diagnostic = Diagnostic::warning("property/unknown", message).at(id).on(name);
    let letters = |name: &str| name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let meant = description
        .properties
        .iter()
        .map(|described| described.name)
        .find(|described| letters(described) == letters(name) && !component.properties.contains_key(*described));
    let remove = set(id, name, Value::Null);
    match meant {
        Some(meant) => {
            let edits = vec![set(id, meant, value.clone()), remove];
            diagnostic.mended_by(format!("Call it {meant}"), Edit::Batch { edits })
        }
        None => diagnostic.mended_by("Remove it", remove),
    }
}

fn set(id: &ComponentId, property: &str, value: Value) -> Edit {
    Edit::SetProperty { id: id.clone(), property: property.to_owned(), value }
}

/// What is wrong with `value`, as the rest of a sentence that begins with the property's title.
fn problem(described: &PropertyDescription, value: &Value) -> Option<String> {
    match &described.kind {
        PropertyKind::Text
        | PropertyKind::Script
        | PropertyKind::Multiline
        | PropertyKind::Path
        | PropertyKind::Expression { .. }
        | PropertyKind::Sql
        | PropertyKind::Field
        | PropertyKind::Flow
        | PropertyKind::Connection { .. } => expect(value.is_string(), "must be a text", value),
        PropertyKind::Boolean => expect(value.is_boolean(), "must be true or false", value),
        PropertyKind::Integer { min, max } => {
            let fits = value.as_i64().is_some_and(|number| (*min..=*max).contains(&number));
            (!fits).then(|| unfit(&format!("must be a whole number from {min} to {max}"), value))
        }
        PropertyKind::Seconds { min } => {
            let fits = value.as_f64().is_some_and(|seconds| seconds >= *min);
            (!fits).then(|| unfit(&format!("must be a number of seconds, at least {min}"), value))
        }
        PropertyKind::Choice { choices } => {
            let fits = value.as_str().is_some_and(|value| choices.iter().any(|choice| choice.value == value));
            let values = || choices.iter().map(|choice| choice.value).collect::<Vec<_>>().join(", ");
            (!fits).then(|| unfit(&format!("must be one of {}", values()), value))
        }
        PropertyKind::Mapping => entries(value, "field", "expression", &[]),
        PropertyKind::Branches => entries(value, "outlet", "condition", &[ERROR_OUTLET, ALWAYS_OUTLET]),
        PropertyKind::Pairs => expect(is_list_of_pairs(value), "must be a list of {name, value} with texts", value),
        PropertyKind::Fields => fields(value),
        PropertyKind::Names => names(value),
        PropertyKind::Columns { fixed } => columns(value, *fixed),
        PropertyKind::SortKeys => sort_keys(value),
        PropertyKind::JoinKeys => join_keys(value),
        PropertyKind::Inputs => inputs(value),
    }
}

fn expect(fits: bool, expected: &str, found: &Value) -> Option<String> {
    (!fits).then(|| unfit(expected, found))
}

fn unfit(expected: &str, found: &Value) -> String {
    format!("{expected}, and {} is not", shorten(found))
}

fn shorten(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { format!("{}…", text.chars().take(59).collect::<String>()) }
}

/// A list of objects with two texts, the first of which names the entry and occurs once.
fn entries(value: &Value, key: &str, text: &str, reserved: &[&str]) -> Option<String> {
    let Some(entries) = value.as_array() else {
        return expect(false, &format!("must be a list of {{{key}, {text}}}"), value);
    };
    let mut names = HashSet::new();
    for (at, entry) in entries.iter().enumerate() {
        let of_entry = |name: &str| entry.get(name).and_then(Value::as_str);
        let (Some(name), Some(_)) = (of_entry(key), of_entry(text)) else {
            return expect(false, &format!("must have the texts “{key}” and “{text}” in entry {}", at + 1), entry);
        };
        if name.trim().is_empty() {
            return Some(format!("has no {key} in entry {}: name it", at + 1));
        }
        if reserved.contains(&name) {
            return Some(format!("cannot use the {key} “{name}” in entry {}: every component has it already", at + 1));
        }
        if !names.insert(name) {
            return Some(format!("has the {key} “{name}” twice: give one of them another name"));
        }
    }
    None
}

/// Names may occur twice in pairs, as HTTP headers do.
fn is_list_of_pairs(value: &Value) -> bool {
    let is_pair = |pair: &Value| {
        pair.get("name").and_then(Value::as_str).is_some_and(|name| !name.trim().is_empty())
            && pair.get("value").is_some_and(Value::is_string)
    };
    value.as_array().is_some_and(|pairs| pairs.iter().all(is_pair))
}

fn fields(value: &Value) -> Option<String> {
    let names: Option<Vec<&str>> = value.as_array().and_then(|names| names.iter().map(Value::as_str).collect());
    let Some(names) = names else { return expect(false, "must be a list of field names", value) };
    if names.iter().any(|name| name.trim().is_empty()) {
        return Some("has an empty field name: fill it in, or remove it".to_owned());
    }
    let mut seen = HashSet::new();
    let twice = names.into_iter().find(|name| !seen.insert(*name))?;
    Some(format!("has the field “{twice}” twice: remove one of them"))
}

/// Names of inlets become names of tables in queries, so they must be plain.
fn names(value: &Value) -> Option<String> {
    let names: Option<Vec<&str>> = value.as_array().and_then(|names| names.iter().map(Value::as_str).collect());
    let Some(names) = names else { return expect(false, "must be a list of names", value) };
    let plain = |name: &str| {
        name.chars().all(|c| c.is_alphanumeric() || c == '_') && name.chars().next().is_some_and(|c| !c.is_numeric())
    };
    if let Some(name) = names.iter().find(|name| !plain(name)) {
        return Some(format!("has the name “{name}”: use letters, digits and “_”, and begin with a letter"));
    }
    let mut seen = HashSet::new();
    let twice = names.into_iter().find(|name| !seen.insert(*name))?;
    Some(format!("has the name “{twice}” twice: change one of them"))
}

fn columns(value: &Value, fixed: bool) -> Option<String> {
    let Some(entries) = value.as_array() else {
        return expect(false, "must be a list of {name, type}", value);
    };
    let mut names = HashSet::new();
    for (at, entry) in entries.iter().enumerate() {
        let text = |member: &str| entry.get(member).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        let (Some(name), Some(_)) = (text("name"), text("type")) else {
            return expect(false, &format!("must have the texts “name” and “type” in entry {}", at + 1), entry);
        };
        if !names.insert(name) {
            return Some(format!("has the field “{name}” twice: give one of them another name"));
        }
        let whole = |member: &str| entry.get(member).is_some_and(|number| number.as_u64().is_some_and(|n| n > 0));
        if fixed && !whole("length") {
            return Some(format!("has no length of the field “{name}”: say how many characters it takes"));
        }
        if fixed && entry.get("start").is_some_and(|start| !start.is_null()) && !whole("start") {
            return Some(format!("has a start of the field “{name}” that is no whole number from 1 on"));
        }
    }
    None
}

fn sort_keys(value: &Value) -> Option<String> {
    let Some(entries) = value.as_array() else {
        return expect(false, "must be a list of {expression, order}", value);
    };
    let is_key = |entry: &Value| {
        let order = entry.get("order").map_or(Some("Ascending"), Value::as_str);
        entry.get("expression").is_some_and(Value::is_string) && matches!(order, Some("Ascending" | "Descending"))
    };
    let (at, wrong) = entries.iter().enumerate().find(|(_, entry)| !is_key(entry))?;
    let expected =
        format!("must have the text “expression” and an “order”, Ascending or Descending, in entry {}", at + 1);
    expect(false, &expected, wrong)
}

fn join_keys(value: &Value) -> Option<String> {
    let Some(entries) = value.as_array() else {
        return expect(false, "must be a list of {left, right}", value);
    };
    let is_key = |entry: &Value| ["left", "right"].iter().all(|side| entry.get(*side).is_some_and(Value::is_string));
    let (at, wrong) = entries.iter().enumerate().find(|(_, entry)| !is_key(entry))?;
    expect(false, &format!("must have the texts “left” and “right” in entry {}", at + 1), wrong)
}

fn inputs(value: &Value) -> Option<String> {
    let Some(entries) = value.as_array() else {
        return expect(false, "must be a list of {name, type, default}", value);
    };
    let mut names = HashSet::new();
    for (at, entry) in entries.iter().enumerate() {
        let Ok(input) = InputDeclaration::deserialize(entry) else {
            let expected =
                format!("must have a name and a type (Text, Integer, Number or Boolean) in entry {}", at + 1);
            return expect(false, &expected, entry);
        };
        if input.name.is_empty() || !input.name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Some(format!(
                "has an input named “{}”: use letters, digits and “_”, because it becomes a flow variable",
                input.name
            ));
        }
        if let Some(default) = input.default.filter(|default| !default.is_null() && !input.kind.accepts(default)) {
            return Some(format!("has a default of “{}” that is not of type {}: {default}", input.name, input.kind));
        }
        if !names.insert(input.name.clone()) {
            return Some(format!("has the input “{}” twice: give one of them another name", input.name));
        }
    }
    None
}
