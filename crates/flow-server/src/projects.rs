//! The project versions that this server has, and the flows in them.

use crate::problem::{Refusal, Reply};
use bytes::Bytes;
use flow_api::{FlowEntry, codes};
use flow_components::Palette;
use flow_model::{Flow, FlowName, Severity, StartSettings, check_structure};
use flow_store::{ProjectName, ProjectVersion, ServerId, ServerVersion, Store, StoreError, VersionId};
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// How many versions are kept open. Requests of older ones are read again from the checkpoint database.
const OPEN: usize = 16;

/// The project versions of this server.
pub struct Projects {
    store: Arc<dyn Store>,
    palette: Arc<Palette>,
    server: ServerId,
    here: RwLock<BTreeMap<ProjectName, ServerVersion>>,
    open: Mutex<VecDeque<Arc<OpenVersion>>>,
}

/// One version of a project with its flows, read once.
pub struct OpenVersion {
    project: ProjectName,
    version: VersionId,
    flows: BTreeMap<FlowName, OpenedFlow>,
}

struct OpenedFlow {
    flow: Result<Flow, String>,
    /// Why it cannot run.
    problem: Option<String>,
}

impl Projects {
    /// Begins with the versions that the checkpoint database says this server has.
    pub fn new(store: Arc<dyn Store>, palette: Arc<Palette>, server: ServerId, versions: Vec<ServerVersion>) -> Self {
        let here = versions.into_iter().map(|version| (version.project.clone(), version)).collect();
        Self { store, palette, server, here: RwLock::new(here), open: Mutex::default() }
    }

    /// The version of a project that this server has.
    pub fn here(&self, project: &ProjectName) -> Option<ServerVersion> {
        self.here.read().get(project).cloned()
    }

    /// The version that a new request of a project is pinned to: the one that this server has; on a server that has
    /// none yet, the one that the cluster last updated to, whose files are in the checkpoint database.
    pub async fn for_new_requests(&self, project: &ProjectName) -> Reply<VersionId> {
        if let Some(here) = self.here(project) {
            return Ok(here.version);
        }
        let active = self.store.project(project).await?.active;
        let missing = || {
            let detail =
                format!("no server has a version of the project “{project}” yet: run Update on this server first");
            Refusal::new(codes::PROJECT_NO_VERSION, detail)
        };
        Ok(active.ok_or_else(missing)?.version)
    }

    /// Notes that this server has a version now, here and in the checkpoint database, and makes it the one that the
    /// cluster goes by.
    pub async fn set(&self, project: &ProjectName, version: ProjectVersion) -> Result<(), StoreError> {
        self.store.set_server_version(&self.server, project, &version).await?;
        self.store.set_active(project, &version).await?;
        let ProjectVersion { version, commit } = version;
        let updated = self.store.now();
        let here = ServerVersion { server: self.server.clone(), project: project.clone(), version, commit, updated };
        self.here.write().insert(project.clone(), here);
        Ok(())
    }

    /// A version with its flows.
    pub async fn open(&self, project: &ProjectName, version: &VersionId) -> Reply<Arc<OpenVersion>> {
        let same = |open: &&Arc<OpenVersion>| open.project == *project && open.version == *version;
        let known = self.open.lock().iter().find(same).cloned();
        if let Some(open) = known {
            return Ok(open);
        }
        let files = self.store.version_files(project, version).await?;
        let palette = Arc::clone(&self.palette);
        let (project, version) = (project.clone(), version.clone());
        let read = move || Arc::new(OpenVersion { flows: read_flows(&files, &palette), project, version });
        let opened = tokio::task::spawn_blocking(read).await.map_err(|error| Refusal::internal(&error))?;
        let mut open = self.open.lock();
        open.truncate(OPEN - 1);
        open.push_front(Arc::clone(&opened));
        Ok(opened)
    }
}

/// Whether these are the files of a project.
pub fn has_project(files: &[(String, Bytes)]) -> bool {
    files.iter().any(|(path, _)| path == "project.json")
}

impl OpenVersion {
    /// Its flows, by name, the bad ones among them.
    pub fn entries(&self) -> Vec<FlowEntry> {
        self.flows.iter().map(|(name, opened)| opened.entry(name)).collect()
    }

    /// A flow, whether it can run or not.
    pub fn flow(&self, name: &FlowName) -> Reply<Flow> {
        self.find(name)?.flow.clone().map_err(|problem| broken(name, &problem))
    }

    /// The start component's settings of a flow that can run.
    pub fn start_of(&self, name: &FlowName) -> Reply<StartSettings> {
        let opened = self.find(name)?;
        if let Some(problem) = &opened.problem {
            return Err(broken(name, problem));
        }
        let start = opened.flow.as_ref().ok().and_then(StartSettings::of);
        start.ok_or_else(|| broken(name, "it has no start component"))
    }

    fn find(&self, name: &FlowName) -> Reply<&OpenedFlow> {
        let missing = || {
            let detail = format!("the project “{}” has no flow “{name}” at version {}", self.project, self.version);
            Refusal::new(codes::FLOW_NOT_FOUND, detail)
        };
        self.flows.get(name).ok_or_else(missing)
    }
}

impl OpenedFlow {
    fn entry(&self, name: &FlowName) -> FlowEntry {
        let flow = self.flow.as_ref().ok();
        FlowEntry {
            name: name.to_string(),
            description: flow.map(|flow| flow.description.clone()).unwrap_or_default(),
            problem: self.problem.clone(),
            inputs: flow.and_then(StartSettings::of).map(|start| start.inputs).unwrap_or_default(),
        }
    }
}

fn broken(name: &FlowName, problem: &str) -> Refusal {
    let detail =
        format!("the flow “{name}” cannot run: {problem}. Mend it in the designer, commit, and push the update");
    Refusal::new(codes::FLOW_BROKEN, detail)
}

fn read_flows(files: &BTreeMap<String, Bytes>, palette: &Palette) -> BTreeMap<FlowName, OpenedFlow> {
    let flows = files.iter().filter_map(|(path, content)| Some((FlowName::from_path(path)?, content)));
    flows.map(|(name, content)| (name, read_flow(content, palette))).collect()
}

fn read_flow(content: &[u8], palette: &Palette) -> OpenedFlow {
    let text = std::str::from_utf8(content).map_err(|_| "its file is not UTF-8 text".to_owned());
    let flow = text.and_then(|text| Flow::from_json(text).map_err(|error| error.to_string()));
    let problem = match &flow {
        Ok(flow) => {
            let mut found = check_structure(flow, palette).into_iter();
            found.find(|diagnostic| diagnostic.severity == Severity::Error).map(|diagnostic| diagnostic.message)
        }
        Err(problem) => Some(problem.clone()),
    };
    OpenedFlow { flow, problem }
}
