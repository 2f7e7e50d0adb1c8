//! A server in a temporary folder, and a project under git for it.

use flow_api::{Client, NewProject, NewRequests, Request, Role, Update};
use flow_cluster::{Identity, LeaseSettings, Membership};
use flow_server::{ServeError, ServerConfig, ServingAt, credentials, serve};
use flow_store::{NewAccount, NewToken, ServerId, Store};
use flow_store_sqlite::SqliteStore;
use flow_vcs::{Access, Author, Repository};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const PASSWORD: &str = "correct horse battery staple";

/// A cluster's checkpoint database and storage, in a folder that goes with it.
pub struct Cluster {
    pub folder: TempDir,
    pub store: Arc<dyn Store>,
    lock_folder: PathBuf,
}

pub struct TestServer {
    pub at: ServingAt,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Cluster {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("cairn.db")).unwrap();
        let lock_folder = store.lock_folder().to_owned();
        Self { folder, store, lock_folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn config(&self, name: &str) -> ServerConfig {
        let store = Arc::clone(&self.store);
        let mut config = ServerConfig::new(store, self.lock_folder.clone(), self.path("storage"), self.path(name));
        config.listen = "127.0.0.1:0".parse().unwrap();
        config.name = Some(name.to_owned());
        // Two cores that compile at the same time may be slow.
        config.lease = LeaseSettings { lease: Duration::from_secs(20), ..LeaseSettings::default() };
        config
    }

    pub async fn start(&self, name: &str) -> TestServer {
        TestServer::start(self.config(name)).await.unwrap()
    }

    /// A member of the cluster that serves nothing: dropping it is the death of a server.
    pub async fn join(&self, name: &str) -> Membership {
        let identity = Identity { id: ServerId::parse(name).unwrap(), name: name.to_owned(), address: String::new() };
        let lease = self.config(name).lease;
        Membership::join(Arc::clone(&self.store), &self.lock_folder, identity, lease).await.unwrap()
    }

    /// Makes an account of this role, if there is none, and a token for it.
    pub async fn token(&self, role: Role) -> String {
        let name = role.as_str().to_lowercase();
        self.account(&name, role).await;
        let (secret, hash) = credentials::new_token();
        self.store
            .create_token(NewToken { account: name, name: "test".to_owned(), hash, expires: None })
            .await
            .unwrap();
        secret
    }

    /// Makes an account with [`PASSWORD`], if there is none of that name.
    pub async fn account(&self, name: &str, role: Role) {
        if self.store.credentials(name).await.unwrap().is_none() {
            let password_hash = credentials::hash_password(PASSWORD).unwrap();
            let role = flow_store::Role::parse(role.as_str()).unwrap();
            self.store.create_account(NewAccount { name: name.to_owned(), role, password_hash }).await.unwrap();
        }
    }

    pub async fn client(&self, server: &TestServer, role: Role) -> Client {
        Client::new(&server.at.address, self.token(role).await).unwrap()
    }
}

/// What is logged on this thread, which runs the servers of a test too.
#[derive(Clone, Default)]
pub struct Logged(Arc<Mutex<Vec<u8>>>);

impl Logged {
    /// From now on, as long as the guard lives.
    pub fn begin() -> (Self, tracing::subscriber::DefaultGuard) {
        let logged = Self::default();
        let writer = logged.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        (logged, tracing::subscriber::set_default(subscriber))
    }

