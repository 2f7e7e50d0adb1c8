//! Triggers that follow requests, on servers that share a cluster.

use crate::harness::{create_one, flow, until};
use crate::triggers::{Two, made_of, replying, trigger};
use flow_api::{Role, Update};
use flow_store::{NewRequest, ProjectName, RequestSettings, VersionId};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Two servers on which `second` follows each request of `first` that ended in an error, as all of them do.
async fn following_errors() -> Two {
    let mut failing: Value = serde_json::from_str(&flow("fails", &[])).unwrap();
    failing["components"][0]["properties"]["RetryCount"] = json!(0);
    failing["components"][2] =
        json!({"id": "end-aaaaaa", "type": "Fail", "name": "Not yet", "properties": {"Message": "not yet"}});
    Two::with(&[
        ("flows/first.flow.json", failing.to_string()),
        ("flows/second.flow.json", replying(&json!([{"name": "request", "type": "Integer"}]))),
        ("triggers/after.trigger.json", trigger("request", "second", &json!({"Flow": "first", "States": ["Error"]}))),
    ])
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_re_executed_and_ends_again_soon_is_followed_again() {
    let two = following_errors().await;
    two.trigger("after").await;
    let made = create_one(&two.client, "first").await;
    for end in 1..=3 {
        until("the end is followed", async || (made_of(&two.cluster, "second").await.len() == end).then_some(())).await;
        two.second.re_execute(made.id).await.unwrap();
    }
    until("the last end is followed", async || (made_of(&two.cluster, "second").await.len() == 4).then_some(())).await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_followed_although_the_clock_was_an_hour_ahead_before() {
    let two = following_errors().await;
    two.trigger("after").await;
    let Two { cluster, one, other, .. } = two;
    one.stop().await;
    other.stop().await;
    // What servers leave behind whose clock was ahead.
    let (project, ahead) = (ProjectName::parse("orders").unwrap(), cluster.store.now().plus_ms(3_600_000));
    cluster.store.trigger_reached(&project, "trigger-request", ahead).await.unwrap();
    let third = cluster.start("third").await;
    let client = cluster.client(&third, Role::Administrator).await;
    client.update("orders", &Update::default()).await.unwrap();
    create_one(&client, "first").await;
    until("it is followed", async || (made_of(&cluster, "second").await.len() == 1).then_some(())).await;
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_requests_that_ended_in_one_write_are_followed() {
    let two = following_errors().await;
    let known = two.trigger("after").await;
    let new = NewRequest {
        project: ProjectName::parse("orders").unwrap(),
        version: VersionId::parse(&known.version).unwrap(),
        flow: "first".to_owned(),
        trigger: "test".to_owned(),
        requested_by: "test".to_owned(),
        inputs: json!({}),
        settings: RequestSettings::default(),
        idempotency_key: None,
    };
    // More than are read at once; none may go on elsewhere, and nothing of them is saved.
    let lost = two.cluster.join("lost").await;
    let made = two.cluster.store.create_requests(vec![new; 600], Some(lost.owner().clone()), None).await.unwrap();
    drop(lost);
    let followed = until("all are followed", async || {
        let followed = made_of(&two.cluster, "second").await;
        (followed.len() >= made.len()).then_some(followed)
    })
    .await;
    let ends: BTreeSet<_> = made_of(&two.cluster, "first").await.iter().map(|first| first.ended).collect();
    assert_eq!(ends.len(), 1, "they ended in one write");
    let sources: BTreeSet<_> = followed.iter().map(|request| request.inputs["request"].as_i64().unwrap()).collect();
    assert_eq!(sources, made.iter().map(|made| made.request.id.0).collect::<BTreeSet<_>>(), "each is followed");
    assert_eq!(followed.len(), made.len(), "once");
    two.stop().await;
}
