//! Automatic retries, and what of them holds when the server of a request is lost.

use flow_api::{AttemptEnd, RequestState};
use serde_json::json;
use system_tests::Tested;
use system_tests::chaos::Ledger;
use system_tests::cluster::TestCluster;
use system_tests::project::{TestProject, http_connection};

/// A flow that asks the ledger, which may refuse, and is tried again twice.
fn flow() -> String {
    let act = json!({"Connection": "ledger", "Method": "POST", "Path": "/act/${number}", "Retries": 0});
    json!({
        "format": 1,
        "components": [
            {"id": "start-1", "type": "Start", "name": "Start", "properties": {
                "OtherServerRetry": true, "BeginCheckpoint": "Use", "RetryCount": 2, "RetryInterval": 1,
                "Inputs": [{"name": "number", "type": "Integer", "default": 0}],
            }},
            {"id": "act-1", "type": "HttpRequest", "name": "Act", "properties": act},
            {"id": "end-1", "type": "End", "name": "End", "properties": {}},
        ],
        "links": [{"from": "start-1.out", "to": "act-1.in"}, {"from": "act-1.out", "to": "end-1.in"}],
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_are_counted_across_owners_and_their_intervals_hold() -> Tested {
    let folder = tempfile::tempdir()?;
    let ledger = Ledger::start().await;
    ledger.fail(true);
    let files = [("flows/act.flow.json", flow()), ("connections/ledger.json", http_connection(&ledger.url))];
    let project = TestProject::new(folder.path(), "retries", &files);
    let mut cluster = TestCluster::start(folder.path(), &["first", "second"]);
    cluster.install("retries", &project.remote).await;

    let request = cluster.server("first").request("retries", "act", json!({"number": 1}), 1).await.remove(0);
    let waiting = cluster.server("first").until_state(request.id, RequestState::WaitingForRetry).await;
    cluster.server_mut("first").kill();

    let survivor = cluster.server("second");
    let ended = survivor.until_ended(request.id).await;
    assert_eq!((ended.state, ended.retries_used), (RequestState::Error, 2));
    assert_eq!(ended.owner.map(|owner| owner.server), Some(survivor.id.clone()));
    let attempts = survivor.client.request(request.id).await?.attempts;
    let failed: Vec<_> = attempts.iter().filter(|attempt| attempt.end == Some(AttemptEnd::Failed)).collect();
    assert_eq!(failed.len(), 3, "one attempt and two retries, whoever made them: {attempts:?}");
    let due = waiting.due.expect("it waits for a time");
    let mut later = attempts.iter().filter(|attempt| attempt.attempt > waiting.attempt);
    assert!(later.all(|attempt| attempt.started >= due), "{due:?}: {attempts:?}");

    ledger.fail(false);
    survivor.client.re_execute(request.id).await?;
    assert_eq!(survivor.until_ended(request.id).await.state, RequestState::Finished);
    Ok(())
}
