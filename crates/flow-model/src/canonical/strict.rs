//! JSON read so that nothing is lost without a word: a key that occurs twice is an error.

use super::DocumentError;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Parses `text` as one JSON value.
pub(crate) fn parse(text: &str) -> Result<Value, DocumentError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(line) = text.lines().position(|line| line.starts_with("<<<<<<< ")) {
        return Err(DocumentError::Syntax {
            line: line + 1,
            column: 1,
            message: "a git merge left conflict marks here: choose one side and remove the marks".to_owned(),
        });
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Strict.deserialize(&mut json);
    value.and_then(|value| json.end().map(|()| value)).map_err(|error| syntax_error(&error))
}

/// Parses `text` as a file of format 1 to `newest`, and gives its members without `format`.
pub(crate) fn members(text: &str, newest: u32) -> Result<Map<String, Value>, DocumentError> {
    let Value::Object(mut file) = parse(text)? else {
        return Err(DocumentError::shape("the file", "expected an object"));
    };
    match file.shift_remove("format").map(|format| (format.as_u64(), format)) {
        None => Err(DocumentError::shape("format", format!("is missing: it should be {newest}"))),
        Some((Some(found), _)) if found > u64::from(newest) => Err(DocumentError::TooNew { found, supported: newest }),
        Some((Some(1..), _)) => Ok(file),
        Some((_, format)) => {
            Err(DocumentError::shape("format", format!("expected a whole number from 1, found {format}")))
        }
    }
}

/// Takes the text `member` out of a file, if it is there and not empty.
pub(crate) fn text_of(file: &mut Map<String, Value>, member: &str) -> Result<Option<String>, DocumentError> {
    match file.shift_remove(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
        Some(other) => Err(DocumentError::shape(member, format!("expected a text, found {other}"))),
    }
}

fn syntax_error(error: &serde_json::Error) -> DocumentError {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let message = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message).to_owned();
    DocumentError::Syntax { line, column, message }
}

#[derive(Clone, Copy)]
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key “{key}” occurs twice")));
            }
            map.insert(key, members.next_value_seed(self)?);
        }
        Ok(Value::Object(map))
    }
}
