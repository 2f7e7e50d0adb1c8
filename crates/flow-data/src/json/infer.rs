//! The fields that JSON records show.

use crate::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The fields of JSON objects, in the order in which they first occur: nested ones as records and lists. A field whose
/// values are of several kinds is text; so is one that is always null. Texts stay texts, whatever they look like.
pub fn json_schema_of<'a>(records: impl IntoIterator<Item = &'a Value>) -> SchemaRef {
    let mut shape = Members::default();
    for record in records {
        if let Value::Object(members) = record {
            shape.see(members);
        }
    }
    Arc::new(Schema::new(shape.fields()))
}

/// The members of objects, in the order in which they first occur.
#[derive(Debug, Clone, Default, PartialEq)]
struct Members {
    shapes: Vec<(String, Shape)>,
    places: HashMap<String, usize>,
}

/// What the values seen of a field have in common.
#[derive(Debug, Clone, PartialEq)]
enum Shape {
    /// No value but null.
    Nothing,
    Boolean,
    Integer,
    Number,
    Text,
    List(Box<Shape>),
    Record(Members),
}

impl Members {
    fn see(&mut self, members: &Map<String, Value>) {
        for (name, value) in members {
            match self.places.get(name).and_then(|place| self.shapes.get_mut(*place)) {
                Some((_, known)) => known.see(value),
                None => {
                    self.places.insert(name.clone(), self.shapes.len());
                    self.shapes.push((name.clone(), Shape::of(value)));
                }
            }
        }
    }

    fn fields(&self) -> Fields {
        self.shapes.iter().map(|(name, shape)| Field::new(name, shape.data_type(), true)).collect()
    }
}

impl Shape {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Nothing,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) if number.is_i64() => Self::Integer,
            // Its digits would not survive as a number.
            Value::Number(number) if number.is_u64() => Self::Text,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::Array(items) => {
                let mut inner = Self::Nothing;
                items.iter().for_each(|item| inner.see(item));
                Self::List(Box::new(inner))
            }
            Value::Object(members) => {
                let mut shape = Members::default();
                shape.see(members);
                Self::Record(shape)
            }
        }
    }

    /// Takes one more value into account.
    fn see(&mut self, value: &Value) {
        match (&mut *self, value) {
            (Self::Text, _) | (_, Value::Null) => {}
            (Self::Nothing, value) => *self = Self::of(value),
            (Self::Record(shape), Value::Object(members)) => shape.see(members),
            (Self::List(inner), Value::Array(items)) => items.iter().for_each(|item| inner.see(item)),
            (known, value) => *known = known.joined(&Self::of(value)),
        }
    }

    fn joined(&self, other: &Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one.clone(),
            (Self::Integer, Self::Number) | (Self::Number, Self::Integer) => Self::Number,
            _ => Self::Text,
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::List(inner) => DataType::List(Arc::new(Field::new_list_field(inner.data_type(), true))),
            Self::Record(members) if !members.shapes.is_empty() => DataType::Struct(members.fields()),
            Self::Nothing | Self::Text | Self::Record(_) => DataType::Utf8,
        }
    }
}
