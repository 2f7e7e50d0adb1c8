//! The commands on the project.

use super::{OpenProject, ProjectView};
use crate::background::blocking;
use crate::{Command, CommandError, Designer, Event};
use flow_model::{Component, Flow, FlowName, Link, Position, START};
use flow_project::Project;
use flow_vcs::Repository;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;
use ts_rs::TS;

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
        let path = absolute(&self.path);
        let opening = designer.opening();
        let project = blocking(move || OpenProject::open(Project::open(path)?, &opening)).await?;
        designer.show_project(project)
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
        let (path, opening) = (absolute(&self.path), designer.opening());
        let project = blocking(move || {
            let folder_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let files = Project::create(&path, self.name.as_deref().unwrap_or(&folder_name))?;
            // A folder that is in a repository already stays in that one.
            if Repository::open(files.root()).is_err() {
                Repository::init(files.root())?;
            }
            OpenProject::open(files, &opening)
        })
        .await?;
        designer.show_project(project)
    }
}

/// Closes the project. Errors: `project/unsaved`.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectClose {}

impl Command for ProjectClose {
    const NAME: &'static str = "project_close";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        if let Some(project) = designer.current_project() {
            project.check_saved()?;
            designer.replace_project(None);
            designer.tell_project();
        }
        Ok(())
    }
}

/// The open project, or null: what a window asks when it starts.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectCurrent {}

impl Command for ProjectCurrent {
    const NAME: &'static str = "project_current";
    type Output = Option<ProjectView>;

    async fn run(self, designer: Arc<Designer>) -> Result<Option<ProjectView>, CommandError> {
        designer.current_project().map(|project| project.view()).transpose()
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
        let project = designer.project()?;
        project.files().create_flow(&self.flow, &new_flow())?;
        designer.changed_files(&project)
    }
}

/// Renames a flow's file. Errors: `project/flow-exists`, `project/no-such-flow`, `flow/unsaved` when it is open
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
        let project = designer.project()?;
        project.close_flow(&self.flow, false)?;
        project.files().rename_flow(&self.flow, &self.to)?;
        designer.changed_files(&project)
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
        let project = designer.project()?;
        project.files().delete_flow(&self.flow)?;
        project.close_flow(&self.flow, true)?;
        designer.changed_files(&project)
    }
}

impl Designer {
    /// Puts `project` in place of the open one, and tells the windows.
    pub(crate) fn show_project(self: &Arc<Self>, project: OpenProject) -> Result<ProjectView, CommandError> {
        if let Some(open) = self.current_project() {
            open.check_saved()?;
        }
        let project = Arc::new(project);
        // Without a watch the project can be worked on all the same; saving still notices what changed.
        if let Err(error) = self.watch(&project) {
            tracing::warn!(%error, "changes by other programs will be noticed late");
        }
        let view = project.view()?;
        self.remember(&view);
        self.replace_project(Some(project));
        self.emit(Event::ProjectChanged { project: Some(view.clone()) });
        Ok(view)
    }

    /// After a change of the project's files: tells the windows.
    pub(crate) fn changed_files(&self, project: &OpenProject) -> Result<ProjectView, CommandError> {
        let view = project.view()?;
        self.emit(Event::ProjectChanged { project: Some(view.clone()) });
        self.emit(Event::VcsChanged);
        Ok(view)
    }

    /// Drops all unsaved changes.
    pub(crate) fn discard_unsaved(&self) {
        if let Some(project) = self.current_project() {
            project.discard_unsaved();
        }
    }
}

/// A path as the user types it: `~` is the home folder.
pub(crate) fn absolute(path: &str) -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    match (path.strip_prefix("~/"), home) {
        (Some(below), Some(home)) => home.join(below),
        _ => PathBuf::from(path),
    }
}

/// What a new flow holds: a start and an end.
fn new_flow() -> Flow {
    let mut flow = Flow::default();
    let start = crate::flow::new_id(START, &flow);
    flow.components.insert(start.clone(), Component::new(START, "Start"));
    let end = crate::flow::new_id("End", &flow);
    flow.components.insert(end.clone(), Component::new("End", "End"));
    flow.links.insert(Link::between(&start, &end));
    flow.layout.insert(start, Position { x: 80.0, y: 160.0 });
    flow.layout.insert(end, Position { x: 480.0, y: 160.0 });
    flow
}
