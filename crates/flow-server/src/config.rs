use flow_cluster::LeaseSettings;
use flow_store::Store;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

/// The port that a server listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 7401;

/// What a server needs to know to start.
#[derive(Clone)]
pub struct ServerConfig {
    /// Where the API and the console are served. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The server's name. If absent, the one it had at its last start; its id at the first.
    pub name: Option<String>,
    /// The checkpoint database, shared by all servers of the cluster.
    pub store: Arc<dyn Store>,
    /// Where all servers of this machine have their lock files; next to the checkpoint database.
    pub lock_folder: PathBuf,
    /// The file with the key that the secrets of connections are encrypted with, the same for all servers of the cluster.
    /// It is made at the first start, and belongs into every backup: without it the secrets are lost.
    pub key_file: PathBuf,
    /// The checkpoint storage: a folder shared by all servers of the cluster.
    pub storage: PathBuf,
    /// The server's own folder: its id and its working copies. No two servers may share it.
    pub state: PathBuf,
    /// How soon a silent server is taken for dead.
    pub lease: LeaseSettings,
    /// How many attempts this server runs at once.
    pub concurrency: usize,
}

impl ServerConfig {
    /// A server on loopback with default settings.
    pub fn new(store: Arc<dyn Store>, lock_folder: PathBuf, storage: PathBuf, state: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)),
            name: None,
            store,
            key_file: lock_folder.with_extension("key"),
            lock_folder,
            storage,
            state,
            lease: LeaseSettings::default(),
            concurrency: 64,
        }
    }
}
