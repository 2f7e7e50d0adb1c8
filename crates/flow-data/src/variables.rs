//! Flow variables: named values that travel with the links of a flow.

use datafusion::scalar::ScalarValue;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The flow variables that are set at some place of a flow. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Variables(Arc<BTreeMap<String, Value>>);

impl Variables {
    /// The value of the variable `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The same variables with `name` set to `value`.
    #[must_use]
    pub fn with(&self, name: &str, value: impl Into<Value>) -> Self {
        let mut all = BTreeMap::clone(&self.0);
        all.insert(name.to_owned(), value.into());
        Self(Arc::new(all))
    }

    /// All variables by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The names of all variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether no variable is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of `name` as text, as it stands for `${name}`: texts as they are, everything else as JSON.
    pub fn text(&self, name: &str) -> Option<String> {
        Some(match self.get(name)? {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        })
    }
}

impl<K: Into<String>> FromIterator<(K, Value)> for Variables {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(values: I) -> Self {
        Self(Arc::new(values.into_iter().map(|(name, value)| (name.into(), value)).collect()))
    }
}

/// A JSON value as SQL sees it. Lists and objects become their JSON text.
pub(crate) fn scalar(value: &Value) -> ScalarValue {
    match value {
        Value::Null => ScalarValue::Null,
        Value::Bool(value) => ScalarValue::Boolean(Some(*value)),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => ScalarValue::Int64(Some(integer)),
            (None, Some(large)) => ScalarValue::UInt64(Some(large)),
            (None, None) => ScalarValue::Float64(number.as_f64()),
        },
        Value::String(text) => ScalarValue::Utf8(Some(text.clone())),
        nested => ScalarValue::Utf8(Some(nested.to_string())),
    }
}
