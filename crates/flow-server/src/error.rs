use crate::credentials::CredentialError;
use flow_cluster::ClusterError;
use flow_store::{SameStorageError, StorageError, StoreError};
use flow_trace::TraceError;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a server cannot start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another process listens there.
    #[error("{listen} is in use by another process: choose another port with --listen, or stop what listens there")]
    PortInUse {
        /// Where it was to listen.
        listen: SocketAddr,
    },
    /// The operating system does not let it listen there.
    #[error("the server cannot listen at {listen} ({source}): choose another address with --listen")]
    Listen {
        /// Where it was to listen.
        listen: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The state folder cannot be used.
    #[error("the state folder {} cannot be used ({source}): make it writable, or choose another with --state", path.display())]
    StateFolder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Another server runs with the same state folder, and so with the same id.
    #[error("another server runs with the state folder {}: each server needs its own, choose one with --state", path.display())]
    StateInUse {
        /// The folder.
        path: PathBuf,
    },
    /// The file with the cluster's key cannot be used.
    #[error("the cluster's key in {} cannot be used: {source}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("TLS cannot be served with {} ({why}): give a certificate with --tls-cert and its key with --tls-key", path.display())]
    Tls {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// Traces cannot be sent.
    #[error(transparent)]
    Traces(#[from] TraceError),
    /// The checkpoint storage is not that of this cluster.
    #[error(transparent)]
    SameStorage(#[from] SameStorageError),
    /// This machine's clock is far from the database's, or behind what is in there.
    #[error("{0}. With --clock-check off the server starts all the same")]
    Clock(String),
    /// The first administrator cannot be made.
    #[error("the first administrator cannot be made: {0}")]
    FirstAdministrator(#[from] CredentialError),
    /// The checkpoint storage cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The checkpoint database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server cannot join its cluster.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The engine cannot be set up.
    #[error("the engine cannot be set up: {0}")]
    Engine(String),
    /// The HTTP server stopped by itself.
    #[error("the HTTP server stopped: {0}")]
    Http(std::io::Error),
}

impl ServeError {
    /// The stable code.
    pub fn code(&self) -> &str {
        match self {
            Self::PortInUse { .. } => "serve/port-in-use",
            Self::Listen { .. } => "serve/listen",
            Self::StateFolder { .. } => "serve/state-folder",
            Self::StateInUse { .. } => "serve/state-in-use",
            Self::KeyFile { .. } => "serve/key-file",
            Self::Tls { .. } => "serve/tls",
            Self::Traces(error) => error.code(),
            Self::SameStorage(error) => error.code(),
            Self::Clock(_) => "serve/clock",
            Self::FirstAdministrator(error) => error.code(),
            Self::Storage(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Cluster(error) => error.code(),
            Self::Engine(_) => "serve/engine",
            Self::Http(_) => "serve/http",
        }
    }

    /// The error of listening at `listen`.
    pub(crate) fn listen(listen: SocketAddr, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::AddrInUse {
            return Self::PortInUse { listen };
        }
        Self::Listen { listen, source }
    }
}
