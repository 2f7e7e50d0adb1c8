//! The file of a flow test, `tests/NAME.test.json`.

use crate::TestError;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The newest format of test files that this release reads.
const FORMAT: u32 = 1;

/// A flow test.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct TestFile {
    #[serde(default = "one")]
    format: u32,
    /// What the test is about, for people.
    #[serde(default)]
    about: String,
    /// The flow.
    pub(crate) flow: String,
    #[serde(default)]
    pub(crate) inputs: Map<String, Value>,
    /// What stands in for the project's connections.
    #[serde(default)]
    pub(crate) connections: BTreeMap<String, Replacement>,
    /// Files that the flow finds, by path: `storage:…`, `project:…`, or local.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, Content>,
    /// Flows that run before, in the same folders: they fill a database, say.
    #[serde(default)]
    pub(crate) before: Vec<Call>,
    /// Flows that run afterwards, to look at what is there now.
    #[serde(default)]
    pub(crate) after: Vec<Call>,
    #[serde(default)]
    pub(crate) expect: Expectation,
    #[serde(default)]
    pub(crate) compare: Rules,
    /// Seconds until the test has failed.
    #[serde(default = "minute")]
    pub(crate) timeout: f64,
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
pub(crate) struct Replacement {
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, Setting>,
    #[serde(default)]
    pub(crate) secrets: BTreeMap<String, Setting>,
    /// What a server that the test starts answers.
    pub(crate) answers: Option<Vec<Answer>>,
}

/// A value, or the environment variable that has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Setting {
    Environment { env: String },
    Value(Value),
}

/// What the test's server answers to requests that fit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// The method; any if it is not said.
    pub(crate) method: Option<String>,
    /// The path, in which `*` stands for anything; any if it is not said.
    pub(crate) path: Option<String>,
    #[serde(default = "ok")]
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// A text as it is, anything else as JSON.
    #[serde(default)]
    pub(crate) body: Value,
    /// How many requests it serves; without it, any number.
    pub(crate) times: Option<u32>,
    /// Seconds before it answers.
    #[serde(default)]
    pub(crate) delay: f64,
}

fn ok() -> u16 {
    200
}

/// What a file holds.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Content {
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
pub(crate) struct Call {
    pub(crate) flow: String,
    #[serde(default)]
    pub(crate) inputs: Map<String, Value>,
    /// What it must reply, if that matters.
    pub(crate) reply: Option<Value>,
}

/// What the test expects. What is not said is not looked at, but for the state.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expectation {
    /// `Finished` unless an error is expected.
    pub(crate) state: Option<String>,
    pub(crate) reply: Option<Value>,
    pub(crate) error: Option<ExpectedError>,
    /// By component (its name, or its id; with `.outlet` for another than `out`).
    #[serde(default)]
    pub(crate) records: BTreeMap<String, ExpectedRecords>,
    /// By connection that the test answers for.
    #[serde(default)]
    pub(crate) requests: BTreeMap<String, Vec<Value>>,
    /// By path; null for a file that must not be there.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, Option<Content>>,
    /// Texts that must occur in lines of the log, in this order; `*` stands for anything.
    #[serde(default)]
    pub(crate) log: Vec<String>,
}

/// What must be true of the error. In texts `*` stands for anything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedError {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) component: Option<String>,
}

/// What must be true of the records at a place.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum ExpectedRecords {
    /// They are these.
    All(Vec<Value>),
    /// There are so many; the first are these; these are among them.
    Some(SomeRecords),
}

/// Some things that must be true of the records at a place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SomeRecords {
    pub(crate) count: Option<u64>,
    #[serde(default)]
    pub(crate) first: Vec<Value>,
    #[serde(default)]
    pub(crate) contains: Vec<Value>,
}

/// How values are compared.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct Rules {
    /// How far numbers may be apart, in proportion to their size.
    pub(crate) tolerance: f64,
    /// Whether lists may have another order.
    pub(crate) any_order: bool,
    /// Whether records may have no fields but the expected ones.
    pub(crate) exact_fields: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { tolerance: 1e-9, any_order: false, exact_fields: false }
    }
}

/// What a flow test is, for a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOutline {
    /// What it is about, for people.
    pub about: String,
    /// The flow that it runs.
    pub flow: String,
}

impl TestOutline {
    /// Reads the file of a test as far as an outline needs it; all of it must be in order. Errors: `test/syntax`,
    /// `test/too-new`.
    pub fn read(bytes: &[u8]) -> Result<Self, TestError> {
        let TestFile { about, flow, .. } = TestFile::read(bytes)?;
        Ok(Self { about, flow })
    }
}

impl TestFile {
    /// Reads the file of a test.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, TestError> {
        let test: Self = serde_json::from_slice(bytes)
            .map_err(|error| TestError::new("test/syntax", format!("the test's file cannot be read: {error}")))?;
        if test.format > FORMAT {
            let message =
                format!("the test's file has format {}, this release knows {FORMAT}: update Cairn", test.format);
            return Err(TestError::new("test/too-new", message));
        }
        Ok(test)
    }
}

impl Setting {
    /// The value.
    pub(crate) fn value(&self) -> Result<Value, TestError> {
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Environment { env } => std::env::var(env).map(Value::from).map_err(|_| {
                TestError::new(
                    "test/environment",
                    format!("the environment variable {env} is not set: the test needs it"),
                )
            }),
        }
    }
}
