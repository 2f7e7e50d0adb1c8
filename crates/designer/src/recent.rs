//! The projects that were open before, and what was open in them.

use crate::background::blocking;
use crate::project::{ProjectOpen, ProjectView, absolute};
use crate::samples::{SAMPLES, Sample, write_sample};
use crate::{Command, CommandError, Designer};
use flow_model::FlowName;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use ts_rs::TS;

/// The file with the projects that were open before.
const RECENT: &str = "recent-projects.json";
/// How many of them are remembered.
const REMEMBERED: usize = 12;

/// A project as it is remembered.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Remembered {
    name: String,
    path: String,
    #[serde(default)]
    tabs: FlowTabs,
}

/// A project that was open before.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct RecentProject {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub path: String,
    /// Whether its folder is not there (any more): removed, moved, or on a disk that is not mounted.
    pub missing: bool,
}

/// The flows that are open in a window.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct FlowTabs {
    /// The flows, in the order of their tabs.
    #[serde(default)]
    pub open: Vec<FlowName>,
    /// The one that is shown.
    #[serde(default)]
    pub active: Option<FlowName>,
}

/// The projects that were open before, the latest first.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectRecent {}

impl Command for ProjectRecent {
    const NAME: &'static str = "project_recent";
    type Output = Vec<RecentProject>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<RecentProject>, CommandError> {
        let recent = designer.remembered();
        // A folder may be on a disk that takes its time.
        blocking(move || {
            let shown = recent.into_iter().map(|Remembered { name, path, .. }| RecentProject {
                missing: !Path::new(&path).is_dir(),
                name,
                path,
            });
            Ok(shown.collect())
        })
        .await
    }
}

/// Takes a project off the list of those that were open before. Its files stay.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectForget {
    /// Its folder.
    pub path: String,
}

impl Command for ProjectForget {
    const NAME: &'static str = "project_forget";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        designer.config().change(RECENT, |recent: &mut Vec<Remembered>| {
            recent.retain(|known| known.path != self.path);
            Ok(())
        })
    }
}

/// The flows that were open in the open project when its window was there last.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectTabs {}

impl Command for ProjectTabs {
    const NAME: &'static str = "project_tabs";
    type Output = FlowTabs;

    async fn run(self, designer: Arc<Designer>) -> Result<FlowTabs, CommandError> {
        let path = designer.project()?.files().root().to_string_lossy().into_owned();
        Ok(designer
            .remembered()
            .into_iter()
            .find(|known| known.path == path)
            .map(|known| known.tabs)
            .unwrap_or_default())
    }
}

/// Remembers the flows that are open in the open project.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectRememberTabs {
    /// The flows.
    pub tabs: FlowTabs,
}

impl Command for ProjectRememberTabs {
    const NAME: &'static str = "project_remember_tabs";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        let path = designer.project()?.files().root().to_string_lossy().into_owned();
        if designer.remembered().iter().any(|known| known.path == path && known.tabs == self.tabs) {
            return Ok(());
        }
        designer.config().change(RECENT, |recent: &mut Vec<Remembered>| {
            if let Some(known) = recent.iter_mut().find(|known| known.path == path) {
                known.tabs = self.tabs;
            }
            Ok(())
        })
    }
}

/// The sample projects that come with Cairn.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectSamples {}

impl Command for ProjectSamples {
    const NAME: &'static str = "project_samples";
    type Output = Vec<Sample>;

    async fn run(self, _designer: Arc<Designer>) -> Result<Vec<Sample>, CommandError> {
        Ok(SAMPLES.to_vec())
    }
}

/// Makes a new project out of a sample, puts it under git and opens it. Errors: `project/exists`,
/// `sample/unknown`, `sample/cannot-write`.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectFromSample {
    /// The sample's name.
    pub sample: String,
    /// The folder, which must be new or empty.
    pub path: String,
}

impl Command for ProjectFromSample {
    const NAME: &'static str = "project_from_sample";
    type Output = ProjectView;

    async fn run(self, designer: Arc<Designer>) -> Result<ProjectView, CommandError> {
        let path = absolute(&self.path);
        let is_used = |path: &Path| path.read_dir().is_ok_and(|mut entries| entries.next().is_some());
        let (to, sample) = (path.clone(), self.sample);
        blocking(move || {
            if is_used(&to) {
                let message = format!("{} is not empty: choose a new folder", to.display());
                return Err(CommandError::new("project/exists", message));
            }
            write_sample(&sample, &to)?;
            if flow_vcs::Repository::open(&to).is_err() {
                flow_vcs::Repository::init(&to)?;
            }
            Ok(())
        })
        .await?;
        ProjectOpen { path: path.to_string_lossy().into_owned() }.run(designer).await
    }
}

impl Designer {
    /// Opens the project that a path is of: its folder, or a file within it. Where that is a flow, it will be the one
    /// that is shown. Errors: those of `project_open`.
    pub async fn open_path(self: &Arc<Self>, path: &Path) -> Result<(), CommandError> {
        let view = ProjectOpen { path: path.to_string_lossy().into_owned() }.run(Arc::clone(self)).await?;
        let Some(flow) = flow_at(path, Path::new(&view.path)) else { return Ok(()) };
        let FlowTabs { mut open, .. } = ProjectTabs {}.run(Arc::clone(self)).await?;
        if !open.contains(&flow) {
            open.push(flow.clone());
        }
        let tabs = FlowTabs { open, active: Some(flow) };
        ProjectRememberTabs { tabs }.run(Arc::clone(self)).await
    }

    /// Puts a project that was opened on top of the list.
    pub(crate) fn remember(&self, project: &ProjectView) {
        let remembered = self.config().change(RECENT, |recent: &mut Vec<Remembered>| {
            let tabs = recent.iter().find(|known| known.path == project.path).map(|known| known.tabs.clone());
            recent.retain(|known| known.path != project.path);
            let (name, path) = (project.name.clone(), project.path.clone());
            recent.insert(0, Remembered { name, path, tabs: tabs.unwrap_or_default() });
            recent.truncate(REMEMBERED);
            Ok(())
        });
        if let Err(error) = remembered {
            tracing::warn!(%error, "the project is not remembered");
        }
    }

    fn remembered(&self) -> Vec<Remembered> {
        self.config().read(RECENT)
    }
}

/// The flow whose file is at `path`, in the project at `root`.
fn flow_at(path: &Path, root: &Path) -> Option<FlowName> {
    let inside = path.canonicalize().ok()?;
    let inside = inside.strip_prefix(root.canonicalize().ok()?).ok()?.to_str()?;
    FlowName::parse(inside.strip_prefix("flows/")?.strip_suffix(".flow.json")?).ok()
}
