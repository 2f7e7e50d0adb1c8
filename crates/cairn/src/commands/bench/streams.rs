//! How fast a large file goes through a flow, beside other programs that do the same.

use super::flows::{Drawing, save_project};
use super::process::watch;
use super::report::{Report, Samples};
use super::sales::write_sales;
use super::scratch::Scratch;
use crate::outcome::Failure;
use flow_model::{Component, Connection, Flow};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

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

/// Measures `runs` times over a file of `rows` records.
pub fn measure(scratch: &Scratch, runs: u32, rows: u64, peers: &[Peer]) -> Result<Report, Failure> {
    let folder = scratch.folder("streams")?;
    let file = folder.join("sales.csv");
    write_sales(&file, rows).map_err(|error| Failure::file("write", &file, &error))?;
    let target = Connection::new("target", "sqlite").with("path", "storage:totals.db");
    let project = save_project(&scratch.folder("project")?, "totals", &totals(&file)?, &target)?;
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
