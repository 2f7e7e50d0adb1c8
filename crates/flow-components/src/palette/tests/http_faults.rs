//! HTTP Request against servers that are slow, break off, never end, or lie about who they are.

use crate::testing::{Bench, outlet, rows, stream};
use crate::{ComponentError, Outcome};
use flow_model::{Component, Connection};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a server does with a connection after it has read the request.
#[derive(Clone, Copy)]
enum Act {
    /// Says this, and closes.
    Say(&'static str),
    /// Says this, and then nothing for ever.
    Hang(&'static str),
    /// Says this, and then the same bytes for ever.
    Flood(&'static str),
}

const GOOD: Act = Act::Say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
const BROKEN_OFF: Act = Act::Say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":");

/// A server that does one act after the other, and the last one again and again.
async fn server(acts: &'static [Act]) -> (Bench, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let place = counter.fetch_add(1, Ordering::SeqCst).min(acts.len() - 1);
            tokio::spawn(perform(connection, acts[place]));
        }
    });
    (Bench::new().with_connection("server", "http", &[("url", &url)]), asked)
}

async fn perform(mut connection: TcpStream, act: Act) {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if connection.read_buf(&mut request).await.unwrap_or_default() == 0 {
            return;
        }
    }
    let (Act::Say(text) | Act::Hang(text) | Act::Flood(text)) = act;
    let _ = connection.write_all(text.as_bytes()).await;
    match act {
        Act::Say(_) => {}
        Act::Hang(_) => std::future::pending().await,
        Act::Flood(_) => while connection.write_all(&[b'x'; 8192]).await.is_ok() {},
    }
}

fn request(method: &str) -> Component {
    Component::new("HttpRequest", "Asked")
        .with("Connection", "server")
        .with("Method", method)
        .with("Body", "None")
        .with("RetryPause", 0.001)
}

async fn run(bench: &Bench, component: &Component) -> Result<Outcome, ComponentError> {
    bench.run(component, stream("id\n1\n")).await
}

#[tokio::test]
async fn what_may_pass_is_tried_again_until_it_has_passed() {
    for acts in [
        &[Act::Say("HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n"), GOOD] as &'static [Act],
        &[Act::Say("HTTP/1.1 429 Slowly\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"), GOOD],
        &[BROKEN_OFF, GOOD],
        &[Act::Hang(""), Act::Hang("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{"), GOOD],
    ] {
        let (bench, asked) = server(acts).await;
        let outcome = run(&bench, &request("GET").with("Timeout", 0.2)).await.unwrap();
        assert_eq!(rows(outlet(&outcome, "out"))[0]["body"], "{}");
        assert_eq!(asked.load(Ordering::SeqCst), acts.len());
    }
}

#[tokio::test]
async fn what_the_server_may_have_done_is_not_asked_twice_unless_it_knows_the_key() {
    let (bench, asked) = server(&[BROKEN_OFF]).await;
    let error = run(&bench, &request("POST")).await.unwrap_err();
    assert_eq!((error.code.as_str(), asked.load(Ordering::SeqCst)), ("http/broken-off", 1));
    let error = run(&bench, &request("POST").with("ExactlyOnce", true)).await.unwrap_err();
    assert_eq!((error.code.as_str(), asked.load(Ordering::SeqCst)), ("http/broken-off", 4), "{error}");
}

#[tokio::test]
async fn the_server_says_when_to_come_back() {
    let (bench, asked) =
        server(&[Act::Say("HTTP/1.1 429 Slowly\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"), GOOD]).await;
    let began = Instant::now();
    run(&bench, &request("GET")).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(asked.load(Ordering::SeqCst), 2);

    let (bench, asked) =
        server(&[Act::Say("HTTP/1.1 503 Later\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")]).await;
    let error = run(&bench, &request("GET")).await.unwrap_err();
    assert!(error.message.ends_with("it asks to be left alone for 3600 s"), "{error}");
    assert_eq!((error.retryable, asked.load(Ordering::SeqCst)), (true, 1));
}

#[tokio::test]
async fn an_endless_or_too_large_body_is_bounded() {
    for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n"] {
        // The acts must live for ever.
        let acts: &'static [Act] = Box::leak(Box::new([Act::Flood(head)]));
        let (bench, asked) = server(acts).await;
        let error = run(&bench, &request("GET").with("BodyLimit", 1)).await.unwrap_err();
        assert_eq!((error.code.as_str(), asked.load(Ordering::SeqCst)), ("http/too-large", 1), "{error}");
        assert!(error.message.contains("larger than 1 MiB"), "{error}");
    }
    let (bench, _) = server(&[Act::Flood("HTTP/1.1 418 Teapot\r\n\r\n")]).await;
    let error = run(&bench, &request("GET")).await.unwrap_err();
    assert_eq!(error.code, "http/status");
    assert!(error.message.len() < 500, "{error}");
}

#[tokio::test]
async fn a_server_that_speaks_something_else_is_an_error() {
    let (bench, _) = server(&[Act::Say("220 mail.test ESMTP\r\n")]).await;
    let error = run(&bench, &request("GET").with("Retries", 0)).await.unwrap_err();
    assert_eq!(error.code, "http/broken-off", "{error}");
}

