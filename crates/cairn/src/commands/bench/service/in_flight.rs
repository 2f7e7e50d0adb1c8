//! Many requests under way at a server that is killed: how soon they belong to the survivor, and how soon all go on.

use super::{Cluster, flows};
use crate::checkpoint_database::CheckpointConnection;
use crate::commands::bench::failover::SlowService;
use crate::commands::bench::report::Samples;
use crate::outcome::Failure;
use crate::server_process::ClusterFolder;
use flow_api::NewRequests;
use flow_store::ServerState;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long anything may take before the measurement is given up.
const GIVE_UP: Duration = Duration::from_secs(300);
/// Requests made in one call.
const AT_ONCE: u32 = 500;

pub async fn measure(cluster: &Cluster, count: u32, figures: &mut Samples) -> Result<(), Failure> {
    let service = SlowService::start()?;
    let room = count.to_string();
    let mut owner = cluster.start("owner", &["--concurrency", &room]).await?;
    let survivor = cluster.start("survivor", &["--concurrency", &room]).await?;
    let repository = flows::publish(&cluster.folder.join("project"), &service.url())?;
    cluster.install(&repository, &[&owner, &survivor]).await?;
    let database = ClusterFolder(&cluster.folder).connection();

    let client = cluster.client(&owner).await?;
    let mut missing = count;
    while missing > 0 {
        let made = missing.min(AT_ONCE);
        let wish = NewRequests {
            project: flows::PROJECT.to_owned(),
            flow: flows::HOLD.to_owned(),
            inputs: serde_json::Map::new(),
            count: Some(made),
            priority: None,
            trigger: Some("bench".to_owned()),
        };
        client.create_requests(&wish, None).await?;
        missing -= made;
    }
    until("the requests are not under way", async || Ok(service.waiting() >= count as usize)).await?;
    figures.add("in_flight_owner_resident_mib", "MiB", owner.resident_mib().unwrap_or(f64::NAN));

    // On a thread of its own: this program has its hands full with the calls that break off.
    let server = owner.serving.server.clone();
    let (open, opened) = oneshot::channel();
    let watching = std::thread::spawn(move || taken_over(&database, &server, open));
    opened.await.map_err(|_| failed("the database cannot be watched"))?;
    let (called, killed) = (service.called(), Instant::now());
    owner.kill()?;
    let taken_over = tokio::task::spawn_blocking(|| watching.join()).await;
    let taken_over = taken_over.ok().and_then(Result::ok).ok_or_else(|| failed("the watch ended early"))??;
    figures.add("in_flight_reowned_ms", "ms", taken_over.duration_since(killed).as_secs_f64() * 1000.0);
    until("the requests do not go on", async || Ok(service.called() >= called + count as usize)).await?;
    figures.add("in_flight_last_resumed_ms", "ms", killed.elapsed().as_secs_f64() * 1000.0);
    figures.add("in_flight_requests", "requests", f64::from(count));

    owner.ended().await;
    // They are of no more use; nobody waits for their ends.
    survivor.kill()
}

/// When the survivor's takeover of `server` was committed. Blocks until then; tells `open` when it watches.
fn taken_over(database: &CheckpointConnection, server: &str, open: oneshot::Sender<()>) -> Result<Instant, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| failed(&error.to_string()))?.block_on(async {
        let store = database.open_existing().await?.store;
        // Nobody listens any more only if the measurement was given up.
        let _ = open.send(());
        until("nobody takes over", async || {
            let servers = store.servers().await?;
            Ok(servers.iter().any(|known| known.id.as_str() == server && known.state == ServerState::Terminated))
        })
        .await?;
        Ok(Instant::now())
    })
}

fn failed(what: &str) -> Failure {
    Failure::new("bench/in-flight", what.to_owned())
}

async fn until(what: &str, mut look: impl AsyncFnMut() -> Result<bool, Failure>) -> Result<(), Failure> {
    let begin = Instant::now();
    while !look().await? {
        if begin.elapsed() > GIVE_UP {
            return Err(failed(&format!("{what}, even after {} s", GIVE_UP.as_secs())));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}
