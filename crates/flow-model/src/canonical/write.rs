//! From a flow to the canonical text of its file.

use super::FORMAT;
use crate::{Component, ComponentId, Flow, Group, Link, Position};
use serde_json::{Map, Value};

/// A list or object of plain values is written on one line when it is no longer than this.
const ONE_LINE: usize = 100;

/// The members of a flow, a group and a component that this release knows.
const FLOW_MEMBERS: &[&str] = &["format", "description", "components", "links", "groups", "layout"];
const GROUP_MEMBERS: &[&str] = &["id", "title", "note", "members", "area"];
const COMPONENT_MEMBERS: &[&str] = &["id", "type", "name", "parent", "properties"];

pub(super) fn flow(flow: &Flow) -> String {
    let mut members = vec![("format".to_owned(), FORMAT.to_string())];
    if !flow.description.is_empty() {
        members.push(("description".to_owned(), quote(&flow.description)));
    }
    members.extend(unknown_members(&flow.unknown, FLOW_MEMBERS, 1));
    let components = flow.components.iter().map(|(id, component)| self::component(id, component)).collect();
    members.push(("components".to_owned(), block('[', components, ']', 1)));
    if !flow.links.is_empty() {
        members.push(("links".to_owned(), block('[', flow.links.iter().map(link).collect(), ']', 1)));
    }
    if !flow.groups.is_empty() {
        let groups = flow.groups.iter().map(|(id, group)| self::group(id, group)).collect();
        members.push(("groups".to_owned(), block('[', groups, ']', 1)));
    }
    if !flow.layout.is_empty() {
        let positions = flow.layout.iter().map(|(id, at)| format!("{}: {}", quote(id.as_str()), position(*at)));
        members.push(("layout".to_owned(), block('{', positions.collect(), '}', 1)));
    }
    let mut text = object(members, 0);
    text.push('\n');
    text
}

fn component(id: &ComponentId, component: &Component) -> String {
    let mut members = vec![
        ("id".to_owned(), quote(id.as_str())),
        ("type".to_owned(), quote(&component.kind)),
        ("name".to_owned(), quote(&component.name)),
    ];
    if let Some(parent) = &component.parent {
        members.push(("parent".to_owned(), quote(parent.as_str())));
    }
    let properties: Vec<_> = component
        .properties
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.clone(), self::value(value, 4)))
        .collect();
    if !properties.is_empty() {
        members.push(("properties".to_owned(), object(properties, 3)));
    }
    members.extend(unknown_members(&component.unknown, COMPONENT_MEMBERS, 3));
    object(members, 2)
}

fn group(id: &ComponentId, group: &Group) -> String {
    let mut members = vec![("id".to_owned(), quote(id.as_str()))];
    let texts = [("title", &group.title), ("note", &group.note)];
    members.extend(
        texts.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| ((*name).to_owned(), quote(text))),
    );
    if !group.members.is_empty() {
        let ids = group.members.iter().map(|id| Value::from(id.as_str())).collect();
        members.push(("members".to_owned(), value(&Value::Array(ids), 3)));
    }
    if let Some(area) = group.area {
        let numbers = [area.x, area.y, area.width, area.height].map(coordinate);
        members.push(("area".to_owned(), format!("[{}]", numbers.join(", "))));
    }
    members.extend(unknown_members(&group.unknown, GROUP_MEMBERS, 3));
    object(members, 2)
}

fn link(link: &Link) -> String {
    format!("{{\"from\": {}, \"to\": {}}}", quote(&link.from.to_string()), quote(&link.to.to_string()))
}

fn position(at: Position) -> String {
    format!("[{}, {}]", coordinate(at.x), coordinate(at.y))
}

/// `{}` writes the shortest text that reads back as the same number, without `.0`.
fn coordinate(number: f64) -> String {
    if number.is_finite() && number != 0.0 { format!("{number}") } else { "0".to_owned() }
}

/// The members that this release does not know; never one that it does know, which would then occur twice.
fn unknown_members<'a>(
    unknown: &'a Map<String, Value>,
    known: &'a [&str],
    depth: usize,
) -> impl Iterator<Item = (String, String)> + 'a {
    let unknown = unknown.iter().filter(move |(name, _)| !known.contains(&name.as_str()));
    unknown.map(move |(name, value)| (name.clone(), self::value(value, depth)))
}

/// Any JSON value; `depth` is how far the line that it begins on is indented.
fn value(value: &Value, depth: usize) -> String {
    match value {
        Value::Array(values) if !values.is_empty() => one_line(value).unwrap_or_else(|| {
            block('[', values.iter().map(|value| self::value(value, depth + 1)).collect(), ']', depth)
        }),
        Value::Object(members) if !members.is_empty() => one_line(value).unwrap_or_else(|| {
            let members = members.iter().map(|(name, value)| (name.clone(), self::value(value, depth + 1)));
            object(members.collect(), depth)
        }),
        plain => plain.to_string(),
    }
}

fn one_line(value: &Value) -> Option<String> {
    let plain = |value: &Value| !value.is_array() && !value.is_object();
    let text = match value {
        Value::Array(values) if values.iter().all(plain) => {
            format!("[{}]", values.iter().map(Value::to_string).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) if members.values().all(plain) => {
            let members = members.iter().map(|(name, value)| format!("{}: {value}", quote(name)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        _ => return None,
    };
    (text.len() <= ONE_LINE).then_some(text)
}

fn object(members: Vec<(String, String)>, depth: usize) -> String {
    let members = members.into_iter().map(|(name, value)| format!("{}: {value}", quote(&name)));
    block('{', members.collect(), '}', depth)
}

/// Entries between brackets, one on a line and indented by one more than `depth`.
fn block(open: char, entries: Vec<String>, close: char, depth: usize) -> String {
    if entries.is_empty() {
        return format!("{open}{close}");
    }
    let indent = "  ".repeat(depth);
    let entries = entries.join(&format!(",\n{indent}  "));
    format!("{open}\n{indent}  {entries}\n{indent}{close}")
}

fn quote(text: &str) -> String {
    Value::from(text).to_string()
}
