//! The secrets of connections: in by the API, out only to the flows.

use crate::harness::{Cluster, TestProject, create_one, flow};
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::any;
use flow_api::{Client, ClientError, NewSecrets, RequestState, Role};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

const TOKEN: &str = "tok-hünter2-secret";

fn secrets(pairs: &[(&str, &str)]) -> NewSecrets {
    NewSecrets { secrets: pairs.iter().map(|(field, secret)| ((*field).to_owned(), (*secret).to_owned())).collect() }
}

fn fields(answer: Result<Vec<flow_api::SecretEntry>, ClientError>) -> Vec<String> {
    answer.unwrap().into_iter().map(|secret| secret.field).collect()
}

/// A service that wants the token.
async fn service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let guarded = |headers: HeaderMap| async move {
        let given = headers.get("authorization").map(|value| value.as_bytes().to_vec()).unwrap_or_default();
        let wanted = format!("Bearer {TOKEN}").into_bytes();
        if given == wanted { (StatusCode::OK, "{\"answer\": 42}") } else { (StatusCode::UNAUTHORIZED, "{}") }
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(any(guarded))).await });
    address
}

#[tokio::test]
async fn a_flow_gets_the_secrets_that_nobody_can_read_back() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let administrator = cluster.client(&server, Role::Administrator).await;
    let project = TestProject::new(&cluster);
    let url = service().await;
    let connection = json!({"format": 1, "kind": "http", "settings": {"url": url, "auth": "bearer"}});
    project.write("connections/web/service.json", &connection.to_string());
    let call = json!({"id": "http-aaaaaa", "type": "HttpRequest", "name": "Ask",
        "properties": {"Connection": "web/service", "Method": "GET", "Path": "/"}});
    project.write("flows/ask.flow.json", &flow("asks", &[call]));
    project.push("Ask a service");
    project.install(&administrator).await;

    let author = cluster.client(&server, Role::Author).await;
    let wish = secrets(&[("token", TOKEN), ("password", "other")]);
    assert_eq!(fields(author.set_secrets("orders", "web/service", &wish).await), ["password", "token"]);
    let viewer = cluster.client(&server, Role::Viewer).await;
    let shown = viewer.secrets("orders", "web/service").await.unwrap();
    assert!(!serde_json::to_string(&shown).unwrap().contains("hünter2"));
    assert_eq!(fields(author.remove_secrets("orders", "web/service", Some("password")).await), ["token"]);

    let ends = async |client: &Client| {
        let request = create_one(client, "ask").await;
        client.wait(request.id, Duration::from_secs(30)).await.unwrap()
    };
    let request = ends(&administrator).await;
    assert_eq!(request.state, RequestState::Finished, "{:?}", request.error);
    // Another server of the cluster has the same key.
    let second = cluster.start("second").await;
    let other = cluster.client(&second, Role::Administrator).await;
    other.update("orders", &flow_api::Update::default()).await.unwrap();
    assert_eq!(ends(&other).await.state, RequestState::Finished);

    assert_eq!(fields(author.remove_secrets("orders", "web/service", None).await), [""; 0]);
    let request = ends(&administrator).await;
    assert_ne!(request.state, RequestState::Finished, "without its secret the service refuses");

    // Neither the database nor the audit trail nor a log holds the secret.
    let trail = cluster.store.audit_trail(&flow_store::AuditFilter::default()).await.unwrap();
    let actions: Vec<&str> = trail.iter().map(|record| record.entry.action.as_str()).collect();
    assert_eq!(actions.iter().filter(|action| **action == "secret-set").count(), 2);
    assert_eq!(actions.iter().filter(|action| **action == "secret-removed").count(), 2);
    assert!(!format!("{trail:?}").contains("hünter2"));
    for entry in std::fs::read_dir(cluster.folder.path()).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().starts_with("cairn.db") && entry.path().is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            let found = bytes.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes());
            assert!(!found, "{:?} holds the secret", entry.path());
        }
    }
    second.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn secrets_are_for_authors_of_projects_that_are_there() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let administrator = Arc::new(cluster.client(&server, Role::Administrator).await);
    let project = TestProject::new(&cluster);
    project.install(&administrator).await;
    let operator = cluster.client(&server, Role::Operator).await;
    let wish = secrets(&[("token", TOKEN)]);
    let error = operator.set_secrets("orders", "web", &wish).await.unwrap_err();
    assert_eq!(error.code(), "auth/forbidden");
    assert_eq!(operator.remove_secrets("orders", "web", None).await.unwrap_err().code(), "auth/forbidden");
    assert_eq!(administrator.set_secrets("none", "web", &wish).await.unwrap_err().code(), "project/not-found");
    assert_eq!(administrator.secrets("none", "web").await.unwrap_err().code(), "project/not-found");
    let long = "x".repeat(70_000);
    for bad in [secrets(&[("", "x")]), secrets(&[("token", &long)])] {
        let error = administrator.set_secrets("orders", "web", &bad).await.unwrap_err();
        assert_eq!(error.code(), "input/invalid");
        assert!(!format!("{error:?}").contains("xxxx"), "an error repeats no secret");
    }
    assert_eq!(fields(administrator.secrets("orders", "web").await), [""; 0]);
    server.stop().await;
}
