//! What changed of a project, and which server has what.

use crate::harness::{Cluster, TestProject, flow};
use flow_api::{CommitFileChange, HistoryQuery, ProjectChange, Role, Update};
use serde_json::json;

#[tokio::test]
async fn the_history_tells_in_words_what_each_commit_changed() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    let project = TestProject::new(&cluster);
    project.install(&client).await;
    let wait = json!({"id": "wait-aaaaaa", "type": "Wait", "name": "An hour", "properties": {"Seconds": 7200}});
    project.write("flows/long.flow.json", &flow("takes long", &[wait]));
    project.write("notes.txt", "two hours\n");
    let newest = project.push("Wait two hours\n\nOne was too short.");
    let lagging = client.project_servers("orders").await.unwrap();
    assert!(lagging[0].up_to_date);
    client.update("orders", &Update::default()).await.unwrap();

    let first = client.project_history("orders", &HistoryQuery { after: None, limit: Some(1) }).await.unwrap();
    let commit = &first.items[0];
    assert_eq!((commit.id.as_str(), commit.summary.as_str()), (newest.as_str(), "Wait two hours"));
    assert_eq!((commit.message.as_str(), commit.author.as_str()), ("One was too short.", "Anna"));
    let flow = commit.changes.iter().find(|change| change.flow.as_deref() == Some("long")).unwrap();
    assert_eq!(flow.kind, CommitFileChange::Changed);
    assert!(flow.words.iter().any(|words| words.contains("7200")), "{:?}", flow.words);
    assert!(commit.changes.iter().any(|change| change.path == "notes.txt" && change.kind == CommitFileChange::Added));
    let rest = client.project_history("orders", &HistoryQuery { after: first.next, limit: None }).await.unwrap();
    assert_eq!(rest.items.iter().map(|commit| commit.summary.as_str()).collect::<Vec<_>>(), ["Begin"]);

    // A server that has not updated lags behind, and everybody sees by what.
    let second = cluster.start("second").await;
    let later = project.push_more();
    client.update("orders", &Update::default()).await.unwrap();
    let servers = client.project_servers("orders").await.unwrap();
    let ahead = servers.iter().find(|server| server.name == "first").unwrap();
    assert!(ahead.up_to_date && ahead.wanted.as_ref() == Some(&later));
    let drift = client.servers().await.unwrap().into_iter().find(|server| server.name == "second").unwrap().drift;
    assert_eq!(drift.iter().map(|drift| drift.wanted.as_str()).collect::<Vec<_>>(), [later.as_str()]);
    second.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn a_project_moves_to_another_git_branch_and_its_access_can_be_tried() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    assert!(client.test_project_access("orders").await.unwrap().works);
    let change = ProjectChange { branch: Some("release".to_owned()), ..ProjectChange::default() };
    assert_eq!(client.change_project("orders", &change).await.unwrap().branch, "release");
    assert!(!client.test_project_access("orders").await.unwrap().works, "nobody has pushed that branch");
    let to_nobody = ProjectChange { account: Some("nobody".to_owned()), ..ProjectChange::default() };
    assert_eq!(client.change_project("orders", &to_nobody).await.unwrap_err().code(), "account/not-found");
    let bad = ProjectChange { repository: Some("ext::sh -c id".to_owned()), ..ProjectChange::default() };
    assert_eq!(client.change_project("orders", &bad).await.unwrap_err().code(), "input/invalid");
    assert_eq!(client.change_project("none", &change).await.unwrap_err().code(), "project/not-found");
    server.stop().await;
}
