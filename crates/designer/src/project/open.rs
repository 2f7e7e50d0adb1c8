//! The open project: its folder, its open flows, and the watch over what other programs change.

use super::{CalendarSummary, ConnectionSummary, FlowFiles, FlowSummary, ProjectView, SavedFlows, TriggerSummary};
use crate::config_folder::ConfigFolder;
use crate::flow::Session;
use crate::project::services::DesignServices;
use crate::secrets::{LocalSecrets, SecretStore};
use crate::{CommandError, Designer, Event};
use bytes::Bytes;
use flow_components::Palette;
use flow_model::{Connection, Flow, FlowName, Trigger, TriggerSurroundings, check_triggers};
use flow_project::{Change, OpenFlow, Project, ProjectChange};
use flow_vcs::Repository;
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

type Sessions = BTreeMap<FlowName, Arc<Mutex<Session>>>;

/// The open project.
pub(crate) struct OpenProject {
    files: Project,
    /// Where the crash journals are.
    state_folder: PathBuf,
    /// What `storage:` stands for while flows run here.
    storage: PathBuf,
    /// Where flows that run here put what does not fit into memory.
    spool: PathBuf,
    sessions: Mutex<Sessions>,
    connections: RwLock<Arc<BTreeMap<String, Connection>>>,
    flows: Arc<SavedFlows>,
    flow_files: FlowFiles,
    secrets: LocalSecrets,
    design_services: Arc<DesignServices>,
    closed: CancellationToken,
}

/// What a project needs of the designer to be opened.
#[derive(Clone)]
pub(crate) struct Opening {
    pub(crate) config: ConfigFolder,
    pub(crate) secrets: SecretStore,
}

impl OpenProject {
    pub(crate) fn open(files: Project, designer: &Opening) -> Result<Self, CommandError> {
        let Opening { config, secrets } = designer;
        let secrets = secrets.of_project(files.root());
        let storage = local_storage(&config.path(""), files.root());
        Ok(Self {
            connections: RwLock::new(Arc::new(files.good_connections()?)),
            flows: Arc::new(SavedFlows::new(files.clone())),
            flow_files: FlowFiles::new(files.clone()),
            design_services: DesignServices::new(files.clone(), storage.clone(), secrets.clone()),
            secrets,
            state_folder: config.path("journal"),
            storage,
            spool: local_spool(&config.path("")),
            files,
            sessions: Mutex::default(),
            closed: CancellationToken::new(),
        })
    }

    /// The folder on disk.
    pub(crate) fn files(&self) -> &Project {
        &self.files
    }

    pub(crate) fn state_folder(&self) -> &Path {
        &self.state_folder
    }

    /// Where flows that run here put what does not fit into memory.
    pub(crate) fn spool(&self) -> &Path {
        &self.spool
    }

    /// The folder that `storage:` stands for while flows run here.
    pub(crate) fn storage(&self) -> &Path {
        &self.storage
    }

    /// The connections that can be read, by name.
    pub(crate) fn connections(&self) -> Arc<BTreeMap<String, Connection>> {
        Arc::clone(&self.connections.read())
    }

    /// Its flows as they are saved.
    pub(crate) fn saved_flows(&self) -> &Arc<SavedFlows> {
        &self.flows
    }

    /// The secrets of its connections on this machine.
    pub(crate) fn local_secrets(&self) -> LocalSecrets {
        self.secrets.clone()
    }

    /// What the slower checks may look at.
    pub(crate) fn design_services(&self) -> Arc<DesignServices> {
        Arc::clone(&self.design_services)
    }

    /// The git repository that the project is in.
    pub(crate) fn repository(&self) -> Result<Repository, CommandError> {
        Ok(Repository::open(self.files.root())?)
    }

