//! Triggers, on servers that share a cluster.

use crate::harness::{Cluster, TestProject, TestServer, until};
use flow_api::{Client, RequestQuery, RequestState, Role, SettingChange, TriggerEntry, TriggerQuery, Update};
use flow_store::{ProjectName, RequestFilter, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A flow that takes these inputs and replies with them, as the one record of a list.
pub fn replying(inputs: &Value) -> String {
    let end = json!({"id": "end-aaaaaa", "type": "End", "name": "End"});
    let start = json!({"id": "start-aaaaaa", "type": "Start", "name": "Start", "properties": {"OtherServerRetry": true,
        "BeginCheckpoint": "Use", "Inputs": inputs}});
    json!({"format": 1, "components": [start, end], "links": [{"from": "start-aaaaaa.out", "to": "end-aaaaaa.in"}]})
        .to_string()
}

pub fn trigger(kind: &str, flow: &str, properties: &Value) -> String {
    let id = format!("trigger-{kind}");
    json!({"format": 1, "id": id, "kind": kind, "flow": flow, "properties": properties}).to_string()
}

fn every_second(missed: &str) -> String {
    trigger("schedule", "tick", &json!({"Cron": "* * * * * *", "Missed": missed, "Grace": 3}))
}

/// Two servers with a project that has these files beside its own.
pub struct Two {
    pub cluster: Cluster,
    pub project: TestProject,
    pub one: TestServer,
    pub other: TestServer,
    pub client: Client,
    pub second: Client,
}

impl Two {
    pub async fn with(files: &[(&str, String)]) -> Self {
        let cluster = Cluster::new();
        let project = TestProject::new(&cluster);
        project.write("flows/tick.flow.json", &replying(&json!([{"name": "due", "type": "Text"}])));
        for (path, text) in files {
            project.write(path, text);
        }
        project.push("Triggers");
        let (one, other) = (cluster.start("one").await, cluster.start("other").await);
        let client = cluster.client(&one, Role::Administrator).await;
        let second = cluster.client(&other, Role::Administrator).await;
        project.install(&client).await;
        second.update("orders", &Update::default()).await.unwrap();
        Self { cluster, project, one, other, client, second }
    }

    /// A trigger, once the cluster knows it.
    pub async fn trigger(&self, name: &str) -> TriggerEntry {
        until("the trigger is known", async || find(&self.client, name).await).await
    }

    pub async fn stop(self) {
        self.one.stop().await;
        self.other.stop().await;
    }
}

pub async fn find(client: &Client, name: &str) -> Option<TriggerEntry> {
    let all = client.triggers(&TriggerQuery::default()).await.unwrap();
    all.into_iter().find(|trigger| trigger.name == name && trigger.present)
}

/// The keys that a trigger has fired for, each with its request; fails if one came twice.
pub async fn fired(cluster: &Cluster, id: &str) -> BTreeSet<String> {
    let project = ProjectName::parse("orders").unwrap();
    let firings = cluster.store.firings(&project, id, 1000).await.unwrap();
    let with_request: Vec<_> = firings.into_iter().filter(|firing| firing.request.is_some()).collect();
    let requests: BTreeSet<_> = with_request.iter().map(|firing| firing.request).collect();
    assert_eq!(requests.len(), with_request.len(), "each has a request of its own");
    let keys: BTreeSet<_> = with_request.iter().map(|firing| firing.key.clone()).collect();
    assert_eq!(keys.len(), with_request.len(), "none fired twice");
    keys
}

pub async fn made_of(cluster: &Cluster, flow: &str) -> Vec<flow_store::Request> {
    let filter = RequestFilter { flow: Some(flow.to_owned()), limit: 1000, ..RequestFilter::default() };
    cluster.store.list(&filter).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_fires_each_due_time_once_while_servers_come_and_go() {
    let two = Two::with(&[("triggers/tick.trigger.json", every_second("All"))]).await;
    let known = two.trigger("tick").await;
    assert!(known.on && known.problem.is_none() && known.next.is_some(), "{known:?}");
    let Two { cluster, one, other, .. } = two;
    let at_least = async |count: usize| {
        until("it has fired", async || (fired(&cluster, "trigger-schedule").await.len() >= count).then_some(())).await;
    };
    at_least(2).await;
    one.stop().await;
    let before = fired(&cluster, "trigger-schedule").await.len();
    at_least(before + 2).await;
    let third = cluster.start("third").await;
    other.stop().await;
    let before = fired(&cluster, "trigger-schedule").await.len();
    at_least(before + 2).await;
    let times = fired(&cluster, "trigger-schedule").await;
    let seconds: Vec<i64> =
        times.iter().map(|time| time.parse::<jiff::Timestamp>().unwrap().as_millisecond() / 1000).collect();
    let (first, last) = (seconds[0], seconds[seconds.len() - 1]);
    assert_eq!(seconds, (first..=last).collect::<Vec<_>>(), "no second is left out");
    let made = made_of(&cluster, "tick").await;
    let due: BTreeSet<String> = made.iter().map(|request| request.inputs["due"].as_str().unwrap().to_owned()).collect();
    assert!(due.is_superset(&times) && due.len() == made.len(), "each request is of one due time");
    assert!(made.iter().all(|request| request.trigger == "schedule tick"), "requests show what started them");
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_in_an_outage_is_skipped_fired_once_or_all_of_it() {
    let told = tokio::join!(outage("Skip"), outage("Once"), outage("All"));
    let ((skipped, skip_missed), (once, once_missed), (all, all_missed)) = told;
    assert!(skipped == 0 && skip_missed >= 4, "{told:?}");
    assert!(once == 1 && once_missed >= 3, "{told:?}");
    assert!(all >= 4 && all_missed == 0, "{told:?}");
}

/// No server runs for some seconds: how many requests were made later than the grace allows, and how many due times
/// count as missed.
async fn outage(missed: &str) -> (usize, u64) {
    let two = Two::with(&[("triggers/tick.trigger.json", every_second(missed))]).await;
    two.trigger("tick").await;
    let Two { cluster, one, other, .. } = two;
    until("it has fired", async || (!fired(&cluster, "trigger-schedule").await.is_empty()).then_some(())).await;
    one.stop().await;
    other.stop().await;
    let before = cluster.store.trigger_states().await.unwrap()[0].missed;
    let made_before = made_of(&cluster, "tick").await.len();
    tokio::time::sleep(std::time::Duration::from_secs(8)).await;
    let begun = cluster.store.now();
    let again = cluster.start("again").await;
    until("it goes on in time", async || {
        let newest = made_of(&cluster, "tick").await.into_iter().next()?;
        (due(&newest) > begun).then_some(())
    })
    .await;
    again.stop().await;
    let made = made_of(&cluster, "tick").await;
    let new = made.len() - made_before;
    let late = made.iter().take(new).filter(|request| request.created.0 - due(request).0 > 3000).count();
    (late, cluster.store.trigger_states().await.unwrap()[0].missed - before)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_schedules_miss_in_maintenance_is_listed_while_it_lasts() {
    let two = Two::with(&[("triggers/tick.trigger.json", every_second("Skip"))]).await;
    two.trigger("tick").await;
    let maintenance = async |on: bool| {
        let change = SettingChange { value: on.into(), version: None };
        two.client.change_setting("service.maintenance", &change).await.unwrap();
    };
    maintenance(true).await;
    let listed =
        until("some are listed as missed", async || find(&two.second, "tick").await.filter(|it| it.missed > 2)).await;
    maintenance(false).await;
    until("it fires again", async || find(&two.client, "tick").await.filter(|it| it.last_fired > listed.last_fired))
        .await;
    assert!(find(&two.client, "tick").await.unwrap().missed >= listed.missed, "they are missed for good");
    two.stop().await;
}

fn due(request: &flow_store::Request) -> Timestamp {
    Timestamp(request.inputs["due"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

#[tokio::test(flavor = "multi_thread")]
async fn off_means_off_at_once_on_every_server() {
    let two = Two::with(&[
        ("triggers/tick.trigger.json", every_second("All")),
        ("flows/answer.flow.json", replying(&json!([]))),
        ("triggers/call.trigger.json", trigger("http", "answer", &json!({"Path": "answer"}))),
    ])
    .await;
    two.trigger("call").await;
    until("it has fired", async || (fired(&two.cluster, "trigger-schedule").await.len() >= 2).then_some(())).await;
    two.client.switch_trigger("orders", "trigger-schedule", false).await.unwrap();
    let off = two.second.switch_trigger("orders", "trigger-http", false).await.unwrap();
    assert!(!off.on && off.switched_by.is_some());
    let before = fired(&two.cluster, "trigger-schedule").await;
    for server in [&two.one, &two.other] {
        let answer = call(&two.cluster, server, Method::POST, "orders/answer", None).await;
        // The server that did not hear of it itself has a moment.
        if answer.0 != StatusCode::SERVICE_UNAVAILABLE {
            until("the other has heard", async || {
                let answer = call(&two.cluster, server, Method::POST, "orders/answer", None).await;
                (answer.0 == StatusCode::SERVICE_UNAVAILABLE).then_some(())
            })
            .await;
        }
    }
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    assert_eq!(fired(&two.cluster, "trigger-schedule").await, before, "nothing fires while it is off");
    let by_hand = two.client.fire_trigger("orders", "trigger-schedule").await.unwrap();
    assert_eq!(by_hand.trigger, "schedule tick");
    let on = two.second.switch_trigger("orders", "trigger-schedule", true).await.unwrap();
    assert!(on.on && on.missed == 0);
    until("it fires again", async || {
        (fired(&two.cluster, "trigger-schedule").await.len() > before.len() + 2).then_some(())
    })
    .await;
    let made = made_of(&two.cluster, "tick").await;
    let caught_up =
        made.iter().filter(|request| request.trigger == "schedule tick" && request.requested_by == "trigger");
    assert_eq!(
        caught_up.count(),
        fired(&two.cluster, "trigger-schedule").await.len() - 1,
        "what was due meanwhile does not count"
    );
    two.stop().await;
}

/// Calls an HTTP trigger with an operator's token.
pub async fn call(
    cluster: &Cluster,
    server: &TestServer,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let token = cluster.token(Role::Operator).await;
    let mut call =
        reqwest::Client::new().request(method, server.url(&format!("/api/v1/http/{path}"))).bearer_auth(token);
    if let Some(body) = body {
        call = call.json(&body);
    }
    let answer = call.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_follow_each_other() {
    let number = json!([{"name": "request", "type": "Integer"}, {"name": "reply", "type": "Text", "default": ""}, {"name": "state", "type": "Text"}]);
    let two = Two::with(&[
        ("flows/first.flow.json", replying(&json!([{"name": "word", "type": "Text", "default": "done"}]))),
        ("flows/second.flow.json", replying(&number)),
        (
            "triggers/after.trigger.json",
            trigger("request", "second", &json!({"Flow": "first", "States": ["Finished"]})),
        ),
    ])
    .await;
    two.trigger("after").await;
    let wish = |count| flow_api::NewRequests {
        count: Some(count),
        inputs: serde_json::Map::new(),
        ..crate::harness::wish("first")
    };
    let made = two.client.create_requests(&wish(30), None).await.unwrap().requests;
    let more = two.second.create_requests(&wish(30), None).await.unwrap().requests;
    let ids: BTreeSet<i64> = made.iter().chain(&more).map(|request| request.id).collect();
    until("each is followed", async || (made_of(&two.cluster, "second").await.len() >= ids.len()).then_some(())).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let followed = made_of(&two.cluster, "second").await;
    assert_eq!(followed.len(), ids.len(), "each is followed once");
    let sources: BTreeSet<i64> = followed.iter().map(|request| request.inputs["request"].as_i64().unwrap()).collect();
    assert_eq!(sources, ids);
    until("they have finished", async || {
        let query = RequestQuery {
            flow: Some("second".to_owned()),
            state: Some("Finished".to_owned()),
            limit: Some(1000),
            ..RequestQuery::default()
        };
        let page = two.client.requests(&query).await.unwrap();
        (page.items.len() == ids.len()).then_some(())
    })
    .await;
    let given = |request: &flow_store::Request| (request.inputs["state"].clone(), request.inputs["reply"].clone());
    let given: Vec<_> = made_of(&two.cluster, "second").await.iter().map(given).collect();
    assert!(given.iter().all(|given| *given == (json!("Finished"), json!("[{\"word\":\"done\"}]"))), "{given:?}");
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_change_over_when_every_server_has_the_version() {
    let two =
        Two::with(&[("triggers/tick.trigger.json", trigger("schedule", "tick", &json!({"Cron": "0 0 1 1 *"})))]).await;
    let first = two.trigger("tick").await;
    assert_eq!((first.fired, first.on), (0, true));
    two.project.write("triggers/tick.trigger.json", &trigger("schedule", "short", &json!({"Cron": "0 0 2 2 *"})));
    two.project.push("Another flow");
    two.client.update("orders", &Update::default()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let half = two.trigger("tick").await;
    assert_eq!(
        (half.version.as_str(), half.flow.as_str()),
        (first.version.as_str(), "tick"),
        "the other server has not got it"
    );
    let request = two.client.fire_trigger("orders", "trigger-schedule").await.unwrap();
    assert_eq!(request.version, first.version);
    two.second.update("orders", &Update::default()).await.unwrap();
    let there = until("it changes over", async || {
        find(&two.client, "tick").await.filter(|known| known.version != first.version)
    })
    .await;
    // It needs an input that it does not give.
    assert!(there.problem.as_deref().is_some_and(|problem| problem.contains("customer")), "{there:?}");
    assert_eq!(two.client.fire_trigger("orders", "trigger-schedule").await.unwrap_err().code(), "trigger/broken");
    std::fs::remove_file(two.cluster.path("project").join("triggers/tick.trigger.json")).unwrap();
    two.project.push("No trigger");
    two.client.update("orders", &Update::default()).await.unwrap();
    two.second.update("orders", &Update::default()).await.unwrap();
    let gone = until("it is gone", async || {
        let all = two.client.triggers(&TriggerQuery::default()).await.unwrap();
        all.into_iter().find(|trigger| !trigger.present)
    })
    .await;
    assert_eq!((gone.id.as_str(), gone.fired), ("trigger-schedule", 1));
    assert_eq!(two.second.request(request.id).await.unwrap().request.state, RequestState::Finished);
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_is_shared_and_a_changed_one_takes_effect_by_update() {
    let calendar = |days: &[&str]| json!({"format": 1, "days": days}).to_string();
    let yearly = |id: &str, zone: &str| {
        let properties = json!({"Cron": "0 12 25 12 *", "TimeZone": zone, "Calendars": ["holidays"]});
        json!({"format": 1, "id": id, "kind": "schedule", "flow": "tick", "properties": properties}).to_string()
    };
    let two = Two::with(&[
        ("triggers/here.trigger.json", yearly("trigger-here", "UTC")),
        ("triggers/there.trigger.json", yearly("trigger-there", "Europe/London")),
        ("calendars/holidays.json", calendar(&["2001-01-01"])),
    ])
    .await;
    let (here, there) = (two.trigger("here").await, two.trigger("there").await);
    let first = here.next.expect("is due").to_string();
    assert_eq!((&there.next.expect("is due").to_string()[..10], there.problem), (&first[..10], None));
    let push = async |message: &str, version: String| {
        two.project.push(message);
        for client in [&two.client, &two.second] {
            client.update("orders", &Update::default()).await.unwrap();
        }
        until("it changes over", async || find(&two.client, "here").await.filter(|known| known.version != version))
            .await
    };
    two.project.write("calendars/holidays.json", &calendar(&[&first[..10]]));
    let changed = push("The holiday", here.version).await;
    for name in ["here", "there"] {
        let next = two.trigger(name).await.next.expect("is due in the year after").to_string();
        assert!(next > first && next[4..10] == first[4..10], "{name}: {next}");
    }
    two.project.write("calendars/holidays.json", "{");
    let broken = push("No calendar", changed.version).await;
    assert!(broken.problem.is_some_and(|problem| problem.contains("no calendar “holidays”")), "it is named");
    assert_eq!(two.client.fire_trigger("orders", "trigger-here").await.unwrap_err().code(), "trigger/broken");
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_that_is_not_known_is_not_found() {
    let two = Two::with(&[]).await;
    let error = two.client.switch_trigger("orders", "nothing", true).await.unwrap_err();
    assert_eq!(error.code(), "trigger/not-found");
    two.stop().await;
}
