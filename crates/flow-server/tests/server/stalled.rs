//! Requests that run and get nowhere: how they are seen, and taken over.

use crate::harness::{Cluster, TestProject, TestServer, create_one, flow, until};
use flow_api::{Client, Event, LogQuery, Request, RequestQuery, RequestState, Role, SettingChange, TakeOver};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// An endpoint that answers each call after this time; where it listens.
async fn endpoint(answers_after: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                tokio::time::sleep(answers_after).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").await;
            });
        }
    });
    url
}

/// A cluster of two servers with the flow `call`, which calls the endpoint once for each of some records.
async fn set_up(answers_after: Duration, calls: u32, stalled_after: Option<f64>) -> (Cluster, [TestServer; 2], Client) {
    let cluster = Cluster::new();
    let servers = [cluster.start("first").await, cluster.start("second").await];
    let administrator = cluster.client(&servers[0], Role::Administrator).await;
    let project = TestProject::new(&cluster);
    let url = endpoint(answers_after).await;
    let connection = json!({"format": 1, "kind": "http", "settings": {"url": url}});
    project.write("connections/partner.json", &connection.to_string());
    let rows = json!({"id": "rows-1", "type": "Sql", "name": "Records", "properties": {
        "Inlets": ["in"], "Query": format!("SELECT unnest(generate_series(1, {calls})) AS number FROM \"in\"")}});
    let call = json!({"id": "call-1", "type": "HttpRequest", "name": "Call partner", "properties": {
        "Connection": "partner", "Per": "Record", "Path": "/", "Answer": "Text"}});
    let stalled_after = stalled_after.map(|seconds| format!("\"StalledAfter\":{seconds},")).unwrap_or_default();
    let with_setting = format!("{stalled_after}\"RetryCount\"");
    let text = flow("calls", &[rows, call]).replacen("\"RetryCount\"", &with_setting, 1);
    project.write("flows/call.flow.json", &text);
    project.push("Call");
    project.install(&administrator).await;
    (cluster, servers, administrator)
}

async fn stalled(client: &Client) -> Vec<Request> {
    client.requests(&RequestQuery { stalled: true, ..RequestQuery::default() }).await.unwrap().items
}

