//! The open project: its flows, its connections, its place on disk.

use crate::{Command, CommandError, Designer};
use flow_model::FlowName;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
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
    /// Whether the folder is under git. Without it there is no version control and no Push update.
    pub versioned: bool,
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

/// A project that was open before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RecentProject {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub path: String,
}

/// Opens the project in a folder and closes the one that was open. Errors: `project/not-found`, `project/not-a-project`,
/// `project/unsaved` when flows of the open project have changes that are not saved.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectOpen {
    /// The folder, or any folder or file within the project.
    pub path: String,
}

impl Command for ProjectOpen {
    const NAME: &'static str = "project_open";
    type Output = ProjectView;

    async fn run(self, designer: Arc<Designer>) -> Result<ProjectView, CommandError> {
        todo!()
    }
}

/// Makes a new project in a folder, puts it under git and opens it. Errors: `project/exists`.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectCreate {
    /// The folder, which must be new or empty.
    pub path: String,
    /// The project's name; the folder's when left out.
    #[serde(default)]
    #[ts(optional)]
    pub name: Option<String>,
}

impl Command for ProjectCreate {
    const NAME: &'static str = "project_create";
    type Output = ProjectView;

    async fn run(self, designer: Arc<Designer>) -> Result<ProjectView, CommandError> {
        todo!()
    }
}

/// Closes the project. Errors: `project/unsaved`.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectClose {}

impl Command for ProjectClose {
    const NAME: &'static str = "project_close";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        todo!()
    }
}

/// The open project, or null: what a window asks when it starts.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectCurrent {}

impl Command for ProjectCurrent {
    const NAME: &'static str = "project_current";
    type Output = Option<ProjectView>;

    async fn run(self, designer: Arc<Designer>) -> Result<Option<ProjectView>, CommandError> {
        todo!()
    }
}

/// The projects that were open before, the latest first.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectRecent {}

impl Command for ProjectRecent {
    const NAME: &'static str = "project_recent";
    type Output = Vec<RecentProject>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<RecentProject>, CommandError> {
        todo!()
    }
}

/// Makes a new flow, with a Start and an End component, and saves it. Errors: `project/flow-exists`.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectCreateFlow {
    /// Its name.
    pub flow: FlowName,
}

impl Command for ProjectCreateFlow {
    const NAME: &'static str = "project_create_flow";
    type Output = ProjectView;

    async fn run(self, designer: Arc<Designer>) -> Result<ProjectView, CommandError> {
        todo!()
    }
}

/// Renames a flow's file. Errors: `project/flow-exists`, `project/no-such-flow`, `project/unsaved` when it is open
/// with changes that are not saved.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectRenameFlow {
    /// The flow.
    pub flow: FlowName,
    /// Its new name.
    pub to: FlowName,
}

impl Command for ProjectRenameFlow {
    const NAME: &'static str = "project_rename_flow";
    type Output = ProjectView;

    async fn run(self, designer: Arc<Designer>) -> Result<ProjectView, CommandError> {
        todo!()
    }
}

/// Deletes a flow's file and closes the flow. Git still has what was committed.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectDeleteFlow {
    /// The flow.
    pub flow: FlowName,
}

impl Command for ProjectDeleteFlow {
    const NAME: &'static str = "project_delete_flow";
    type Output = ProjectView;

    async fn run(self, designer: Arc<Designer>) -> Result<ProjectView, CommandError> {
        todo!()
    }
}
