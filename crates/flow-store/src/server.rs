//! Servers, and the takeover of what a lost one leaves behind.

use crate::{Epoch, Figures, Owner, RequestId, ServerId, ServerVersion, StoreError, Timestamp};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ServerState {
    /// It works.
    Running,
    /// It finishes what it has and takes nothing new.
    Draining,
    /// It has stopped, or was lost.
    Terminated,
}

impl ServerState {
    /// Where a server stands that is in maintenance, or is not.
    #[must_use]
    pub fn during(self, maintenance: bool) -> Self {
        if maintenance && self == Self::Running { Self::Draining } else { self }
    }

    /// The state's name, as everywhere in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Draining => "Draining",
            Self::Terminated => "Terminated",
        }
    }
}

impl fmt::Display for ServerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a server says about itself when it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewServer {
    /// Its id, made at its first start.
    pub id: ServerId,
    /// Its name (its id until changed).
    pub name: String,
    /// Address of its HTTP API, such as `http://127.0.0.1:7450`.
    pub address: String,
    /// Its process.
    pub pid: u32,
    /// The kernel's start time of that process (clock ticks since boot), which tells it from a later process with the
    /// same pid; 0 if unknown.
    pub process_start: u64,
    /// The file whose lock it holds for the life of this epoch; empty if there is none.
    pub lock_path: String,
}

/// What a server says of itself from time to time while it lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerReport {
    /// Version of the program that it runs.
    pub version: String,
    /// Bytes of memory that it holds.
    pub resident_bytes: u64,
}

/// A server as the cluster knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Server {
    /// Its id.
    pub id: ServerId,
    /// Its name.
    pub name: String,
    /// Where it stands; `Draining` during maintenance.
    pub state: ServerState,
    /// Whether an operator has put it into maintenance, which lasts over its restarts.
    pub maintenance: bool,
    /// Address of its HTTP API.
    pub address: String,
    /// Its latest start.
    pub epoch: Epoch,
    /// Its process.
    pub pid: u32,
    /// Start time of that process; see [`NewServer::process_start`].
    pub process_start: u64,
    /// The file whose lock it holds.
    pub lock_path: String,
    /// When this epoch started.
    pub started: Timestamp,
    /// When it stopped or was found lost.
    pub terminated: Option<Timestamp>,
    /// The survivor that took its requests over, if it was lost.
    pub taken_over_by: Option<ServerId>,
    /// The project versions it has.
    pub versions: Vec<ServerVersion>,
    /// What it last said of itself since this epoch started.
    pub report: Option<ServerReport>,
}

impl Server {
    /// The server's current life.
    pub fn owner(&self) -> Owner {
        Owner { server: self.id.clone(), epoch: self.epoch }
    }
}

/// A server's life together with its name, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRef {
    /// The life.
    pub owner: Owner,
    /// The server's name.
    pub name: String,
}

/// Whether `owner` is a server's current life and not declared dead, given the server's latest epoch and state.
pub fn check_alive(known: Option<(Epoch, ServerState)>, owner: &Owner) -> Result<ServerState, StoreError> {
    match known {
        Some((epoch, state)) if epoch == owner.epoch && state != ServerState::Terminated => Ok(state),
        _ => Err(StoreError::StaleOwner { owner: owner.clone() }),
    }
}

/// Whether a server in this state may take over the requests of a lost one.
pub fn check_may_take_over(state: ServerState, survivor: &Owner) -> Result<(), StoreError> {
    if state == ServerState::Running {
        return Ok(());
    }
    Err(StoreError::Conflict(format!("server {survivor} is draining and takes nothing over; leave it to another one")))
}

/// What a takeover did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Takeover {
    /// The requests that belong to the survivor from now on.
    pub requests: Vec<RequestId>,
    /// Whether this call was the takeover; false if the dead server had been dealt with before.
    pub first: bool,
}

/// The servers of the cluster.
#[async_trait]
pub trait ServerStore: Send + Sync {
    /// Enters a starting server with the next epoch. What an earlier epoch of the same server left behind is recovered
    /// in the same transaction, by the rules of a takeover: whatever ran becomes `WaitingForRetry`, due at once, or
    /// `Error` if it may not be retried; whatever waited keeps its due time.
    async fn register(&self, server: NewServer) -> Result<Owner, StoreError>;

    /// All servers, by name.
    async fn servers(&self) -> Result<Vec<Server>, StoreError>;

    /// The takeover: one transaction in which the dead server becomes `Terminated` and `survivor` gets the requests
    /// that another server may go on with. Only the first call for a dead epoch does anything.
    ///
    /// Fails with `store/stale-owner` if the survivor was itself declared dead, `store/conflict` if it is draining.
    async fn take_over(&self, survivor: &Owner, dead: &Owner) -> Result<Takeover, StoreError>;

    /// Marks a living server as `Running` or `Draining`. `Terminated` is refused: see [`ServerStore::terminate`].
    async fn set_server_state(&self, owner: &Owner, state: ServerState) -> Result<(), StoreError>;

    /// Keeps what a living server says of itself, in the place of what it said before, and `figures` beside the samples
    /// of before. One small write, of which watchers need not be told.
    async fn report(&self, owner: &Owner, report: ServerReport, figures: Figures) -> Result<(), StoreError>;

    /// Changes a server's name.
    async fn rename_server(&self, id: &ServerId, name: &str) -> Result<(), StoreError>;

    /// Puts a server into maintenance or ends that. During maintenance it counts as `Draining`, under this epoch and later
    /// ones. Fails with `store/not-found`.
    async fn set_maintenance(&self, id: &ServerId, on: bool) -> Result<(), StoreError>;

    /// What waits at a living server and others may go on with becomes free for them, with the same due time.
    async fn hand_over(&self, owner: &Owner) -> Result<(), StoreError>;

    /// The server stops gracefully. Of the requests it still has, those that other servers may go on with become free
    /// for them with the same due time; the others wait for its next start.
    async fn terminate(&self, owner: &Owner) -> Result<(), StoreError>;

    /// Process id of whoever holds the lock that serialises the writes of several processes on this machine, or is the
    /// next to get it. A server that is stopped (SIGSTOP) at that moment blocks all others until somebody kills it.
    /// Never waits for that lock itself; always none where there is no such lock.
    fn write_lock_holder(&self) -> Option<i32> {
        None
    }
}
