//! JSON read so that nothing is lost without a word: a key that occurs twice is an error, and numbers are exact.

use super::DocumentError;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::RefCell;
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
    let numbers = RefCell::new(Numbers { rest: text });
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Strict { numbers: &numbers }.deserialize(&mut json);
    value.and_then(|value| json.end().map(|()| value)).map_err(|error| syntax_error(&error))
}

fn syntax_error(error: &serde_json::Error) -> DocumentError {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let message = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message).to_owned();
    DocumentError::Syntax { line, column, message }
}

/// The numbers of a JSON text as they are written, from the first to the last.
///
/// serde_json reads a number of many digits as a neighbour of the nearest one (its feature `float_roundtrip` would
/// change that for the whole program). A file must come back as it was, so such numbers are read here.
struct Numbers<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Numbers<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let at = self.rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit())?;
            let found = &self.rest[at..];
            if let Some(string) = found.strip_prefix('"') {
                self.rest = after_string(string);
                continue;
            }
            let end =
                found.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')).unwrap_or(found.len());
            self.rest = &found[end..];
            return Some(&found[..end]);
        }
    }
}

/// What follows a string whose opening quote is gone already.
fn after_string(text: &str) -> &str {
    let mut escaped = false;
    let closing = text.find(|c| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    });
    closing.map_or("", |at| &text[at + 1..])
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    numbers: &'a RefCell<Numbers<'a>>,
}

impl Strict<'_> {
    /// The number that is being read, as it is written. Values are read in the order of the text, so it is the next.
    fn written(&self) -> Option<&str> {
        self.numbers.borrow_mut().next()
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
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
        self.written();
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        self.written();
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let exact = self.written().and_then(|written| written.parse().ok()).unwrap_or(value);
        Number::from_f64(exact).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
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
