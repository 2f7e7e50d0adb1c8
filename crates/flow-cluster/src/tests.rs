//! Servers of one cluster, with the in-memory store and, where it matters, real processes.

mod dispatch;
mod known_failures;
mod loss;
mod model;
mod schedule;
pub(crate) mod simulation;

use crate::process::ProcessIdentity;
use crate::{ClusterEvent, Identity, LeaseSettings, Membership};
use flow_store::{
    MemoryStore, NewRequest, NewServer, Owner, ProjectName, Request, RequestId, RequestSettings, ServerId, ServerState,
    Store, VersionId,
};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

/// Far longer than anything here takes: only a defect makes a test wait so long.
const DEFECT: Duration = Duration::from_secs(30);

/// A lease that no test outlives: a loss is noticed by the lock alone.
const LONG: LeaseSettings = LeaseSettings { heartbeat: Duration::from_millis(20), lease: Duration::from_secs(600) };

/// A lease that is over soon.
const SHORT: LeaseSettings = LeaseSettings { heartbeat: Duration::from_millis(50), lease: Duration::from_secs(1) };

struct Cluster {
    store: Arc<MemoryStore>,
    folder: TempDir,
}

impl Cluster {
    fn new() -> Self {
        Self { store: Arc::new(MemoryStore::new()), folder: tempfile::tempdir().unwrap() }
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<dyn Store>
    }

    async fn join(&self, name: &str, settings: LeaseSettings) -> Membership {
        let identity = Identity { id: id(name), name: name.to_owned(), address: "http://127.0.0.1:1".to_owned() };
        Membership::join(self.store(), self.folder.path(), identity, settings).await.unwrap()
    }

    /// A server in a process of its own, which holds its lock and never beats.
    async fn foreign(&self, name: &str) -> Foreign {
        let path = self.folder.path().join(format!("{name}.lock"));
        std::fs::write(&path, "heartbeat 00000000000000000001\n").unwrap();
        let process = hold_lock(&path);
        let server = NewServer {
            id: id(name),
            name: name.to_owned(),
            address: "http://127.0.0.1:2".to_owned(),
            pid: process.0.id(),
            process_start: ProcessIdentity::of(process.0.id()).unwrap().start,
            lock_path: path.to_string_lossy().into_owned(),
        };
        let owner = self.store().register(server).await.unwrap();
        Foreign { owner, process }
    }

    async fn request(&self, owner: Option<&Owner>, other_server_retry: bool) -> Request {
        let new = NewRequest {
            project: ProjectName::parse("orders").unwrap(),
            version: VersionId::parse("v1").unwrap(),
            flow: "import".to_owned(),
            trigger: "api".to_owned(),
            requested_by: "test".to_owned(),
            inputs: serde_json::json!({}),
            settings: RequestSettings { other_server_retry, ..RequestSettings::default() },
            idempotency_key: None,
        };
        self.store().create_request(new, owner.cloned()).await.unwrap().request
    }

    /// Waits until the request belongs to `owner`. No event can be missed here.
    async fn until_owned(&self, request: RequestId, owner: &Owner) {
        let owned = async {
            while self.store().get(request).await.unwrap().owner.as_ref() != Some(owner) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(DEFECT, owned).await.expect("nobody took the request over");
    }

    async fn state_of(&self, server: &ServerId) -> ServerState {
        self.store().servers().await.unwrap().into_iter().find(|one| one.id == *server).unwrap().state
    }
}

struct Foreign {
    owner: Owner,
    process: Killed,
}

/// A child process that is killed when the test ends, however it ends.
struct Killed(Child);

impl Killed {
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a process that holds the file's lock, and returns when it does.
fn hold_lock(path: &Path) -> Killed {
    let mut command = Command::new("flock");
    command.args(["--no-fork", "--exclusive"]).arg(path).args(["sh", "-c", "echo held; exec sleep 600"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    assert_eq!(line, "held\n");
    Killed(child)
}

fn id(name: &str) -> ServerId {
    ServerId::parse(name).unwrap()
}

fn lock_files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

async fn wait_for<T>(events: &mut Receiver<ClusterEvent>, wanted: impl Fn(&ClusterEvent) -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = wanted(&events.recv().await.unwrap()) {
                return found;
            }
        }
    };
    tokio::time::timeout(DEFECT, found).await.expect("the event never came")
}

async fn until_watched(membership: &Membership, peer: &Owner) {
    let watched = async {
        while !membership.watches(peer) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEFECT, watched).await.expect("the peer was never noticed");
}
