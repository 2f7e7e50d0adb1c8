//! Starting a server, and what it costs while nobody asks anything of it.

use super::{Cluster, flows};
use crate::commands::bench::report::Samples;
use crate::outcome::Failure;
use std::time::{Duration, Instant};

/// What a start leaves behind is over by then.
const SETTLE: Duration = Duration::from_secs(3);
/// How long the idle server is watched.
const WATCH: Duration = Duration::from_secs(10);

pub async fn measure(cluster: &Cluster, figures: &mut Samples) -> Result<(), Failure> {
    let first = cluster.start("one", &[]).await?;
    let repository = flows::publish(&cluster.folder.join("project"), "http://127.0.0.1:9")?;
    cluster.install(&repository, &[&first]).await?;
    first.stop().await;

    // Not the very first start, which also makes the database.
    let begin = Instant::now();
    let server = cluster.start("one", &[]).await?;
    figures.add("start_to_ready_ms", "ms", begin.elapsed().as_secs_f64() * 1000.0);

    tokio::time::sleep(SETTLE).await;
    let (before, begin) = (processor_time(server.pid())?, Instant::now());
    tokio::time::sleep(WATCH).await;
    let spent = processor_time(server.pid())?.saturating_sub(before);
    figures.add("idle_cpu_percent", "%", 100.0 * spent.as_secs_f64() / begin.elapsed().as_secs_f64());
    figures.add("idle_resident_mib", "MiB", server.resident_mib().unwrap_or(f64::NAN));
    server.stop().await;
    Ok(())
}

/// Processor time that a process has taken in all its threads.
pub fn processor_time(pid: u32) -> Result<Duration, Failure> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
    let tasks = tasks.map_err(|error| Failure::new("bench/process", format!("process {pid}: {error}")))?;
    // The first number of schedstat is the time on the processor in nanoseconds; clock ticks would be too coarse.
    let of_thread = |path: std::path::PathBuf| -> Option<u64> {
        std::fs::read_to_string(path.join("schedstat")).ok()?.split(' ').next()?.parse().ok()
    };
    Ok(Duration::from_nanos(tasks.flatten().filter_map(|task| of_thread(task.path())).sum()))
}
