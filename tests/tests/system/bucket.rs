//! Checkpoint storage in a bucket.

use crate::store::{Story, incompressible};
use flow_api::{RequestQuery, RequestState, ServerState};
use serde_json::json;
use std::time::Duration;
use system_tests::Tested;
use system_tests::chaos::{History, Load, Scene};
use system_tests::cluster::TestCluster;
use system_tests::project::TestProject;
use system_tests::wait::until;
use test_s3::Service;
use test_service::Line;

/// The environment of servers that may use the bucket.
pub fn credentials() -> [(String, String); 2] {
    [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_before_or_behind_an_object_in_a_bucket_loses_nothing() -> Tested {
    let service = Service::start();
    for point in ["before-object", "after-object"] {
        let mut story = Story::begin_in(Some(&service.storage(point)), &["second"], &credentials()).await?;
        story.endpoint.open();
        // The second of its three objects.
        let fault = ("CAIRN_FAULT_POINT".to_owned(), format!("{point}:2"));
        let first = story.cluster.add_server_with("first", &[fault]);
        first.client.update("stored", &flow_api::Update::default()).await?;
        let made = first.request("stored", "large", json!({"text": incompressible(1)}), 1).await.remove(0);
        let ended = story.cluster.server("second").until_ended(made.id).await;
        assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 2), "{point}: {:?}", ended.error);
        assert!(story.cluster.server_mut("first").has_ended(), "it came to {point}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_goes_away_and_comes_back_under_load_loses_and_repeats_nothing() -> Tested {
    let (service, folder) = (Service::start(), tempfile::tempdir()?);
    let line = Line::to(service.port()).await;
    let storage = service.storage_by(line.port, "shared");
    let connection = format!("sqlite:{}", folder.path().join("cairn.db").display());
    let mut scene = Scene::begin_in(&storage, &connection, folder.path(), &["one", "two"], &credentials()).await;
    scene.ledger.talk();
    // The service here is no fast one.
    let load = Load::start_with(1, &scene.cluster);
    until("the load runs", async || (load.made() > 20).then_some(())).await;

    line.cut();
    tokio::time::sleep(Duration::from_millis(200)).await;
    line.lead_to(service.port());
    let made = load.made();
    until("the load goes on", async || (load.made() > made + 20).then_some(())).await;

    // For longer than calls are tried again, and one of the servers is lost meanwhile.
    line.cut();
    let failed = RequestQuery { code: Some("storage/bucket".to_owned()), ..RequestQuery::default() };
    until("it is said that the bucket is away", async || {
        let failed = scene.cluster.server("one").client.requests(&failed).await.ok()?;
        (!failed.items.is_empty()).then_some(())
    })
    .await;
    let lost = scene.cluster.server("two").id.clone();
    scene.cluster.server_mut("two").kill();
    until("it is taken over", async || {
        (scene.cluster.server("one").sees(&lost).await.state == ServerState::Terminated).then_some(())
    })
    .await;
    line.lead_to(service.port());
    scene.cluster.add_server("two");
    load.servers_are(&scene.cluster);
    let made = load.made();
    until("the load goes on", async || (load.made() > made + 20).then_some(())).await;
    let made = load.stop().await;
    // What could not be written or read meanwhile has failed, as it says; what it had saved counts.
    let history = History::gather(&scene, made, &["storage/bucket", "storage/unreadable"]).await;
    history.check(false);
    assert!(service.listing("shared/objects").contains("<Key>"), "nothing was large");
    Ok(())
}

/// A flow that answers with the records of the file that it is started for, and the trigger that starts it.
fn taking() -> [(&'static str, String); 2] {
    let start = json!({"id": "start-1", "type": "Start", "name": "Start",
        "properties": {"OtherServerRetry": true, "Inputs": [{"name": "path", "type": "Text"}]}});
    let read = json!({"id": "read-1", "type": "FileRead", "name": "Read", "properties": {"Path": "${path}"}});
    let flow = json!({"format": 1, "components": [start, read, {"id": "end-1", "type": "End", "name": "End"}],
        "links": [{"from": "start-1.out", "to": "read-1.in"}, {"from": "read-1.out", "to": "end-1.in"}]});
    let trigger = json!({"format": 1, "id": "trigger-drop", "kind": "file", "flow": "take",
        "properties": {"Folder": "storage:incoming", "Pattern": "*.csv", "Settle": 1, "Afterwards": "Move"}});
    [("flows/take.flow.json", flow.to_string()), ("triggers/drop.trigger.json", trigger.to_string())]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_comes_into_a_bucket_starts_one_request_that_reads_it() -> Tested {
    let (service, folder) = (Service::start(), tempfile::tempdir()?);
    let project = TestProject::new(folder.path(), "taken", &taking());
    let mut cluster = TestCluster::start_in(folder.path(), &[], &credentials());
    cluster.keep_objects_in(&service.storage("shared"));
    for name in ["first", "second"] {
        cluster.add_server(name);
    }
    cluster.install("taken", &project.remote).await;
    let client = &cluster.server("first").client;
    let mut seen = Vec::new();
    for (round, name) in ["ann", "ben"].into_iter().enumerate() {
        // Another state of the same file counts anew.
        service.put("shared/incoming/a.csv", &format!("name\n{name}\n"));
        service.put("shared/incoming/b.txt", "no");
        let made = until("it has fired", async || {
            let query = flow_api::RequestQuery { flow: Some("take".to_owned()), ..Default::default() };
            let made = client.requests(&query).await.ok()?.items;
            (made.len() > round).then_some(made)
        })
        .await;
        assert_eq!(made.len(), round + 1, "two servers, one request for each state of the file");
        let ended = cluster.server("second").until_ended(made[0].id).await;
        assert_eq!(ended.state, RequestState::Finished, "{:?}", ended.error);
        assert_eq!(ended.reply, Some(json!([{"name": name}])));
        seen.push(ended.id);
        until("it is moved", async || {
            let listing = service.listing("shared/incoming");
            (listing.matches("<Key>").count() == round + 2 && !listing.contains("incoming/a.csv")).then_some(())
        })
        .await;
    }
    let listing = service.listing("shared/incoming");
    let moved =
        [format!("incoming/done/{}-a.csv", seen[1]), "incoming/done/a.csv".to_owned(), "incoming/b.txt".to_owned()];
    assert!(moved.iter().all(|key| listing.contains(key.as_str())), "{listing}");
    Ok(())
}
