//! What the cluster remembers: requests with their attempts and saved points, servers, projects with the files of every
//! pinned version, accounts with tokens and sessions, and the audit trail.
//!
//! * [`transition`] holds the rules: what happens to a request when its attempt starts, saves, ends, is taken over …,
//!   as pure functions. Every store applies these same functions, so no database has rules of its own.
//! * [`queue`] says which of those that wait come next.
//! * [`Store`] is the door to a checkpoint database; [`MemoryStore`] is the reference that the others are tested against.
//! * [`CheckpointStorage`] keeps the saved streams that are too large for a database row.
//! * [`schema`] says which releases may work on one database side by side.
//! * [`copy`] copies all of one checkpoint database into another.
//! * [`conformance`] (feature `conformance`) is the test suite that every store must pass.

mod account;
mod attempt;
mod audit;
mod clock;
mod cluster;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod copy;
mod durability;
mod error;
mod fault_point;
mod id;
mod liveness;
mod memory;
mod project;
pub mod queue;
mod request;
mod request_store;
pub mod retention;
pub mod sample;
pub mod schema;
mod secret;
mod server;
pub mod settings;
mod statistics;
mod storage;
mod store;
pub mod transition;
pub mod trigger;

pub use account::{
    Account, AccountStore, Credentials, NewAccount, NewSession, NewToken, Role, SavedFilter, Session, Token, TokenId,
    last_administrator,
};
pub use attempt::{
    AttemptEnd, AttemptOutcome, AttemptRecord, AttemptWrite, Level, LogEntry, NumberedLogEntry, PointPlace, SavedData,
    SavedKind, SavedOutline, SavedPoint, event,
};
pub use audit::{AuditEntry, AuditFilter, AuditRecord, AuditStore, MadeRequests};
pub use clock::{Clock, ManualClock, SystemClock};
pub use cluster::{ClusterStore, SameStorageError, check_same_storage, check_shared_storage, mark_storage, marker_key};
pub use durability::{Durability, DurableLater};
pub use error::StoreError;
pub use fault_point::{FAULT_POINTS, fault_point};
pub use id::{Epoch, Fence, Owner, ProjectName, RequestId, ServerId, Timestamp, VersionId};
pub use liveness::{Liveness, NewLife, OwnLife, PeerLife};
pub use memory::{Faults, HeldLine, Line, MemoryStore};
pub use project::{NewProject, Project, ProjectStore, ProjectVersion, ServerVersion, VersionRecord};
pub use queue::{Limit, Limited, Limits};
pub use request::{
    Created, NewRequest, NewVersion, ReExecution, Request, RequestError, RequestFilter, RequestSettings, RequestState,
};
pub use request_store::{Begin, RequestStore};
pub use retention::{
    HouseDone, HouseError, Keep, RetentionDone, RetentionGroup, RetentionPolicy, RetentionReport, RetentionStore,
    keep_house,
};
pub use sample::{Figures, Sample, SampleStore, TakeoverRecord};
pub use secret::{SealedSecret, SecretStore};
pub use server::{
    NewServer, Server, ServerRef, ServerReport, ServerState, ServerStore, Takeover, check_alive, check_may_take_over,
};
pub use settings::{Setting, SettingsStore};
pub use statistics::{StoreStatistics, WriteCounters};
pub use storage::{
    BucketAddress, BucketFile, BucketFiles, CheckpointStorage, INLINE_LIMIT, OldObject, StorageError, StorageMarker,
    StoragePlace, StoredObject,
};
pub use store::Store;
pub use trigger::{Fired, Firing, NewFiring, NewTrigger, TriggerState, TriggerStore};

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn the_memory_store_conforms() {
        conformance::run_all(|clock| Arc::new(MemoryStore::with_clock(clock))).await;
    }
}
