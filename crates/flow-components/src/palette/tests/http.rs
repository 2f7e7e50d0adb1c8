//! HTTP Request against a real server on this machine.

use crate::testing::{Bench, outlet, rows, stream};
use crate::{CANCELLED, ComponentError, Outcome, Palette};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use flow_model::Component;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

/// What the server received: method, path, body and headers.
#[derive(Debug, Clone)]
struct Received {
    method: Method,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    body: String,
}

type Log = Arc<Mutex<Vec<Received>>>;

/// Answers `/status/NNN` with that status, `/slow` after a minute, and everything else with 200.
async fn answer(
    State(log): State<Log>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let path = uri.path().to_owned();
    let body = String::from_utf8_lossy(&body).into_owned();
    let query = uri.query().map(str::to_owned);
    log.lock().unwrap().push(Received { method, path: path.clone(), query, headers, body });
    if path == "/slow" {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let status = path.strip_prefix("/status/").and_then(|status| status.parse().ok()).unwrap_or(200);
    (StatusCode::from_u16(status).unwrap(), format!("answer to {path}"))
}

async fn serve() -> (Bench, Log) {
    let log = Log::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://ada:secret@{}/", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(Arc::clone(&log));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (Bench::new().with_connection("notices", "http", &[("url", &url)]), log)
}

fn request(path: &str) -> Component {
    Component::new("HttpRequest", "Notice").with("Connection", "notices").with("Path", path)
}

async fn run(bench: &Bench, component: &Component) -> Result<Outcome, ComponentError> {
    bench.run(component, stream("id,name\n1,Ada L\n2,Bob\n")).await
}

#[tokio::test]
async fn the_records_are_sent_as_json_with_a_stable_key() {
    let (bench, log) = serve().await;
    for _ in 0..2 {
        let outcome = run(&bench, &request("/orders").with("ExactlyOnce", true)).await.unwrap();
        assert_eq!(rows(outlet(&outcome, "out")), json!([{"status": 200, "body": "answer to /orders"}]));
        assert_eq!(outcome.note.as_deref(), Some("POST 200 OK"));
    }
    let log = log.lock().unwrap();
    assert_eq!((log[0].method.as_str(), log[0].path.as_str()), ("POST", "/orders"));
    assert_eq!(
        serde_json::from_str::<Value>(&log[0].body).unwrap(),
        json!([{"id": 1, "name": "Ada L"}, {"id": 2, "name": "Bob"}])
    );
    assert_eq!(log[0].headers["content-type"], "application/json");
    assert_eq!(log[0].headers["idempotency-key"], "7/tested-aaaaaa");
    assert_eq!(log[0].headers["idempotency-key"], log[1].headers["idempotency-key"]);
    assert_eq!(log[0].headers["authorization"], "Basic YWRhOnNlY3JldA==");
}

#[tokio::test]
async fn one_request_for_each_record_fills_in_its_values() {
    let (bench, log) = serve().await;
    let component = request("customers/${name}/${month}").with("Per", "Record").with("Method", "PUT");
    let component = component.with("Headers", json!([{"name": "X-Order", "value": "no ${id}"}]));
    let component = component.with("ExactlyOnce", true).with("Query", json!([{"name": "q", "value": "${name} & co"}]));
    let outcome = run(&bench.with_variable("month", "a/b"), &component).await.unwrap();
    assert_eq!(outlet(&outcome, "out").rows(), Some(2));
    assert_eq!(outcome.note.as_deref(), Some("PUT for 2 records"));
    let log = log.lock().unwrap();
    assert_eq!(log[0].path, "/customers/Ada%20L/a%2Fb");
    assert_eq!(log[0].query.as_deref(), Some("q=Ada+L+%26+co"));
    assert_eq!(serde_json::from_str::<Value>(&log[1].body).unwrap(), json!({"id": 2, "name": "Bob"}));
    assert_eq!(log[1].headers["x-order"], "no 2");
    assert_eq!(log[1].headers["idempotency-key"], "7/tested-aaaaaa-1");
}

#[tokio::test]
async fn a_text_a_form_a_document_or_nothing_can_be_sent() {
    let (bench, log) = serve().await;
    run(&bench, &request("/t").with("Body", "Text").with("Text", "first is ${name}")).await.unwrap();
    run(&bench, &request("/n").with("Body", "None")).await.unwrap();
    let own_key = json!([{"name": "Idempotency-Key", "value": "order-${id}"}]);
    run(&bench, &request("/g").with("Method", "GET").with("Headers", own_key)).await.unwrap();
    run(&bench, &request("/f").with("Body", "Form")).await.unwrap();
    bench.run(&request("/d").with("Body", "Document"), stream("text\n<a/>\n")).await.unwrap();
    let two_fields = run(&bench, &request("/d").with("Body", "Document")).await.unwrap_err();
    assert_eq!(two_fields.code, "http/no-document");
    let log = log.lock().unwrap();
    let bodies: Vec<&str> = log.iter().map(|received| received.body.as_str()).collect();
    assert_eq!(bodies, ["first is Ada L", "", "", "id=1&name=Ada%20L", "<a/>"]);
    assert_eq!(log[2].headers.get_all("idempotency-key").iter().collect::<Vec<_>>(), ["order-1"]);
    assert!(!log[0].headers.contains_key("idempotency-key"), "only where it is asked for");
}

#[tokio::test]
async fn an_unexpected_status_is_an_error_without_secrets() {
    let (bench, _log) = serve().await;
    let error = run(&bench, &request("/status/503").with("Retries", 0)).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.retryable), ("http/status", true));
    assert!(
        error.message.starts_with("POST http://127.0.0.1:")
            && error
                .message
                .ends_with("/status/503: the server answered 503 Service Unavailable: answer to /status/503"),
        "{error}"
    );
    assert!(!error.message.contains("secret"), "{error}");
    run(&bench, &request("/status/404").with("ExpectStatus", "2xx, 404")).await.unwrap();
    let error = run(&bench, &request("/status/200").with("ExpectStatus", "201")).await.unwrap_err();
    assert_eq!(error.property.as_deref(), Some("ExpectStatus"));
    let per_record = run(&bench, &request("/status/500").with("Per", "Record")).await.unwrap_err();
    assert_eq!(per_record.row, Some(1));
}