    /// The project for the project tree.
    pub(crate) fn view(&self) -> Result<ProjectView, CommandError> {
        let sessions = self.sessions.lock().clone();
        let summary = |(name, problem): (FlowName, Option<String>)| FlowSummary {
            dirty: sessions.get(&name).is_some_and(|session| session.lock().is_dirty()),
            recovered: !sessions.contains_key(&name) && self.files.has_unsaved_edits(&name, &self.state_folder),
            problem,
            name,
        };
        let mut flows: Vec<FlowSummary> = self.flow_files.problems()?.into_iter().map(summary).collect();
        // A flow whose file is gone stays as long as it is open with changes.
        let lost = sessions.iter().filter(|(name, _)| !flows.iter().any(|flow| flow.name == **name));
        let lost: Vec<FlowSummary> = lost
            .filter(|(_, session)| session.lock().is_dirty())
            .map(|(name, _)| FlowSummary {
                name: name.clone(),
                problem: Some("Its file is gone. What is open here is kept: saving writes the file anew.".to_owned()),
                dirty: true,
                recovered: false,
            })
            .collect();
        flows.extend(lost);
        // By name; the files' order puts `orders-old` before `orders`.
        flows.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(ProjectView {
            name: self.files.name().to_owned(),
            path: self.files.root().to_string_lossy().into_owned(),
            flows,
            connections: self.files.connections()?.into_iter().map(ConnectionSummary::of).collect(),
            triggers: self.trigger_summaries()?,
            calendars: self.files.calendars()?.into_iter().map(CalendarSummary::of).collect(),
            versioned: self.repository().is_ok(),
            read_only: self.files.read_only(),
        })
    }

    fn trigger_summaries(&self) -> Result<Vec<TriggerSummary>, CommandError> {
        let entries = self.files.triggers()?;
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let all: Vec<Trigger> = entries.iter().filter_map(|entry| entry.trigger.clone().ok()).collect();
        let flows = self.flows_now();
        let names = self.files.flow_names()?;
        let connections = self.connections();
        let calendars = self.files.good_calendars()?;
        let around =
            TriggerSurroundings { flows: &flows, names: &names, connections: &connections, calendars: &calendars };
        let problems = check_triggers(&all, around);
        let summary = |entry: flow_project::TriggerEntry| {
            let found = problems.iter().find(|(name, error)| *name == entry.name && !error.is_warning());
            match entry.trigger {
                Ok(Trigger { name, kind, flow, .. }) => {
                    TriggerSummary { name, kind, flow, problem: found.map(|(_, error)| error.to_string()) }
                }
                Err(problem) => TriggerSummary {
                    name: entry.name,
                    kind: String::new(),
                    flow: String::new(),
                    problem: Some(problem.message),
                },
            }
        };
        Ok(entries.into_iter().map(summary).collect())
    }

    /// The sessions of all flows that are open.
    pub(crate) fn open_flows(&self) -> BTreeMap<FlowName, Arc<Mutex<Session>>> {
        self.sessions.lock().clone()
    }

    /// All flows of the project as they are in the designer: those that are open as they are there, saved or not, the
    /// others as they are saved. Blocks.
    pub(crate) fn flows_now(&self) -> BTreeMap<FlowName, Flow> {
        let mut flows = BTreeMap::clone(&self.flows.now());
        for (name, session) in self.open_flows() {
            flows.insert(name, session.lock().flow().clone());
        }
        flows
    }

    /// All files of the project as they are in the designer: with the open flows as they are there, saved or not. Blocks.
    pub(crate) fn files_now(&self) -> Result<BTreeMap<String, Bytes>, CommandError> {
        let saved = self.files.files()?.into_iter();
        let mut files: BTreeMap<String, Bytes> = saved.map(|(path, content)| (path, content.into())).collect();
        for (name, session) in self.open_flows() {
            let session = session.lock();
            if session.is_dirty() {
                files.insert(name.path(), session.flow().to_json().into());
            }
        }
        Ok(files)
    }

