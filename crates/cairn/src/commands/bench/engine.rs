//! What running a flow costs beside the work of its components, and how fast flows are checked.

use super::flows::{Drawing, mapper, start};
use super::report::{Report, Samples};
use super::scratch::Scratch;
use super::server::Server;
use crate::outcome::Failure;
use flow_components::Palette;
use flow_model::{Component, ComponentId, Edit, Flow, Position, check_structure};
use flow_store::MemoryStore;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Components of the flow over one record.
const COMPONENTS: usize = 10;
/// Requests of it in one measurement.
const REQUESTS: u32 = 3000;
/// Records that the ForEach goes over, and the components of its body.
const RECORDS: u32 = 100_000;
const BODY: u32 = 3;
/// The project that is checked.
const FLOWS: usize = 500;
const FLOW_COMPONENTS: usize = 50;
/// Components of the flow that is edited, and edits in one measurement.
const EDITED: usize = 1000;
const EDITS: u32 = 50;

/// Measures `runs` times.
pub async fn measure(scratch: &Scratch, runs: u32) -> Result<Report, Failure> {
    let folder = scratch.folder("engine")?;
    let pure = pure_flow(&folder).await?;
    let loop_over_records = for_each(&folder).await?;
    let project = scratch.folder("project")?;
    write_project(&project)?;
    let mut figures = Samples::default();
    for _ in 0..runs {
        figures.add(
            "pure_flow_cpu_us",
            "us",
            requests(&pure, REQUESTS).await?.as_secs_f64() * 1e6 / f64::from(REQUESTS),
        );
        let each = requests(&loop_over_records, 1).await?.as_secs_f64() * 1e6;
        figures.add("for_each_component_cpu_us", "us", each / f64::from(RECORDS * BODY));
        figures.add("check_500_flows_ms", "ms", check(&project)?.as_secs_f64() * 1e3);
        figures.add("edit_diagnostics_ms", "ms", edits()?.as_secs_f64() * 1e3 / f64::from(EDITS));
    }
    Ok(Report { bench: "engine", yardsticks: std::collections::BTreeMap::new(), runs, figures: figures.figures() })
}

/// The processor time of this process, all threads together, that some requests take.
async fn requests(server: &Server, count: u32) -> Result<Duration, Failure> {
    let before = processor_time();
    for _ in 0..count {
        server.one_request().await?;
    }
    Ok(processor_time().saturating_sub(before))
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// A flow of pure components over one record.
async fn pure_flow(folder: &Path) -> Result<Server, Failure> {
    let mut drawing = Drawing::default().then("start", start())?;
    for number in 1..=COMPONENTS {
        drawing = drawing.then(&format!("mapper-{number}"), mapper(&format!("Map {number}")))?;
    }
    let inputs = json!({"id": 1, "text": "one record"});
    let server = Server::start(Arc::new(MemoryStore::new()), folder, &drawing.end()?, inputs).await?;
    requests(&server, 100).await?;
    Ok(server)
}

/// A ForEach over the records of a file.
async fn for_each(folder: &Path) -> Result<Server, Failure> {
    let path = folder.join("records.csv");
    let mut records = String::from("id,text\n");
    for id in 0..RECORDS {
        // Writing to a text cannot fail.
        let _ = writeln!(records, "{id},record {id}");
    }
    std::fs::write(&path, records).map_err(|error| Failure::file("write", &path, &error))?;
    let read = Component::new("FileRead", "Read").with("Path", path.display().to_string());
    let names = ["first", "second", "third"];
    let body = names.iter().map(|name| (*name, mapper(name))).collect();
    let drawing = Drawing::default().then("start", Component::new("Start", "Start"))?.then("read", read)?;
    let flow = drawing.then_for_each("each", Component::new("ForEach", "Each record"), body)?.end()?;
    Server::start(Arc::new(MemoryStore::new()), folder, &flow, json!({})).await
}

/// Makes a project of many flows.
fn write_project(folder: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::file("write in", folder, &error);
    flow_project::Project::create(folder, "bench")?;
    for number in 0..FLOWS {
        let path = folder.join("flows").join(format!("flow-{number}.flow.json"));
        std::fs::write(path, chain(FLOW_COMPONENTS)?.to_json()).map_err(failed)?;
    }
    Ok(())
}

/// A flow of so many components, one after the other.
fn chain(components: usize) -> Result<Flow, Failure> {
    let mut drawing = Drawing::default().then("start", start())?;
    for number in 2..components {
        drawing = drawing.then(&format!("mapper-{number}"), mapper(&format!("Map {number}")))?;
    }
    let mut flow = drawing.end()?;
    flow.place_missing();
    Ok(flow)
}

/// How long `cairn check` takes for the project, as a whole process.
fn check(project: &Path) -> Result<Duration, Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::new("bench/program", error.to_string()))?;
    let begin = Instant::now();
    let checked = std::process::Command::new(program).arg("check").arg(project).stdout(Stdio::null()).status();
    let time = begin.elapsed();
    match checked {
        Ok(status) if status.success() => Ok(time),
        ended => Err(Failure::new("bench/check", format!("cairn check of the generated project ended with {ended:?}"))),
    }
}

/// How long edits of a large flow take, each with the structural diagnostics that its reply holds.
fn edits() -> Result<Duration, Failure> {
    let (mut flow, palette) = (chain(EDITED)?, Palette::standard());
    let id = ComponentId::parse("mapper-500").map_err(|error| Failure::new("flow/name", error.to_string()))?;
    let begin = Instant::now();
    for number in 0..EDITS {
        let edit = Edit::Move { id: id.clone(), position: Position { x: f64::from(number), y: 0.0 } };
        edit.apply(&mut flow, palette.as_ref()).map_err(|error| Failure::new(error.code(), error.to_string()))?;
        let found = check_structure(&flow, palette.as_ref());
        if !found.is_empty() {
            return Err(Failure::new("bench/flow", format!("the generated flow is not right: {:?}", found[0])));
        }
    }
    Ok(begin.elapsed())
}
