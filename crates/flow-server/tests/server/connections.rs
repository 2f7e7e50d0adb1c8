//! The connections of projects on the cluster.

use crate::harness::{Cluster, TestProject};
use flow_api::{NewSecrets, Role};
use serde_json::json;

#[tokio::test]
async fn connections_show_which_secrets_are_missing_and_are_tried_from_the_server() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    let project = TestProject::new(&cluster);
    let file = |kind: &str, settings| json!({"format": 1, "kind": kind, "settings": settings}).to_string();
    let database = cluster.path("orders.db");
    // To SQLite, an empty file is an empty database.
    std::fs::write(&database, "").unwrap();
    project.write("connections/orders.json", &file("sqlite", json!({"path": database.display().to_string()})));
    let nowhere = json!({"host": "127.0.0.1", "port": 1, "database": "x", "user": "anna"});
    project.write("connections/warehouse.json", &file("postgres", nowhere));
    project.write("connections/broken.json", "{");
    project.push("Connect");
    project.install(&client).await;

    let listed = client.connections("orders").await.unwrap();
    let names: Vec<&str> = listed.iter().map(|connection| connection.name.as_str()).collect();
    assert_eq!(names, ["broken", "orders", "warehouse"]);
    assert!(listed[0].problem.is_some());
    let password = listed[2].secrets.iter().find(|secret| secret.field == "password").unwrap();
    assert_eq!(password.updated, None, "it is missing");
    let secrets = NewSecrets { secrets: [("password".to_owned(), "hush".to_owned())].into() };
    client.set_secrets("orders", "warehouse", &secrets).await.unwrap();
    let listed = client.connections("orders").await.unwrap();
    assert!(listed[2].secrets.iter().any(|secret| secret.field == "password" && secret.updated.is_some()));
    assert!(!format!("{listed:?}").contains("hush"));

    let reached = client.test_connection("orders", "orders").await.unwrap();
    assert!(reached.works, "{reached:?}");
    let refused = client.test_connection("orders", "warehouse").await.unwrap();
    assert!(!refused.works && refused.code.is_some() && !refused.message.contains("hush"), "{refused:?}");
    let missing = client.test_connection("orders", "none").await.unwrap_err();
    assert_eq!(missing.code(), "connection/not-found");
    server.stop().await;
}
