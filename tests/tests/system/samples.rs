//! The sample flows really run, on a real server.

use flow_api::RequestState;
use serde_json::json;
use system_tests::Tested;
use system_tests::cluster::TestCluster;
use system_tests::holding_endpoint::HoldingEndpoint;
use system_tests::project::TestProject;

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_flows_finish_on_a_cluster() -> Tested {
    let folder = tempfile::tempdir()?;
    let endpoint = HoldingEndpoint::start().await;
    endpoint.open();
    let project = TestProject::sample(folder.path(), &endpoint.url);
    let cluster = TestCluster::start(folder.path(), &["lone"]);
    cluster.install("orders", &project.remote).await;
    let server = cluster.server("lone");

    let import = server.request("orders", "order-import", json!({"month": "1997-03"}), 1).await.remove(0);
    let rollback = server.request("orders", "order-import-with-rollback", json!({}), 1).await.remove(0);
    for request in [import, rollback] {
        let ended = server.until_ended(request.id).await;
        assert_eq!(ended.state, RequestState::Finished, "{}: {:?}", ended.flow, ended.error);
    }

    let warehouse = rusqlite::Connection::open(folder.path().join("storage/warehouse.db"))?;
    let orders: i64 = warehouse.query_row("SELECT count(*) FROM orders", [], |row| row.get(0))?;
    let state: String = warehouse.query_row("SELECT state FROM batches", [], |row| row.get(0))?;
    assert_eq!((orders, state.as_str()), (1203, "withdrawn"), "nobody bills, so the batch is withdrawn again");
    Ok(())
}
