//! Clusters under faults: a flow whose every act on the world is written down outside of the cluster, a load of it,
//! faults at places drawn from a seed, and the check of what came of it all.

mod faults;
mod flow;
mod history;
mod ledger;
mod load;

pub use faults::{Faults, holds_write_lock, stop_inside_the_write_lock};
pub use flow::{FLOW, PROJECT, files, newer_flow};
pub use history::History;
pub use ledger::{Entry, Ledger};
pub use load::Load;

use crate::cluster::TestCluster;
use crate::project::TestProject;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// For how many seconds faults are injected in each test; longer by `CAIRN_CHAOS_SECONDS`.
const SECONDS: u64 = 4;

/// How long faults are injected.
pub fn time_of_faults() -> Duration {
    let asked = std::env::var("CAIRN_CHAOS_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(asked.unwrap_or(SECONDS))
}

/// The source of all chance of one test. The seed is printed, and `CAIRN_CHAOS_SEED` sets it. It decides what is done,
/// to whom and after how long; how far the processes have come by then differs from run to run.
pub fn chance() -> StdRng {
    let asked = std::env::var("CAIRN_CHAOS_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = asked.unwrap_or_else(rand::random);
    println!("CAIRN_CHAOS_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// A cluster with the project whose flow tells the ledger what it does.
pub struct Scene {
    pub cluster: TestCluster,
    pub ledger: Ledger,
    pub project: TestProject,
    /// The database with the table that the flow writes to.
    pub results: PathBuf,
}

impl Scene {
    /// Starts servers with these names and environment, below `folder`.
    pub async fn begin(folder: &Path, servers: &[&str], environment: &[(String, String)]) -> Self {
        let connection = format!("sqlite:{}", folder.join("cairn.db").display());
        Self::begin_on(&connection, folder, servers, environment).await
    }

    /// The same on a checkpoint database of any kind.
    pub async fn begin_on(connection: &str, folder: &Path, servers: &[&str], environment: &[(String, String)]) -> Self {
        let ledger = Ledger::start().await;
        Self::begin_with(ledger, connection, folder, servers, environment).await
    }

    /// The same with a ledger that is there already.
    pub async fn begin_with(
        ledger: Ledger,
        connection: &str,
        folder: &Path,
        servers: &[&str],
        environment: &[(String, String)],
    ) -> Self {
        Self::begin_with_all(ledger, None, connection, folder, servers, environment).await
    }

    /// The same with another checkpoint storage than a folder below `folder`.
    pub async fn begin_in(
        storage: &str,
        connection: &str,
        folder: &Path,
        servers: &[&str],
        environment: &[(String, String)],
    ) -> Self {
        let ledger = Ledger::start().await;
        Self::begin_with_all(ledger, Some(storage), connection, folder, servers, environment).await
    }

    async fn begin_with_all(
        ledger: Ledger,
        storage: Option<&str>,
        connection: &str,
        folder: &Path,
        servers: &[&str],
        environment: &[(String, String)],
    ) -> Self {
        let results = folder.join("results.db");
        let project = TestProject::new(folder, PROJECT, &files(&ledger.url, &results));
        let mut cluster = TestCluster::start_on(connection, folder, &[], environment);
        if let Some(storage) = storage {
            cluster.keep_objects_in(storage);
        }
        for name in servers {
            cluster.add_server(name);
        }
        cluster.install(PROJECT, &project.remote).await;
        Self { cluster, ledger, project, results }
    }
}
