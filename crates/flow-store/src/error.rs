//! What can go wrong with a store.

use crate::transition::TransitionError;
use crate::{Fence, Owner, RequestId};
use std::path::PathBuf;

/// An error of a store. [`StoreError::code`] is stable; the text names the place and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The attempt that wrote is no longer the current one of its request. Nothing was changed; stop quietly.
    #[error("request {request} no longer belongs to the attempt with fence {fence}")]
    StaleFence {
        /// The request.
        request: RequestId,
        /// The fence that the write carried.
        fence: Fence,
    },
    /// The server that asked was declared dead, or has started anew since.
    #[error("server {owner} was declared dead or has started anew; restart it to let it join again")]
    StaleOwner {
        /// Who asked.
        owner: Owner,
    },
    /// An earlier write of the same attempt failed.
    #[error(
        "an earlier write of the attempt with fence {fence} of request {request} failed, so it can only end as failed"
    )]
    AttemptBroken {
        /// The request.
        request: RequestId,
        /// The attempt's fence.
        fence: Fence,
    },
    /// The request's state does not allow it.
    #[error("{0}")]
    WrongState(String),
    /// There is no such thing.
    #[error("there is no {what} “{name}”")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Which one.
        name: String,
    },
    /// It would contradict what is there.
    #[error("{0}")]
    Conflict(String),
    /// The database could not do it now; nothing was changed.
    #[error("the checkpoint database is not available: {0}")]
    Unavailable(String),
    /// The disk is full; nothing was changed.
    #[error("the disk of the checkpoint database is full ({0}): make room, the server goes on by itself")]
    Full(String),
    /// The database was made by a newer release, and does not serve this one.
    #[error(
        "the checkpoint database has schema {found}, which serves no release that knows schemas only up to {supported}: use a newer release"
    )]
    NewerSchema {
        /// The schema of the database.
        found: i64,
        /// The newest schema that this release knows.
        supported: i64,
    },
    /// SQLite on a network file system would lose data.
    #[error(
        "the checkpoint database {path} is on a network file system ({kind}), where SQLite can lose data: \
         put it on a local disk, or use a Postgres database for servers on several machines"
    )]
    NetworkFilesystem {
        /// The database file.
        path: PathBuf,
        /// The kind of file system.
        kind: String,
    },
    /// The place to copy to is not empty.
    #[error("{0}: copy into an empty database, nothing is ever overwritten")]
    NotEmpty(String),
    /// The database holds a part of a copy.
    #[error(
        "the checkpoint database is being copied into from {from}, and that is not complete: let `cairn store copy` end, \
         or run it again, which goes on where it stopped"
    )]
    CopyIncomplete {
        /// What is copied.
        from: String,
    },
    /// The cluster has moved to another database.
    #[error(
        "the cluster of this checkpoint database was moved to {to}: give its servers that connection. If the move is to be \
         taken back, and what happened there since is to be given up, run `cairn store reopen` on this database"
    )]
    Moved {
        /// Where it is now.
        to: String,
    },
    /// What was copied is not what is there.
    #[error(
        "the copy differs from its source in the table {table} ({source_rows} rows in the source, {target_rows} in the \
         copy): the source was changed since the copy began. Empty the target and copy again while no server runs"
    )]
    CopyDiffers {
        /// In which table.
        table: String,
        /// How many rows the source has.
        source_rows: u64,
        /// How many rows the copy has.
        target_rows: u64,
    },
    /// What is stored cannot be understood.
    #[error("the checkpoint database holds something that this release does not understand: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::StaleFence { .. } => "store/stale-fence",
            Self::StaleOwner { .. } => "store/stale-owner",
            Self::AttemptBroken { .. } => "store/attempt-broken",
            Self::WrongState(_) => "store/wrong-state",
            Self::NotFound { .. } => "store/not-found",
            Self::Conflict(_) => "store/conflict",
            Self::Unavailable(_) => "store/unavailable",
            Self::Full(_) => "store/full",
            Self::NewerSchema { .. } => "store/newer-schema",
            Self::NetworkFilesystem { .. } => "store/network-filesystem",
            Self::NotEmpty(_) => "store/not-empty",
            Self::CopyIncomplete { .. } => "store/copy-incomplete",
            Self::Moved { .. } => "store/moved",
            Self::CopyDiffers { .. } => "store/copy-differs",
            Self::Corrupt(_) => "store/corrupt",
        }
    }

    /// Whether the caller has lost the request (or its own place in the cluster) and must stop quietly.
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::StaleFence { .. } | Self::StaleOwner { .. })
    }

    /// Whether the attempt that wrote is no longer the current one of its request.
    pub fn is_stale_fence(&self) -> bool {
        matches!(self, Self::StaleFence { .. })
    }

    /// [`StoreError::Unavailable`] with a reason.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable(reason.into())
    }

    /// [`StoreError::NotFound`] for a request.
    pub fn no_request(id: RequestId) -> Self {
        Self::NotFound { what: "request", name: id.to_string() }
    }

    /// [`StoreError::NotFound`] for a saved point of a request.
    pub fn no_saved_point(id: RequestId) -> Self {
        Self::NotFound { what: "saved point", name: format!("of request {id}") }
    }
}

impl From<TransitionError> for StoreError {
    fn from(error: TransitionError) -> Self {
        match error {
            TransitionError::StaleFence { request, fence } => Self::StaleFence { request, fence },
            TransitionError::WrongState { .. }
            | TransitionError::OwnerLives { .. }
            | TransitionError::NoSavedPoint { .. }
            | TransitionError::Changed { .. } => Self::WrongState(error.to_string()),
        }
    }
}
