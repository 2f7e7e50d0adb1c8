//! What elements of one name have in common: one that is a list once is always one, and one that has attributes once
//! always has its text in `#text`.

use serde_json::{Map, Value};
use std::collections::HashMap;

/// What the elements at each place are, by their path.
#[derive(Debug, Default)]
pub(super) struct Shapes(HashMap<String, Shape>);

#[derive(Debug, Default, Clone, Copy)]
struct Shape {
    is_list: bool,
    has_members: bool,
}

impl Shapes {
    pub(super) fn of(records: &[Value]) -> Self {
        let mut shapes = Self::default();
        for record in records {
            shapes.see(record, "");
        }
        shapes
    }

    fn see(&mut self, value: &Value, path: &str) {
        match value {
            Value::Array(items) => {
                self.0.entry(path.to_owned()).or_default().is_list = true;
                for item in items {
                    self.see(item, path);
                }
            }
            Value::Object(members) => {
                self.0.entry(path.to_owned()).or_default().has_members = true;
                for (name, member) in members {
                    self.see(member, &format!("{path}/{name}"));
                }
            }
            _ => {}
        }
    }

    /// The same record in the common shape.
    pub(super) fn aligned(&self, record: Value) -> Value {
        self.at(record, "")
    }

    fn at(&self, value: Value, path: &str) -> Value {
        let shape = self.0.get(path).copied().unwrap_or_default();
        match value {
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.one(item, path, shape)).collect()),
            Value::Null => Value::Null,
            single if shape.is_list => Value::Array(vec![self.one(single, path, shape)]),
            single => self.one(single, path, shape),
        }
    }

    fn one(&self, value: Value, path: &str, shape: Shape) -> Value {
        match value {
            Value::Object(members) => Value::Object(
                members
                    .into_iter()
                    .map(|(name, member)| {
                        let inner = self.at(member, &format!("{path}/{name}"));
                        (name, inner)
                    })
                    .collect(),
            ),
            Value::String(text) if shape.has_members => {
                Value::Object(Map::from_iter([("#text".to_owned(), Value::String(text))]))
            }
            other => other,
        }
    }
}
