//! Whether servers take each other for dead on a machine that is asked for far more than it can do.

mod burners;
mod callers;
mod heartbeats;

use super::report::{Report, Samples, quantile_ms};
use super::scratch::Scratch;
use super::service::life::processor_time;
use super::service::{Cluster, flows};
use crate::outcome::Failure;
use crate::server_process::{ClusterFolder, ServerProcess};
use burners::Burners;
use callers::Callers;
use flow_store::{Server, Store, Timestamp};
use heartbeats::Heartbeats;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SERVERS: [&str; 3] = ["one", "two", "three"];
/// A takeover that is under way when the burners end is counted, too.
const LEASES: Duration = Duration::from_secs(6);

/// A number of minutes.
pub fn minutes(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(minutes) if (0.01..=10_000.0).contains(&minutes) => Ok(minutes),
        _ => Err("a number of minutes: 60, or 0.5".to_owned()),
    }
}

/// Burns for so many minutes and counts who was taken for dead.
pub async fn measure(scratch: &Scratch, minutes: f64) -> Result<Report, Failure> {
    let cluster = Cluster::new(scratch, "overload").await?;
    let mut servers = Vec::new();
    for name in SERVERS {
        servers.push(cluster.start(name, &[]).await?);
    }
    let repository = flows::publish(&cluster.folder.join("project"), "http://127.0.0.1:9")?;
    cluster.install(&repository, &servers.iter().collect::<Vec<_>>()).await?;
    let mut clients = Vec::new();
    for server in &servers {
        clients.push(cluster.client(server).await?);
    }
    let store = ClusterFolder(&cluster.folder).connection().open_existing().await?.store;
    let before = store.servers().await?;

    let (begun, spent) = (Instant::now(), Spent::now(&servers)?);
    let (burners, heartbeats) = (Burners::start(), Heartbeats::watch(&before));
    let callers = Callers::start(clients);
    tokio::time::sleep(Duration::from_secs_f64(minutes * 60.0)).await;
    let mut called = callers.stop().await;
    let (burned, spent) = (begun.elapsed(), Spent::now(&servers)?.since(&spent));
    tokio::time::sleep(LEASES).await;
    let longest_silence = heartbeats.stop();
    let count = burners.stop();
    let lost = Lost::since(&before, &store).await?;
    for server in servers {
        server.stop().await;
    }

    let mut figures = Samples::default();
    figures.add("takeovers", "takeovers", f64::from(lost.takeovers));
    figures.add("declared_dead", "servers", f64::from(lost.declared_dead));
    figures.add("minutes", "min", burned.as_secs_f64() / 60.0);
    figures.add("burners", "threads", f64::from(count));
    figures.add("servers_cpus", "CPUs", spent.by_servers.as_secs_f64() / burned.as_secs_f64());
    figures.add("others_cpus", "CPUs", spent.by_others.as_secs_f64() / burned.as_secs_f64());
    figures.add("replies", "requests", called.replies.len() as f64);
    figures.add("calls_failed", "calls", f64::from(called.failed));
    figures.add("second_attempts", "requests", f64::from(called.second_attempts));
    figures.add("reply_p50_ms", "ms", quantile_ms(&mut called.replies, 0.5));
    figures.add("reply_p99_ms", "ms", quantile_ms(&mut called.replies, 0.99));
    if let Some(silence) = longest_silence {
        figures.add("longest_silence_ms", "ms", silence.as_secs_f64() * 1000.0);
    }
    Ok(Report { bench: "overload", yardsticks: Samples::default().medians(), runs: 1, figures: figures.figures() })
}

/// Processor time, by the servers and by this process with its burners and callers.
struct Spent {
    by_servers: Duration,
    by_others: Duration,
}

impl Spent {
    fn now(servers: &[ServerProcess]) -> Result<Self, Failure> {
        let mut by_servers = Duration::ZERO;
        for server in servers {
            by_servers += processor_time(server.pid())?;
        }
        Ok(Self { by_servers, by_others: processor_time(std::process::id())? })
    }

    fn since(self, before: &Self) -> Self {
        Self {
            by_servers: self.by_servers.saturating_sub(before.by_servers),
            by_others: self.by_others.saturating_sub(before.by_others),
        }
    }
}

/// Who was taken for dead.
struct Lost {
    takeovers: u32,
    declared_dead: u32,
}

impl Lost {
    async fn since(before: &[Server], store: &Arc<dyn Store>) -> Result<Self, Failure> {
        let now = store.servers().await?;
        let lived_on = |server: &&Server| {
            now.iter().any(|now| now.id == server.id && now.epoch == server.epoch && now.state == server.state)
        };
        let lost = before.len() - before.iter().filter(lived_on).count();
        let takeovers = store.takeovers(Timestamp(0), 1000).await?.len();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(Self { takeovers: number(takeovers), declared_dead: number(lost) })
    }
}
