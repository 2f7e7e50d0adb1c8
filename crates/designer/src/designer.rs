//! The designer as a whole: what its commands work on.

use crate::cluster::Clusters;
use crate::command::Registry;
use crate::config_folder::ConfigFolder;
use crate::flow::Checks;
use crate::host::{Host, NoHost};
use crate::project::{OpenProject, Opening};
use crate::run::Runs;
use crate::secrets::SecretStore;
use crate::tour::Tour;
use crate::vcs::{Clones, GitHosts};
use crate::{CommandError, Event};
use flow_components::Palette;
use flow_model::FlowName;
use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::broadcast;

/// How many events a slow window may lag behind before it misses some. It then asks for everything anew.
const EVENT_BACKLOG: usize = 1024;

/// What a designer needs to start.
pub struct DesignerOptions {
    /// The folder of the designer's own settings: recent projects, clusters, the crash journal.
    pub config: PathBuf,
    /// The host that carries calls and events.
    pub host: Arc<dyn Host>,
    /// Whether tokens and secrets go into the system's keyring where there is one. Tests say no.
    pub use_keyring: bool,
}

impl DesignerOptions {
    /// The options for a program without a user interface, with settings in `config` and no use of the keyring.
    pub fn without_host(config: impl Into<PathBuf>) -> Self {
        Self { config: config.into(), host: Arc::new(NoHost), use_keyring: false }
    }
}

/// The designer: an open project, its open flows, local runs, clusters. One for each window of a project; cheap to
/// share.
pub struct Designer {
    palette: Arc<Palette>,
    host: Arc<dyn Host>,
    config: ConfigFolder,
    secrets: SecretStore,
    project: RwLock<Option<Arc<OpenProject>>>,
    pub(crate) checks: Checks,
    pub(crate) runs: Runs,
    pub(crate) clusters: Clusters,
    pub(crate) tour: Tour,
    pub(crate) clones: Clones,
    /// What the window was asked to show and has not taken yet: its page may not have been there to hear of it.
    asked: Mutex<Vec<String>>,
    events: broadcast::Sender<Event>,
}

impl Designer {
    /// A designer without an open project.
    pub fn new(options: DesignerOptions) -> Arc<Self> {
        let config = ConfigFolder::new(options.config);
        Arc::new(Self {
            palette: Palette::standard(),
            host: options.host,
            clusters: Clusters::new(config.clone(), options.use_keyring, "designer"),
            secrets: SecretStore::over(config.clone(), options.use_keyring),
            config,
            project: RwLock::new(None),
            checks: Checks::default(),
            runs: Runs::default(),
            tour: Tour::default(),
            clones: Clones::default(),
            asked: Mutex::default(),
            events: broadcast::channel(EVENT_BACKLOG).0,
        })
    }

    /// Runs the command `name` on `input` and gives its output, both as JSON: what a host carries.
    pub async fn call(self: &Arc<Self>, name: &str, input: Value) -> Result<Value, CommandError> {
        Registry::all().call(Arc::clone(self), name, input).await
    }

    /// The events from now on. A receiver that lags too far behind misses some; its window then starts over.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Sends an event to every window. Nobody listening is no error.
    pub fn emit(&self, event: Event) {
        let _ = self.events.send(event);
    }

    /// Asks the window to show a project, or a flow: a file was opened with Cairn, or Cairn was started once more. Nothing is
    /// lost while no page listens yet.
    pub fn ask_to_open(&self, path: String) {
        self.asked.lock().push(path);
        self.emit(Event::OpenAsked);
    }

    /// What the window was asked to show since this was asked last.
    pub(crate) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock())
    }

    /// What sends events, for those who have no designer at hand.
    pub(crate) fn event_sender(&self) -> broadcast::Sender<Event> {
        self.events.clone()
    }

    /// The flows with unsaved changes: what to ask about before the last window closes.
    pub fn unsaved(&self) -> Vec<FlowName> {
        self.current_project().map(|project| project.unsaved()).unwrap_or_default()
    }

    /// The name of the open project, if one is open.
    pub fn project_name(&self) -> Option<String> {
        self.current_project().map(|project| project.files().name().to_owned())
    }

    /// The component types that flows may use.
    pub(crate) fn palette(&self) -> &Arc<Palette> {
        &self.palette
    }

    pub(crate) fn host(&self) -> &dyn Host {
        &*self.host
    }

    pub(crate) fn config(&self) -> &ConfigFolder {
        &self.config
    }

    /// What a project needs to be opened.
    pub(crate) fn opening(&self) -> Opening {
        Opening { config: self.config.clone(), secrets: self.secrets.clone() }
    }

    /// The credentials of git hosts.
    pub(crate) fn git_hosts(&self) -> GitHosts {
        GitHosts::new(self.config.clone(), self.secrets.clone())
    }

    /// The open project, if one is open.
    pub(crate) fn current_project(&self) -> Option<Arc<OpenProject>> {
        self.project.read().clone()
    }

    /// The open project.
    pub(crate) fn project(&self) -> Result<Arc<OpenProject>, CommandError> {
        self.current_project()
            .ok_or_else(|| CommandError::new("project/none-open", "no project is open: open one first"))
    }

    /// Puts another project in place of the open one, whose watch ends.
    pub(crate) fn replace_project(&self, project: Option<Arc<OpenProject>>) {
        let before = std::mem::replace(&mut *self.project.write(), project);
        if let Some(before) = before {
            before.close();
        }
        self.runs.stop_all();
    }
}
