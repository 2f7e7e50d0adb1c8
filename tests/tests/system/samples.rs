//! The sample flows really run, by `cairn run` and on a real server, and find what was computed without Cairn.

use flow_api::{Request, RequestState};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use system_tests::cluster::TestCluster;
use system_tests::holding_endpoint::HoldingEndpoint;
use system_tests::project::TestProject;
use system_tests::static_files::StaticFiles;
use system_tests::{Tested, program};

/// What the 881 orders of January 1997 with an amount come to, by the kind of customer: those who never ordered before,
/// those who spent less than 100 on earlier days, and the others. Computed from the files by a script in Python.
const JANUARY: [(&str, i64, i64, i64, f64); 3] =
    [("new", 31, 786, 1662, 25_373.06), ("returning", 24, 89, 194, 2_959.58), ("regular", 6, 6, 18, 260.06)];
/// Customers, their orders, and the cents they paid, in the API's pages.
const CUSTOMERS: (i64, i64, i64) = (781, 1_945, 6_741_061);

#[tokio::test(flavor = "multi_thread")]
async fn the_samples_finish_on_a_server() -> Tested {
    let folder = tempfile::tempdir()?;
    let endpoint = HoldingEndpoint::start().await;
    endpoint.open();
    let shop = StaticFiles::serve(sample("api-sync").join("api")).await;
    let cluster = TestCluster::start(folder.path(), &["lone"]);
    let storage = folder.path().join("storage");
    let orders = TestProject::sample(folder.path(), &endpoint.url);
    let api_sync = TestProject::of_sample(folder.path(), "api-sync", &[("shop", &shop.url)]);
    let large_files = TestProject::of_sample(folder.path(), "large-files", &[]);
    for (name, project) in [("orders", orders), ("api-sync", api_sync), ("large-files", large_files)] {
        cluster.install(name, &project.remote).await;
    }
    let ended = async |project: &str, flow: &str, inputs: Value| -> Request {
        let server = cluster.server("lone");
        let request = server.request(project, flow, inputs, 1).await.remove(0);
        let ended = server.until_ended(request.id).await;
        assert_eq!(ended.state, RequestState::Finished, "{flow}: {:?}", ended.error);
        ended
    };

    ended("orders", "order-import", json!({"month": "1997-03"})).await;
    ended("orders", "order-import", json!({"month": "1997-01"})).await;
    ended("orders", "order-import-with-rollback", json!({})).await;
    let warehouse = storage.join("warehouse.db");
    assert_eq!(number(&warehouse, "SELECT count(*) FROM orders WHERE batch = '1997-03'"), 1_203);
    assert_eq!(
        (
            number(&warehouse, "SELECT count(*) FROM batches WHERE state = 'withdrawn'"),
            number(&warehouse, "SELECT count(*) FROM billable_orders"),
        ),
        (1, 0),
        "nobody bills, so the batch is withdrawn and its orders are taken back"
    );

    let report = ended("orders", "daily-report", json!({"month": "1997-01"})).await;
    assert_is_january(&report.reply.unwrap_or_default());
    assert_eq!(files_in(&storage.join("reports")), 31 + 1, "a report for each day, and one for the month");

    for syncs in 1..=2 {
        ended("api-sync", "customer-sync", json!({})).await;
        assert_customers(&storage.join("customers.db"), syncs);
    }

    let totals = make_sales(&storage.join("sales.csv"), 30_000);
    let sales = ended("large-files", "sales", json!({})).await;
    assert_eq!(shown(&sales.reply.unwrap_or_default()), totals);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_samples_finish_by_cairn_run() -> Tested {
    let folder = tempfile::tempdir()?;
    let storage = folder.path().join("storage");
    let shop = StaticFiles::serve(sample("api-sync").join("api")).await;
    let endpoint = HoldingEndpoint::start().await;
    endpoint.open();
    let orders = TestProject::sample(folder.path(), &endpoint.url).folder;
    let api_sync = TestProject::of_sample(folder.path(), "api-sync", &[("shop", &shop.url)]).folder;

    for _ in 0..2 {
        run(&orders, "order-import", &["month=1997-01"], &storage);
    }
    assert_eq!(number(&storage.join("warehouse.db"), "SELECT count(*) FROM orders"), 881, "upserted, not doubled");
    assert_is_january(&run(&orders, "daily-report", &["month=1997-01"], &storage));
    let rollback = run(&orders, "order-import-with-rollback", &["month=1997-02"], &storage);
    assert_eq!(rollback[0]["state"], "withdrawn", "{rollback}");

    for syncs in 1..=2 {
        run(&api_sync, "customer-sync", &[], &storage);
        assert_customers(&storage.join("customers.db"), syncs);
    }

    let totals = make_sales(&storage.join("sales.csv"), 30_000);
    assert_eq!(shown(&run(&sample("large-files"), "sales", &[], &storage)), totals);
    assert!(std::fs::metadata(storage.join("sales.parquet"))?.len() > 0);
    Ok(())
}

#[test]
fn the_flow_tests_of_the_samples_pass_and_nothing_is_wrong_with_them() {
    for project in ["orders", "api-sync", "large-files"] {
        let project = sample(project);
        for command in ["check", "test"] {
            let done = Command::new(program("cairn")).arg(command).arg(&project).output().expect("cairn runs");
            let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "cairn {command} {}:\n{said}", project.display());
        }
    }
}

