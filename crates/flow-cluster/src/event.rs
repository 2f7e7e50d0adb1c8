//! What happens in a cluster, as one of its servers sees it.

use flow_store::{Owner, RequestId};

/// Something happened to a server of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterEvent {
    /// A server is seen for the first time in this epoch.
    PeerJoined {
        /// The server and its epoch.
        peer: Owner,
    },
    /// A server left in good order, or others dealt with its death.
    PeerLeft {
        /// The server and its epoch.
        peer: Owner,
    },
    /// A server died; some survivor took its requests over.
    PeerDied {
        /// The server and its epoch.
        peer: Owner,
    },
    /// This server was the earliest survivor and took a dead server's requests over.
    TakenOver {
        /// The dead server and its epoch.
        peer: Owner,
        /// The requests that are now this server's.
        requests: Vec<RequestId>,
    },
    /// Others declared this very server dead. Its epoch is over.
    DeclaredDead,
}
