//! How fast a large file goes through a flow, beside other programs that do the same.

use super::flows::Drawing;
use super::report::{Report, Samples};
use super::scratch::Scratch;
use crate::outcome::Failure;
use flow_model::{Component, Connection, Flow};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Another program that does the same work.
#[derive(Debug, Clone)]
pub struct Peer {
    name: String,
    command: String,
}

impl Peer {
    /// Reads `NAME=COMMAND`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, command)) if !name.is_empty() && !command.is_empty() => {
                Ok(Self { name: name.to_owned(), command: command.to_owned() })
            }
            _ => Err("write it as NAME=COMMAND, for example duckdb=bench/peers/duckdb/run".to_owned()),
        }
    }
}

/// How a process went.
struct Ran {
    time: Duration,
    /// The most memory that it held, in bytes.
    peak: u64,
}

/// Measures `runs` times over a file of `rows` records.
pub fn measure(scratch: &Scratch, runs: u32, rows: u64, peers: &[Peer]) -> Result<Report, Failure> {
    let folder = scratch.folder("streams")?;
    let file = folder.join("sales.csv");
    write_sales(&file, rows).map_err(|error| Failure::file("write", &file, &error))?;
    let project = project(&scratch.folder("project")?, &file)?;
    let program = std::env::current_exe().map_err(|error| Failure::new("bench/program", error.to_string()))?;

    let mut figures = Samples::default();
    for _ in 0..runs {
        let mut cairn = Command::new(&program);
        cairn.arg("run").arg(&project).args(["totals", "--quiet", "--storage"]).arg(folder.join("storage"));
        let ran = watch(cairn)?;
        let seconds = ran.time.as_secs_f64();
        figures.add("seconds", "s", seconds);
        figures.add("rows_per_s", "1/s", rows as f64 / seconds);
        figures.add("peak_resident_mib", "MiB", ran.peak as f64 / (1024.0 * 1024.0));
        for peer in peers {
            let mut command = Command::new("sh");
            command.arg("-c").arg(format!("{} \"$@\"", peer.command)).arg(&peer.name).arg(&file).arg(&folder);
            let took = watch(command)?.time.as_secs_f64();
            figures.add(format!("peer_{}_seconds", peer.name), "s", took);
            figures.add(format!("ratio_{}", peer.name), "ratio", took / seconds);
        }
    }
    Ok(Report { bench: "streams", yardsticks: BTreeMap::new(), runs, figures: figures.figures() })
}

/// Runs a command to its good end and watches its memory.
fn watch(mut command: Command) -> Result<Ran, Failure> {
    let failed = |message: String| Failure::new("bench/command", message);
    let begin = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().map_err(|error| failed(format!("{command:?}: {error}")))?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    loop {
        // The kernel keeps the peak (VmHWM) itself, so looking now and then misses nothing but the very end.
        peak = peak_of(&status).unwrap_or(0).max(peak);
        if let Some(ended) = child.try_wait().map_err(|error| failed(error.to_string()))? {
            let time = begin.elapsed();
            return if ended.success() { Ok(Ran { time, peak }) } else { Err(failed(format!("{command:?}: {ended}"))) };
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn peak_of(status: &Path) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Sales: an id, a day, a shop, a product, a quantity and a price, made up by a simple generator so that every run and
/// every program sees the same ones.
fn write_sales(path: &Path, rows: u64) -> std::io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(file, "id,day,shop,product,quantity,price")?;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for id in 0..rows {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = state >> 33;
        let (day, shop, product) = (random % 365, random / 7 % 200, random / 11 % 5000);
        let (quantity, cents) = (random / 13 % 10, random / 17 % 10_000);
        let (month, date) = (day / 31 + 1, day % 28 + 1);
        let (whole, rest) = (cents / 100, cents % 100);
        writeln!(file, "{id},2025-{month:02}-{date:02},shop-{shop},product-{product},{quantity},{whole}.{rest:02}")?;
    }
    file.flush()
}

/// A project with the flow `totals`.
fn project(folder: &Path, sales: &Path) -> Result<PathBuf, Failure> {
    let failed = |error: std::io::Error| Failure::file("write in", folder, &error);
    flow_project::Project::create(folder, "bench")?;
    std::fs::write(folder.join("flows/totals.flow.json"), totals(sales)?.to_json()).map_err(failed)?;
    let target = Connection::new("target", "sqlite").with("path", "storage:totals.db");
    std::fs::create_dir_all(folder.join("connections")).map_err(failed)?;
    std::fs::write(folder.join("connections/target.json"), target.to_json()).map_err(failed)?;
    Ok(folder.to_owned())
}

/// CSV, Filter, Mapper, Aggregate, SQLite.
fn totals(sales: &Path) -> Result<Flow, Failure> {
    let read = Component::new("FileRead", "Read sales").with("Path", sales.display().to_string());
    let filter = Component::new("Filter", "Really sold").with("Condition", "quantity > 0");
    let fields = json!([
        {"field": "month", "expression": "substr(cast(day as varchar), 1, 7)"},
        {"field": "shop", "expression": "shop"},
        {"field": "amount", "expression": "quantity * price"},
    ]);
    let mapper = Component::new("Mapper", "Amount").with("Fields", fields);
    let groups = json!([{"field": "month", "expression": "month"}, {"field": "shop", "expression": "shop"}]);
    let aggregates = json!([
        {"field": "sales", "expression": "count(*)"},
        {"field": "amount", "expression": "sum(amount)"},
    ]);
    let aggregate = Component::new("Aggregate", "A shop's month").with("GroupBy", groups).with("Fields", aggregates);
    let put = Component::new("SqlPut", "Save totals")
        .with("Connection", "target")
        .with("Table", "totals")
        .with("Mode", "Upsert")
        .with("Keys", json!(["month", "shop"]))
        .with("CreateTable", true);
    let mut flow = Drawing::default()
        .then("start", Component::new("Start", "Start"))?
        .then("read", read)?
        .then("filter", filter)?
        .then("mapper", mapper)?
        .then("aggregate", aggregate)?
        .then("put", put)?
        .end()?;
    flow.place_missing();
    Ok(flow)
}
