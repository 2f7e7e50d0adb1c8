//! A trigger as the text of its file, and back; and the JSON Schema of such files.

use super::{FORMAT, Trigger, TriggerError, TriggerKind, TriggerProperty, trigger_kind, trigger_kinds};
use crate::canonical::strict::{self, text_of};
use crate::{DocumentError, FieldValues};
use serde_json::{Map, Value, json};

impl Trigger {
    /// Reads the trigger `name` from the text of its file. What its kind says of it is looked at by
    /// [`Trigger::problems`], not here, so that a form can show a trigger that is not yet right.
    pub fn from_json(name: &str, text: &str) -> Result<Self, TriggerError> {
        read(name, text).map_err(|problem| TriggerError::Document { name: name.to_owned(), problem })
    }

    /// The canonical text of its file, ending with a line break: fixed order of members, defaults left out.
    pub fn to_json(&self) -> String {
        let mut file = Map::new();
        file.insert("format".to_owned(), FORMAT.into());
        file.insert("id".to_owned(), self.id.as_str().into());
        file.insert("kind".to_owned(), self.kind.as_str().into());
        file.insert("flow".to_owned(), self.flow.as_str().into());
        if !self.description.is_empty() {
            file.insert("description".to_owned(), self.description.as_str().into());
        }
        if !self.enabled {
            file.insert("enabled".to_owned(), false.into());
        }
        if !self.inputs.is_empty() {
            file.insert("inputs".to_owned(), Value::Object(self.inputs.clone()));
        }
        let properties = self.in_order();
        if !properties.is_empty() {
            file.insert("properties".to_owned(), Value::Object(properties));
        }
        format!("{:#}\n", Value::Object(file))
    }

    /// Its properties that are set, in the order of its kind; those that the kind does not have behind them.
    fn in_order(&self) -> Map<String, Value> {
        let known = trigger_kind(&self.kind).map(|kind| kind.properties).unwrap_or_default();
        let of_kind = known.iter().filter_map(|known| self.properties.get_key_value(known.name));
        let others = self.properties.iter().filter(|(name, _)| !known.iter().any(|known| known.name == name.as_str()));
        of_kind
            .chain(others)
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

fn read(name: &str, text: &str) -> Result<Trigger, DocumentError> {
    let mut file = strict::members(text, FORMAT)?;
    let id = text_of(&mut file, "id")?
        .ok_or_else(|| DocumentError::shape("id", "is missing: give one such as “trigger-k3x9ab”"))?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if id.len() > 64 || !id.chars().all(fits) {
        return Err(DocumentError::shape("id", "use 1 to 64 letters, digits, “-” or “_”"));
    }
    let known = trigger_kinds().iter().map(|kind| kind.kind).collect::<Vec<_>>().join(", ");
    let kind = text_of(&mut file, "kind")?
        .ok_or_else(|| DocumentError::shape("kind", format!("is missing: give one of {known}")))?;
    let flow = text_of(&mut file, "flow")?
        .ok_or_else(|| DocumentError::shape("flow", "is missing: name the flow that it starts"))?;
    let description = text_of(&mut file, "description")?.unwrap_or_default();
    let enabled = match file.shift_remove("enabled") {
        None => true,
        Some(Value::Bool(enabled)) => enabled,
        Some(other) => return Err(DocumentError::shape("enabled", format!("expected true or false, found {other}"))),
    };
    let inputs = object_of(&mut file, "inputs")?;
    let properties = object_of(&mut file, "properties")?.into_iter().filter(|(_, value)| !value.is_null()).collect();
    if let Some(member) = file.keys().next() {
        let way_out = "is not a member of a trigger; what belongs to its kind goes into “properties”";
        return Err(DocumentError::shape(member.as_str(), way_out));
    }
    Ok(Trigger { name: name.to_owned(), id, kind, flow, description, enabled, inputs, properties })
}

fn object_of(file: &mut Map<String, Value>, member: &str) -> Result<Map<String, Value>, DocumentError> {
    match file.shift_remove(member) {
        None => Ok(Map::new()),
        Some(Value::Object(members)) => Ok(members),
        Some(other) => Err(DocumentError::shape(member, format!("expected an object, found {other}"))),
    }
}

/// The JSON Schema of trigger files.
pub(crate) fn schema() -> Value {
    let names: Vec<&str> = trigger_kinds().iter().map(|kind| kind.kind).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Cairn trigger",
        "type": "object",
        "required": ["format", "id", "kind", "flow"],
        "additionalProperties": false,
        "properties": {
            "format": {"type": "integer", "minimum": 1, "maximum": FORMAT, "description": "The format of the file."},
            "id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$", "description": "Its identity, which never changes."},
            "kind": {"enum": names, "description": "What makes it fire."},
            "flow": {"type": "string", "minLength": 1, "description": "The flow that it starts."},
            "description": {"type": "string", "description": "What it is for."},
            "enabled": {"type": "boolean", "default": true, "description": "Whether a cluster to which it comes for the first time has it switched on."},
            "inputs": {"type": "object", "description": "Inputs that each of its requests is given, by name."},
            "properties": {"type": "object"}
        },
        "allOf": trigger_kinds().iter().map(of_kind).collect::<Vec<_>>()
    })
}

fn of_kind(kind: &TriggerKind) -> Value {
    let described = kind.properties.iter().map(|property| (property.name.to_owned(), schema_of(property)));
    let required: Vec<&str> =
        kind.properties.iter().filter(|property| property.required).map(|property| property.name).collect();
    json!({
        "if": {"properties": {"kind": {"const": kind.kind}}, "required": ["kind"]},
        "then": {
            "required": ["properties"],
            "properties": {
                "properties": {
                    "description": kind.summary,
                    "properties": described.collect::<Map<_, _>>(),
                    "required": required,
                    "additionalProperties": false
                }
            }
        }
    })
}

fn schema_of(property: &TriggerProperty) -> Value {
    let one = match property.values {
        FieldValues::Text => json!({"type": "string", "pattern": "\\S"}),
        FieldValues::Integer { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        FieldValues::Number => json!({"type": "number", "exclusiveMinimum": 0}),
        FieldValues::Boolean => json!({"type": "boolean"}),
        FieldValues::Choice { choices } => {
            json!({"enum": choices.iter().map(|choice| choice.value).collect::<Vec<_>>()})
        }
    };
    let mut schema = if property.list { json!({"type": "array", "items": one}) } else { one };
    schema["title"] = property.title.into();
    schema["description"] = property.help.into();
    if let FieldValues::Choice { choices } = property.values
        && let (false, Some(first)) = (property.list, choices.first())
    {
        schema["default"] = first.value.into();
    }
    schema
}
