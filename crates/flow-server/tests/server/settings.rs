//! The settings of the cluster.

use crate::harness::{Cluster, TestProject, TestServer, create_one, flow, until, wish};
use flow_api::{Client, RequestState, RetentionWish, Role, Setting, SettingChange, SettingSource};
use flow_server::Given;
use serde_json::{Value, json};
use std::time::Duration;

fn find<'a>(settings: &'a [Setting], key: &str) -> &'a Setting {
    settings.iter().find(|setting| setting.key == key).unwrap()
}

fn to(value: Value) -> SettingChange {
    SettingChange { value, version: None }
}

#[tokio::test]
async fn a_setting_shows_where_its_value_comes_from_and_holds_on_every_server_once_changed() {
    let cluster = Cluster::new();
    let mut config = cluster.config("first");
    config.given = vec![Given { key: "server.concurrency", value: json!(7), source: SettingSource::File }];
    let first = TestServer::start(config).await.unwrap();
    let second = cluster.start("second").await;
    let client = cluster.client(&first, Role::Administrator).await;
    let other = cluster.client(&second, Role::Administrator).await;

    let settings = client.settings().await.unwrap();
    let concurrency = find(&settings, "server.concurrency");
    assert_eq!(
        (&concurrency.value, concurrency.source, concurrency.changeable),
        (&json!(7), SettingSource::File, false)
    );
    let days = find(&settings, "retention.finished.days");
    assert_eq!((&days.value, days.source, days.version), (&Value::Null, SettingSource::Default, 0));

    let changed = client.change_setting("retention.finished.days", &to(json!(30))).await.unwrap();
    assert_eq!((&changed.value, changed.source), (&json!(30), SettingSource::Cluster));
    assert_eq!(changed.changed_by.as_deref(), Some("administrator"));
    assert_eq!(find(&other.settings().await.unwrap(), "retention.finished.days").value, json!(30));
    let stale = SettingChange { value: json!(31), version: Some(changed.version + 1) };
    let refused = client.change_setting("retention.finished.days", &stale).await.unwrap_err();
    assert_eq!(refused.code(), "setting/changed");
    let back = client.change_setting("retention.finished.days", &to(Value::Null)).await.unwrap();
    assert_eq!(back.source, SettingSource::Default);

    // A limit is heeded at once where it was set, and soon by the other servers.
    client.change_setting("limits.requests_per_call", &to(json!(2))).await.unwrap();
    let wish = flow_api::NewRequests { count: Some(3), ..crate::harness::wish("short") };
    assert_eq!(client.create_requests(&wish, None).await.unwrap_err().code(), "input/invalid");
    until("the other server heeds it", async || {
        (other.create_requests(&wish, None).await.unwrap_err().code() == "input/invalid").then_some(())
    })
    .await;
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn a_server_is_renamed_while_it_runs_and_no_two_have_one_name() {
    let cluster = Cluster::new();
    let first = cluster.start("first").await;
    let second = cluster.start("second").await;
    let client = cluster.client(&first, Role::Administrator).await;
    assert_eq!(client.rename_server(second.at.id.as_str(), "south").await.unwrap().name, "south");
    let taken = client.change_setting("server.name", &to(json!("south"))).await.unwrap_err();
    assert_eq!(taken.code(), "server/name-taken");
    assert_eq!(client.change_setting("server.name", &to(json!("north"))).await.unwrap().value, json!("north"));
    assert_eq!(client.about().await.unwrap().name, "north");
    let names: Vec<String> = client.servers().await.unwrap().into_iter().map(|server| server.name).collect();
    assert_eq!(names, ["north", "south"]);
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn retention_says_beforehand_what_it_would_remove() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    crate::harness::TestProject::new(&cluster).install(&client).await;
    let three = flow_api::NewRequests { count: Some(3), ..crate::harness::wish("short") };
    let made = client.create_requests(&three, None).await.unwrap().requests;
    for request in &made {
        client.wait(request.id, std::time::Duration::from_secs(60)).await.unwrap();
    }
    let keep = |value: Value| RetentionWish {
        settings: [("retention.finished.number".to_owned(), value)].into_iter().collect(),
    };
    let report = client.preview_retention(&keep(json!(1))).await.unwrap();
    let finished = report.groups.iter().find(|group| group.state == flow_api::RequestState::Finished).unwrap();
    assert_eq!((finished.present, finished.requests), (3, 2));
    let bad = client.preview_retention(&keep(json!("few"))).await.unwrap_err();
    assert_eq!(bad.code(), "input/invalid");
    assert_eq!(
        client.request_counts().await.unwrap()[&flow_api::RequestState::Finished],
        3,
        "a preview removes nothing"
    );
    server.stop().await;
}

#[tokio::test]
async fn in_maintenance_new_requests_are_refused_everywhere_and_those_that_are_there_go_on() {
    let cluster = Cluster::new();
    let first = cluster.start("first").await;
    let second = cluster.start("second").await;
    let client = cluster.client(&first, Role::Administrator).await;
    let other = cluster.client(&second, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    let running = create_one(&client, "long").await;

    client.change_setting("service.maintenance", &to(json!(true))).await.unwrap();
    let refused = client.create_requests(&wish("short"), None).await.unwrap_err();
    assert_eq!(refused.code(), "server/maintenance");
    until("the other server heeds it", async || {
        let answer = other.create_requests(&wish("short"), None).await;
        answer.is_err_and(|error| error.code() == "server/maintenance").then_some(())
    })
    .await;
    let answer = reqwest::Client::new()
        .post(first.url("/api/v1/requests"))
        .bearer_auth(cluster.token(Role::Operator).await)
        .json(&wish("short"))
        .send()
        .await
        .unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (503, &"60".parse().unwrap()));
    assert!(!client.request(running.id).await.unwrap().request.state.has_ended(), "it goes on");

    client.change_setting("service.maintenance", &to(json!(false))).await.unwrap();
    client.create_requests(&wish("short"), None).await.unwrap();
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn when_too_many_requests_are_queued_no_more_are_made_until_there_is_room() {
    let cluster = Cluster::new();
    let mut config = cluster.config("first");
    // It never has room, so all that is made is queued.
    config.concurrency = 0;
    let server = TestServer::start(config).await.unwrap();
    let client = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    client.change_setting("limits.queued_requests", &to(json!(3))).await.unwrap();
    let three = flow_api::NewRequests { count: Some(3), ..wish("short") };
    let queued = client.create_requests(&three, None).await.unwrap().requests;
    let refused = client.create_requests(&wish("short"), None).await.unwrap_err();
    assert_eq!(refused.code(), "request/queue-full");
    let answer = reqwest::Client::new()
        .post(server.url("/api/v1/requests"))
        .bearer_auth(cluster.token(Role::Operator).await)
        .json(&wish("short"))
        .send()
        .await
        .unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"5".parse().unwrap()));
    client.cancel(queued[0].id).await.unwrap();
    client.create_requests(&wish("short"), None).await.unwrap();
    server.stop().await;
}

