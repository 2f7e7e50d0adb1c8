//! Whether a connection has what its kind needs, and nothing else.

use super::{
    Connection, ConnectionError, ConnectionField, ConnectionKind, FieldValues, connection_kind, connection_kinds,
};
use serde_json::Value;

impl Connection {
    /// Checks it against its kind. The error is the first problem there is; [`Self::problems`] gives them all.
    pub fn check(&self) -> Result<(), ConnectionError> {
        self.problems().into_iter().next().map_or(Ok(()), Err)
    }

    /// Everything that is wrong with its kind and settings, field by field.
    pub fn problems(&self) -> Vec<ConnectionError> {
        let Some(kind) = connection_kind(&self.kind) else {
            return vec![ConnectionError::UnknownKind {
                name: self.name.clone(),
                kind: self.kind.clone(),
                known: listed(connection_kinds().iter().map(|kind| kind.kind)),
            }];
        };
        let settings = self.settings.iter().filter(|(_, value)| !value.is_null());
        let mut problems: Vec<ConnectionError> =
            settings.filter_map(|(name, value)| self.problem_of(kind, name, value)).collect();
        let missing = kind.fields.iter().filter(|field| field.required && !field.secret && self.is_unset(field.name));
        problems.extend(missing.map(|field| ConnectionError::MissingField {
            name: self.name.clone(),
            field: field.name.to_owned(),
            help: field.help.to_owned(),
        }));
        problems
    }

    fn is_unset(&self, field: &str) -> bool {
        match self.settings.get(field) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.trim().is_empty(),
            Some(_) => false,
        }
    }

    fn problem_of(&self, kind: &ConnectionKind, name: &str, value: &Value) -> Option<ConnectionError> {
        let Some(field) = kind.field(name) else {
            return Some(ConnectionError::UnknownField {
                name: self.name.clone(),
                kind: kind.kind.to_owned(),
                field: name.to_owned(),
                known: listed(kind.fields.iter().filter(|field| !field.secret).map(|field| field.name)),
            });
        };
        if field.secret {
            return Some(ConnectionError::SecretInFile { name: self.name.clone(), field: name.to_owned() });
        }
        let expected = unfit(field, value)?;
        Some(ConnectionError::FieldType { name: self.name.clone(), field: name.to_owned(), expected })
    }
}

/// What the value of a field must be, if it is not.
fn unfit(field: &ConnectionField, value: &Value) -> Option<String> {
    match field.values {
        FieldValues::Text => (!value.is_string()).then(|| "must be a text".to_owned()),
        FieldValues::Integer { min, max } => {
            let fits = value.as_i64().is_some_and(|number| (min..=max).contains(&number));
            (!fits).then(|| format!("must be a whole number from {min} to {max}"))
        }
        FieldValues::Number => {
            let fits = value.as_f64().is_some_and(|number| number > 0.0);
            (!fits).then(|| "must be a number above 0".to_owned())
        }
        FieldValues::Boolean => (!value.is_boolean()).then(|| "must be true or false".to_owned()),
        FieldValues::Choice { choices } => {
            let fits = value.as_str().is_some_and(|value| choices.iter().any(|choice| choice.value == value));
            (!fits).then(|| format!("must be one of {}", listed(choices.iter().map(|choice| choice.value))))
        }
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
