//! What can go wrong with membership.

use flow_store::StoreError;
use std::io;
use std::path::PathBuf;

/// Why a server cannot join its cluster, or not leave it in good order.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The lock file could not be made.
    #[error("the lock file “{}” cannot be made: {source}. Every server needs to write in the folder next to the checkpoint database", path.display())]
    LockFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The operating system refused something that every process needs.
    #[error("the operating system refused a thread or a look at /proc: {source}")]
    Process {
        /// Why.
        source: io::Error,
    },
    /// The checkpoint database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ClusterError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::LockFile { .. } => "cluster/lock-file",
            Self::Process { .. } => "cluster/process",
            Self::Store(error) => error.code(),
        }
    }

    pub(crate) fn process(source: io::Error) -> Self {
        Self::Process { source }
    }
}
