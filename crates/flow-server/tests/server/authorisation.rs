//! Every endpoint has a rule, and every rule holds.

use crate::harness::Cluster;
use flow_api::Role;
use reqwest::{Method, StatusCode};
use serde_json::Value;

struct Endpoint {
    method: Method,
    path: String,
    access: String,
}

/// The endpoints that the OpenAPI document lists, with the parts of the path filled in by what does not exist.
fn endpoints(document: &Value) -> Vec<Endpoint> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let filled = path
                .replace("{id}", "999999")
                .replace("{number}", "0")
                .replace("{project}", "none")
                .replace("{key}", "none");
            let access = operation["x-access"].as_str().unwrap_or("none").to_owned();
            found.push(Endpoint { method, path: filled.replace("{name}", "none"), access });
        }
    }
    found
}

#[tokio::test]
async fn every_endpoint_of_the_document_refuses_those_below_its_role_and_nobody_else() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let http = reqwest::Client::new();
    let viewer = cluster.token(Role::Viewer).await;
    let document = http.get(server.url("/api/v1/openapi.json")).bearer_auth(viewer).send().await.unwrap();
    let endpoints = endpoints(&document.json().await.unwrap());
    assert!(endpoints.len() > 50, "only {} endpoints are in the document", endpoints.len());

    let mut open = Vec::new();
    for Endpoint { method, path, access } in endpoints {
        let what = format!("{method} {path} ({access})");
        let call =
            || http.request(method.clone(), server.url(&path)).header("content-type", "application/json").body("{}");
        let without = call().send().await.unwrap().status();
        if access == "Anybody" {
            open.push(path);
            assert_ne!(without, StatusCode::FORBIDDEN, "{what}");
            continue;
        }
        let least: Role = access.parse().unwrap_or_else(|_| panic!("{what} has no rule"));
        assert_eq!(without, StatusCode::UNAUTHORIZED, "{what} without a token");
        let made_up = call().bearer_auth("cairn_made-up").send().await.unwrap().status();
        assert_eq!(made_up, StatusCode::UNAUTHORIZED, "{what} with a made-up token");
        for role in Role::ALL {
            let status = call().bearer_auth(cluster.token(role).await).send().await.unwrap().status();
            if role < least {
                assert_eq!(status, StatusCode::FORBIDDEN, "{what} as {role}");
            } else {
                assert_ne!(status, StatusCode::UNAUTHORIZED, "{what} as {role}");
                assert_ne!(status, StatusCode::FORBIDDEN, "{what} as {role}");
                assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{what} as {role}");
            }
        }
    }
    open.sort();
    assert_eq!(open, ["/api/v1/login", "/healthz", "/readyz"], "these and no others are open to anybody");
    server.stop().await;
}

#[tokio::test]
async fn what_changes_something_takes_more_than_a_viewer() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let viewer = cluster.token(Role::Viewer).await;
    let document =
        reqwest::Client::new().get(server.url("/api/v1/openapi.json")).bearer_auth(viewer).send().await.unwrap();
    let own = [
        "/api/v1/login",
        "/api/v1/logout",
        "/api/v1/password",
        "/api/v1/tokens",
        "/api/v1/tokens/999999",
        "/api/v1/account/filters",
        "/api/v1/account/filters/none",
    ];
    for Endpoint { method, path, access } in endpoints(&document.json().await.unwrap()) {
        if method != Method::GET && !own.contains(&path.as_str()) {
            assert!(["Operator", "Author", "Administrator"].contains(&access.as_str()), "{method} {path}: {access}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_revoked_token_and_a_disabled_account_are_refused() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let administrator = cluster.client(&server, Role::Administrator).await;
    let operator = cluster.client(&server, Role::Operator).await;

    let made = operator.create_token(&flow_api::NewToken { name: "import".to_owned(), days: Some(1) }).await.unwrap();
    let program = flow_api::Client::new(&server.at.address, made.secret).unwrap();
    assert_eq!(program.session().await.unwrap().account.name, "operator");
    let other = cluster.client(&server, Role::Viewer).await;
    assert_eq!(other.revoke_token(made.token.id).await.unwrap_err().code(), "token/not-found");
    operator.revoke_token(made.token.id).await.unwrap();
    assert_eq!(program.servers().await.unwrap_err().code(), "auth/required");

    let http = reqwest::Client::new();
    let token = cluster.token(Role::Administrator).await;
    let change = |name: &str, body: &'static str| {
        http.patch(server.url(&format!("/api/v1/users/{name}"))).bearer_auth(&token).body(body)
    };
    let disabled = change("operator", r#"{"disabled":true}"#).send().await.unwrap();
    assert_eq!(disabled.json::<Value>().await.unwrap()["disabled"], true);
    assert_eq!(operator.servers().await.unwrap_err().code(), "auth/required");
    let last = change("administrator", r#"{"role":"Viewer"}"#).send().await.unwrap();
    assert_eq!(last.json::<Value>().await.unwrap()["code"], "account/last-administrator");
    assert!(administrator.servers().await.is_ok());
    server.stop().await;
}