/// How many writes a request of `saving` took.
async fn writes_of_one(cluster: &Cluster, client: &Client) -> u64 {
    let before = cluster.store.statistics().commands;
    let made = create_one(client, "saving").await;
    let ended = client.wait(made.id, Duration::from_secs(60)).await.unwrap();
    assert_eq!(ended.state, RequestState::Finished, "{:?}", ended.error);
    cluster.store.statistics().commands - before
}

#[tokio::test]
async fn a_server_without_speculation_writes_each_checkpoint_before_what_is_behind_it() {
    const CHECKPOINTS: u64 = 20;
    let checkpoint = |n: u64| json!({"id": format!("saved-{n}"), "type": "Checkpoint", "name": format!("Saved {n}")});
    let cluster = Cluster::new();
    let project = TestProject::new(&cluster);
    project.write("flows/saving.flow.json", &flow("saves", &(0..CHECKPOINTS).map(checkpoint).collect::<Vec<_>>()));
    project.push("Save");
    let mut config = cluster.config("careful");
    config.speculation = false;
    let careful = TestServer::start(config).await.unwrap();
    let client = cluster.client(&careful, Role::Administrator).await;
    project.install(&client).await;
    assert_eq!(find(&client.settings().await.unwrap(), "server.speculation").value, json!(false));
    assert!(writes_of_one(&cluster, &client).await > CHECKPOINTS, "one for each");
    careful.stop().await;

    let quick = cluster.start("quick").await;
    let client = cluster.client(&quick, Role::Administrator).await;
    // Not each time on a machine that is slow at that moment.
    until("several are written together", async || {
        (writes_of_one(&cluster, &client).await < CHECKPOINTS).then_some(())
    })
    .await;
    quick.stop().await;
}
