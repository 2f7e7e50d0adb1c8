//! Requests from their making to their end.

use crate::harness::{Cluster, TestProject, TestServer, create_one, inputs, until, wish};
use flow_api::{Client, LogQuery, NewRequests, RequestQuery, RequestState, Role, SavedKind};
use flow_store::{HeldLine, MemoryStore, RequestFilter, RequestStore as _};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const PATIENCE: Duration = Duration::from_secs(60);

async fn set_up() -> (Cluster, TestServer, Client) {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let administrator = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&administrator).await;
    let operator = cluster.client(&server, Role::Operator).await;
    (cluster, server, operator)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_caller_hangs_up_while_it_is_made_runs_all_the_same() {
    let (open, is_open) = watch::channel(true);
    let (memory, mut cluster) = (MemoryStore::new(), Cluster::new());
    cluster.store = Arc::new(memory.over(Arc::new(HeldLine(is_open))));
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    open.send_replace(false);
    let calling = tokio::spawn(async move { create_one(&client, "short").await });
    let all = RequestFilter { limit: 10, ..RequestFilter::default() };
    let made = until("it is made", async || memory.list(&all).await.unwrap().pop()).await;
    calling.abort();
    // The server hears of it before it has the answer of the database.
    tokio::time::sleep(Duration::from_millis(500)).await;
    open.send_replace(true);
    let ended = until("it has ended", async || {
        let request = memory.get(made.id).await.unwrap();
        request.state.is_ended().then_some(request)
    })
    .await;
    assert_eq!((ended.state, ended.attempt), (flow_store::RequestState::Finished, 1));
    server.stop().await;
}

