//! What requests saved: page by page, as files, and to go on from.

use crate::harness::{Cluster, TestProject, create_one, flow, until};
use flow_api::{
    Bulk, BulkAction, ReExecution, RequestState, Role, SavedFormat, SavedKind, SavedPointsQuery, SavedQuery,
};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_saved_stream_is_read_page_by_page_and_as_a_file_of_each_kind() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    let made = create_one(&client, "short").await;
    client.wait(made.id, Duration::from_secs(60)).await.unwrap();
    let points = client.request(made.id).await.unwrap().saved_points;
    let numbers: Vec<u32> = points.iter().map(|point| point.number).collect();
    assert_eq!(numbers, (0..points.len() as u32).collect::<Vec<_>>());
    let point = points.iter().find(|point| point.kind == SavedKind::Checkpoint).unwrap().number;

    let page = client.saved_rows(made.id, point).await.unwrap();
    assert_eq!((page.total, page.rows.len(), page.next), (1, 1, None));
    let behind = SavedQuery { after: Some("1".to_owned()), ..SavedQuery::default() };
    assert_eq!(client.saved_page(made.id, point, &behind).await.unwrap().rows.len(), 0);
    let file = async |format| client.saved_file(made.id, point, format).await.unwrap().rest().await.unwrap();
    assert_eq!(flow_data::decode(file(SavedFormat::Arrow).await.into()).unwrap().rows(), Some(1));
    let csv = String::from_utf8(file(SavedFormat::Csv).await).unwrap();
    assert!(csv.lines().next().unwrap().contains("customer") && csv.contains("Anna"), "{csv}");
    let json = String::from_utf8(file(SavedFormat::Json).await).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(json.trim()).unwrap()["customer"], "Anna");
    let page = |before, limit| SavedPointsQuery { before, limit: Some(limit) };
    let mut listed = Vec::new();
    let mut before = None;
    loop {
        let page = client.saved_points(made.id, &page(before, 1)).await.unwrap();
        assert_eq!(page.items.len(), 1);
        listed.splice(0..0, page.items);
        let Some(next) = page.next else { break };
        before = Some(next.parse().unwrap());
    }
    assert_eq!(listed, points, "page by page the same as at once");
    assert_eq!(client.saved_points(made.id, &page(Some(0), 10)).await.unwrap().items, []);
    let none = client.saved_points(4711, &page(None, 10)).await.unwrap_err();
    assert_eq!(none.code(), "request/not-found");

    let missing = client.saved_file(made.id, 99, SavedFormat::Csv).await.err().unwrap();
    assert_eq!(missing.code(), "request/no-saved-point");
    server.stop().await;
}

#[tokio::test]
async fn a_request_is_executed_again_from_an_earlier_point_and_on_another_server() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    let made = create_one(&client, "long").await;
    let waits = async || {
        until("it waits", async || {
            let detail = client.request(made.id).await.unwrap();
            (detail.request.state == RequestState::Waiting).then_some(detail)
        })
        .await
    };
    let before = waits().await;
    client.cancel(made.id).await.unwrap();
    let from_start = ReExecution { from_start: true, ..ReExecution::default() };
    client.re_execute_from(made.id, &from_start).await.unwrap();
    let after = waits().await;
    let checkpoint = |detail: &flow_api::RequestDetail| {
        detail.saved_points.iter().find(|point| point.kind == SavedKind::Checkpoint).map(|point| point.attempt)
    };
    assert_eq!((checkpoint(&before), checkpoint(&after)), (Some(1), Some(2)), "it ran anew");

    let second = cluster.start("second").await;
    client.cancel(made.id).await.unwrap();
    let saved = after.saved_points.len() as u32;
    let beyond = ReExecution { from: Some(saved), ..ReExecution::default() };
    let beyond = client.re_execute_from(made.id, &beyond).await.unwrap_err();
    assert_eq!(beyond.code(), "request/no-saved-point");
    assert!(beyond.to_string().contains(&format!("no saved point {saved}")), "{beyond}");
    let there = ReExecution { server: Some(second.at.id.to_string()), ..ReExecution::default() };
    assert_eq!(client.re_execute_from(made.id, &there).await.unwrap().owner.unwrap().name, "second");
    let moved = waits().await;
    assert_eq!(moved.request.owner.unwrap().name, "second");
    assert_eq!(checkpoint(&client.request(made.id).await.unwrap()), Some(2), "what was saved did not run again");
    client.cancel(made.id).await.unwrap();
    second.stop().await;
    let gone = client.re_execute_from(made.id, &there).await.unwrap_err();
    assert_eq!(gone.code(), "server/not-running");
    let unknown = ReExecution { server: Some("none".to_owned()), ..ReExecution::default() };
    assert_eq!(client.re_execute_from(made.id, &unknown).await.unwrap_err().code(), "server/not-found");
    server.stop().await;
}

#[tokio::test]
async fn what_waits_for_its_retry_goes_on_at_its_own_server_whichever_is_asked() {
    let cluster = Cluster::new();
    let (first, second) = (cluster.start("first").await, cluster.start("second").await);
    let at_first = cluster.client(&first, Role::Administrator).await;
    let at_second = cluster.client(&second, Role::Administrator).await;
    let project = TestProject::new(&cluster);
    let mut failing: Value = serde_json::from_str(&flow("fails", &[])).unwrap();
    failing["components"][0]["properties"]["RetryInterval"] = json!(3600);
    failing["components"][2] = json!({"id": "end-aaaaaa", "type": "Fail", "name": "Not yet", "properties": {
        "Message": "not yet", "Retry": true}});
    project.write("flows/failing.flow.json", &failing.to_string());
    project.push("Fail");
    project.install(&at_first).await;

    let made = create_one(&at_first, "failing").await;
    let ended = async |attempt: u32| {
        until("the attempt has failed", async || {
            let request = at_second.request(made.id).await.unwrap().request;
            (request.attempt == attempt && request.state != RequestState::Running).then_some(request)
        })
        .await
    };
    assert_eq!(ended(1).await.state, RequestState::WaitingForRetry);
    let there = ReExecution { server: Some(second.at.id.to_string()), ..ReExecution::default() };
    let refused = at_second.re_execute_from(made.id, &there).await.unwrap_err();
    assert_eq!(refused.code(), "request/state");
    assert!(refused.to_string().contains("waits for its retry at first, which lives"), "{refused}");

    // Nobody waits for the interval, and it is still its own server's.
    assert_eq!(at_second.re_execute(made.id).await.unwrap().owner.unwrap().name, "first");
    assert_eq!(ended(2).await.owner.unwrap().name, "first");
    let many =
        Bulk { action: BulkAction::ReExecute, ids: Some(vec![made.id]), filter: None, version: None, dry_run: false };
    let done = at_second.bulk(&many).await.unwrap();
    assert_eq!((done.done, done.skipped), (1, vec![]));
    let last = ended(3).await;
    assert_eq!((last.state, last.owner.unwrap().name.as_str()), (RequestState::Error, "first"));

    // What has ended waits nowhere.
    assert_eq!(at_second.re_execute(made.id).await.unwrap().owner.unwrap().name, "second");
    first.stop().await;
    second.stop().await;
}
