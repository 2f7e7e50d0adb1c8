//! Schedules on real servers that are killed, on either database.

use flow_api::{Time, TriggerEntry, TriggerQuery};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use system_tests::Tested;
use system_tests::cluster::TestCluster;
use system_tests::project::TestProject;
use system_tests::wait::until;
use test_postgres::Server;

/// How many times a server is killed.
const LOSSES: usize = 4;

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
    let mut cluster = match connection {
        Some(connection) => TestCluster::start_on(connection, folder.path(), &["first", "second"], &[]),
        None => TestCluster::start(folder.path(), &["first", "second"]),
    };
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
    let query = flow_api::RequestQuery { flow: Some("tick".to_owned()), limit: Some(1000), ..Default::default() };
    let made = client.requests(&query).await?.items;
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
