//! Flow tests in the designer: their files, running them, and making one of what a run here did.

mod commands;
mod following;
mod from_run;

pub use commands::*;
pub(crate) use following::{follow_names, has_new_names};
pub use from_run::TestFromRun;

use flow_model::FlowName;
use serde::Serialize;
use ts_rs::TS;

/// A flow test of the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct TestSummary {
    /// Its name: `tests/NAME.test.json`.
    pub name: String,
    /// The flow that it runs; empty when its file cannot be read.
    pub flow: String,
    /// What it is about.
    pub about: String,
    /// What is wrong with its file, if anything is.
    pub problem: Option<String>,
    /// What it names and is not there.
    pub warnings: Vec<String>,
}

/// The file of a flow test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct TestText {
    /// The test.
    pub name: String,
    /// What its file holds.
    pub content: String,
}

/// How a flow test went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct TestOutcome {
    /// The test.
    pub name: String,
    /// Whether all was as expected.
    pub passed: bool,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// What was not as expected.
    pub differences: Vec<TestDifference>,
}

/// Something that a flow test found otherwise than it expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct TestDifference {
    /// Where: `reply[0].total`.
    pub place: String,
    /// What was expected there; empty where the place says it.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// A flow test made of a run, not saved yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct TestDraft {
    /// A name that no test has.
    pub name: String,
    /// The flow.
    pub flow: FlowName,
    /// What its file would hold.
    pub content: String,
    /// What the author has to see to before it passes.
    pub notes: Vec<String>,
}