#[test]
fn the_reference_of_components_is_what_the_palette_says() {
    let done = Command::new(program("cairn")).arg("components").output().expect("cairn runs");
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/components.md");
    let written = std::fs::read_to_string(written).expect("docs/components.md");
    let is_the_same = written.trim_end() == String::from_utf8_lossy(&done.stdout).trim_end();
    assert!(is_the_same, "out of date: cairn components > docs/components.md");
}

pub(super) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../flows-sample").join(name)
}

/// Runs a flow by `cairn run` and gives its reply.
fn run(project: &Path, flow: &str, inputs: &[&str], storage: &Path) -> Value {
    let mut command = Command::new(program("cairn"));
    command.args(["--json", "run", "--quiet"]).arg(project).arg(flow).arg("--storage").arg(storage);
    for input in inputs {
        command.args(["--input", input]);
    }
    let done = command.output().expect("cairn runs");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{flow}: {said}{}", String::from_utf8_lossy(&done.stderr));
    let last = said.lines().last().expect("the result");
    serde_json::from_str::<Value>(last).expect("the result is JSON")["reply"].take()
}

pub(super) fn assert_is_january(reply: &Value) {
    let found = reply.as_array().expect("records");
    assert_eq!(found.len(), JANUARY.len(), "{reply}");
    for (record, (kind, days, orders, discs, amount)) in found.iter().zip(JANUARY) {
        assert_eq!(record["kind"], kind, "{reply}");
        assert_eq!([whole(&record["days"]), whole(&record["orders"]), whole(&record["discs"])], [days, orders, discs]);
        assert!((record["amount"].as_f64().expect("a number") - amount).abs() < 0.005, "{record}");
    }
}

/// Every customer is there once, and every sync was counted once.
pub(super) fn assert_customers(database: &Path, syncs: i64) {
    let (customers, orders, cents) = CUSTOMERS;
    assert_eq!(number(database, "SELECT count(*) FROM customers"), customers);
    assert_eq!(number(database, "SELECT sum(orders) FROM customers"), orders);
    assert_eq!(number(database, "SELECT cast(round(sum(amount) * 100) AS INTEGER) FROM customers"), cents);
    assert_eq!(number(database, "SELECT count(*) FROM syncs"), syncs);
}

/// Makes a file of so many sales, and says what is sold in it, as the sample's script counts.
fn make_sales(file: &Path, rows: u32) -> String {
    let script = sample("large-files").join("make_sales.py");
    let python = |arguments: &[&str]| {
        let done = Command::new("python3").arg(&script).args(arguments).output().expect("python3 runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    };
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("the folder");
    std::fs::write(file, python(&[&rows.to_string()])).expect("the file");
    String::from_utf8_lossy(&python(&["--totals", &rows.to_string()])).trim().to_owned()
}

/// The reply of the flow `sales`, as the script writes totals.
fn shown(reply: &Value) -> String {
    format!("{} sales, amount {}", whole(&reply[0]["sales"]), reply[0]["amount"].as_str().unwrap_or("no decimal"))
}

/// A 64-bit integer, which is a text where JSON's numbers might lose digits.
fn whole(value: &Value) -> i64 {
    value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{value} is no integer"))
}

pub(super) fn number(database: &Path, sql: &str) -> i64 {
    let database = rusqlite::Connection::open(database).expect("the database");
    database.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

pub(super) fn files_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).expect("the folder").count()
}