#[tokio::test]
async fn a_server_that_is_slow_or_away_is_named() {
    let (bench, _log) = serve().await;
    let error = run(&bench, &request("/slow").with("Timeout", 0.05)).await.unwrap_err();
    assert_eq!(error.code, "http/timeout", "{error}");
    assert!(!error.message.contains("tried"), "a POST that may have been heard is not repeated: {error}");
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let away = Bench::new().with_connection(
        "notices",
        "http",
        &[("url", &format!("http://ada:secret@{free}/api?key=secret"))],
    );
    let error = run(&away, &request("/x").with("RetryPause", 0.001)).await.unwrap_err();
    assert!(error.message.ends_with("; tried 3 times"), "{error}");
    assert_eq!(error.code, "http/unreachable", "{error}");
    assert!(!error.message.contains("secret"), "{error}");
}

#[tokio::test]
async fn a_request_under_way_ends_when_the_attempt_must() {
    let (bench, log) = serve().await;
    let component = request("/slow");
    let (cancel, seen) = (bench.cancel.clone(), Arc::clone(&log));
    tokio::spawn(async move {
        while seen.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        cancel.cancel();
    });
    let error = run(&bench, &component).await.unwrap_err();
    assert_eq!(error.code, CANCELLED);
}

#[tokio::test]
async fn connections_that_do_not_fit_are_explained() {
    for (kind, settings, code) in [
        ("sqlite", vec![("path", "x")], "http/connection-kind"),
        ("http", vec![], "http/bad-url"),
        ("http", vec![("url", "ftp://x:secret@y")], "http/bad-url"),
    ] {
        let error = run(&Bench::new().with_connection("notices", kind, &settings), &request("/")).await.unwrap_err();
        assert_eq!(error.code, code);
        assert!(!error.message.contains("secret"), "{error}");
    }
}

#[test]
fn wrong_statuses_and_header_names_are_found_when_it_is_prepared() {
    for (name, value) in [("ExpectStatus", json!("2xx, 999")), ("Headers", json!([{"name": "a b", "value": "x"}]))] {
        let problems = Palette::standard()
            .prepare(&crate::testing::id("h-aaaaaa"), &request("/").with(name, value))
            .err()
            .unwrap();
        assert_eq!((problems[0].code.as_str(), problems[0].place.property.as_deref()), ("property/value", Some(name)));
    }
}
