//! The open project: its flows, its connections, its place on disk.

mod commands;
mod flow_files;
mod open;
mod queries;
mod save_as;
mod saved_flows;
mod services;

pub(crate) use commands::absolute;
pub use commands::*;
pub(crate) use flow_files::FlowFiles;
pub(crate) use open::{OpenProject, Opening};
pub use open::{local_spool, local_storage};
pub use save_as::ProjectSaveAs;
pub(crate) use saved_flows::SavedFlows;

use flow_model::FlowName;
use serde::Serialize;
use ts_rs::TS;

/// The open project, as the project tree shows it.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ProjectView {
    /// The project's name.
    pub name: String,
    /// Its folder.
    pub path: String,
    /// Its flows by name, bad ones too.
    pub flows: Vec<FlowSummary>,
    /// Its connections by name.
    pub connections: Vec<ConnectionSummary>,
    /// Its triggers, by name.
    pub triggers: Vec<TriggerSummary>,
    /// Its calendars, by name.
    pub calendars: Vec<CalendarSummary>,
    /// Whether the folder is under git. Without it there is no version control and no Push update.
    pub versioned: bool,
    /// Why nothing can be saved in the folder; null when it can. What is edited is kept, and `project_save_as` saves it
    /// elsewhere.
    pub read_only: Option<String>,
}

/// A flow of the project tree.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct FlowSummary {
    /// Its name.
    pub name: FlowName,
    /// Why its file cannot be read, if so. It never hides the other flows.
    pub problem: Option<String>,
    /// Whether it is open with changes that are not saved.
    pub dirty: bool,
    /// Whether changes that were never saved were found in the crash journal: opening the flow brings them back.
    pub recovered: bool,
}

/// A trigger of the project tree.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct TriggerSummary {
    /// Its name.
    pub name: String,
    /// Its kind: `schedule`, `http`. Empty when its file cannot be read.
    pub kind: String,
    /// The flow that it starts.
    pub flow: String,
    /// What is wrong with it, if anything is.
    pub problem: Option<String>,
}

/// A calendar of the project tree.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct CalendarSummary {
    /// Its name.
    pub name: String,
    /// How many days it has; 0 when its file cannot be read.
    pub days: usize,
    /// Why its file cannot be read, if so.
    pub problem: Option<String>,
}

/// A connection of the project tree.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ConnectionSummary {
    /// Its name.
    pub name: String,
    /// Its kind: `sqlite`, `http`. Empty when its file cannot be read.
    pub kind: String,
    /// Where it goes: a path or an address, for people.
    pub address: String,
    /// Why its file cannot be read, if so.
    pub problem: Option<String>,
}
