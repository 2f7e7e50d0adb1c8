//! Reading the properties of a component, once, when it is prepared.

use crate::Template;
use flow_data::arrow::datatypes::{Field, Schema, SchemaRef};
use flow_data::parse_type;
use flow_model::{Component, ComponentDescription, ComponentId, Diagnostic, is_missing};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// The code of problems that the rules of the document cannot see, since they need the component's own code.
pub(crate) const WRONG_VALUE: &str = "property/value";

/// The properties of one component, with the defaults of its description. Every getter gives some value, and notes a
/// problem when the document holds something else.
pub struct Properties<'a> {
    id: &'a ComponentId,
    component: &'a Component,
    description: &'a ComponentDescription,
    problems: Vec<Diagnostic>,
}

impl<'a> Properties<'a> {
    pub(crate) fn new(id: &'a ComponentId, component: &'a Component, description: &'a ComponentDescription) -> Self {
        let mut properties = Self { id, component, description, problems: Vec::new() };
        for property in &description.properties {
            if property.required && is_missing(&properties.value(property.name)) {
                let message = format!("{} of “{}” is missing: set it in the inspector", property.title, component.name);
                properties.report("property/missing", property.name, message);
            }
        }
        properties
    }

    /// What is wrong with the properties read so far.
    pub(crate) fn problems(self) -> Vec<Diagnostic> {
        self.problems
    }

    /// Notes that the value of property `name` has the right type and is wrong all the same. `message` goes on from the
    /// property's title.
    pub fn problem(&mut self, name: &str, message: &str) {
        self.report_value(WRONG_VALUE, name, message);
    }

    fn report_value(&mut self, code: &str, name: &str, message: &str) {
        let title = self.description.property(name).map_or(name, |property| property.title);
        let message = format!("{title} of “{}” {message}", self.component.name);
        self.report(code, name, message);
    }

    fn report(&mut self, code: &str, name: &str, message: String) {
        self.problems.push(Diagnostic::error(code, message).at(self.id).on(name));
    }

    /// Whether the component type has a property of this name at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.description.property(name).is_some()
    }

    /// The value of a property, or its default.
    fn value(&self, name: &str) -> Value {
        let set = self.component.properties.get(name).filter(|value| !value.is_null());
        set.or_else(|| self.description.property(name).map(|property| &property.default))
            .cloned()
            .unwrap_or(Value::Null)
    }

    fn read<T: DeserializeOwned + Default>(&mut self, name: &str, expected: &str) -> T {
        match self.value(name) {
            Value::Null => T::default(),
            value => serde_json::from_value(value).unwrap_or_else(|_| {
                self.report_value("property/type", name, expected);
                T::default()
            }),
        }
    }

    /// A text; empty if it is not set.
    pub fn text(&mut self, name: &str) -> String {
        self.read(name, "must be a text")
    }

    /// A text with `${name}` in it.
    pub fn template(&mut self, name: &str) -> Template {
        let text = self.text(name);
        self.parse_template(name, &text)
    }

    fn parse_template(&mut self, name: &str, text: &str) -> Template {
        Template::parse(text).unwrap_or_else(|error| {
            self.problem(name, &format!("cannot be read: {error}"));
            Template::empty()
        })
    }

    /// Yes or no.
    pub fn boolean(&mut self, name: &str) -> bool {
        self.read(name, "must be true or false")
    }

    /// A whole number from zero on.
    pub fn integer(&mut self, name: &str) -> usize {
        self.read(name, "must be a whole number, at least 0")
    }

    /// A list of `{"name": …, "type": …}`: fields with their types.
    pub fn columns(&mut self, name: &str) -> Vec<Field> {
        let entries = self.entries(name, "name", "type");
        let mut fields: Vec<Field> = Vec::with_capacity(entries.len());
        for (column, text) in entries {
            if fields.iter().any(|field| *field.name() == column) {
                self.problem(name, &format!("has the column “{column}” twice: give one of them another name"));
            }
            match parse_type(&text) {
                Some(data_type) => fields.push(Field::new(column, data_type, true)),
                None => self.problem(
                    name,
                    &format!("gives “{column}” the type “{text}”, which there is not: use Text, Integer, Number, Decimal(10,2), Boolean, Date, Time, Timestamp, TimestampTz, Bytes, List<…> or Record<…>"),
                ),
            }
        }
        fields
    }

    /// The same as a schema; none without columns.
    pub fn schema(&mut self, name: &str) -> Option<SchemaRef> {
        let fields = self.columns(name);
        (!fields.is_empty()).then(|| Arc::new(Schema::new(fields)))
    }

    /// A length of time in seconds, at least zero.
    pub fn seconds(&mut self, name: &str) -> f64 {
        let seconds: f64 = self.read(name, "must be a number of seconds");
        if !seconds.is_finite() || seconds < 0.0 {
            self.report_value("property/type", name, "must be a number of seconds, at least 0");
            return 0.0;
        }
        seconds
    }

    /// One of the values that `choices` gives a meaning to; the first of them stands in for a wrong one.
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> T {
        let text = self.text(name);
        if let Some((_, meaning)) = choices.iter().find(|(value, _)| *value == text) {
            return *meaning;
        }
        let values: Vec<&str> = choices.iter().map(|(value, _)| *value).collect();
        self.report_value("property/type", name, &format!("must be one of {}", values.join(", ")));
        choices[0].1
    }

    /// A list of names.
    pub fn names(&mut self, name: &str) -> Vec<String> {
        self.read(name, "must be a list of field names")
    }

    /// A list of any form.
    pub fn list<T: DeserializeOwned>(&mut self, name: &str) -> Vec<T> {
        self.read(name, "is not a list of the form that it must have")
    }

    /// A list of objects with the two texts `key` and `text`: `{"field": …, "expression": …}`.
    pub fn entries(&mut self, name: &str, key: &str, text: &str) -> Vec<(String, String)> {
        let entries: Vec<Value> = self.list(name);
        let mut read = Vec::with_capacity(entries.len());
        for (at, entry) in entries.iter().enumerate() {
            let member = |member: &str| entry.get(member).and_then(Value::as_str).map(str::to_owned);
            match (member(key), member(text)) {
                (Some(first), Some(second)) if !first.trim().is_empty() => read.push((first, second)),
                _ => self.report_value(
                    "property/type",
                    name,
                    &format!("must have the texts “{key}” and “{text}” in entry {}", at + 1),
                ),
            }
        }
        read
    }

    /// A list of `{"name": …, "value": …}`, whose values are templates.
    pub fn pairs(&mut self, name: &str) -> Vec<(String, Template)> {
        let entries = self.entries(name, "name", "value");
        entries.into_iter().map(|(key, value)| (key, self.parse_template(name, &value))).collect()
    }
}
