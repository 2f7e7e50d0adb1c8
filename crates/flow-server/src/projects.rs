//! The project versions that this server has, and the flows in them.

use crate::connections;
use crate::problem::{Refusal, Reply};
use bytes::Bytes;
use flow_api::{FlowEntry, codes};
use flow_components::Palette;
use flow_engine::request_settings;
use flow_model::{Flow, FlowName, Severity, StartSettings, check_structure, connections_of};
use flow_store::{
    Limit, Limited, ProjectName, ProjectVersion, RequestSettings, ServerId, ServerVersion, Store, StoreError, VersionId,
};
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
    /// What can be limited in it: its flows, and its connections.
    limited: Vec<Limit>,
}

struct OpenedFlow {
    flow: Result<Flow, String>,
    /// Why it cannot run.
    problem: Option<String>,
    /// What its requests use, with the limits that the project sets.
    limits: Vec<Limit>,
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

    /// The newest version of a project: the one that the cluster last updated to, whether this server has it or not.
    pub async fn newest(&self, project: &ProjectName) -> Reply<VersionId> {
        match self.store.project(project).await?.active {
            Some(active) => Ok(active.version),
            None => self.for_new_requests(project).await,
        }
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
        let read = move || Arc::new(OpenVersion::read(project, version, &files, &palette));
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
    fn read(project: ProjectName, version: VersionId, files: &BTreeMap<String, Bytes>, palette: &Palette) -> Self {
        let mut flows = read_flows(files, palette);
        let connections = connection_limits(files);
        set_limits(&mut flows, &connections, palette);
        let of_flows = flows.values().filter_map(|opened| opened.limits.first().cloned());
        let limited = of_flows.chain(connections.into_values()).collect();
        Self { project, version, flows, limited }
    }

    /// What can be limited in it, with the limits that it sets itself.
    pub fn limited(&self) -> &[Limit] {
        &self.limited
    }

    /// What a request of a flow keeps of the settings of its start, and of what it uses.
    pub fn settings_of(&self, name: &FlowName, start: &StartSettings) -> RequestSettings {
        let limits = self.flows.get(name).map(|opened| opened.limits.clone()).unwrap_or_default();
        RequestSettings { limits, ..request_settings(start) }
    }

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
    OpenedFlow { flow, problem, limits: Vec::new() }
}

/// The connections by name, each with its limit. One that cannot be read has none.
fn connection_limits(files: &BTreeMap<String, Bytes>) -> BTreeMap<String, Limit> {
    let named = files.iter().filter_map(|(path, content)| {
        let name = connections::name_of(path)?;
        let most = connections::read(name, content).ok().and_then(|connection| connection.limit());
        let most = most.unwrap_or(Limit::NONE);
        Some((name.to_owned(), Limit { of: Limited::Connection(name.to_owned()), most }))
    });
    named.collect()
}

/// Notes what the requests of each flow use: the flow first, then its connections.
fn set_limits(flows: &mut BTreeMap<FlowName, OpenedFlow>, connections: &BTreeMap<String, Limit>, palette: &Palette) {
    let documents: BTreeMap<FlowName, Flow> =
        flows.iter().filter_map(|(name, opened)| Some((name.clone(), opened.flow.as_ref().ok()?.clone()))).collect();
    for (name, opened) in flows {
        let Some(flow) = documents.get(name) else { continue };
        let most = StartSettings::of(flow).and_then(|start| start.concurrency_limit).unwrap_or(Limit::NONE);
        let used = connections_of(flow, palette, &documents);
        let used = used.iter().filter_map(|connection| connections.get(connection).cloned());
        opened.limits = [Limit { of: Limited::Flow(name.to_string()), most }].into_iter().chain(used).collect();
    }
}
