//! Local runs: a flow as it is in the designer, saved or not, run here on real data with a store in memory.

mod commands;
mod effects;
mod local;
mod part;
mod prepare;

pub use commands::*;
pub use effects::*;
pub(crate) use local::{FinishedRun, Runs};

use crate::flow::Field;
use flow_model::{ComponentId, FlowName};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use ts_rs::TS;

/// Number of a local run, counted from the start of the designer.
pub type RunId = u32;

/// A local run as far as it has come.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RunView {
    /// The run.
    pub run: RunId,
    /// The flow.
    pub flow: FlowName,
    /// The revision that runs. Later edits do not change it.
    pub revision: u64,
    /// What it was given.
    #[ts(type = "Record<string, unknown>")]
    pub inputs: Map<String, Value>,
    /// The component that it runs up to, if it does not run to the end.
    pub to: Option<ComponentId>,
    /// The components that it leaves out, since they change the world or wait for something that does.
    pub left_out: Vec<ComponentId>,
    /// When it began, in milliseconds since 1970.
    pub started: i64,
    /// How often it has changed so far.
    pub changes: u64,
    /// How it stands.
    pub outcome: RunOutcome,
    /// Every component that has started so far.
    pub components: BTreeMap<ComponentId, ComponentRun>,
    /// Its log, the oldest line first; at most the last thousand.
    pub log: Vec<RunLogLine>,
}

/// How a local run stands.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum RunOutcome {
    /// It runs, or waits for its next attempt.
    Running,
    /// It finished.
    Finished {
        /// What the flow answered at its End.
        #[ts(type = "unknown")]
        reply: Option<Value>,
    },
    /// It failed.
    Error {
        /// Stable code.
        code: String,
        /// What went wrong and the way out.
        message: String,
        /// The component that failed, if one did.
        component: Option<ComponentId>,
    },
    /// The author stopped it.
    Stopped,
}

/// One component in a local run.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ComponentRun {
    /// Where it stands.
    pub state: ComponentRunState,
    /// The attempt in which it ran last, from 1.
    pub attempt: u32,
    /// How long it took, in milliseconds; null while it runs.
    pub took: Option<f64>,
    /// How many records it has dealt with so far, where it tells.
    pub rows: Option<u64>,
    /// Of a ForEach: how far its iterations have come.
    pub iterations: Option<Iterations>,
    /// What it put out, by outlet: only the outlets that delivered. In the body of a ForEach, in one of its iterations.
    pub outlets: BTreeMap<String, OutletRun>,
    /// One line about what it did, or why it failed.
    pub note: Option<String>,
    /// Why it failed, if it did.
    pub failure: Option<RunFailure>,
}

/// Why a component failed in a local run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct RunFailure {
    /// Stable code.
    pub code: String,
    /// What went wrong and the way out.
    pub message: String,
    /// The property that it is about, if one is known.
    pub property: Option<String>,
    /// The record of its input that it is about, from 1, if one is known.
    pub row: Option<u64>,
    /// Whether the flow handles the error.
    pub handled: bool,
    /// In a body: the iteration, as `foreach-a1b2c3[17]`. Empty at the top level.
    pub iteration: String,
}

/// Where a component stands in a local run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ComponentRunState {
    /// It works.
    Running,
    /// It finished.
    Finished,
    /// It failed.
    Failed,
    /// It was still at work when the run ended, or what read from it failed.
    Stopped,
}

/// What one outlet delivered in a local run. The records themselves are asked for with `run_stream`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct OutletRun {
    /// How many records, where that is known.
    pub rows: Option<u64>,
}

/// How far the iterations of a ForEach have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub struct Iterations {
    /// How many have finished.
    pub done: u64,
    /// How many there are, where that is known.
    pub of: Option<u64>,
}

/// A line of a local run's log.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct RunLogLine {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The component it is about.
    pub component: Option<ComponentId>,
    /// Whether it tells of a failure.
    pub failure: bool,
    /// What happened.
    pub message: String,
}

/// The event of a local run: only what is new.
#[derive(Debug, Clone, Serialize, TS)]
pub struct RunChanged {
    /// The run.
    pub run: RunId,
    /// The flow.
    pub flow: FlowName,
    /// How often the run has changed so far, with this change.
    pub changes: u64,
    /// How it stands.
    pub outcome: RunOutcome,
    /// The components that changed.
    pub components: BTreeMap<ComponentId, ComponentRun>,
    /// The lines that are new.
    pub log: Vec<RunLogLine>,
}

/// The first records that an outlet delivered.
#[derive(Debug, Clone, Serialize, TS)]
pub struct StreamView {
    /// Its fields.
    pub fields: Vec<Field>,
    /// The first records, by field. Whole numbers of 64 bits and decimals are texts, so that nothing is lost.
    #[ts(type = "Record<string, unknown>[]")]
    pub rows: Vec<Map<String, Value>>,
    /// How many records there are in all, where that is known.
    pub total: Option<u64>,
}