    /// The session of a flow that is open.
    pub(crate) fn session(&self, flow: &FlowName) -> Result<Arc<Mutex<Session>>, CommandError> {
        self.sessions
            .lock()
            .get(flow)
            .cloned()
            .ok_or_else(|| CommandError::new("flow/not-open", format!("the flow “{flow}” is not open: open it first")))
    }

    /// Opens a flow, and says whether it was not open before.
    pub(crate) fn open_flow(
        &self,
        flow: &FlowName,
        palette: &Arc<Palette>,
    ) -> Result<(Arc<Mutex<Session>>, bool), CommandError> {
        let mut sessions = self.sessions.lock();
        if let Some(session) = sessions.get(flow) {
            return Ok((Arc::clone(session), false));
        }
        let open = OpenFlow::open(&self.files, flow, Some(&self.state_folder))?;
        let session = Arc::new(Mutex::new(Session::new(open, Arc::clone(palette), Arc::clone(&self.flows))));
        sessions.insert(flow.clone(), Arc::clone(&session));
        Ok((session, true))
    }

    /// Closes a flow. What is not saved is dropped, or keeps it open.
    pub(crate) fn close_flow(&self, flow: &FlowName, discard: bool) -> Result<(), CommandError> {
        let mut sessions = self.sessions.lock();
        let Some(session) = sessions.get(flow).cloned() else { return Ok(()) };
        let mut session = session.lock();
        if session.is_dirty() && !discard {
            let message = format!("“{flow}” has changes that are not saved: save it, or drop them");
            return Err(CommandError::new("flow/unsaved", message));
        }
        session.discard();
        sessions.remove(flow);
        Ok(())
    }

    /// The open flows with unsaved changes.
    pub(crate) fn unsaved(&self) -> Vec<FlowName> {
        let sessions = self.sessions.lock();
        sessions.iter().filter(|(_, session)| session.lock().is_dirty()).map(|(flow, _)| flow.clone()).collect()
    }

    /// The open flows with unsaved changes, as they are now.
    pub(crate) fn unsaved_documents(&self) -> Vec<(FlowName, Flow)> {
        let sessions = self.sessions.lock().clone();
        let unsaved = sessions.into_iter().filter_map(|(flow, session)| {
            let session = session.lock();
            session.is_dirty().then(|| (flow, session.flow().clone()))
        });
        unsaved.collect()
    }

    /// Refuses what would lose unsaved changes.
    pub(crate) fn check_saved(&self) -> Result<(), CommandError> {
        let unsaved = self.unsaved();
        if unsaved.is_empty() {
            return Ok(());
        }
        let names = unsaved.iter().map(|flow| format!("“{flow}”")).collect::<Vec<_>>().join(", ");
        Err(CommandError::new("project/unsaved", format!("{names}: save the changes first, or drop them")))
    }

    /// Drops all unsaved changes.
    pub(crate) fn discard_unsaved(&self) {
        for (_, session) in std::mem::take(&mut *self.sessions.lock()) {
            session.lock().discard();
        }
    }

    /// Ends the watch. Open flows end with the last command that works on them.
    pub(crate) fn close(&self) {
        self.closed.cancel();
    }
}

impl Designer {
    /// Follows what other programs change in `project`, until it is closed.
    pub(crate) fn watch(self: &Arc<Self>, project: &Arc<OpenProject>) -> Result<(), CommandError> {
        let mut watch = project.files.watch()?;
        // Held weakly: a watch must not keep alive what nobody uses any more.
        let (designer, project) = (Arc::downgrade(self), Arc::downgrade(project));
        let answered = project.upgrade().map(|project| project.design_services.answered()).unwrap_or_default();
        let closed = project.upgrade().map(|project| project.closed.clone()).unwrap_or_default();
        tokio::spawn(async move {
            loop {
                let change = tokio::select! {
                    () = closed.cancelled() => return,
                    change = watch.next() => change,
                    // A database has told the fields of a query.
                    () = answered.notified() => Some(ProjectChange { files: BTreeMap::new() }),
                };
                let (Some(change), Some(designer), Some(project)) = (change, designer.upgrade(), project.upgrade())
                else {
                    return;
                };
                if change.files.is_empty() {
                    designer.check_all(&project);
                } else {
                    designer.follow(&project, &change);
                }
            }
        });
        Ok(())
    }

