use crate::log_files::LogFiles;
use flow_api::SettingSource;
use flow_cluster::LeaseSettings;
use flow_store::{StoragePlace, Store};
use ipnet::IpNet;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The port that a server listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 7401;

/// What a server needs to know to start.
#[derive(Clone)]
pub struct ServerConfig {
    /// Where the API and the console are served. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where others reach it: `https://cairn.example.org`. If absent, what it listens on, or an address of this machine
    /// where it listens on all of them.
    pub address: Option<String>,
    /// The server's name. If absent, the one it had at its last start; its id at the first.
    pub name: Option<String>,
    /// The checkpoint database, shared by all servers of the cluster.
    pub store: Arc<dyn Store>,
    /// Where all servers of this machine have their lock files; next to the checkpoint database.
    pub lock_folder: PathBuf,
    /// The file with the key that the secrets of connections are encrypted with, the same for all servers of the cluster.
    /// It is made at the first start, and belongs into every backup: without it the secrets are lost.
    pub key_file: PathBuf,
    /// The checkpoint storage, the same for all servers of the cluster.
    pub storage: StoragePlace,
    /// The server's own folder: its id and its working copies. No two servers may share it.
    pub state: PathBuf,
    /// Where streams and plans that take much memory put files: a folder on a real disk. If absent, one in `state`.
    pub spool: Option<PathBuf>,
    /// How soon a silent server is taken for dead.
    pub lease: LeaseSettings,
    /// How many attempts this server runs at once.
    pub concurrency: usize,
    /// Whether what is behind a checkpoint may start before that is durable. What changes the world never does.
    pub speculation: bool,
    /// Whether to refuse to start while this machine's clock is far from the database's, or behind what is written there.
    pub clock_check: bool,
    /// Whether to make a first administrator when there is no account at all.
    pub first_administrator: bool,
    /// The certificate and key to serve TLS with; plain HTTP if absent.
    pub tls: Option<TlsFiles>,
    /// The proxies whose word about who calls is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether anybody may read the metrics.
    pub metrics_public: bool,
    /// How long callers may take.
    pub patience: Patience,
    /// The files that the process logs to, once it is known where they are.
    pub log: Option<LogFiles>,
    /// What was said about this server, and where, for those who look at its settings.
    pub given: Vec<Given>,
}

/// The files of a certificate, in PEM form. They are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by those it was signed with.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// How long callers may take before their connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the head of a call; also how long a connection may rest between two calls.
    pub head: Duration,
    /// For the body of a call.
    pub body: Duration,
    /// For taking a part of the answer.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        // Clients let go of a connection that rests for 90 s, as a rule; whoever closes it must not be us by a hair.
        let seconds = Duration::from_secs;
        Self { head: seconds(75), body: seconds(30), answer: seconds(60) }
    }
}

/// Something that was said about a server when it was started.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The key of the setting: `server.listen`.
    pub key: &'static str,
    /// The value, without secrets.
    pub value: Value,
    /// Where it was said.
    pub source: SettingSource,
}

impl ServerConfig {
    /// A server on loopback with default settings.
    pub fn new(store: Arc<dyn Store>, lock_folder: PathBuf, storage: impl Into<StoragePlace>, state: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)),
            address: None,
            name: None,
            store,
            key_file: lock_folder.with_extension("key"),
            lock_folder,
            storage: storage.into(),
            state,
            spool: None,
            lease: LeaseSettings::default(),
            concurrency: 64,
            speculation: true,
            clock_check: true,
            first_administrator: false,
            tls: None,
            trusted_proxies: Vec::new(),
            metrics_public: false,
            patience: Patience::default(),
            log: None,
            given: Vec::new(),
        }
    }
}
