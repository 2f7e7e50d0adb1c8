//! The sample flows on a cluster whose servers are killed in the middle: another server finishes them, and what they wrote
//! is what an undisturbed run writes.

use super::samples::{assert_customers, assert_is_january, files_in, number, sample};
use flow_api::{Request, RequestState};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use system_tests::Tested;
use system_tests::cluster::TestCluster;
use system_tests::holding_endpoint::HoldingEndpoint;
use system_tests::project::TestProject;
use system_tests::static_files::StaticFiles;
use system_tests::wait::until;

/// Holds an SQLite database shut, so that whoever comes to it waits.
struct Shut(Connection);

impl Shut {
    fn new(database: &Path) -> Self {
        let connection = Connection::open(database).expect("the database");
        connection.busy_timeout(Duration::from_secs(60)).expect("a busy timeout");
        connection.execute_batch("BEGIN EXCLUSIVE").expect("the database for itself");
        Self(connection)
    }
}

impl Drop for Shut {
    fn drop(&mut self) {
        let _ = self.0.execute_batch("ROLLBACK");
    }
}

/// A request of a flow on the server `one`.
async fn ask(cluster: &TestCluster, project: &str, flow: &str, inputs: Value) -> Request {
    cluster.server("one").request(project, flow, inputs, 1).await.remove(0)
}

/// Kills the owner of a request, and gives the name of the server that has it then.
async fn kill_owner(cluster: &mut TestCluster, owner: &str, id: i64, survivors: &[&str]) -> String {
    cluster.server_mut(owner).kill();
    let ids: BTreeMap<String, String> =
        survivors.iter().map(|name| (cluster.server(name).id.clone(), (*name).to_owned())).collect();
    let asked = cluster.server(survivors[0]);
    until(&format!("a survivor has request {id}"), async || {
        let request = asked.client.request(id).await.ok()?.request;
        ids.get(&request.owner.as_ref()?.server).cloned()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daily_report_is_the_same_when_its_server_is_killed_between_two_days() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut cluster = TestCluster::start(folder.path(), &["one", "two"]);
    let notices = HoldingEndpoint::start().await;
    notices.open();
    let project = TestProject::sample(folder.path(), &notices.url);
    cluster.install("orders", &project.remote).await;
    let storage = folder.path().join("storage");
    let (warehouse, reports) = (storage.join("warehouse.db"), storage.join("reports"));
    let month = json!({"month": "1997-01"});
    let import = ask(&cluster, "orders", "order-import", month.clone()).await;
    let import = cluster.server("one").until_ended(import.id).await;
    assert_eq!(import.state, RequestState::Finished, "{:?}", import.error);

    let undisturbed = ask(&cluster, "orders", "daily-report", month.clone()).await;
    let undisturbed = cluster.server("one").until_ended(undisturbed.id).await;
    assert_is_january(&undisturbed.reply.clone().unwrap_or_default());
    let expected = contents(&reports);
    assert_eq!(expected.len(), 31 + 1);

    // Shut the warehouse when some days are reported and others are not. A machine that is quick may have done all.
    let mut tries = 0;
    let (request, shut) = loop {
        std::fs::remove_dir_all(&reports)?;
        let request = ask(&cluster, "orders", "daily-report", month.clone()).await;
        until("the first days are reported", async || (days_in(&reports) >= 3).then_some(())).await;
        let shut = Shut::new(&warehouse);
        if days_in(&reports) < 29 {
            break (request, shut);
        }
        drop(shut);
        cluster.server("one").until_ended(request.id).await;
        tries += 1;
        assert!(tries < 50, "the report is always done before its server can be killed");
    };
    kill_owner(&mut cluster, "one", request.id, &["two"]).await;
    let before = days_in(&reports);
    drop(shut);
    let ended = cluster.server("two").until_ended(request.id).await;
    assert_eq!((ended.state, ended.attempt > 1), (RequestState::Finished, true), "{:?}", ended.error);
    assert_eq!(ended.reply, undisturbed.reply);
    assert_eq!(contents(&reports), expected, "{before} days had been reported before");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_writes_everything_once_when_its_servers_are_killed_at_the_api_and_at_the_database() -> Tested {
    let folder = tempfile::tempdir()?;
    let (shop, page_3) = StaticFiles::serve_holding(sample("api-sync").join("api"), "customers-3.json").await;
    let mut cluster = TestCluster::start(folder.path(), &["one", "two", "three"]);
    let project = TestProject::of_sample(folder.path(), "api-sync", &[("shop", &shop.url)]);
    cluster.install("api-sync", &project.remote).await;
    let database = folder.path().join("storage/customers.db");

    // In the middle of the pages.
    let request = ask(&cluster, "api-sync", "customer-sync", json!({})).await;
    page_3.until_asked().await;
    let second = kill_owner(&mut cluster, "one", request.id, &["two", "three"]).await;
    let third = if second == "two" { "three" } else { "two" };

    // Between the saved point and the rows: the database is shut.
    std::fs::create_dir_all(folder.path().join("storage"))?;
    let shut = Shut::new(&database);
    page_3.open();
    until("the customers are saved", async || {
        let request = cluster.server(third).client.request(request.id).await.ok()?.request;
        request.checkpoint.filter(|name| name != "Start")
    })
    .await;
    assert_eq!(kill_owner(&mut cluster, &second, request.id, &[third]).await, third);
    drop(shut);

    let ended = cluster.server(third).until_ended(request.id).await;
    assert_eq!((ended.state, ended.attempt >= 3), (RequestState::Finished, true), "{:?}", ended.error);
    assert_customers(&database, 1);
    assert_eq!(number(&database, "SELECT sum(customers) FROM syncs"), 781, "the sync is counted once");
    Ok(())
}

/// The files of a folder.
fn contents(folder: &Path) -> BTreeMap<PathBuf, String> {
    let entries = std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path());
    entries.map(|path| (path.clone(), std::fs::read_to_string(path).expect("a text"))).collect()
}

/// How many days are reported; none if there is no folder yet.
fn days_in(folder: &Path) -> usize {
    if folder.is_dir() { files_in(folder) } else { 0 }
}
