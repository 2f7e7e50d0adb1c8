//! Many requests under way at a server that is killed: how soon they belong to the survivor, and how soon all go on.

use super::{Cluster, flows};
use crate::commands::bench::failover::SlowService;
use crate::commands::bench::report::Samples;
use crate::outcome::Failure;
use crate::server_process::ClusterFolder;
use flow_api::NewRequests;
use flow_store::{ServerState, Store};
use std::time::{Duration, Instant};

/// How long anything may take before the measurement is given up.
const GIVE_UP: Duration = Duration::from_secs(300);
/// Requests made in one call.
const AT_ONCE: u32 = 500;

pub async fn measure(cluster: &Cluster, count: u32, figures: &mut Samples) -> Result<(), Failure> {
    let service = SlowService::start().await?;
    let room = count.to_string();
    let mut owner = cluster.start("owner", &["--concurrency", &room]).await?;
    let survivor = cluster.start("survivor", &["--concurrency", &room]).await?;
    let repository = flows::publish(&cluster.folder.join("project"), &service.url())?;
    cluster.install(&repository, &[&owner, &survivor]).await?;
    let store = ClusterFolder(&cluster.folder).connection().open_existing().await?.store;

    let client = cluster.client(&owner).await?;
    let mut missing = count;
    while missing > 0 {
        let made = missing.min(AT_ONCE);
        let wish = NewRequests {
            project: flows::PROJECT.to_owned(),
            flow: flows::HOLD.to_owned(),
            inputs: serde_json::Map::new(),
            count: Some(made),
            trigger: Some("bench".to_owned()),
        };
        client.create_requests(&wish, None).await?;
        missing -= made;
    }
    until("the requests are not under way", async || Ok(service.waiting() >= count as usize)).await?;
    figures.add("in_flight_owner_resident_mib", "MiB", owner.resident_mib().unwrap_or(f64::NAN));

    let (called, killed) = (service.called(), Instant::now());
    owner.kill()?;
    until("nobody takes over", async || is_terminated(store.as_ref(), &owner.serving.server).await).await?;
    figures.add("in_flight_reowned_ms", "ms", killed.elapsed().as_secs_f64() * 1000.0);
    until("the requests do not go on", async || Ok(service.called() >= called + count as usize)).await?;
    figures.add("in_flight_last_resumed_ms", "ms", killed.elapsed().as_secs_f64() * 1000.0);
    figures.add("in_flight_requests", "requests", f64::from(count));

    owner.ended().await;
    // They are of no more use; nobody waits for their ends.
    survivor.kill()
}

async fn is_terminated(store: &dyn Store, server: &str) -> Result<bool, Failure> {
    let servers = store.servers().await?;
    Ok(servers.iter().any(|known| known.id.as_str() == server && known.state == ServerState::Terminated))
}

async fn until(what: &str, mut look: impl AsyncFnMut() -> Result<bool, Failure>) -> Result<(), Failure> {
    let begin = Instant::now();
    while !look().await? {
        if begin.elapsed() > GIVE_UP {
            return Err(Failure::new("bench/in-flight", format!("{what}, even after {} s", GIVE_UP.as_secs())));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}
