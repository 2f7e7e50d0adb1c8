//! What can go wrong with membership.

use flow_store::{ServerId, StoreError};
use std::io;

/// Why a server cannot join its cluster, or not leave it in good order.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The lock by which the others see this server live could not be taken.
    #[error("{source}")]
    Lock {
        /// Why, and the way out.
        source: io::Error,
    },
    /// Another process runs under this server's id: its state folder is a copy.
    #[error(
        "process {pid} runs as the server {id} already: this server's state folder is a copy of that one's. Start this \
         one with a state folder of its own, or remove the file server-id from it"
    )]
    IdInUse {
        /// The id of both.
        id: ServerId,
        /// The process that was there first.
        pid: u32,
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
            Self::Lock { .. } => "cluster/lock-file",
            Self::IdInUse { .. } => "cluster/id-in-use",
            Self::Process { .. } => "cluster/process",
            Self::Store(error) => error.code(),
        }
    }

    pub(crate) fn process(source: io::Error) -> Self {
        Self::Process { source }
    }
}
