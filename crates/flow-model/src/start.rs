//! What the start component says: how a request is retried, and which inputs it takes.

use crate::{Component, ComponentId, Flow};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::ops::RangeInclusive;
use ts_rs::TS;

/// The type of the start component.
pub const START: &str = "Start";
/// The type of the component that waits durably: its input is saved for as long as it waits.
pub const WAIT: &str = "Wait";
/// The type of the component that ends an attempt as failed.
pub const FAIL: &str = "Fail";

/// The properties of a flow's start component, with defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StartSettings {
    /// `OtherServerRetry`: whether other servers take over the flow's requests when their owner dies.
    pub other_server_retry: bool,
    /// `BeginCheckpoint`: whether the request's input is saved at the start.
    pub begin_checkpoint: BeginCheckpoint,
    /// `RetryCount`: how many automatic retries a request has.
    pub retry_count: u32,
    /// `RetryInterval`: seconds from a failed attempt to the next.
    pub retry_interval: f64,
    /// `RetryBackoff`: how many times as long each further interval is; 1 leaves them all the same.
    pub retry_backoff: u32,
    /// `Timeout`: seconds that one attempt may take; none means without limit.
    pub timeout: Option<f64>,
    /// `Priority`: which of the requests that wait for a server come first, from -9 to 9; higher comes first.
    pub priority: i32,
    /// `ConcurrencyLimit`: how many requests of the flow run at once in a cluster; none means any number.
    pub concurrency_limit: Option<u32>,
    /// `StalledAfter`: seconds without progress after which a running request counts as stalled; 0 for never, none for what
    /// the cluster says.
    pub stalled_after: Option<f64>,
    /// `Inputs`: what a request may or must be given.
    pub inputs: Vec<InputDeclaration>,
}

/// Whether the request's input is saved at the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub enum BeginCheckpoint {
    /// It is not saved.
    #[default]
    NotUse,
    /// It is saved, as a Checkpoint behind Start would do.
    Use,
}

/// One input that a flow declares. It becomes a flow variable and a field of Start's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct InputDeclaration {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: InputType,
    /// The value when a request does not give one. Without it the input is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "unknown")]
    pub default: Option<Value>,
}

/// The type of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub enum InputType {
    /// Text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
}

/// Why the inputs given to a request do not fit its flow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InputError {
    /// `input/unknown`, `input/missing` or `input/type`.
    pub code: &'static str,
    /// The input.
    pub name: String,
    /// What is wrong and the way out.
    pub message: String,
}

/// The least and the greatest priority of a request; 0 unless somebody says otherwise.
pub const PRIORITIES: RangeInclusive<i64> = -9..=9;

/// The priority that a property says; 0 where it is none.
pub fn priority_of(property: &Value) -> i32 {
    let said = property.as_i64().filter(|priority| PRIORITIES.contains(priority));
    said.and_then(|priority| i32::try_from(priority).ok()).unwrap_or(0)
}

impl Flow {
    /// The start component; when there are several, the first.
    pub fn start(&self) -> Option<(&ComponentId, &Component)> {
        self.components.iter().find(|(_, component)| component.kind == START)
    }
}

impl StartSettings {
    /// The settings of the flow's start component; `None` when there is no such component. A property of the wrong
    /// type counts as not set (the rules report it).
    pub fn of(flow: &Flow) -> Option<Self> {
        let (_, start) = flow.start()?;
        let property = |name: &str| start.properties.get(name);
        let whole = |name: &str| property(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        let seconds = |name: &str| property(name).and_then(Value::as_f64).filter(|seconds| *seconds >= 0.0);
        Some(Self {
            other_server_retry: property("OtherServerRetry").and_then(Value::as_bool).unwrap_or(false),
            begin_checkpoint: match property("BeginCheckpoint").and_then(Value::as_str) {
                Some("Use") => BeginCheckpoint::Use,
                _ => BeginCheckpoint::NotUse,
            },
            retry_count: whole("RetryCount").unwrap_or(0),
            retry_interval: seconds("RetryInterval").unwrap_or(10.0),
            retry_backoff: whole("RetryBackoff").unwrap_or(1).max(1),
            timeout: seconds("Timeout").filter(|seconds| *seconds > 0.0),
            priority: property("Priority").map_or(0, priority_of),
            concurrency_limit: whole("ConcurrencyLimit").filter(|most| *most > 0),
            stalled_after: seconds("StalledAfter"),
            inputs: property("Inputs").map(InputDeclaration::list).unwrap_or_default(),
        })
    }

    /// Checks the inputs `given` to a request and fills in the defaults. Null counts as not given. The result holds
    /// every declared input, in the order of declaration.
    pub fn check_inputs(&self, given: &Map<String, Value>) -> Result<Map<String, Value>, InputError> {
        if let Some(name) = given.keys().find(|name| !self.inputs.iter().any(|input| &input.name == *name)) {
            return Err(self.unknown_input(name));
        }
        self.inputs.iter().map(|input| Ok((input.name.clone(), input.value_of(given.get(&input.name))?))).collect()
    }

    fn unknown_input(&self, name: &str) -> InputError {
        let declared: Vec<&str> = self.inputs.iter().map(|input| input.name.as_str()).collect();
        let message = if declared.is_empty() {
            format!("the flow takes no inputs, but “{name}” was given: declare it in Inputs of Start, or leave it out")
        } else {
            format!("the flow has no input “{name}”; its inputs are: {}", declared.join(", "))
        };
        InputError { code: "input/unknown", name: name.to_owned(), message }
    }
}

impl InputDeclaration {
    /// The well-formed declarations in the value of an `Inputs` property.
    fn list(value: &Value) -> Vec<Self> {
        let values = value.as_array().map_or(&[][..], Vec::as_slice);
        values.iter().filter_map(|value| Self::deserialize(value).ok()).collect()
    }

    /// The value that the text `text`, typed by a person, stands for: what comes from a command line or a form.
    pub fn parse(&self, text: &str) -> Result<Value, InputError> {
        let value = match self.kind {
            InputType::Text => Some(Value::from(text)),
            InputType::Integer => text.trim().parse::<i64>().ok().map(Value::from),
            InputType::Number => text.trim().parse::<f64>().ok().filter(|n| n.is_finite()).map(Value::from),
            InputType::Boolean => text.trim().parse::<bool>().ok().map(Value::from),
        };
        value.ok_or_else(|| self.wrong_type(&Value::from(text)))
    }

    fn value_of(&self, given: Option<&Value>) -> Result<Value, InputError> {
        match given.filter(|value| !value.is_null()) {
            Some(value) if self.kind.accepts(value) => Ok(value.clone()),
            Some(value) => Err(self.wrong_type(value)),
            None => self.default.clone().filter(|value| !value.is_null()).ok_or_else(|| InputError {
                code: "input/missing",
                name: self.name.clone(),
                message: format!("the input “{}” ({}) is missing and has no default: give it", self.name, self.kind),
            }),
        }
    }

    fn wrong_type(&self, value: &Value) -> InputError {
        let message = format!("the input “{}” must be {}, and {value} is not", self.name, self.kind.with_article());
        InputError { code: "input/type", name: self.name.clone(), message }
    }
}

impl InputType {
    /// Whether `value` is of this type.
    pub fn accepts(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Integer => value.is_i64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
        }
    }

    fn with_article(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "a whole number of 64 bits",
            Self::Number => "a number",
            Self::Boolean => "true or false",
        }
    }
}

impl fmt::Display for InputType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "Text",
            Self::Integer => "Integer",
            Self::Number => "Number",
            Self::Boolean => "Boolean",
        })
    }
}

#[cfg(test)]
mod tests;
