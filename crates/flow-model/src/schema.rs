//! The JSON Schema (draft 2020-12) of flow files, so that any editor can check and complete them. It says what the rules
//! say of each component by itself; what concerns several (links, paths) only the rules can tell.

#[cfg(test)]
mod tests;

use crate::{Catalogue, ComponentDescription, FORMAT, PropertyDescription, PropertyKind};
use serde_json::{Map, Value, json};

/// The schema of the files of flows whose components `catalogue` describes. Types and properties that it does not know
/// are allowed, as they are in flows.
pub fn json_schema(catalogue: &dyn Catalogue) -> Value {
    let kinds: Vec<&ComponentDescription> = catalogue.all();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Cairn flow",
        "type": "object",
        "required": ["format"],
        "properties": {
            "format": {
                "type": "integer",
                "minimum": 1,
                "maximum": FORMAT,
                "description": "The format of the file. Older ones are upgraded when the flow is opened."
            },
            "description": {"type": "string", "description": "What the flow is for."},
            "components": {"type": "array", "items": {"$ref": "#/$defs/component"}},
            "links": {"type": "array", "items": {"$ref": "#/$defs/link"}},
            "groups": {"type": "array", "items": {"$ref": "#/$defs/group"}},
            "layout": {
                "type": "object",
                "description": "Where each component is drawn.",
                "propertyNames": {"$ref": "#/$defs/id"},
                "additionalProperties": numbers(2)
            }
        },
        "$defs": {
            "id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
            "port": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]{1,64}\\..+$",
                "description": "A component and its outlet or inlet: start-ab12cd.out"
            },
            "component": component(&kinds),
            "link": closed_object(&["from", "to"], json!({
                "from": {"$ref": "#/$defs/port"},
                "to": {"$ref": "#/$defs/port"}
            })),
            "group": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"$ref": "#/$defs/id"},
                    "title": {"type": "string"},
                    "note": {"type": "string", "description": "Markdown."},
                    "members": {"type": "array", "items": {"$ref": "#/$defs/id"}, "uniqueItems": true},
                    "area": numbers(4)
                }
            }
        }
    })
}

/// The schema of the files of triggers.
pub fn trigger_schema() -> Value {
    crate::trigger::schema()
}

/// The schema of the files of calendars.
pub fn calendar_schema() -> Value {
    crate::calendar::schema()
}

fn component(kinds: &[&ComponentDescription]) -> Value {
    let names: Vec<&str> = kinds.iter().map(|description| description.kind).collect();
    json!({
        "type": "object",
        "required": ["id", "type"],
        "properties": {
            "id": {"$ref": "#/$defs/id"},
            // Editors offer the known types; others are allowed.
            "type": {"anyOf": [{"enum": names}, {"type": "string"}]},
            "name": {"type": "string", "description": "The name on the canvas."},
            "parent": {"$ref": "#/$defs/id", "description": "The ForEach whose body the component belongs to."},
            "properties": {"type": "object"}
        },
        "allOf": kinds.iter().map(|description| of_kind(description)).collect::<Vec<_>>()
    })
}

/// What holds of the properties of a component when it is of this type.
fn of_kind(description: &ComponentDescription) -> Value {
    let described = description.properties.iter().map(|property| (property.name.to_owned(), schema_of(property)));
    let required: Vec<&str> = description
        .properties
        .iter()
        .filter(|property| property.required && property.default.is_null())
        .map(|property| property.name)
        .collect();
    let mut then = json!({
        "properties": {
            "properties": {
                "description": description.summary,
                "properties": described.collect::<Map<_, _>>(),
                "required": required
            }
        }
    });
    if !required.is_empty() {
        then["required"] = json!(["properties"]);
    }
    json!({"if": {"properties": {"type": {"const": description.kind}}, "required": ["type"]}, "then": then})
}

fn schema_of(property: &PropertyDescription) -> Value {
    let mut schema = values_of(&property.kind);
    schema["title"] = json!(property.title);
    schema["description"] = json!(property.help);
    if !property.default.is_null() {
        schema["default"] = property.default.clone();
    }
    schema
}

fn values_of(kind: &PropertyKind) -> Value {
    let text = || json!({"type": "string"});
    let name = || json!({"type": "string", "pattern": "\\S"});
    match kind {
        PropertyKind::Text
        | PropertyKind::Multiline
        | PropertyKind::Path
        | PropertyKind::Expression { .. }
        | PropertyKind::Script
        | PropertyKind::Sql
        | PropertyKind::Field
        | PropertyKind::Flow
        | PropertyKind::Connection { .. } => text(),
        PropertyKind::Boolean => json!({"type": "boolean"}),
        PropertyKind::Integer { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        PropertyKind::Seconds { min } => json!({"type": "number", "minimum": min}),
        PropertyKind::Choice { choices } => {
            json!({"enum": choices.iter().map(|choice| choice.value).collect::<Vec<_>>()})
        }
        PropertyKind::Mapping => list(&["field", "expression"], json!({"field": name(), "expression": text()})),
        PropertyKind::Branches => list(&["outlet", "condition"], json!({"outlet": name(), "condition": text()})),
        PropertyKind::Pairs => list(&["name", "value"], json!({"name": name(), "value": text()})),
        PropertyKind::Fields | PropertyKind::Names => json!({"type": "array", "items": name(), "uniqueItems": true}),
        PropertyKind::Columns { fixed: false } => list(&["name", "type"], json!({"name": name(), "type": name()})),
        PropertyKind::Columns { fixed: true } => list(
            &["name", "type", "length"],
            json!({"name": name(), "type": name(), "length": place(), "start": place()}),
        ),
        PropertyKind::SortKeys => {
            list(&["expression"], json!({"expression": text(), "order": {"enum": ["Ascending", "Descending"]}}))
        }
        PropertyKind::JoinKeys => list(&["left", "right"], json!({"left": text(), "right": text()})),
        PropertyKind::Inputs => list(
            &["name", "type"],
            json!({
                "name": {"type": "string", "pattern": "^[\\p{L}\\p{N}_]+$"},
                "type": {"enum": ["Text", "Integer", "Number", "Boolean"]},
                "default": {}
            }),
        ),
    }
}

/// A place or a length in characters.
fn place() -> Value {
    json!({"type": "integer", "minimum": 1})
}

fn list(required: &[&str], properties: Value) -> Value {
    json!({"type": "array", "items": {"type": "object", "required": required, "properties": properties}})
}

fn closed_object(required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

fn numbers(count: usize) -> Value {
    json!({"type": "array", "items": {"type": "number"}, "minItems": count, "maxItems": count})
}