    /// Has every open flow checked anew.
    fn check_all(self: &Arc<Self>, project: &OpenProject) {
        let sessions: Vec<_> = project.sessions.lock().values().cloned().collect();
        for session in sessions {
            self.check(&session);
        }
    }

    /// Takes in what other programs changed.
    fn follow(self: &Arc<Self>, project: &Arc<OpenProject>, change: &ProjectChange) {
        match project.files.good_connections() {
            Ok(connections) => *project.connections.write() = Arc::new(connections),
            Err(error) => tracing::warn!(%error, "the connections cannot be read"),
        }
        let sessions = project.sessions.lock().clone();
        for (flow, session) in sessions {
            if change.files.contains_key(&flow.path())
                && let Err(error) = self.take_in_outside(project, &session)
            {
                tracing::info!(%flow, %error, "what another program wrote is not taken in");
            }
            // Data files and connections count for the slower checks of every flow.
            self.check(&session);
        }
        self.tell_project();
        self.emit(Event::VcsChanged);
    }

    /// Takes in at once what was changed behind the open flows, without waiting for the watch.
    pub(crate) fn follow_now(self: &Arc<Self>, project: &Arc<OpenProject>) {
        let flows: Vec<FlowName> = project.sessions.lock().keys().cloned().collect();
        let mut files = BTreeMap::new();
        for flow in flows {
            match project.files.stamp(&flow) {
                Ok(Some(stamp)) => files.insert(flow.path(), Change::Written(stamp)),
                Ok(None) => files.insert(flow.path(), Change::Removed),
                Err(error) => {
                    tracing::warn!(%flow, %error, "the flow's file cannot be read");
                    None
                }
            };
        }
        self.follow(project, &ProjectChange { files });
    }

    /// Tells the windows how the project is now.
    pub(crate) fn tell_project(&self) {
        let Some(project) = self.current_project() else {
            return self.emit(Event::ProjectChanged { project: None });
        };
        match project.view() {
            Ok(view) => self.emit(Event::ProjectChanged { project: Some(view) }),
            Err(error) => tracing::warn!(%error, "the project cannot be read"),
        }
    }
}

/// The folder that `storage:` stands for when flows of the project at `root` run on this machine, for a designer whose
/// settings are in `config`: `cairn run` uses the same.
pub fn local_storage(config: &Path, root: &Path) -> PathBuf {
    let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stamp = flow_project::Stamp::of(root.as_os_str().as_encoded_bytes());
    let stamp =
        serde_json::to_value(&stamp).ok().and_then(|stamp| stamp.as_str().map(str::to_owned)).unwrap_or_default();
    config.join("local-storage").join(format!("{name}-{}", stamp.get(..8).unwrap_or_default()))
}

/// Where flows that run on this machine put what does not fit into memory, for a designer whose settings are in `config`:
/// on a disk, which the folder for temporary files often is not.
pub fn local_spool(config: &Path) -> PathBuf {
    config.join("spool")
}

impl ConnectionSummary {
    fn of(entry: flow_project::ConnectionEntry) -> Self {
        match entry.connection {
            Ok(connection) => {
                Self { address: connection.address(), name: entry.name, kind: connection.kind, problem: None }
            }
            Err(problem) => {
                Self { name: entry.name, kind: String::new(), address: String::new(), problem: Some(problem.message) }
            }
        }
    }
}

impl CalendarSummary {
    fn of(entry: flow_project::CalendarEntry) -> Self {
        let (days, problem) = match entry.calendar {
            Ok(calendar) => (calendar.days.len(), None),
            Err(problem) => (0, Some(problem.message)),
        };
        Self { name: entry.name, days, problem }
    }
}
