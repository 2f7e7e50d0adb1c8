//! How many checkpoints a server saves in a second, through the real engine and the real store: with components
//! between them that compute (what is behind a checkpoint starts before that is durable), and with components that
//! change the world (each waits until all before it is durable).

use super::bulk;
use super::effect::EffectType;
use super::flows::{Drawing, mapper, start};
use super::report::{Report, Samples, quantile_ms};
use super::scratch::Scratch;
use super::server::Server;
use super::yardstick;
use crate::outcome::Failure;
use flow_components::Palette;
use flow_model::{Component, Flow};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Checkpoints in a flow, each behind another component.
const CHECKPOINTS: u32 = 10;
/// How long each load goes on.
const LOAD: Duration = Duration::from_secs(3);
/// How many flows run at once in the load that is compared with the disk's rate of rows.
const AT_ONCE: usize = 64;
/// How many flows run at once where other programs are measured (bench/peers).
const AS_PEERS: usize = 32;

/// Measures `runs` times.
pub async fn measure(scratch: &Scratch, runs: u32) -> Result<Report, Failure> {
    let (mut yardsticks, mut figures) = (Samples::default(), Samples::default());
    for run in 0..runs {
        let folder = scratch.folder(&format!("run-{run}"))?;
        let pure = server(scratch, &folder.join("pure"), mapper).await?;
        let with_effects =
            server(scratch, &folder.join("effects"), |name| Component::new(EffectType::NAME, name)).await?;
        for server in [&pure, &with_effects] {
            checked_flow(server).await?;
        }

        let probed = yardstick::probe(&folder)?;
        let mut sequential = load(&pure, 1).await?;
        let probed_again = yardstick::probe(&folder)?;
        let concurrent = load(&pure, AT_ONCE).await?;
        let probed_last = yardstick::probe(&folder)?;
        let mut effects = load(&with_effects, 1).await?;
        let mut many = load(&pure, AS_PEERS).await?;
        let mut many_effects = load(&with_effects, AS_PEERS).await?;
        let bulk = scratch.folder(&format!("run-{run}/bulk"))?;
        figures.add("bulk_rows_per_s", "1/s", bulk::rows_per_second(scratch, &bulk).await?);

        for one in [probed, probed_again, probed_last] {
            yardsticks.add("F", "1/s", one.f);
            yardsticks.add("S", "1/s", one.s);
        }
        figures.add("sequential_per_s", "1/s", sequential.checkpoints_per_s());
        figures.add("sequential_ratio_f", "ratio", sequential.checkpoints_per_s() / probed.f);
        figures.add("flow_latency_ms", "ms", sequential.latency_ms());
        figures.add("concurrent_64_per_s", "1/s", concurrent.checkpoints_per_s());
        figures.add("concurrent_64_ratio_s", "ratio", concurrent.checkpoints_per_s() / probed_again.s);
        figures.add("concurrent_64_ratio_f", "ratio", concurrent.checkpoints_per_s() / probed_again.f);
        figures.add("concurrent_64_flow_latency_ms", "ms", concurrent.latency_ms());
        figures.add("effects_per_s", "1/s", effects.checkpoints_per_s());
        figures.add("effects_ratio_f", "ratio", effects.checkpoints_per_s() / probed_last.f);
        figures.add("effects_flow_latency_ms", "ms", effects.latency_ms());
        sequential.add_flows(&mut figures, "flows_1");
        many.add_flows(&mut figures, "flows_32");
        effects.add_flows(&mut figures, "effects_flows_1");
        many_effects.add_flows(&mut figures, "effects_flows_32");
    }
    Ok(Report { bench: "checkpoints", yardsticks: yardsticks.medians(), runs, figures: figures.figures() })
}

/// What a load came to.
struct Loaded {
    /// How long each flow took, from asking for it to its end.
    times: Vec<Duration>,
    /// How long all of them together took.
    time: Duration,
}

impl Loaded {
    fn flows_per_s(&self) -> f64 {
        self.times.len() as f64 / self.time.as_secs_f64()
    }

    fn checkpoints_per_s(&self) -> f64 {
        self.flows_per_s() * f64::from(CHECKPOINTS)
    }

    /// From asking for a flow to its end, on average.
    fn latency_ms(&self) -> f64 {
        let all: Duration = self.times.iter().sum();
        all.as_secs_f64() * 1000.0 / self.times.len() as f64
    }

    /// Tells it by flows, as other programs are measured.
    fn add_flows(&mut self, figures: &mut Samples, name: &str) {
        figures.add(format!("{name}_per_s"), "1/s", self.flows_per_s());
        figures.add(format!("{name}_p50_ms"), "ms", quantile_ms(&mut self.times, 0.5));
        figures.add(format!("{name}_p99_ms"), "ms", quantile_ms(&mut self.times, 0.99));
    }
}

async fn server(scratch: &Scratch, folder: &Path, between: impl Fn(&str) -> Component) -> Result<Server, Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::new("bench/folder", error.to_string()))?;
    let store = scratch.connection(folder).await?.open().await?.store;
    let palette = Palette::standard_with(vec![Box::new(EffectType)]);
    let inputs = json!({"id": 1, "text": incompressible_text()});
    Server::start_with(palette, store, folder, &flow_of_checkpoints(between)?, inputs).await
}

/// Runs flows for a while, `at_once` at any time.
async fn load(server: &Server, at_once: usize) -> Result<Loaded, Failure> {
    let (start, mut running) = (Instant::now(), JoinSet::new());
    for _ in 0..at_once {
        let server = server.clone();
        running.spawn(async move { flows_until(&server, start + LOAD).await });
    }
    let mut times = Vec::new();
    while let Some(ended) = running.join_next().await {
        times.extend(ended.map_err(|error| Failure::new("bench/task", error.to_string()))??);
    }
    Ok(Loaded { times, time: start.elapsed() })
}

/// Runs one flow after the other, and gives how long each took.
async fn flows_until(server: &Server, end: Instant) -> Result<Vec<Duration>, Failure> {
    let mut times = Vec::new();
    while Instant::now() < end {
        let begin = Instant::now();
        checked_flow(server).await?;
        times.push(begin.elapsed());
    }
    Ok(times)
}

async fn checked_flow(server: &Server) -> Result<(), Failure> {
    let ended = server.one_request().await?;
    if ended.saved_points >= CHECKPOINTS {
        return Ok(());
    }
    Err(Failure::new("bench/flow", format!("a flow finished with {} saved points", ended.saved_points)))
}

/// Start, ten times a component and a Checkpoint, End.
fn flow_of_checkpoints(between: impl Fn(&str) -> Component) -> Result<Flow, Failure> {
    let mut drawing = Drawing::default().then("start", start())?;
    for number in 1..=CHECKPOINTS {
        let checkpoint = Component::new("Checkpoint", &format!("Checkpoint {number}"));
        drawing = drawing
            .then(&format!("between-{number}"), between(&format!("Between {number}")))?
            .then(&format!("checkpoint-{number}"), checkpoint)?;
    }
    drawing.end()
}

/// A thousand characters, so that a record with it and a number is 1 KB however the stream is packed.
fn incompressible_text() -> Value {
    let character = |_| char::from(rand::random_range(b'!'..=b'~'));
    Value::from((0..1000).map(character).collect::<String>())
}
