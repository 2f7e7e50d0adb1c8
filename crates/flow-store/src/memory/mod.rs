//! The reference store: everything in memory, under one lock. It defines what the other stores must do, and serves
//! local runs, which need no database.

mod accounts;
mod audit;
mod cluster;
mod faults;
mod projects;
mod queue;
mod requests;
mod retention;
mod samples;
mod secrets;
mod servers;
mod settings;
mod triggers;

use crate::transition::{AttemptChange, Change};
use crate::{
    Account, AttemptRecord, AttemptWrite, AuditRecord, Clock, Epoch, Liveness, LogEntry, NewServer, Owner, Project,
    ProjectName, Request, RequestId, RequestState, Sample, SavedPoint, SealedSecret, ServerId, ServerRef, ServerReport,
    ServerState, ServerVersion, Session, Setting, Store, StoreError, SystemClock, TakeoverRecord, Timestamp, Token,
    VersionId, VersionRecord, check_alive,
};
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use tokio::sync::watch;

pub use faults::{Faults, HeldLine, Line};

/// A store in this process's memory; see the module.
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
    changes: watch::Sender<u64>,
    /// Those who see the same memory over lines: told of changes one after the other, in the same order each time.
    others: Arc<Mutex<Vec<watch::Sender<u64>>>>,
    cluster_id: String,
    faults: Arc<Faults>,
    line: Option<Arc<dyn Line>>,
}

#[derive(Default)]
struct State {
    requests: BTreeMap<RequestId, RequestRecord>,
    last_request: i64,
    idempotency_keys: HashMap<(ProjectName, String), RequestId>,
    /// When something was last claimed from each lane.
    served: BTreeMap<queue::LaneKey, Timestamp>,
    servers: BTreeMap<ServerId, ServerRecord>,
    samples: Vec<Sample>,
    takeovers: Vec<TakeoverRecord>,
    projects: BTreeMap<ProjectName, Project>,
    versions: BTreeMap<(ProjectName, VersionId), VersionFiles>,
    server_versions: BTreeMap<(ProjectName, ServerId), ServerVersion>,
    secrets: BTreeMap<(ProjectName, String), BTreeMap<String, SealedSecret>>,
    accounts: BTreeMap<String, AccountRecord>,
    tokens: Vec<(String, Token)>,
    sessions: HashMap<String, Session>,
    /// Changes of accounts, tokens and ended sessions.
    account_changes: u64,
    triggers: triggers::Triggers,
    audit: Vec<AuditRecord>,
    settings: BTreeMap<String, Setting>,
    storage_id: Option<String>,
    storage_markers: BTreeMap<ServerId, String>,
    /// Whose turn it is at what, and until when.
    turns: HashMap<String, (String, Timestamp)>,
    /// The last request that has lost its log and saved points, in the order of their ends, by state.
    details_until: HashMap<RequestState, (Timestamp, RequestId)>,
}

struct RequestRecord {
    request: Request,
    saved: Vec<SavedPoint>,
    /// How many saved points there were after each write.
    writes: Vec<usize>,
    log: Vec<LogEntry>,
    attempts: Vec<AttemptRecord>,
}

struct ServerRecord {
    given: NewServer,
    epoch: Epoch,
    state: ServerState,
    maintenance: bool,
    started: Timestamp,
    terminated: Option<Timestamp>,
    taken_over_by: Option<ServerId>,
    report: Option<ServerReport>,
}

struct VersionFiles {
    record: VersionRecord,
    order: u64,
    files: Arc<BTreeMap<String, Bytes>>,
}

struct AccountRecord {
    account: Account,
    password_hash: String,
    one_time: bool,
    filters: BTreeMap<String, String>,
    secrets: BTreeMap<String, SealedSecret>,
}

