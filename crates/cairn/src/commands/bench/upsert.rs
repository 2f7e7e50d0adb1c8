//! How fast a large file gets into a table of PostgreSQL, half of whose rows are there already, beside psql.

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

/// The table as it is before each measurement: every second sale is there, with another quantity.
const TABLE: &str = "
    DROP TABLE IF EXISTS sales;
    CREATE TABLE sales (id bigint PRIMARY KEY, day date, shop text, product text, quantity bigint, price double precision);
    INSERT INTO sales SELECT id, '2025-01-01', 'shop', 'product', -1, 0 FROM generate_series(0, $ROWS - 1, 2) AS id;
    VACUUM ANALYZE sales;
    CHECKPOINT;";

/// What a person would write for it.
const PEER: &str = "
    BEGIN;
    CREATE TEMPORARY TABLE staging (LIKE sales) ON COMMIT DROP;
    \\copy staging FROM '$FILE' WITH (FORMAT csv, HEADER)
    INSERT INTO sales SELECT * FROM staging ON CONFLICT (id) DO UPDATE SET day = excluded.day, shop = excluded.shop,
        product = excluded.product, quantity = excluded.quantity, price = excluded.price;
    COMMIT;";

/// Whether every row came: each has a quantity of its own.
const CHECK: &str = "SELECT 1 / (count(*) = $ROWS AND min(quantity) >= 0)::int FROM sales;";

/// Measures `runs` times over a file of `rows` records.
pub fn measure(scratch: &Scratch, runs: u32, rows: u64) -> Result<Report, Failure> {
    let folder = scratch.folder("upsert")?;
    let file = folder.join("sales.csv");
    write_sales(&file, rows).map_err(|error| Failure::file("write", &file, &error))?;
    let project = save_project(&scratch.folder("project")?, "upsert", &upsert(&file)?, &warehouse()?)?;
    let program = std::env::current_exe().map_err(|error| Failure::new("bench/program", error.to_string()))?;
    let fill = |sql: &str| sql.replace("$ROWS", &rows.to_string()).replace("$FILE", &file.display().to_string());

    let mut figures = Samples::default();
    for _ in 0..runs {
        psql(&folder, &fill(TABLE))?;
        let mut cairn = Command::new(&program);
        cairn.arg("run").arg(&project).args(["upsert", "--quiet", "--storage"]).arg(folder.join("storage"));
        let ran = watch(cairn)?;
        psql(&folder, &fill(CHECK))?;
        let seconds = ran.time.as_secs_f64();
        figures.add("seconds", "s", seconds);
        figures.add("rows_per_s", "1/s", rows as f64 / seconds);
        figures.add("peak_resident_mib", "MiB", ran.peak as f64 / (1024.0 * 1024.0));

        psql(&folder, &fill(TABLE))?;
        let took = psql(&folder, &fill(PEER))?;
        psql(&folder, &fill(CHECK))?;
        figures.add("peer_psql_seconds", "s", took);
        figures.add("ratio_psql", "ratio", took / seconds);
    }
    Ok(Report { bench: "upsert", yardsticks: BTreeMap::new(), runs, figures: figures.figures() })
}

/// Runs a script by psql and gives the seconds that it took.
fn psql(folder: &Path, script: &str) -> Result<f64, Failure> {
    let path = folder.join("script.sql");
    std::fs::write(&path, script).map_err(|error| Failure::file("write", &path, &error))?;
    let mut command = Command::new("psql");
    command.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file"]).arg(&path);
    Ok(watch(command)?.time.as_secs_f64())
}

/// A connection to the server that psql finds by its environment.
fn warehouse() -> Result<Connection, Failure> {
    let setting = |name: &str| {
        std::env::var(name).map_err(|_| {
            let message = format!(
                "{name} is not set: run this by bench/peers/postgres/with, or let PGHOST, PGPORT, PGUSER and PGDATABASE \
                 lead to a server that asks for no password"
            );
            Failure::new("bench/no-server", message)
        })
    };
    let port = setting("PGPORT")?;
    let port: u16 = port.parse().map_err(|_| Failure::new("bench/no-server", format!("PGPORT={port} is no port")))?;
    Ok(Connection::new("warehouse", "postgres")
        .with("host", setting("PGHOST")?)
        .with("port", port)
        .with("user", setting("PGUSER")?)
        .with("database", setting("PGDATABASE")?))
}

/// CSV, PostgreSQL.
fn upsert(sales: &Path) -> Result<Flow, Failure> {
    let read = Component::new("FileRead", "Read sales").with("Path", sales.display().to_string());
    let put = Component::new("SqlPut", "Save sales")
        .with("Connection", "warehouse")
        .with("Table", "sales")
        .with("Mode", "Upsert")
        .with("Keys", json!(["id"]));
    let mut flow = Drawing::default()
        .then("start", Component::new("Start", "Start"))?
        .then("read", read)?
        .then("put", put)?
        .end()?;
    flow.place_missing();
    Ok(flow)
}
