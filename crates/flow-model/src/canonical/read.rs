//! From the text of a file to a flow.

use super::{DocumentError, FORMAT, strict, upgrade};
use crate::{Area, Component, ComponentId, Flow, Group, Link, PortRef, Position};
use indexmap::IndexMap;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn flow(text: &str) -> Result<Flow, DocumentError> {
    let mut members = object(strict::parse(text)?, "the file")?;
    let format = read_format(members.shift_remove("format").as_ref())?;
    upgrade::upgrade(&mut members, format);
    let description = match members.shift_remove("description") {
        None => String::new(),
        Some(value) => string(value, "description")?,
    };
    let components = components(members.shift_remove("components"))?;
    let links = links(members.shift_remove("links"))?;
    let groups = groups(members.shift_remove("groups"))?;
    let mut layout = layout(members.shift_remove("layout"))?;
    layout.retain(|id, _| components.contains_key(id));
    let mut flow = Flow { description, components, links, groups, layout, unknown: members };
    flow.place_missing();
    Ok(flow)
}

fn read_format(format: Option<&Value>) -> Result<u64, DocumentError> {
    let format = format.ok_or_else(|| {
        DocumentError::shape("format", format!("is missing: a flow file begins with \"format\": {FORMAT}"))
    })?;
    match format.as_u64() {
        Some(found) if found > u64::from(FORMAT) => Err(DocumentError::TooNew { found, supported: FORMAT }),
        Some(found) if found > 0 => Ok(found),
        _ => Err(DocumentError::shape("format", format!("expected a whole number from 1, found {format}"))),
    }
}

fn components(value: Option<Value>) -> Result<IndexMap<ComponentId, Component>, DocumentError> {
    let mut components = IndexMap::new();
    for (index, value) in list(value, "components")?.into_iter().enumerate() {
        let path = format!("components[{index}]");
        let (id, component) = component(value, &path)?;
        if components.contains_key(&id) {
            return Err(DocumentError::shape(
                format!("{path}.id"),
                format!("another component has the id “{id}” already: ids are unique within a flow"),
            ));
        }
        components.insert(id, component);
    }
    Ok(components)
}

fn component(value: Value, path: &str) -> Result<(ComponentId, Component), DocumentError> {
    let mut members = object(value, path)?;
    let id = component_id(required(&mut members, "id", path)?, &format!("{path}.id"))?;
    let kind = string(required(&mut members, "type", path)?, &format!("{path}.type"))?;
    let name = match members.shift_remove("name") {
        None => kind.clone(),
        Some(value) => string(value, &format!("{path}.name"))?,
    };
    let parent = match members.shift_remove("parent") {
        None | Some(Value::Null) => None,
        Some(value) => Some(component_id(value, &format!("{path}.parent"))?),
    };
    let properties = match members.shift_remove("properties") {
        None => BTreeMap::new(),
        Some(value) => {
            object(value, &format!("{path}.properties"))?.into_iter().filter(|(_, value)| !value.is_null()).collect()
        }
    };
    Ok((id, Component { kind, name, parent, properties, unknown: members }))
}

fn links(value: Option<Value>) -> Result<BTreeSet<Link>, DocumentError> {
    let mut links = BTreeSet::new();
    for (index, value) in list(value, "links")?.into_iter().enumerate() {
        let path = format!("links[{index}]");
        let mut members = object(value, &path)?;
        let from = port(required(&mut members, "from", &path)?, &format!("{path}.from"))?;
        let to = port(required(&mut members, "to", &path)?, &format!("{path}.to"))?;
        if let Some((member, _)) = members.into_iter().next() {
            return Err(DocumentError::shape(
                format!("{path}.{member}"),
                "a link has only the members “from” and “to”",
            ));
        }
        links.insert(Link { from, to });
    }
    Ok(links)
}

