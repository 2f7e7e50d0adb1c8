//! What every endpoint shares.

use crate::auth::Callers;
use crate::caller_address::Entrance;
use crate::config::Patience;
use crate::connections::Reach;
use crate::events::Events;
use crate::metrics::Metrics;
use crate::names::Names;
use crate::projects::Projects;
use crate::readiness::Readiness;
use crate::secrets::Secrets;
use crate::settings::Settings;
use crate::throttle::LoginThrottle;
use crate::triggers::Triggers;
use crate::watchdog::Watchdog;
use crate::work::Work;
use flow_store::{CheckpointStorage, ServerId, StorageMarker, Store};
use flow_trace::Traces;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// A running server, as its endpoints see it.
pub struct App {
    /// The checkpoint database.
    pub store: Arc<dyn Store>,
    /// The checkpoint storage.
    pub storage: CheckpointStorage,
    /// What the marker of the checkpoint storage said at the start.
    pub storage_marker: StorageMarker,
    /// The folder that logs of servers are in.
    pub logs: PathBuf,
    /// The secrets of connections.
    pub secrets: Arc<Secrets>,
    /// This server's id.
    pub id: ServerId,
    /// This server's name when it started; it may have another by now.
    pub started_as: String,
    /// The names of all servers.
    pub names: Names,
    /// The settings.
    pub settings: Arc<Settings>,
    /// This server's place in the cluster and the requests it works on.
    pub work: Work,
    /// Which of its requests make no progress.
    pub watchdog: Watchdog,
    /// Whether this server can take requests.
    pub readiness: Readiness,
    /// The project versions that this server has.
    pub projects: Projects,
    /// What starts requests by itself.
    pub triggers: Triggers,
    /// How connections are tried out.
    pub reach: Reach,
    /// Where the working copies of projects are.
    pub copies: PathBuf,
    /// Held during an Update: one at a time.
    pub updating: tokio::sync::Mutex<()>,
    /// What changes, for those who watch.
    pub events: Events,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether anybody may read the metrics.
    pub metrics_public: bool,
    /// Where traces go, if anywhere.
    pub traces: Option<Traces>,
    /// Where calls come from.
    pub entrance: Entrance,
    /// How long callers may take.
    pub patience: Patience,
    /// Whom tokens and sessions stand for.
    pub callers: Callers,
    /// Slows down whoever guesses passwords.
    pub throttle: LoginThrottle,
    /// How many passwords are hashed at once: each takes 19 MiB and a core.
    pub hashing: Semaphore,
    /// The OpenAPI document.
    pub openapi: OnceLock<String>,
    /// Cancelled when the server is to stop: whoever waits or streams comes to an end.
    pub stopping: CancellationToken,
}

impl App {
    /// Whether this server may make requests of its own accord at this time, for a trigger that fires.
    pub fn may_fire(&self) -> bool {
        self.work.may_act() && !self.stopping.is_cancelled() && !self.settings.in_maintenance()
    }
}
