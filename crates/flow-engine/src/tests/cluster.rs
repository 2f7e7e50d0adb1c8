//! A cluster in miniature: servers that run one request of a flow, and die.

use super::places::PlacedStore;
use super::world::World;
use crate::{AlwaysOwner, Engine, EngineError, EngineParts, Observer, OpenFiles, request_settings};
use flow_model::{Component, ComponentId, Flow, FlowName, Link, PortRef, StartSettings};
use flow_store::{
    CheckpointStorage, ManualClock, MemoryStore, NewRequest, NewServer, NumberedLogEntry, Owner, ProjectName, Request,
    RequestId, RequestState, RequestStore, SavedPoint, ServerId, Store, VersionId,
};
use flow_store_sqlite::{SqliteOptions, SqliteStore};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A flow made from `name: Type {properties}` (`each/name` is in the body of `each`) and `from.outlet > to.inlet` (`out`
/// and `in` may be left out).
pub(super) fn flow(components: &[(&str, &str, Value)], links: &[&str]) -> Flow {
    let mut flow = Flow::default();
    for (name, kind, properties) in components {
        let (parent, name) = name.rsplit_once('/').map_or((None, *name), |(parent, name)| (Some(parent), name));
        let mut component = Component::new(kind, name);
        component.parent = parent.map(|parent| ComponentId::parse(parent).unwrap());
        component.properties =
            properties.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
        flow.components.insert(ComponentId::parse(name).unwrap(), component);
    }
    flow.links = links.iter().map(|link| parse_link(link)).collect();
    flow
}

fn parse_link(text: &str) -> Link {
    let (from, to) = text.split_once('>').unwrap();
    let port = |text: &str, usual: &str| {
        let (component, port) = text.trim().split_once('.').unwrap_or((text.trim(), usual));
        PortRef::new(&ComponentId::parse(component).unwrap(), port)
    };
    Link { from: port(from, "out"), to: port(to, "in") }
}

/// A store, a world, and one request of one flow.
pub(super) struct Cluster {
    pub(super) world: World,
    pub(super) store: Arc<PlacedStore>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) observer: Option<Arc<dyn Observer>>,
    speculates: bool,
    flow: Flow,
    /// Other flows of the project, by name.
    others: Vec<(FlowName, Flow)>,
    inputs: Value,
    folder: PathBuf,
    /// Removes the folder.
    _scratch: Option<TempDir>,
    /// Whether the database is an SQLite file in the folder, which each server opens for itself.
    on_disk: bool,
    storage: CheckpointStorage,
    servers: Mutex<usize>,
}

/// How an attempt went.
#[derive(Debug)]
pub(super) enum Went {
    Ended(Box<Request>),
    /// The server died.
    Died,
    Stopped(EngineError),
}

impl Cluster {
    /// Over the in-memory store.
    pub(super) fn new(flow: Flow) -> Self {
        let clock = Arc::new(ManualClock::default());
        let store = Arc::new(MemoryStore::with_clock(Arc::clone(&clock) as Arc<dyn flow_store::Clock>));
        let scratch = scratch();
        let folder = scratch.path().to_path_buf();
        Self { _scratch: Some(scratch), ..Self::over(store, clock, flow, folder, World::default()) }
    }

    /// Over an SQLite database.
    pub(super) fn on_sqlite(flow: Flow) -> Self {
        let scratch = scratch();
        let cluster = Self::in_folder(flow, scratch.path(), World::default());
        Self { _scratch: Some(scratch), ..cluster }
    }

    /// Over the SQLite database in a folder, which may be there already.
    pub(super) fn in_folder(flow: Flow, folder: &Path, world: World) -> Self {
        let clock = Arc::new(ManualClock::default());
        let store = open(folder, &clock);
        Self { on_disk: true, ..Self::over(store, clock, flow, folder.to_path_buf(), world) }
    }

    fn over(store: Arc<dyn Store>, clock: Arc<ManualClock>, flow: Flow, folder: PathBuf, world: World) -> Self {
        Self {
            storage: CheckpointStorage::open(&folder).unwrap(),
            folder,
            _scratch: None,
            on_disk: false,
            store: PlacedStore::new(store, world.clone()),
            world,
            clock,
            observer: None,
            speculates: true,
            flow,
            others: Vec::new(),
            inputs: json!({}),
            servers: Mutex::new(0),
        }
    }

    /// With so many servers already gone.
    pub(super) fn after(self, servers: usize) -> Self {
        *self.servers.lock() = servers;
        self
    }

    pub(super) fn with_inputs(mut self, inputs: Value) -> Self {
        self.inputs = inputs;
        self
    }

    pub(super) fn speculating(mut self, speculates: bool) -> Self {
        self.speculates = speculates;
        self
    }

    pub(super) fn with_flow(mut self, name: &str, flow: Flow) -> Self {
        self.others.push((FlowName::parse(name).unwrap(), flow));
        self
    }

    pub(super) fn storage(&self) -> &Path {
        &self.folder
    }

