//! Triggers on real servers that are killed, on either database.

use flow_api::{Request, RequestQuery, RequestState, Time, TriggerEntry, TriggerQuery};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;
use system_tests::Tested;
use system_tests::cluster::TestCluster;
use system_tests::holding_endpoint::HoldingEndpoint;
use system_tests::project::{TestProject, component, http_connection, straight_flow};
use system_tests::wait::until;
use test_postgres::Server;

/// How many times a server is killed.
const LOSSES: usize = 4;
/// How many files come between two losses.
const FILES: usize = 5;

/// Two servers, on the embedded database or on that of a connection.
fn start_cluster(connection: Option<&str>, folder: &Path) -> TestCluster {
    match connection {
        Some(connection) => TestCluster::start_on(connection, folder, &["first", "second"], &[]),
        None => TestCluster::start(folder, &["first", "second"]),
    }
}

fn files() -> [(&'static str, String); 2] {
    let start = json!({"id": "start-1", "type": "Start", "name": "Start", "properties": {"OtherServerRetry": true,
        "BeginCheckpoint": "Use", "Inputs": [{"name": "due", "type": "Text"}]}});
    let flow = json!({"format": 1, "components": [start, {"id": "end-1", "type": "End", "name": "End"}],
        "links": [{"from": "start-1.out", "to": "end-1.in"}]});
    let trigger = json!({"format": 1, "id": "trigger-tick", "kind": "schedule", "flow": "tick",
        "properties": {"Cron": "* * * * * *", "Missed": "All"}});
    [("flows/tick.flow.json", flow.to_string()), ("triggers/tick.trigger.json", trigger.to_string())]
}

async fn tick(cluster: &TestCluster, server: &str) -> Option<TriggerEntry> {
    let triggers = cluster.server(server).client.triggers(&TriggerQuery::default()).await.ok()?;
    triggers.into_iter().find(|trigger| trigger.name == "tick")
}

/// Kills one server after the other, while the schedule goes on, and looks whether each second fired once.
async fn fires_each_second_once(connection: Option<&str>) -> Tested {
    let folder = tempfile::tempdir()?;
    let project = TestProject::new(folder.path(), "clock", &files());
    let mut cluster = start_cluster(connection, folder.path());
    cluster.install("clock", &project.remote).await;
    until("it has fired", async || tick(&cluster, "first").await.filter(|tick| tick.fired >= 2)).await;
    for loss in 0..LOSSES {
        let (lost, survivor) = if loss % 2 == 0 { ("first", "second") } else { ("second", "first") };
        let before = tick(&cluster, survivor).await.map_or(0, |tick| tick.fired);
        // At another moment of the second each time.
        tokio::time::sleep(Duration::from_millis(230 * loss as u64)).await;
        cluster.server_mut(lost).kill();
        until("the survivor goes on", async || tick(&cluster, survivor).await.filter(|tick| tick.fired >= before + 2))
            .await;
        cluster.add_server(lost);
    }
    let client = &cluster.server("first").client;
    client.switch_trigger("clock", "trigger-tick", false).await?;
    let firings = client.trigger_firings("clock", "trigger-tick", 1000).await?;
    let mut requests = BTreeMap::new();
    for firing in &firings {
        let id = firing.request.ok_or("each due time has its request")?;
        let request = cluster.server("first").until_ended(id).await;
        assert_eq!(request.trigger, "schedule tick");
        let due: Time = serde_json::from_value(json!(firing.key))?;
        assert!(requests.insert(due.as_millisecond(), id).is_none(), "{due} fired once");
    }
    let seconds: Vec<i64> = requests.keys().map(|due| due / 1000).collect();
    let all: Vec<i64> = (seconds[0]..=seconds[seconds.len() - 1]).collect();
    assert_eq!(seconds, all, "no second is left out");
    let made = made_of(&cluster, "first", "tick").await;
    assert_eq!(made.len(), requests.len(), "and there are no other requests");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_of_every_second_fires_each_due_time_once_while_servers_are_killed() -> Tested {
    fires_each_second_once(None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_so_on_postgres() -> Tested {
    let database = Server::start();
    fires_each_second_once(Some(&database.database())).await
}

/// A trigger's file.
fn trigger(kind: &str, flow: &str, properties: &Value) -> String {
    let id = format!("trigger-{kind}");
    json!({"format": 1, "id": id, "kind": kind, "flow": flow, "properties": properties}).to_string()
}

fn start(input: &str, kind: &str) -> Value {
    let properties =
        json!({"OtherServerRetry": true, "BeginCheckpoint": "Use", "Inputs": [{"name": input, "type": kind}]});
    component("start-1", "Start", "Start", properties)
}

fn end() -> Value {
    component("end-1", "End", "End", json!({}))
}

/// A flow for each file that comes, and one for each end of those.
fn inbox() -> [(&'static str, String); 4] {
    let files = json!({"Folder": "storage:incoming", "Pattern": "*.csv", "Settle": 1});
    [
        ("flows/take.flow.json", straight_flow(&[start("name", "Text"), end()])),
        ("flows/follow.flow.json", straight_flow(&[start("request", "Integer"), end()])),
        ("triggers/drop.trigger.json", trigger("file", "take", &files)),
        ("triggers/after.trigger.json", trigger("request", "follow", &json!({"Flow": "take"}))),
    ]
}

/// Waits until every server knows the triggers of the project.
async fn until_known(cluster: &TestCluster, count: usize) {
    for server in &cluster.servers {
        until("the triggers are known", async || {
            let triggers = server.client.triggers(&TriggerQuery::default()).await.ok()?;
            (triggers.iter().filter(|trigger| trigger.present).count() == count).then_some(())
        })
        .await;
    }
}

/// The requests of a flow, as a server lists them.
async fn made_of(cluster: &TestCluster, server: &str, flow: &str) -> Vec<Request> {
    let query = RequestQuery { flow: Some(flow.to_owned()), limit: Some(1000), ..Default::default() };
    cluster.server(server).client.requests(&query).await.map(|page| page.items).unwrap_or_default()
}

/// What one of their inputs is in each of the requests of a flow, once they have finished.
async fn inputs_of(cluster: &TestCluster, flow: &str, input: &str) -> Vec<Value> {
    let server = cluster.server("first");
    let mut inputs = Vec::new();
    for request in made_of(cluster, "first", flow).await {
        let ended = server.until_ended(request.id).await;
        assert_eq!(ended.state, RequestState::Finished, "{:?}", ended.error);
        inputs.push(server.client.request(request.id).await.expect("it is there").inputs[input].clone());
    }
    inputs
}

/// Kills one server after the other while files come, and looks whether each file and each end fired once.
async fn fires_once_for_each_file_and_each_end(connection: Option<&str>) -> Tested {
    let folder = tempfile::tempdir()?;
    let project = TestProject::new(folder.path(), "inbox", &inbox());
    let mut cluster = start_cluster(connection, folder.path());
    cluster.install("inbox", &project.remote).await;
    until_known(&cluster, 2).await;
    let incoming = folder.path().join("storage/incoming");
    std::fs::create_dir_all(&incoming)?;
    let mut names = BTreeSet::new();
    for loss in 0..LOSSES {
        let (lost, survivor) = if loss % 2 == 0 { ("first", "second") } else { ("second", "first") };
        let before = made_of(&cluster, survivor, "take").await.len();
        for number in 0..FILES {
            let name = format!("{loss}-{number}.csv");
            std::fs::write(incoming.join(&name), "1\n")?;
            names.insert(name);
        }
        // Not all of them have fired yet, or their ends were not followed.
        until("some have fired", async || (made_of(&cluster, survivor, "take").await.len() > before).then_some(()))
            .await;
        cluster.server_mut(lost).kill();
        until("the survivor goes on", async || {
            (made_of(&cluster, survivor, "follow").await.len() >= names.len()).then_some(())
        })
        .await;
        cluster.add_server(lost);
    }
    let taken = inputs_of(&cluster, "take", "name").await;
    assert_eq!(taken.len(), names.len(), "each file fired once: {taken:?}");
    assert_eq!(taken.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect::<BTreeSet<_>>(), names);
    let followed = inputs_of(&cluster, "follow", "request").await;
    assert_eq!(followed.len(), names.len(), "each end fired once: {followed:?}");
    let takers: BTreeSet<i64> = made_of(&cluster, "first", "take").await.iter().map(|request| request.id).collect();
    assert_eq!(followed.iter().filter_map(Value::as_i64).collect::<BTreeSet<_>>(), takers);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_file_and_each_end_of_a_request_fires_once_while_servers_are_killed() -> Tested {
    fires_once_for_each_file_and_each_end(None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_file_and_each_end_of_a_request_fires_once_on_postgres_as_well() -> Tested {
    let database = Server::start();
    fires_once_for_each_file_and_each_end(Some(&database.database())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_again_after_the_loss_of_a_server_gets_the_reply_of_the_same_request() -> Tested {
    let (folder, endpoint) = (tempfile::tempdir()?, HoldingEndpoint::start().await);
    let hold =
        component("hold-1", "HttpRequest", "Hold", json!({"Connection": "hold", "Method": "POST", "Path": "/hold"}));
    let files = [
        ("flows/order.flow.json", straight_flow(&[start("customer", "Text"), hold, end()])),
        ("connections/hold.json", http_connection(&endpoint.url)),
        ("triggers/order.trigger.json", trigger("http", "order", &json!({"Path": "order"}))),
    ];
    let project = TestProject::new(folder.path(), "shop", &files);
    let mut cluster = start_cluster(None, folder.path());
    cluster.install("shop", &project.remote).await;
    until_known(&cluster, 1).await;
    let call = |server: &str| {
        let address = format!("{}/api/v1/http/shop/order", cluster.server(server).address);
        let call = reqwest::Client::new().post(address).bearer_auth(&cluster.token).json(&json!({"customer": "Anna"}));
        call.header("Idempotency-Key", "order-4711").send()
    };
    let (at_first, at_second) = (call("first"), call("second"));
    let broken_off = tokio::spawn(at_first);
    endpoint.until_calls(1).await;
    cluster.server_mut("first").kill();
    assert!(broken_off.await?.is_err(), "its server was lost");
    let (answer, ()) = tokio::join!(at_second, async {
        endpoint.until_calls(2).await;
        endpoint.open();
    });
    let answer = answer?;
    assert!(matches!(answer.status().as_u16(), 200 | 204), "{answer:?}");
    let made = made_of(&cluster, "second", "order").await;
    let states: Vec<_> = made.iter().map(|request| (request.state, request.attempt)).collect();
    assert_eq!(states, [(RequestState::Finished, 2)], "there is one request");
    assert_eq!(answer.headers()["x-cairn-request"].to_str()?, made[0].id.to_string());
    Ok(())
}