    /// How many lines have this in them.
    pub fn count(&self, what: &str) -> usize {
        String::from_utf8_lossy(&self.0.lock()).lines().filter(|line| line.contains(what)).count()
    }
}

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TestServer {
    pub async fn start(config: ServerConfig) -> Result<Self, ServeError> {
        let shutdown = CancellationToken::new();
        let (tell, told) = oneshot::channel();
        let serving = serve(config, shutdown.clone(), |at| tell.send(at.clone()).unwrap());
        let task = tokio::spawn(serving);
        match told.await {
            Ok(at) => Ok(Self { at, shutdown, task }),
            Err(_) => Err(task.await.unwrap().unwrap_err()),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.at.address)
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }
}

/// A project under git, with a bare repository as its remote.
pub struct TestProject {
    folder: PathBuf,
    remote: PathBuf,
}

impl TestProject {
    /// With the flows `short` (Start, Checkpoint, End; input `customer`) and `long` (the same around a Wait of an hour).
    pub fn new(cluster: &Cluster) -> Self {
        let (folder, remote) = (cluster.path("project"), cluster.path("project.git"));
        Repository::init_bare(&remote).unwrap();
        let repository = Repository::init(&folder).unwrap();
        repository.set_remote("origin", &remote.to_string_lossy()).unwrap();
        let project = Self { folder, remote };
        project.write("project.json", "{\"format\":1,\"name\":\"orders\"}\n");
        project.write("flows/short.flow.json", &flow("in good order", &[]));
        let wait = json!({"id": "wait-aaaaaa", "type": "Wait", "name": "An hour", "properties": {"Seconds": 3600}});
        project.write("flows/long.flow.json", &flow("takes long", &[wait]));
        project.push("Begin");
        project
    }

    pub fn remote(&self) -> &Path {
        &self.remote
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Commits all and pushes; gives the commit.
    pub fn push(&self, message: &str) -> String {
        let repository = Repository::open(&self.folder).unwrap();
        let paths: Vec<String> = repository.status().unwrap().changed.into_iter().map(|file| file.path).collect();
        let author = Author { name: "Anna".to_owned(), email: "anna@example.org".to_owned() };
        let commit = repository.commit(message, Some(&author), &paths).unwrap();
        repository.push(&Access::ambient()).unwrap();
        commit.id
    }

    /// One more commit; gives it.
    pub fn push_more(&self) -> String {
        self.write("more.txt", "more\n");
        self.push("More")
    }

    pub fn registration(&self, name: &str) -> NewProject {
        NewProject {
            name: name.to_owned(),
            repository: self.remote.to_string_lossy().into_owned(),
            branch: "main".to_owned(),
            folder: String::new(),
        }
    }

    /// Registers it as `orders` and brings the server to its newest commit.
    pub async fn install(&self, administrator: &Client) {
        administrator.add_project(&self.registration("orders")).await.unwrap();
        administrator.update("orders", &Update::default()).await.unwrap();
    }
}

/// A flow: Start, Checkpoint, the components `between` in a row, End.
pub fn flow(description: &str, between: &[Value]) -> String {
    let start = json!({"id": "start-aaaaaa", "type": "Start", "name": "Start", "properties": {
        "OtherServerRetry": true, "BeginCheckpoint": "Use", "RetryCount": 2, "RetryInterval": 0.5,
        "Inputs": [{"name": "customer", "type": "Text"}, {"name": "amount", "type": "Integer", "default": 1}]}});
    let checkpoint = json!({"id": "checkpoint-aaaaaa", "type": "Checkpoint", "name": "Received"});
    let end = json!({"id": "end-aaaaaa", "type": "End", "name": "End"});
    let mut components = vec![start, checkpoint];
    components.extend(between.iter().cloned());
    components.push(end);
    let port = |component: &Value, port: &str| format!("{}.{port}", component["id"].as_str().unwrap());
    let links: Vec<Value> =
        components.windows(2).map(|pair| json!({"from": port(&pair[0], "out"), "to": port(&pair[1], "in")})).collect();
    json!({"format": 1, "description": description, "components": components, "links": links}).to_string()
}

/// A wish for requests of a flow of `orders`, for the customer Anna.
pub fn wish(flow: &str) -> NewRequests {
    NewRequests {
        project: "orders".to_owned(),
        flow: flow.to_owned(),
        inputs: inputs(json!({"customer": "Anna"})),
        count: None,
        priority: None,
        trigger: None,
    }
}

pub fn inputs(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

pub async fn create_one(client: &Client, flow: &str) -> Request {
    client.create_requests(&wish(flow), None).await.unwrap().requests.remove(0)
}

/// Waits for a condition; fails when it has not come true after a time that no healthy machine needs.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "waited a minute until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
