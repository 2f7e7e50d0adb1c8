//! Priorities, limits, and why a request waits.

use crate::harness::{Cluster, TestProject, TestServer, create_one, flow, until, wish};
use flow_api::{AuditQuery, NewRequests, RequestState, Role, SettingChange, SettingSource};
use serde_json::{Value, json};

fn to(value: Value) -> SettingChange {
    SettingChange { value, version: None }
}

/// The flow `slow`, of which one request runs at once, for seconds; and `urgent`, with a priority of its own.
fn write_flows(project: &TestProject) {
    let with_start = |text: String, property: &str, value: Value| {
        let mut flow: Value = serde_json::from_str(&text).unwrap();
        flow["components"][0]["properties"][property] = value;
        flow.to_string()
    };
    let script = json!({"id": "script-aaaaaa", "type": "JavaScript", "name": "Slow", "properties": {
        "Script": "const end = Date.now() + 1000; while (Date.now() < end) {} return record;", "Clock": true}});
    project.write("flows/slow.flow.json", &with_start(flow("slow", &[script]), "ConcurrencyLimit", json!(1)));
    project.write("flows/urgent.flow.json", &with_start(flow("urgent", &[]), "Priority", json!(4)));
    project.push("More flows");
}

#[tokio::test]
async fn a_priority_is_that_of_the_flow_unless_somebody_says_another() {
    let cluster = Cluster::new();
    let mut config = cluster.config("first");
    // It never has room, so all that is made is queued.
    config.concurrency = 0;
    let server = TestServer::start(config).await.unwrap();
    let client = cluster.client(&server, Role::Administrator).await;
    let project = TestProject::new(&cluster);
    write_flows(&project);
    project.install(&client).await;
    let with = |priority| NewRequests { priority: Some(priority), ..wish("short") };
    let low = client.create_requests(&with(-2), None).await.unwrap().requests.remove(0);
    let usual = create_one(&client, "short").await;
    let urgent = create_one(&client, "urgent").await;
    assert_eq!((low.priority, usual.priority, urgent.priority), (-2, 0, 4));
    let refused = client.create_requests(&with(10), None).await.unwrap_err();
    assert_eq!(refused.code(), "input/invalid");
    let told = client.request(usual.id).await.unwrap().request.waits_for;
    assert_eq!(told.as_deref(), Some("all servers have as many as they run at once"));

    let second = cluster.start("second").await;
    let mut ended = Vec::new();
    for id in [low.id, usual.id, urgent.id] {
        let request = until("it has ended", async || {
            let request = client.request(id).await.unwrap().request;
            request.state.has_ended().then_some(request)
        });
        ended.push(request.await);
    }
    assert!(ended.iter().all(|request| request.state == RequestState::Finished && request.waits_for.is_none()));
    second.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn a_limit_is_heeded_told_of_and_changed_by_an_operator() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    let project = TestProject::new(&cluster);
    write_flows(&project);
    project.install(&client).await;

    let settings = client.settings().await.unwrap();
    let find = |key: &str| settings.iter().find(|setting| setting.key == key).unwrap().clone();
    let limit = find("limit.flow.orders/slow");
    assert_eq!((&limit.value, limit.source, limit.version), (&json!(1), SettingSource::Default, 0));
    assert_eq!(find("limit.flow.orders/short").value, Value::Null);

    let three = NewRequests { count: Some(3), ..wish("slow") };
    let made = client.create_requests(&three, None).await.unwrap().requests;
    assert_eq!(client.request(made[0].id).await.unwrap().settings.limits[0].of, "flow slow");
    until("one runs", async || {
        (client.request(made[0].id).await.unwrap().request.state == RequestState::Running).then_some(())
    })
    .await;
    let told = client.request(made[2].id).await.unwrap().request;
    assert_eq!(told.waits_for.as_deref(), Some("limit of flow slow reached: 1 of 1 running"));
    // What is under no limit passes it.
    let short = create_one(&client, "short").await;
    assert!(client.request(short.id).await.unwrap().settings.limits.is_empty());

    let changed = client.change_setting("limit.flow.orders/slow", &to(json!(0))).await.unwrap();
    assert_eq!((changed.value, changed.source, changed.default), (json!(0), SettingSource::Cluster, json!(1)));
    until("the first has ended", async || {
        client.request(made[0].id).await.unwrap().request.state.has_ended().then_some(())
    })
    .await;
    let told = client.request(made[1].id).await.unwrap().request;
    assert_eq!(told.waits_for.as_deref(), Some("limit of flow slow reached: 0 of 0 running"));
    client.change_setting("limit.flow.orders/slow", &to(json!(5))).await.unwrap();
    for id in [made[1].id, made[2].id, short.id] {
        until("it has ended", async || client.request(id).await.unwrap().request.state.has_ended().then_some(())).await;
    }
    for (key, value) in [("limit.flow.orders/none", json!(1)), ("limit.flow.orders/slow", json!(-1))] {
        let refused = client.change_setting(key, &to(value)).await.unwrap_err();
        assert!(["setting/not-found", "input/invalid"].contains(&refused.code()), "{refused:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn requests_under_a_limit_count_as_queued() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    let project = TestProject::new(&cluster);
    write_flows(&project);
    project.install(&client).await;
    client.change_setting("limits.queued_requests", &to(json!(2))).await.unwrap();
    client.change_setting("limit.flow.orders/slow", &to(json!(0))).await.unwrap();
    let two = NewRequests { count: Some(2), ..wish("slow") };
    client.create_requests(&two, None).await.unwrap();
    let refused = client.create_requests(&wish("slow"), None).await.unwrap_err();
    assert_eq!(refused.code(), "request/queue-full");
    create_one(&client, "short").await;
    server.stop().await;
}

#[tokio::test]
async fn a_server_is_put_into_maintenance_by_an_operator_and_another_makes_its_requests() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    let id = server.at.id.to_string();
    let viewer = cluster.client(&server, Role::Viewer).await;
    assert_eq!(viewer.maintain_server(&id, true).await.unwrap_err().code(), "auth/forbidden");
    let operator = cluster.client(&server, Role::Operator).await;
    assert!(operator.maintain_server(&id, true).await.unwrap().maintenance);
    let trail = client.audit(&AuditQuery { q: Some(id.clone()), ..AuditQuery::default() }).await.unwrap().items;
    let told = trail.iter().find(|record| record.action == "server-maintenance").unwrap();
    assert_eq!((&told.subject, told.subject_name.as_deref()), (&id, Some("first")));
    assert_eq!(operator.maintain_server("none", true).await.unwrap_err().code(), "server/not-found");
    let request = create_one(&client, "short").await;
    assert_eq!(request.state, RequestState::Queued);
    let told = client.request(request.id).await.unwrap().request.waits_for;
    assert_eq!(told.as_deref(), Some("every server is in maintenance or stopped"));
    assert!(!operator.maintain_server(&id, false).await.unwrap().maintenance);
    until("it runs here again", async || {
        client.request(request.id).await.unwrap().request.state.has_ended().then_some(())
    })
    .await;
    server.stop().await;
}