    /// A new server of the cluster, and its engine, which knows nothing of what others did.
    pub(super) async fn server(&self) -> Server<'_> {
        let number = {
            let mut servers = self.servers.lock();
            *servers += 1;
            *servers
        };
        let id = ServerId::parse(&format!("server-{number}")).unwrap();
        let new = NewServer {
            name: id.to_string(),
            id,
            address: String::new(),
            pid: 0,
            process_start: 0,
            lock_path: String::new(),
        };
        let owner = self.store.store.register(new).await.unwrap();
        let name = FlowName::parse("test").unwrap();
        let others = self.others.iter().map(|(name, flow)| (name.path(), flow.to_json().into()));
        let files = others.chain([(name.path(), self.flow.to_json().into())]).collect();
        let engine = Engine::new(EngineParts {
            palette: self.world.palette(),
            store: self.door(),
            storage: self.storage.clone(),
            projects: Arc::new(OpenFiles(Arc::new(files))),
            secrets: Arc::new(flow_components::NoSecrets),
            local_folder: self.folder.clone(),
            spool_folder: self.folder.clone(),
            server_name: format!("server-{number}"),
            observer: self.observer.clone(),
            speculates: self.speculates,
        });
        Server { cluster: self, owner, engine }
    }

    /// The way of a new server to the database.
    fn door(&self) -> Arc<dyn RequestStore> {
        if self.on_disk {
            return PlacedStore::new(open(&self.folder, &self.clock), self.world.clone());
        }
        Arc::clone(&self.store) as Arc<dyn RequestStore>
    }

    pub(super) async fn request(&self, id: RequestId) -> Request {
        self.store.get(id).await.unwrap()
    }

    pub(super) async fn saved(&self, id: RequestId) -> Vec<SavedPoint> {
        self.store.saved_points(id).await.unwrap()
    }

    pub(super) async fn log(&self, id: RequestId) -> Vec<NumberedLogEntry> {
        self.store.log(id, 0, usize::MAX).await.unwrap()
    }
}

/// A folder in memory where that can be had: nothing here tests what a disk keeps.
pub(super) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.unwrap()
}

fn open(folder: &Path, clock: &Arc<ManualClock>) -> Arc<SqliteStore> {
    let clock = Arc::clone(clock) as Arc<dyn flow_store::Clock>;
    let options = SqliteOptions { clock, log_bytes: 0, ..SqliteOptions::default() };
    SqliteStore::open_with(folder.join("cairn.db"), options).unwrap()
}

/// A server of the cluster.
pub(super) struct Server<'a> {
    cluster: &'a Cluster,
    pub(super) owner: Owner,
    pub(super) engine: Engine,
}

impl Server<'_> {
    /// Makes the request, owned and running.
    pub(super) async fn trigger(&self) -> Request {
        let settings = StartSettings::of(&self.cluster.flow).unwrap();
        let new = NewRequest {
            project: ProjectName::parse("test").unwrap(),
            version: VersionId::parse("one").unwrap(),
            flow: "test".to_owned(),
            trigger: "test".to_owned(),
            requested_by: "test".to_owned(),
            inputs: self.cluster.inputs.clone(),
            settings: request_settings(&settings),
            idempotency_key: None,
        };
        self.cluster.store.create_request(new, Some(self.owner.clone())).await.unwrap().request
    }

    /// Runs one attempt.
    pub(super) async fn attempt(&self, request: Request) -> Result<Request, EngineError> {
        self.engine.execute(request, Arc::new(AlwaysOwner), CancellationToken::new()).await
    }

    /// Runs one attempt, until its end or the server's.
    pub(super) async fn attempt_or_die(&self, request: Request) -> Went {
        tokio::select! {
            biased;
            () = self.cluster.world.strike() => Went::Died,
            ended = self.attempt(request) => match ended {
                Ok(request) => Went::Ended(Box::new(request)),
                Err(error) => Went::Stopped(error),
            },
        }
    }

    /// Lets the time pass until the request's next attempt is due, and claims it.
    pub(super) async fn claim_when_due(&self, request: &Request) -> Request {
        let now = self.cluster.store.now();
        let due = request.due.map_or(0, |due| due.0 - now.0).max(0);
        self.cluster.clock.advance_ms(due);
        self.cluster.store.claim(&self.owner, 1).await.unwrap().pop().expect("the request is claimable")
    }

    /// Takes over what `dead` leaves behind, and claims it.
    pub(super) async fn take_over(&self, dead: &Owner) -> Request {
        self.cluster.world.calm();
        let taken = self.cluster.store.store.take_over(&self.owner, dead).await.unwrap();
        let request = self.cluster.request(taken.requests[0]).await;
        self.claim_when_due(&request).await
    }

    /// Runs attempt after attempt until the request has ended, one way or another.
    pub(super) async fn run_to_end(&self, mut request: Request) -> Request {
        for _ in 0..50 {
            request = self.attempt(request).await.unwrap();
            if request.state.is_ended() {
                return request;
            }
            if request.state == RequestState::WaitingForRetry {
                self.cluster.world.retried();
            }
            request = self.claim_when_due(&request).await;
        }
        panic!("the request does not come to an end: {request:?}")
    }

    /// Triggers the request and runs it to its end.
    pub(super) async fn run(&self) -> Request {
        self.run_to_end(self.trigger().await).await
    }
}
