//! Triggers that answer calls, on servers that share a cluster.

use crate::harness::{PASSWORD, flow, until};
use crate::triggers::{Two, call, find, made_of, replying, trigger};
use flow_api::{Role, SettingChange};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_http_trigger_answers_what_the_flow_replies() {
    let inputs = json!([{"name": "customer", "type": "Text"}, {"name": "amount", "type": "Integer", "default": 1}]);
    let two = Two::with(&[
        ("flows/greet.flow.json", replying(&inputs)),
        (
            "flows/slow.flow.json",
            flow(
                "takes long",
                &[json!({"id": "wait-aaaaaa", "type": "Wait", "name": "An hour", "properties": {"Seconds": 3600}})],
            ),
        ),
        ("triggers/greet.trigger.json", trigger("http", "greet", &json!({"Path": "say/hello"}))),
        (
            "triggers/later.trigger.json",
            json!({"format": 1, "id": "trigger-later", "kind": "http", "flow": "greet", "inputs": {"customer": "Bob"},
                "properties": {"Path": "later", "Method": "PUT", "Answer": "Accepted", "Role": "Administrator"}})
            .to_string(),
        ),
        (
            "triggers/slow.trigger.json",
            json!({"format": 1, "id": "trigger-slow", "kind": "http", "flow": "slow", "inputs": {"customer": "Bob"},
                "properties": {"Path": "slow", "Patience": 1}})
            .to_string(),
        ),
    ])
    .await;
    let known = two.trigger("greet").await;
    assert_eq!(known.address.as_deref(), Some("POST /api/v1/http/orders/say/hello"));
    let greet = |body: Value| call(&two.cluster, &two.other, Method::POST, "orders/say/hello?amount=7", Some(body));
    let (status, reply) = greet(json!({"customer": "Anna"})).await;
    assert_eq!((status, reply), (StatusCode::OK, json!([{"customer": "Anna", "amount": "7"}])));
    let (status, problem) = greet(json!({"customer": "Anna", "other": 1})).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("input/unknown")));
    let (status, _) = greet(json!([1])).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    for (method, path, expected) in [
        (Method::GET, "orders/say/hello", "trigger/not-found"),
        (Method::POST, "orders/nothing", "trigger/not-found"),
        (Method::PUT, "orders/later", "auth/forbidden"),
    ] {
        assert_eq!(call(&two.cluster, &two.one, method, path, None).await.1["code"], expected, "{path}");
    }
    let nobody = reqwest::Client::new().post(two.one.url("/api/v1/http/orders/say/hello")).send().await.unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    let (status, slow) = call(&two.cluster, &two.one, Method::POST, "orders/slow", None).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let waiting = two.client.request(slow["request"].as_i64().unwrap()).await.unwrap().request;
    assert_eq!((waiting.trigger.as_str(), waiting.requested_by.as_str()), ("http slow", "operator"));
    let token = two.cluster.token(Role::Administrator).await;
    let later =
        reqwest::Client::new().put(two.one.url("/api/v1/http/orders/later")).bearer_auth(token).send().await.unwrap();
    assert_eq!(later.status(), StatusCode::ACCEPTED);
    assert!(later.headers().contains_key("location") && later.headers().contains_key("x-cairn-request"));
    until("calls are counted", async || find(&two.client, "greet").await.filter(|known| known.fired == 1)).await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http_trigger_may_have_a_secret_of_its_own() {
    let connection = json!({"format": 1, "kind": "http", "settings": {"url": "https://shop.example.org"}}).to_string();
    let two = Two::with(&[
        ("flows/hook.flow.json", replying(&json!([{"name": "body", "type": "Text"}]))),
        ("connections/shop.json", connection),
        (
            "triggers/hook.trigger.json",
            trigger(
                "http",
                "hook",
                &json!({"Path": "hook", "Authentication": "Secret", "Connection": "shop", "LargestBody": 1}),
            ),
        ),
    ])
    .await;
    two.trigger("hook").await;
    let send = async |secret: &str, body: String| {
        let call = reqwest::Client::new().post(two.one.url("/api/v1/http/orders/hook")).bearer_auth(secret).body(body);
        let answer = call.send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap_or(Value::Null))
    };
    let (status, problem) = send("anything", String::new()).await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("trigger/broken")),
        "no secret is set"
    );
    let secrets = std::collections::BTreeMap::from([("token".to_owned(), "s3cret-of-the-shop".to_owned())]);
    two.client.set_secrets("orders", "shop", &flow_api::NewSecrets { secrets }).await.unwrap();
    assert_eq!(send("wrong", "{\"a\": 1}".to_owned()).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(
        send("s3cret-of-the-shop", "{\"a\": 1}".to_owned()).await,
        (StatusCode::OK, json!([{"body": "{\"a\": 1}"}]))
    );
    assert_eq!(send("s3cret-of-the-shop", "x".repeat(1025)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_cannot_call_a_trigger_by_the_cookie_of_a_session() {
    let properties = json!({"Path": "hook", "Method": "GET"});
    let two = Two::with(&[
        ("flows/hook.flow.json", replying(&json!([]))),
        ("triggers/hook.trigger.json", trigger("http", "hook", &properties)),
    ])
    .await;
    two.trigger("hook").await;
    two.cluster.account("anna", Role::Operator).await;
    let http = reqwest::Client::new();
    let login = json!({"name": "anna", "password": PASSWORD});
    let signed_in = http.post(two.one.url("/api/v1/login")).json(&login).send().await.unwrap();
    let cookie = signed_in.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    // As a picture in a page of another port of the same host asks for it.
    let called = || http.get(two.one.url("/api/v1/http/orders/hook")).header(header::COOKIE, &cookie);
    for forged in [called(), called().header("sec-fetch-site", "same-site")] {
        let refused: Value = forged.send().await.unwrap().json().await.unwrap();
        assert_eq!(refused["code"], "auth/csrf");
    }
    assert_eq!(made_of(&two.cluster, "hook").await.len(), 0);
    assert!(called().header("x-cairn-csrf", "1").send().await.unwrap().status().is_success());
    assert_eq!(made_of(&two.cluster, "hook").await.len(), 1);
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_cannot_be_taken_now_is_told_why_and_when_to_call_again() {
    let two = Two::with(&[
        ("flows/answer.flow.json", replying(&json!([]))),
        ("triggers/call.trigger.json", trigger("http", "answer", &json!({"Path": "answer", "Answer": "Accepted"}))),
    ])
    .await;
    two.trigger("call").await;
    let token = two.cluster.token(Role::Operator).await;
    let answer = async || {
        let call = reqwest::Client::new().post(two.one.url("/api/v1/http/orders/answer")).bearer_auth(&token);
        let answer = call.send().await.unwrap();
        let again = answer.headers().get(header::RETRY_AFTER).map(|seconds| seconds.to_str().unwrap().to_owned());
        let body: Value = answer.json().await.unwrap();
        (again, body["code"].as_str().unwrap_or_default().to_owned())
    };
    let set = async |key: &str, value: Value| {
        two.client.change_setting(key, &SettingChange { value, version: None }).await.unwrap();
    };
    let refused = |again: &str, code: &str| (Some(again.to_owned()), code.to_owned());
    set("service.maintenance", json!(true)).await;
    assert_eq!(answer().await, refused("60", "server/maintenance"));
    set("service.maintenance", json!(false)).await;

    // Nothing of it starts any more, so what is made is queued.
    set("limit.flow.orders/answer", json!(0)).await;
    set("limits.queued_requests", json!(1)).await;
    assert_eq!(answer().await, (None, String::new()), "one is made");
    assert_eq!(answer().await, refused("5", "request/queue-full"));
    assert_eq!(made_of(&two.cluster, "answer").await.len(), 1);
    two.stop().await;
}