#[tokio::test]
async fn a_request_that_hangs_is_shown_as_stalled_and_goes_on_elsewhere_when_it_is_taken_over() {
    let (cluster, [first, second], client) = set_up(Duration::from_secs(3600), 1, Some(0.6)).await;
    let mut events = client.events().await.unwrap();
    let made = create_one(&client, "call").await;
    let shown = until("it is stalled", async || stalled(&client).await.pop()).await;
    assert_eq!((shown.id, shown.state), (made.id, RequestState::Running));
    assert!(shown.stalled.is_some_and(|since| since >= made.created), "{shown:?}");
    assert_eq!(client.request(made.id).await.unwrap().request.stalled, shown.stalled);
    let told = until("it is told of", async || match events.next().await.unwrap() {
        Event::Stalled { id, flow, owner, .. } => Some((id, flow, owner.name)),
        _ => None,
    })
    .await;
    assert_eq!(told, (made.id, "call".to_owned(), "first".to_owned()));
    let log = client.request_log(made.id, &LogQuery::default()).await.unwrap();
    let entry = log.iter().find(|entry| entry.event == "stalled").unwrap();
    assert_eq!((entry.component.as_deref(), entry.level.as_str()), (Some("call-1"), "warning"));
    assert!(entry.message.contains("“Call partner”"), "{}", entry.message);
    let metrics = client.metrics().await.unwrap();
    assert!(metrics.contains("cairn_requests_stalled 1"), "{metrics}");

    // Called at the server that has it: another one takes it.
    let taken = client.take_over(made.id, &TakeOver::default()).await.unwrap();
    assert_eq!(taken.owner.map(|owner| owner.name).as_deref(), Some("second"));
    let detail = until("it hangs there, too", async || {
        let detail = client.request(made.id).await.unwrap();
        (detail.request.attempt == 2 && detail.request.stalled.is_some()).then_some(detail)
    })
    .await;
    assert_eq!(detail.request.retries_used, 0, "that spends no retry");
    let checkpoints = detail.saved_points.iter().filter(|point| point.name == "Received").count();
    assert_eq!(checkpoints, 1, "what is settled does not run again");
    until("the attempt of the first server has ended", async || {
        client.metrics().await.unwrap().contains("cairn_attempts_total{left=\"Lost\"} 1").then_some(())
    })
    .await;
    until("the first server has no stalled request", async || {
        client.metrics().await.unwrap().contains("cairn_requests_stalled 0").then_some(())
    })
    .await;
    let trail = cluster.store.audit_trail(&flow_store::AuditFilter::default()).await.unwrap();
    let entry = trail.into_iter().find(|one| one.entry.action == "request-taken-over").unwrap().entry;
    assert_eq!((entry.account.as_str(), entry.subject), ("administrator", made.id.to_string()));

    let cancelled = client.cancel(made.id).await.unwrap();
    assert_eq!((cancelled.state, cancelled.stalled), (RequestState::Cancelled, None));
    assert_eq!(stalled(&client).await, []);
    assert_eq!(client.take_over(made.id, &TakeOver::default()).await.unwrap_err().code(), "request/state");
    let viewer = cluster.client(&first, Role::Viewer).await;
    assert_eq!(viewer.take_over(made.id, &TakeOver::default()).await.unwrap_err().code(), "auth/forbidden");
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn what_only_takes_long_is_never_stalled() {
    // Longer as a whole than it may stand still, but a record comes now and then.
    let (_cluster, [first, second], client) = set_up(Duration::from_millis(150), 14, Some(1.2)).await;
    let made = create_one(&client, "call").await;
    let long = create_one(&client, "long").await;
    let ended = until("it ends", async || {
        assert_eq!(stalled(&client).await, []);
        let request = client.request(made.id).await.unwrap().request;
        request.state.has_ended().then_some(request)
    })
    .await;
    assert_eq!(ended.state, RequestState::Finished, "{:?}", ended.error);
    let log = client.request_log(made.id, &LogQuery::default()).await.unwrap();
    assert!(!log.iter().any(|entry| entry.event == "stalled"), "{log:?}");
    assert_eq!(client.request(long.id).await.unwrap().request.state, RequestState::Waiting);
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn the_setting_of_the_cluster_holds_where_the_flow_says_nothing_and_an_answer_ends_a_standstill() {
    let (_cluster, [first, second], client) = set_up(Duration::from_secs(4), 1, None).await;
    let key = "service.stalled_after_seconds";
    let settings = client.settings().await.unwrap();
    let setting = settings.into_iter().find(|one| one.key == key).unwrap();
    assert_eq!((setting.value, setting.group.as_str()), (json!(1800), "Service"));
    let change = SettingChange { value: json!(1), version: None };
    client.change_setting(key, &change).await.unwrap();
    let made = create_one(&client, "call").await;
    until("it is stalled", async || stalled(&client).await.pop()).await;
    let ended = client.wait(made.id, Duration::from_secs(60)).await.unwrap();
    assert_eq!((ended.state, ended.stalled, ended.attempt), (RequestState::Finished, None, 1), "{:?}", ended.error);
    assert_eq!(stalled(&client).await, []);

    let never = SettingChange { value: json!(0), version: None };
    client.change_setting(key, &never).await.unwrap();
    let made = create_one(&client, "call").await;
    client.wait(made.id, Duration::from_secs(60)).await.unwrap();
    let log = client.request_log(made.id, &LogQuery::default()).await.unwrap();
    assert!(!log.iter().any(|entry| entry.event == "stalled"), "0 is never: {log:?}");
    first.stop().await;
    second.stop().await;
}
