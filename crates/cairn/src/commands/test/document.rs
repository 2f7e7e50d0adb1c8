//! The file of a flow test, `tests/NAME.test.json`.

use crate::outcome::Failure;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The newest format of test files that this release reads.
const FORMAT: u32 = 1;

/// A flow test.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct TestFile {
    #[serde(default = "one")]
    format: u32,
    /// What the test is about, for people.
    #[serde(default)]
    #[expect(dead_code, reason = "it is there for whoever reads the file")]
    about: String,
    /// The flow.
    pub(super) flow: String,
    #[serde(default)]
    pub(super) inputs: Map<String, Value>,
    /// What stands in for the project's connections.
    #[serde(default)]
    pub(super) connections: BTreeMap<String, Replacement>,
    /// Files that the flow finds, by path: `storage:…`, `project:…`, or local.
    #[serde(default)]
    pub(super) files: BTreeMap<String, Content>,
    /// Flows that run before, in the same folders: they fill a database, say.
    #[serde(default)]
    pub(super) before: Vec<Call>,
    /// Flows that run afterwards, to look at what is there now.
    #[serde(default)]
    pub(super) after: Vec<Call>,
    #[serde(default)]
    pub(super) expect: Expectation,
    #[serde(default)]
    pub(super) compare: Rules,
    /// Seconds until the test has failed.
    #[serde(default = "minute")]
    pub(super) timeout: f64,
}

fn one() -> u32 {
    1
}

fn minute() -> f64 {
    60.0
}

/// What stands in for a connection: another one, or a server that gives these answers.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replacement {
    pub(super) kind: Option<String>,
    #[serde(default)]
    pub(super) settings: BTreeMap<String, Setting>,
    #[serde(default)]
    pub(super) secrets: BTreeMap<String, Setting>,
    /// What a server that the test starts answers.
    pub(super) answers: Option<Vec<Answer>>,
}

/// A value, or the environment variable that has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Setting {
    Environment { env: String },
    Value(Value),
}

/// What the test's server answers to requests that fit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    /// The method; any if it is not said.
    pub(super) method: Option<String>,
    /// The path, in which `*` stands for anything; any if it is not said.
    pub(super) path: Option<String>,
    #[serde(default = "ok")]
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// A text as it is, anything else as JSON.
    #[serde(default)]
    pub(super) body: Value,
    /// How many requests it serves; without it, any number.
    pub(super) times: Option<u32>,
    /// Seconds before it answers.
    #[serde(default)]
    pub(super) delay: f64,
}

fn ok() -> u16 {
    200
}

/// What a file holds.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Content {
    /// This text.
    Text(String),
    /// What a file of the project holds.
    File { file: String },
    /// These bytes.
    Base64 { base64: String },
    /// This document.
    Json { json: Value },
}

/// A flow to run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub(super) flow: String,
    #[serde(default)]
    pub(super) inputs: Map<String, Value>,
    /// What it must reply, if that matters.
    pub(super) reply: Option<Value>,
}

/// What the test expects. What is not said is not looked at, but for the state.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expectation {
    /// `Finished` unless an error is expected.
    pub(super) state: Option<String>,
    pub(super) reply: Option<Value>,
    pub(super) error: Option<ExpectedError>,
    /// By component (its name, or its id; with `.outlet` for another than `out`).
    #[serde(default)]
    pub(super) records: BTreeMap<String, ExpectedRecords>,
    /// By connection that the test answers for.
    #[serde(default)]
    pub(super) requests: BTreeMap<String, Vec<Value>>,
    /// By path; null for a file that must not be there.
    #[serde(default)]
    pub(super) files: BTreeMap<String, Option<Content>>,
    /// Texts that must occur in lines of the log, in this order; `*` stands for anything.
    #[serde(default)]
    pub(super) log: Vec<String>,
}

/// What must be true of the error. In texts `*` stands for anything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedError {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) component: Option<String>,
}

/// What must be true of the records at a place.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum ExpectedRecords {
    /// They are these.
    All(Vec<Value>),
    /// There are so many; the first are these; these are among them.
    Some(SomeRecords),
}

/// Some things that must be true of the records at a place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SomeRecords {
    pub(super) count: Option<u64>,
    #[serde(default)]
    pub(super) first: Vec<Value>,
    #[serde(default)]
    pub(super) contains: Vec<Value>,
}

/// How values are compared.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Rules {
    /// How far numbers may be apart, in proportion to their size.
    pub(super) tolerance: f64,
    /// Whether lists may have another order.
    pub(super) any_order: bool,
    /// Whether records may have no fields but the expected ones.
    pub(super) exact_fields: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { tolerance: 1e-9, any_order: false, exact_fields: false }
    }
}

impl TestFile {
    /// Reads the file of a test.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let test: Self = serde_json::from_slice(bytes)
            .map_err(|error| Failure::new("test/syntax", format!("the test's file cannot be read: {error}")))?;
        if test.format > FORMAT {
            let message =
                format!("the test's file has format {}, this release knows {FORMAT}: update Cairn", test.format);
            return Err(Failure::new("test/too-new", message));
        }
        Ok(test)
    }
}

impl Setting {
    /// The value.
    pub(super) fn value(&self) -> Result<Value, Failure> {
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Environment { env } => std::env::var(env).map(Value::from).map_err(|_| {
                Failure::new(
                    "test/environment",
                    format!("the environment variable {env} is not set: the test needs it"),
                )
            }),
        }
    }
}
