//! Signing in as a person does.

use crate::harness::{Cluster, PASSWORD, TestServer};
use flow_api::{Client, Login, NewAccount, Role};
use reqwest::{Response, StatusCode, header};
use serde_json::{Value, json};

async fn sign_in(server: &TestServer, name: &str, password: &str) -> Response {
    let body = json!({"name": name, "password": password});
    reqwest::Client::new().post(server.url("/api/v1/login")).json(&body).send().await.unwrap()
}

fn cookie(reply: &Response) -> String {
    let cookie = reply.headers()[header::SET_COOKIE].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_lasts_from_login_to_logout() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    cluster.account("anna", Role::Operator).await;
    let reply = sign_in(&server, "anna", PASSWORD).await;
    assert_eq!(reply.status(), StatusCode::OK);
    let set = reply.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(set.contains(part), "{set}");
    }
    let cookie = cookie(&reply);
    let session: Value = reply.json().await.unwrap();
    let account = &session["account"];
    assert_eq!(
        (&account["name"], &account["role"], &account["disabled"]),
        (&json!("anna"), &json!("Operator"), &json!(false))
    );

    let http = reqwest::Client::new();
    let get = async || http.get(server.url("/api/v1/session")).header(header::COOKIE, &cookie).send().await.unwrap();
    assert_eq!(get().await.status(), StatusCode::OK);
    let logout = || http.post(server.url("/api/v1/logout")).header(header::COOKIE, &cookie);
    let forged = logout().send().await.unwrap();
    assert_eq!(forged.json::<Value>().await.unwrap()["code"], "auth/csrf");
    assert_eq!(logout().header("x-cairn-csrf", "1").send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(get().await.status(), StatusCode::UNAUTHORIZED);
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    cluster.account("anna", Role::Viewer).await;
    let wrong: Value = sign_in(&server, "anna", "wrong horse battery").await.json().await.unwrap();
    let unknown: Value = sign_in(&server, "nobody", "wrong horse battery").await.json().await.unwrap();
    assert_eq!(wrong, unknown);
    assert_eq!(wrong["code"], "auth/wrong-password");
    assert_eq!(wrong["status"], 401);
    let trail = cluster.store.audit_trail(&flow_store::AuditFilter { limit: 10, ..Default::default() }).await.unwrap();
    let refused: Vec<&str> = trail.iter().map(|record| record.entry.account.as_str()).collect();
    assert_eq!(refused, ["unknown", "anna"], "an unknown name may be a password: it is not written down");
    server.stop().await;
}

#[tokio::test]
async fn whoever_guesses_is_slowed_down_and_others_are_not() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    cluster.account("anna", Role::Viewer).await;
    // All at once: no pause is long enough on a slow machine to be sure of one call after the other.
    let guesses = (0..12).map(|_| sign_in(&server, "anna", "wrong horse battery"));
    let replies = futures::future::join_all(guesses).await;
    let with = |status: StatusCode| replies.iter().filter(|reply| reply.status() == status).count();
    assert_eq!(with(StatusCode::UNAUTHORIZED), 5);
    assert_eq!(with(StatusCode::TOO_MANY_REQUESTS), 7);
    let slowed = replies.into_iter().find(|reply| reply.status() == StatusCode::TOO_MANY_REQUESTS).unwrap();
    assert!(slowed.headers().contains_key(header::RETRY_AFTER));
    assert_eq!(slowed.json::<Value>().await.unwrap()["code"], "auth/too-many-attempts");
    cluster.account("ben", Role::Viewer).await;
    assert_eq!(sign_in(&server, "ben", PASSWORD).await.status(), StatusCode::OK);
    server.stop().await;
}

#[tokio::test]
async fn a_program_signs_in_for_a_token_and_a_new_password_ends_the_sessions() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let administrator = cluster.client(&server, Role::Administrator).await;
    let account = NewAccount { name: "anna".to_owned(), password: PASSWORD.to_owned(), role: Role::Author };
    administrator.add_account(&account).await.unwrap();
    assert_eq!(administrator.add_account(&account).await.unwrap_err().code(), "account/exists");
    let weak = NewAccount { name: "ben".to_owned(), password: "short".to_owned(), role: Role::Viewer };
    assert_eq!(administrator.add_account(&weak).await.unwrap_err().code(), "account/weak-password");

    let login = Login { name: "anna".to_owned(), password: PASSWORD.to_owned() };
    let (client, made) = Client::sign_in(&server.at.address, &login, "designer").await.unwrap();
    assert_eq!(client.session().await.unwrap().account.role, Role::Author);
    assert_eq!(client.tokens().await.unwrap(), [made.token]);
    let wrong = Login { name: "anna".to_owned(), password: "wrong horse battery".to_owned() };
    let refused = Client::sign_in(&server.at.address, &wrong, "designer").await.unwrap_err();
    assert_eq!(refused.code(), "auth/wrong-password");

    let cookie = cookie(&sign_in(&server, "anna", PASSWORD).await);
    let http = reqwest::Client::new();
    let change = |current: &str| {
        let body = json!({"current": current, "new": "a new horse in the stable"});
        http.post(server.url("/api/v1/password")).bearer_auth(&made.secret).json(&body)
    };
    assert_eq!(change("wrong horse battery").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(change(PASSWORD).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let session = http.get(server.url("/api/v1/session")).header(header::COOKIE, cookie).send().await.unwrap();
    assert_eq!(session.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(sign_in(&server, "anna", "a new horse in the stable").await.status(), StatusCode::OK);
    server.stop().await;
}