fn groups(value: Option<Value>) -> Result<BTreeMap<ComponentId, Group>, DocumentError> {
    let mut groups = BTreeMap::new();
    for (index, value) in list(value, "groups")?.into_iter().enumerate() {
        let path = format!("groups[{index}]");
        let (id, group) = group(value, &path)?;
        if groups.contains_key(&id) {
            return Err(DocumentError::shape(format!("{path}.id"), format!("another group has the id “{id}” already")));
        }
        groups.insert(id, group);
    }
    Ok(groups)
}

fn group(value: Value, path: &str) -> Result<(ComponentId, Group), DocumentError> {
    let mut members = object(value, path)?;
    let id = component_id(required(&mut members, "id", path)?, &format!("{path}.id"))?;
    let mut text = |name: &str| match members.shift_remove(name) {
        None => Ok(String::new()),
        Some(value) => string(value, &format!("{path}.{name}")),
    };
    let (title, note) = (text("title")?, text("note")?);
    let around = list(members.shift_remove("members"), &format!("{path}.members"))?.into_iter().enumerate();
    let around = around.map(|(at, id)| component_id(id, &format!("{path}.members[{at}]"))).collect::<Result<_, _>>()?;
    let area = members.shift_remove("area").map(|value| area(&value, &format!("{path}.area"))).transpose()?;
    Ok((id, Group { title, note, members: around, area, unknown: members }))
}

fn area(value: &Value, path: &str) -> Result<Area, DocumentError> {
    match numbers(value).as_deref() {
        Some([x, y, width, height]) => Ok(Area { x: *x, y: *y, width: *width, height: *height }),
        _ => Err(DocumentError::shape(path, format!("expected left, top, width and height, found {value}"))),
    }
}

fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array().and_then(|values| values.iter().map(Value::as_f64).collect())
}

fn layout(value: Option<Value>) -> Result<BTreeMap<ComponentId, Position>, DocumentError> {
    let Some(value) = value else { return Ok(BTreeMap::new()) };
    object(value, "layout")?
        .into_iter()
        .map(|(id, value)| {
            let path = format!("layout.{id}");
            Ok((component_id(Value::String(id), &path)?, position(&value, &path)?))
        })
        .collect()
}

fn position(value: &Value, path: &str) -> Result<Position, DocumentError> {
    match numbers(value).as_deref() {
        Some([x, y]) => Ok(Position { x: *x, y: *y }),
        _ => Err(DocumentError::shape(path, format!("expected a position such as [40, 80], found {value}"))),
    }
}

fn port(value: Value, path: &str) -> Result<PortRef, DocumentError> {
    let text = string(value, path)?;
    let parsed = text.split_once('.').and_then(|(component, port)| {
        let component = ComponentId::parse(component).ok()?;
        (!port.is_empty()).then(|| PortRef { component, port: port.to_owned() })
    });
    parsed.ok_or_else(|| {
        DocumentError::shape(
            path,
            format!("expected a component and its port such as “start-ab12cd.out”, found “{text}”"),
        )
    })
}

fn component_id(value: Value, path: &str) -> Result<ComponentId, DocumentError> {
    ComponentId::parse(&string(value, path)?).map_err(|error| DocumentError::shape(path, error.to_string()))
}

fn required(members: &mut Map<String, Value>, name: &str, path: &str) -> Result<Value, DocumentError> {
    members.shift_remove(name).ok_or_else(|| DocumentError::shape(format!("{path}.{name}"), "is missing"))
}

fn list(value: Option<Value>, path: &str) -> Result<Vec<Value>, DocumentError> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(values)) => Ok(values),
        Some(other) => Err(unexpected("a list", &other, path)),
    }
}

fn object(value: Value, path: &str) -> Result<Map<String, Value>, DocumentError> {
    match value {
        Value::Object(members) => Ok(members),
        other => Err(unexpected("an object", &other, path)),
    }
}

fn string(value: Value, path: &str) -> Result<String, DocumentError> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(unexpected("a text", &other, path)),
    }
}

fn unexpected(expected: &str, found: &Value, path: &str) -> DocumentError {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    DocumentError::shape(path, format!("expected {expected}, found {found}"))
}
