//! Triggers for files, on servers that share a cluster.

use crate::harness::{inputs, until, wish};
use crate::triggers::{Two, fired, made_of, replying, trigger};
use flow_api::{Client, NewRequests, SettingChange};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_has_come_starts_one_request_and_is_moved() {
    let inputs = json!([{"name": "path", "type": "Text"}, {"name": "bytes", "type": "Integer"}]);
    let two = Two::with(&[
        ("flows/take.flow.json", replying(&inputs)),
        (
            "triggers/drop.trigger.json",
            trigger(
                "file",
                "take",
                &json!({"Folder": "storage:incoming", "Pattern": "*.csv", "Settle": 1, "Afterwards": "Move"}),
            ),
        ),
    ])
    .await;
    two.trigger("drop").await;
    let incoming = two.cluster.path("storage").join("incoming");
    std::fs::create_dir_all(&incoming).unwrap();
    std::fs::write(incoming.join("a.csv"), "1,2\n").unwrap();
    std::fs::write(incoming.join("b.txt"), "no\n").unwrap();
    until("it is moved", async || incoming.join("done/a.csv").exists().then_some(())).await;
    let made = made_of(&two.cluster, "take").await;
    assert_eq!(made.len(), 1, "two servers, one request");
    assert_eq!(
        (made[0].inputs["path"].as_str(), made[0].inputs["bytes"].as_i64()),
        (Some("storage:incoming/a.csv"), Some(4))
    );
    assert!(incoming.join("b.txt").exists() && !incoming.join("a.csv").exists());
    std::fs::write(incoming.join("a.csv"), "1,2,3\n").unwrap();
    until("another of that name counts", async || (made_of(&two.cluster, "take").await.len() == 2).then_some(())).await;
    assert_eq!(fired(&two.cluster, "trigger-file").await.len(), 2);
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_moved_holds_up_no_other() {
    let properties = json!({"Folder": "storage:incoming", "Pattern": "*.csv", "Settle": 1, "Afterwards": "Move"});
    let two = Two::with(&[
        ("flows/take.flow.json", replying(&json!([{"name": "name", "type": "Text"}]))),
        ("triggers/drop.trigger.json", trigger("file", "take", &properties)),
    ])
    .await;
    two.trigger("drop").await;
    let incoming = two.cluster.path("storage").join("incoming");
    std::fs::create_dir_all(&incoming).unwrap();
    std::fs::write(incoming.join("done"), "not a folder").unwrap();
    for (count, name) in (1..).zip(["a.csv", "b.csv", "c.csv"]) {
        std::fs::write(incoming.join(name), "1,2\n").unwrap();
        until("it has its request", async || (made_of(&two.cluster, "take").await.len() == count).then_some(())).await;
    }
    std::fs::remove_file(incoming.join("done")).unwrap();
    for name in ["a.csv", "b.csv", "c.csv"] {
        until("it is moved", async || incoming.join("done").join(name).exists().then_some(())).await;
    }
    assert_eq!(made_of(&two.cluster, "take").await.len(), 3);
    two.stop().await;
}

/// Sets something at one server, which the other knows then.
async fn set(two: &Two, key: &str, value: Value) {
    let change = SettingChange { value: value.clone(), version: None };
    two.client.change_setting(key, &change).await.unwrap();
    until("the other server knows", async || {
        let settings = two.second.settings().await.unwrap();
        settings.iter().any(|setting| setting.key == key && setting.value == value).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_ends_of_requests_wait_while_too_many_requests_are_queued() {
    // The flow “note” is not limited: it runs at once and needs no place in the queue. Its triggers come after those of “take”:
    // the file has to be there for longer, and ends of requests are dealt with in the order of the triggers' names.
    let inputs_of_both = json!([{"name": "name", "type": "Text", "default": ""}]);
    let later = |kind: &str, properties: &Value| {
        let id = format!("trigger-{kind}-later");
        json!({"format": 1, "id": id, "kind": kind, "flow": "note", "properties": properties}).to_string()
    };
    let ends = json!({"Flow": "tick", "States": ["Finished"]});
    let two = Two::with(&[
        ("flows/take.flow.json", replying(&inputs_of_both)),
        ("flows/note.flow.json", replying(&inputs_of_both)),
        (
            "triggers/drop.trigger.json",
            trigger("file", "take", &json!({"Folder": "storage:incoming", "Pattern": "*.csv", "Settle": 1})),
        ),
        (
            "triggers/drop-later.trigger.json",
            later("file", &json!({"Folder": "storage:incoming", "Pattern": "*.csv", "Settle": 2})),
        ),
        ("triggers/after.trigger.json", trigger("request", "take", &ends)),
        ("triggers/after-later.trigger.json", later("request", &ends)),
    ])
    .await;
    for name in ["drop", "drop-later", "after", "after-later"] {
        two.trigger(name).await;
    }
    set(&two, "limits.queued_requests", json!(2)).await;
    set(&two, "limit.flow.orders/take", json!(0)).await;
    let of = |flow: &str, count, given| NewRequests { count: Some(count), inputs: inputs(given), ..wish(flow) };
    two.client.create_requests(&of("take", 2, json!({})), None).await.unwrap();
    let incoming = two.cluster.path("storage").join("incoming");
    std::fs::create_dir_all(&incoming).unwrap();
    std::fs::write(incoming.join("a.csv"), "1,2\n").unwrap();
    two.client.create_requests(&of("tick", 1, json!({"due": "now"})), None).await.unwrap();
    until("the later ones have fired", async || (made_of(&two.cluster, "note").await.len() == 2).then_some(())).await;
    assert_eq!(made_of(&two.cluster, "take").await.len(), 2, "no more are made");

    set(&two, "limit.flow.orders/take", json!(5)).await;
    until("they are made", async || (made_of(&two.cluster, "take").await.len() >= 4).then_some(())).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(made_of(&two.cluster, "take").await.len(), 4);
    for id in ["trigger-file", "trigger-request"] {
        assert_eq!(fired(&two.cluster, id).await.len(), 1, "{id}");
    }
    two.stop().await;
}

/// Which server a request began at.
async fn began_at(client: &Client, id: i64) -> String {
    client.request(id).await.unwrap().attempts.remove(0).owner.server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_a_folder_of_one_server_starts_its_request_there_or_waits_for_that_server() {
    let local = tempfile::tempdir().unwrap();
    let here = json!({"Folder": local.path(), "Pattern": "*.csv", "Settle": 1, "Server": "other"});
    let shared = json!({"format": 1, "id": "trigger-shared", "kind": "file", "flow": "note",
        "properties": {"Folder": "storage:incoming", "Pattern": "*.csv", "Settle": 1}});
    let inputs = json!([{"name": "name", "type": "Text"}]);
    let two = Two::with(&[
        ("flows/take.flow.json", replying(&inputs)),
        ("flows/note.flow.json", replying(&inputs)),
        ("triggers/drop.trigger.json", trigger("file", "take", &here)),
        ("triggers/shared.trigger.json", shared.to_string()),
    ])
    .await;
    two.trigger("drop").await;
    let id = two.other.at.id.to_string();
    std::fs::write(local.path().join("a.csv"), "1\n").unwrap();
    let made = until("it has its request", async || made_of(&two.cluster, "take").await.pop()).await;
    assert_eq!(began_at(&two.client, made.id.0).await, id);

    // At the limit of its flow it is not queued: another server would claim it when this one has gone.
    set(&two, "limit.flow.orders/take", json!(0)).await;
    std::fs::write(local.path().join("b.csv"), "1\n").unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(made_of(&two.cluster, "take").await.len(), 1, "none is made");

    let Two { cluster, one, other, client, .. } = two;
    other.stop().await;
    let room = SettingChange { value: json!(5), version: None };
    client.change_setting("limit.flow.orders/take", &room).await.unwrap();
    // By the time that a later file of all servers has fired, this one would have.
    let incoming = cluster.path("storage").join("incoming");
    std::fs::create_dir_all(&incoming).unwrap();
    std::fs::write(incoming.join("c.csv"), "1\n").unwrap();
    until("the later one has fired", async || made_of(&cluster, "note").await.pop()).await;
    assert_eq!(made_of(&cluster, "take").await.len(), 1, "nobody else looks at that folder");

    let other = cluster.start("other").await;
    until("its server has come back", async || (made_of(&cluster, "take").await.len() == 2).then_some(())).await;
    for made in made_of(&cluster, "take").await {
        assert_eq!(began_at(&client, made.id.0).await, id, "request {}", made.id);
    }
    other.stop().await;
    one.stop().await;
}