impl MemoryStore {
    /// An empty store that goes by this machine's clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// An empty store that goes by `clock`.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self {
            state: Arc::default(),
            clock,
            changes: watch::Sender::new(0),
            others: Arc::default(),
            cluster_id: format!("memory-{:016x}", RandomState::new().hash_one(0)),
            faults: Arc::default(),
            line: None,
        }
    }

    /// The same store as somebody sees it who is at the other end of `line`.
    pub fn over(&self, line: Arc<dyn Line>) -> Self {
        let changes = watch::Sender::new(0);
        self.others.lock().push(changes.clone());
        Self {
            state: Arc::clone(&self.state),
            clock: Arc::clone(&self.clock),
            changes,
            others: Arc::clone(&self.others),
            cluster_id: self.cluster_id.clone(),
            faults: Arc::clone(&self.faults),
            line: Some(line),
        }
    }

    /// What is wrong with this store, for tests.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What is asked goes to the store.
    async fn there(&self) -> Result<(), StoreError> {
        match &self.line {
            Some(line) => line.there().await,
            None => Ok(()),
        }
    }

    /// Its answer comes back.
    async fn back<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Some(line) = &self.line {
            line.back().await?;
        }
        answer
    }

    /// Looks at the state.
    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock())
    }

    /// Changes the state. `change` must leave it as it was when it fails.
    fn change<T>(&self, change: impl FnOnce(&mut State, Timestamp) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.faults.check()?;
        let done = change(&mut self.state.lock(), self.clock.now())?;
        if self.line.is_none() {
            self.changes.send_modify(|number| *number += 1);
        }
        self.others.lock().iter().for_each(|other| other.send_modify(|number| *number += 1));
        Ok(done)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for MemoryStore {
    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn liveness(&self) -> Option<Arc<dyn Liveness>> {
        self.line.as_ref().and_then(|line| line.liveness())
    }
}

impl State {
    fn record(&self, id: RequestId) -> Result<&RequestRecord, StoreError> {
        self.requests.get(&id).ok_or_else(|| StoreError::no_request(id))
    }

    fn record_mut(&mut self, id: RequestId) -> Result<&mut RequestRecord, StoreError> {
        self.requests.get_mut(&id).ok_or_else(|| StoreError::no_request(id))
    }

    /// Adds what an attempt saved and logged.
    fn add(&mut self, id: RequestId, write: AttemptWrite) -> Result<(), StoreError> {
        let record = self.record_mut(id)?;
        if let Some(attempt) = record.attempts.last_mut() {
            let began = || AttemptRecord::first_component_in(&write.log);
            attempt.first_component_at = attempt.first_component_at.or_else(began);
        }
        if !write.saved.is_empty() {
            record.saved.extend(write.saved);
            record.writes.push(record.saved.len());
        }
        record.log.extend(write.log);
        Ok(())
    }

    /// Enters what a transition says.
    fn apply(&mut self, change: Change) {
        let Change { request, attempt, log } = change;
        let now = request.updated;
        let record = self.requests.entry(request.id).or_insert_with(|| RequestRecord {
            request: request.clone(),
            saved: Vec::new(),
            writes: Vec::new(),
            log: Vec::new(),
            attempts: Vec::new(),
        });
        match attempt {
            AttemptChange::None => {}
            AttemptChange::Started => record.attempts.extend(
                request.owner.clone().map(|owner| AttemptRecord::started(request.attempt, owner, String::new(), now)),
            ),
            AttemptChange::Ended(end, error) => {
                if let Some(last) = record.attempts.last_mut() {
                    last.ended = Some(now);
                    last.end = Some(end);
                    last.error = error;
                }
            }
        }
        record.log.extend(log);
        record.request = request;
    }

    /// Applies `transition` to every request.
    fn apply_to_all(&mut self, transition: impl Fn(Request) -> Option<Change>) -> Vec<Request> {
        let changes: Vec<Change> =
            self.requests.values().filter_map(|record| transition(record.request.clone())).collect();
        let changed = changes.iter().map(|change| change.request.clone()).collect();
        changes.into_iter().for_each(|change| self.apply(change));
        changed
    }

    fn check_alive(&self, owner: &Owner) -> Result<ServerState, StoreError> {
        let known = self.servers.get(&owner.server);
        check_alive(known.map(|server| (server.epoch, server.state.during(server.maintenance))), owner)
    }

    fn server_name(&self, id: &ServerId) -> String {
        self.servers.get(id).map_or_else(|| id.to_string(), |server| server.given.name.clone())
    }

    fn server_ref(&self, owner: &Owner) -> ServerRef {
        ServerRef { owner: owner.clone(), name: self.server_name(&owner.server) }
    }

    /// The server that a request belongs to, if that lives.
    fn living_owner(&self, request: &Request) -> Option<ServerRef> {
        let owner = request.owner.as_ref().filter(|owner| self.check_alive(owner).is_ok())?;
        Some(self.server_ref(owner))
    }

    fn owner_name(&self, request: &Request) -> String {
        request.owner.as_ref().map_or_else(String::new, |owner| self.server_name(&owner.server))
    }
}
