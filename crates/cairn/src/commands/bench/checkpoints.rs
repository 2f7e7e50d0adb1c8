//! How many checkpoints a server saves in a second, through the real engine and the real store: with components
//! between them that compute (what is behind a checkpoint starts before that is durable), and with components that
//! change the world (each waits until all before it is durable).

use super::bulk;
use super::effect::EffectType;
use super::flows::{Drawing, mapper, start};
use super::report::{Report, Samples};
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
/// How many flows run at once in the second load.
const AT_ONCE: usize = 64;

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
        let sequential = load(&pure, 1).await?;
        let probed_again = yardstick::probe(&folder)?;
        let concurrent = load(&pure, AT_ONCE).await?;
        let probed_last = yardstick::probe(&folder)?;
        let effects = load(&with_effects, 1).await?;
        let many = folder.join("bulk");
        std::fs::create_dir_all(&many).map_err(|error| Failure::file("make the folder", &many, &error))?;
        figures.add("bulk_rows_per_s", "1/s", bulk::rows_per_second(scratch, &many).await?);

        for one in [probed, probed_again, probed_last] {
            yardsticks.add("F", "1/s", one.f);
            yardsticks.add("S", "1/s", one.s);
        }
        figures.add("sequential_per_s", "1/s", sequential.rate);
        figures.add("sequential_ratio_f", "ratio", sequential.rate / probed.f);
        figures.add("flow_latency_ms", "ms", sequential.latency_ms);
        figures.add("concurrent_64_per_s", "1/s", concurrent.rate);
        figures.add("concurrent_64_ratio_s", "ratio", concurrent.rate / probed_again.s);
        figures.add("concurrent_64_ratio_f", "ratio", concurrent.rate / probed_again.f);
        figures.add("concurrent_64_flow_latency_ms", "ms", concurrent.latency_ms);
        figures.add("effects_per_s", "1/s", effects.rate);
        figures.add("effects_ratio_f", "ratio", effects.rate / probed_last.f);
        figures.add("effects_flow_latency_ms", "ms", effects.latency_ms);
    }
    Ok(Report { bench: "checkpoints", yardsticks: yardsticks.medians(), runs, figures: figures.figures() })
}

/// What a load came to.
struct Loaded {
    /// Checkpoints per second.
    rate: f64,
    /// From asking for a flow to its end, on average.
    latency_ms: f64,
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
    let (mut flows, mut busy) = (0_u32, Duration::ZERO);
    while let Some(ended) = running.join_next().await {
        let (done, time) = ended.map_err(|error| Failure::new("bench/task", error.to_string()))??;
        flows += done;
        busy += time;
    }
    let flows = f64::from(flows);
    Ok(Loaded {
        rate: flows * f64::from(CHECKPOINTS) / start.elapsed().as_secs_f64(),
        latency_ms: busy.as_secs_f64() * 1000.0 / flows,
    })
}

/// Runs one flow after the other, and gives how many there were and how long they took.
async fn flows_until(server: &Server, end: Instant) -> Result<(u32, Duration), Failure> {
    let (mut flows, begin) = (0, Instant::now());
    while Instant::now() < end {
        checked_flow(server).await?;
        flows += 1;
    }
    Ok((flows, begin.elapsed()))
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