#[tokio::test]
async fn a_request_runs_here_at_once_and_shows_all_it_did() {
    let (cluster, server, client) = set_up().await;
    let made = create_one(&client, "short").await;
    assert_eq!(made.state, RequestState::Running);
    assert_eq!(made.owner.as_ref().unwrap().name, "first");
    assert_eq!((made.requested_by.as_str(), made.trigger.as_str()), ("operator", "api"));
    let ended = client.wait(made.id, PATIENCE).await.unwrap();
    assert_eq!((ended.state, ended.error), (RequestState::Finished, None));

    let detail = client.request(made.id).await.unwrap();
    assert_eq!(detail.inputs, inputs(json!({"customer": "Anna", "amount": 1})));
    assert_eq!((detail.settings.retry_count, detail.settings.retry_interval), (2, 0.5));
    assert!(detail.settings.other_server_retry && detail.settings.begin_checkpoint);
    assert_eq!((detail.attempts.len(), detail.attempts[0].attempt), (1, 1));
    assert!(detail.attempts[0].first_component_at.is_some());
    let checkpoint = detail.saved_points.iter().find(|point| point.kind == SavedKind::Checkpoint).unwrap();
    assert_eq!((checkpoint.name.as_str(), checkpoint.rows), ("Received", 1));

    let rows = client.saved_rows(made.id, checkpoint.number).await.unwrap();
    assert_eq!(rows.total, 1);
    assert!(rows.fields.contains(&"customer".to_owned()), "{:?}", rows.fields);
    assert_eq!(rows.rows[0]["customer"], "Anna");
    let url = server.url(&format!("/api/v1/requests/{}/saved-points/{}?format=arrow", made.id, checkpoint.number));
    let token = cluster.token(Role::Viewer).await;
    let arrow = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(flow_data::decode(arrow).unwrap().rows(), Some(1));
    assert_eq!(client.saved_rows(made.id, 99).await.unwrap_err().code(), "request/no-saved-point");

    let log = client.request_log(made.id, &LogQuery::default()).await.unwrap();
    assert!(log.iter().any(|entry| entry.event == "checkpoint-saved"), "{log:?}");
    let last = log.last().unwrap().number;
    assert_eq!(client.request_log(made.id, &LogQuery { after: Some(last), limit: None }).await.unwrap(), []);
    until("the audit trail tells of it", async || {
        let trail = cluster.store.audit_trail(&flow_store::AuditFilter::default()).await.unwrap();
        trail.into_iter().find(|one| one.entry.action == "requests-created" && one.entry.account == "operator")
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn inputs_are_checked_before_anything_is_made() {
    let (cluster, server, client) = set_up().await;
    let cases = [
        (json!({}), "input/missing"),
        (json!({"customer": 5}), "input/type"),
        (json!({"customer": "A", "x": 1}), "input/unknown"),
    ];
    for (given, code) in cases {
        let wish = NewRequests { inputs: inputs(given), ..wish("short") };
        assert_eq!(client.create_requests(&wish, None).await.unwrap_err().code(), code);
    }
    let made: u64 = cluster.store.counts(&flow_store::RequestFilter::default()).await.unwrap().values().sum();
    assert_eq!(made, 0);
    server.stop().await;
}

#[tokio::test]
async fn the_same_idempotency_key_makes_the_requests_once() {
    let (_cluster, server, client) = set_up().await;
    let three = NewRequests { count: Some(3), ..wish("short") };
    let first = client.create_requests(&three, Some("import 1")).await.unwrap().requests;
    let again = client.create_requests(&three, Some("import 1")).await.unwrap().requests;
    let ids = |requests: &[flow_api::Request]| requests.iter().map(|request| request.id).collect::<Vec<_>>();
    assert_eq!((ids(&first), first.len()), (ids(&again), 3));
    let other = NewRequests { inputs: inputs(json!({"customer": "Ben"})), ..three };
    assert_eq!(client.create_requests(&other, Some("import 1")).await.unwrap_err().code(), "request/key-reused");
    let all = client.requests(&RequestQuery::default()).await.unwrap();
    assert_eq!(all.items.len(), 3);
    server.stop().await;
}

#[tokio::test]
async fn a_batch_larger_than_the_room_here_is_worked_off_and_listed_page_by_page() {
    let cluster = Cluster::new();
    let mut config = cluster.config("first");
    config.concurrency = 4;
    let server = TestServer::start(config).await.unwrap();
    let client = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    let batch = NewRequests { count: Some(25), trigger: Some("tour".to_owned()), ..wish("short") };
    let made = client.create_requests(&batch, None).await.unwrap().requests;
    assert_eq!(made.len(), 25);
    until("all have finished", async || {
        let counts = client.request_counts().await.unwrap();
        (counts[&RequestState::Finished] == 25).then_some(())
    })
    .await;
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let query = RequestQuery {
            limit: Some(10),
            after,
            attempts: true,
            flow: Some("short".to_owned()),
            ..RequestQuery::default()
        };
        let page = client.requests(&query).await.unwrap();
        assert!(page.items.iter().all(|request| request.attempts.as_ref().is_some_and(|all| all.len() == 1)));
        seen.extend(page.items.iter().map(|request| request.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut expected: Vec<i64> = made.iter().map(|request| request.id).collect();
    expected.reverse();
    assert_eq!(seen, expected);
    let none = RequestQuery { state: Some("Queued,Running".to_owned()), ..RequestQuery::default() };
    assert_eq!(client.requests(&none).await.unwrap().items, []);
    server.stop().await;
}

#[tokio::test]
async fn requests_are_listed_by_their_priority() {
    let (_cluster, server, client) = set_up().await;
    let urgent = NewRequests { priority: Some(5), ..wish("short") };
    let made = client.create_requests(&urgent, None).await.unwrap().requests.remove(0);
    let usual = create_one(&client, "short").await;
    for (priority, expected) in [(5, made.id), (0, usual.id)] {
        let query = RequestQuery { priority: Some(priority), ..RequestQuery::default() };
        let listed = client.requests(&query).await.unwrap().items;
        assert_eq!(listed.iter().map(|request| request.id).collect::<Vec<_>>(), [expected]);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_waiting_request_is_cancelled_and_executed_again_from_its_saved_points() {
    let (_cluster, server, client) = set_up().await;
    let made = create_one(&client, "long").await;
    until("it waits", async || {
        let request = client.request(made.id).await.unwrap().request;
        (request.state == RequestState::Waiting).then_some(())
    })
    .await;
    let still = client.wait(made.id, Duration::from_millis(50)).await.unwrap();
    assert_eq!(still.state, RequestState::Waiting, "waiting for the end has an end itself");
    assert_eq!(client.cancel(made.id).await.unwrap().state, RequestState::Cancelled);
    assert_eq!(client.cancel(made.id).await.unwrap_err().code(), "request/state");
    let again = client.re_execute(made.id).await.unwrap();
    assert_eq!(again.owner.unwrap().name, "first");
    let resumed = until("it waits again", async || {
        let detail = client.request(made.id).await.unwrap();
        (detail.request.state == RequestState::Waiting).then_some(detail)
    })
    .await;
    assert_eq!(resumed.attempts.len(), 2);
    let checkpoints = resumed.saved_points.iter().filter(|point| point.kind == SavedKind::Checkpoint).count();
    assert_eq!(checkpoints, 1, "what was settled did not run again");
    let counts = client.request_counts().await.unwrap();
    assert_eq!((counts.len(), counts[&RequestState::Waiting]), (7, 1));
    server.stop().await;
}
