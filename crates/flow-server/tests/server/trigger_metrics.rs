//! What metrics tell of triggers.

use crate::harness::until;
use crate::triggers::{Two, call, find, replying, trigger};
use flow_api::SettingChange;
use reqwest::Method;
use serde_json::json;

const FIRED: &str = "cairn_triggers_fired_total";
const MISSED: &str = "cairn_triggers_missed_total";

/// What both servers together have counted for a kind of trigger.
async fn counted(two: &Two, metric: &str, kind: &str) -> u64 {
    let line = format!("{metric}{{kind=\"{kind}\"}} ");
    let mut sum = 0;
    for client in [&two.client, &two.second] {
        let text = client.metrics().await.unwrap();
        let number = text.lines().find_map(|found| found.strip_prefix(line.as_str()));
        sum += number.unwrap_or_else(|| panic!("{line} is missing in\n{text}")).parse::<u64>().unwrap();
    }
    sum
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_triggers_fired_and_missed_by_their_kinds_alone() {
    let every_second = trigger("schedule", "tick", &json!({"Cron": "* * * * * *", "Grace": 1}));
    let two = Two::with(&[
        ("triggers/tick.trigger.json", every_second),
        ("flows/answer.flow.json", replying(&json!([]))),
        ("triggers/call.trigger.json", trigger("http", "answer", &json!({"Path": "answer"}))),
    ])
    .await;
    two.trigger("call").await;
    for server in [&two.one, &two.other, &two.one] {
        until("the call is answered", async || {
            let (status, _) = call(&two.cluster, server, Method::POST, "orders/answer", None).await;
            status.is_success().then_some(())
        })
        .await;
    }
    assert_eq!((counted(&two, FIRED, "http").await, counted(&two, MISSED, "http").await), (3, 0));

    until("the schedule fires", async || find(&two.client, "tick").await.filter(|tick| tick.fired > 0)).await;
    let maintenance = async |on: bool| {
        let change = SettingChange { value: on.into(), version: None };
        two.client.change_setting("service.maintenance", &change).await.unwrap();
    };
    maintenance(true).await;
    let before = find(&two.client, "tick").await.unwrap().missed;
    until("some are missed", async || find(&two.client, "tick").await.filter(|tick| tick.missed > before)).await;
    maintenance(false).await;
    until("they are counted", async || (counted(&two, MISSED, "schedule").await > before).then_some(())).await;
    two.client.switch_trigger("orders", "trigger-schedule", false).await.unwrap();
    until("the servers have counted what the cluster knows", async || {
        let tick = find(&two.client, "tick").await?;
        let counted = (counted(&two, FIRED, "schedule").await, counted(&two, MISSED, "schedule").await);
        (counted == (tick.fired, tick.missed)).then_some(())
    })
    .await;
    let text = two.client.metrics().await.unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("cairn_triggers_")).collect();
    assert_eq!(lines.len(), 8, "one for each of four kinds, however many triggers there are: {lines:?}");
    two.stop().await;
}