#[tokio::test]
async fn redirects_lead_nowhere_that_the_author_did_not_allow() {
    let away = Act::Say("HTTP/1.1 302 Found\r\nLocation: http://localhost:9/x\r\nContent-Length: 0\r\n\r\n");
    let acts: &'static [Act] = Box::leak(Box::new([away]));
    let (bench, _) = server(acts).await;
    let error = run(&bench, &request("GET")).await.unwrap_err();
    assert_eq!(error.code, "http/redirect");
    assert!(error.message.contains("another server, “localhost”"), "{error}");
    let seen = run(&bench, &request("GET").with("Redirects", "None").with("ExpectStatus", "302")).await.unwrap();
    assert_eq!(rows(outlet(&seen, "out"))[0]["status"], 302);
    let (bench, asked) =
        server(&[Act::Say("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")]).await;
    let error = run(&bench, &request("GET")).await.unwrap_err();
    assert_eq!((error.code.as_str(), asked.load(Ordering::SeqCst)), ("http/redirect", 11), "{error}");
}

#[tokio::test]
async fn a_rate_is_kept_by_all_who_ask_the_same_server() {
    let (bench, asked) = server(&[GOOD]).await;
    let url = bench.url("server");
    let bench = bench.with(Connection::new("server", "http").with("url", url).with("rate", 50));
    let component = request("GET").with("Per", "Record").with("Parallel", 8);
    let began = Instant::now();
    let outcome = bench.run(&component, stream("id\n1\n2\n3\n4\n5\n6\n")).await.unwrap();
    assert_eq!((outlet(&outcome, "out").rows(), asked.load(Ordering::SeqCst)), (Some(6), 6));
    assert!(began.elapsed() >= Duration::from_millis(90), "{:?}", began.elapsed());
}

#[tokio::test]
async fn no_server_may_act_after_its_lease_and_not_even_try_again() {
    let (bench, asked) = server(&[BROKEN_OFF]).await;
    bench.may_act_only(1);
    let error = run(&bench, &request("GET")).await.unwrap_err();
    assert_eq!((error.code.as_str(), asked.load(Ordering::SeqCst)), (crate::MAY_NOT_ACT, 1));
}

#[tokio::test]
async fn a_value_cannot_lead_out_of_its_path() {
    let (bench, asked) = server(&[GOOD]).await;
    for value in ["..", ".", "%2e%2E"] {
        let component = request("GET").with("Path", "/files/${id}/x").with("Per", "Record");
        let outcome = bench.run(&component, stream(&format!("id\n{value}\n"))).await;
        match outcome {
            Err(error) => assert_eq!((error.code.as_str(), error.retryable), ("http/bad-url", false)),
            // A percent sign is encoded, so it means itself.
            Ok(_) => assert_eq!(value, "%2e%2E"),
        }
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn requests_show_who_they_come_from() {
    let (bench, _) = server(&[GOOD]).await;
    let url = bench.url("server");
    let connection = |auth: &str| Connection::new("server", "http").with("url", url.clone()).with("auth", auth);
    for (connection, code) in [
        (connection("bearer"), Some("http/no-secret")),
        (connection("basic"), Some("http/no-secret")),
        (connection("header"), Some("http/no-secret")),
        (connection("header").with_secret("key", "line\nbreak"), Some("http/bad-header")),
        (connection("none").with("ca", "project:nothing.pem"), Some("file/not-found")),
        (connection("none").with_secret("clientCertificate", "no certificate"), Some("http/tls")),
        (connection("bearer").with_secret("token", "t0ken"), None),
    ] {
        let bench = Bench::new().with(connection);
        let error = run(&bench, &request("GET")).await.err();
        assert_eq!(error.as_ref().map(|error| error.code.as_str()), code, "{error:?}");
    }
}

#[test]
fn properties_that_do_not_go_together_are_found_when_it_is_prepared() {
    let records = |component: Component| component.with("Answer", "Records");
    let page = json!([{"name": "a", "type": "Integer"}, {"name": "status", "type": "Text"}]);
    for (component, property) in [
        (request("GET").with("Paging", "Page"), "Paging"),
        (records(request("GET")).with("Paging", "Offset").with("PageParameter", ""), "PageParameter"),
        (records(request("GET")).with("Paging", "Cursor"), "Next"),
        (records(request("GET")).with("KeepStatus", true).with("Columns", page), "Columns"),
        (records(request("GET")).with("Columns", json!([{"name": "a", "type": "Int"}])), "Columns"),
        (records(request("GET")).with("Sample", "[1, 2]"), "Sample"),
        (request("GET").with("HeaderFields", json!(["a b"])), "HeaderFields"),
    ] {
        let problems: Vec<Value> = crate::Palette::standard()
            .prepare(&crate::testing::id("h-aaaaaa"), &component)
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|problem| json!([problem.code, problem.place.property]))
            .collect();
        assert_eq!(problems, [json!(["property/value", property])]);
    }
}
