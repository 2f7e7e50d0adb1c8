//! The way in: TLS, proxies, other origins, slow callers.

use crate::harness::{Cluster, PASSWORD, TestServer, until};
use flow_api::{Client, Role};
use flow_server::{Patience, TlsFiles};
use reqwest::header;
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A certificate for 127.0.0.1, signed by itself.
fn make_certificate(folder: &Path, name: &str) -> TlsFiles {
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let new = |path: &Path| path.with_extension("new");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"])
        .args(["-subj", &format!("/CN={name}"), "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(new(&key))
        .arg("-out")
        .arg(new(&certificate))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for path in [&key, &certificate] {
        std::fs::rename(new(path), path).unwrap();
    }
    TlsFiles { certificate, key }
}

#[tokio::test]
async fn a_server_speaks_tls_and_takes_a_new_certificate_without_a_restart() {
    let cluster = Cluster::new();
    let files = make_certificate(cluster.folder.path(), "old");
    let mut config = cluster.config("first");
    config.tls = Some(files.clone());
    let server = TestServer::start(config).await.unwrap();
    assert!(server.at.address.starts_with("https://127.0.0.1:"), "{}", server.at.address);
    let token = cluster.token(Role::Viewer).await;
    let trusting = |pem: &[u8]| Client::new(&server.at.address, &token).unwrap().trusting(pem).unwrap();
    let old = std::fs::read(&files.certificate).unwrap();
    assert_eq!(trusting(&old).servers().await.unwrap().len(), 1);
    let stranger = Client::new(&server.at.address, &token).unwrap();
    let refused = stranger.servers().await.unwrap_err();
    assert_eq!(refused.code(), "client/unreachable", "nobody trusts it unasked");
    assert!(refused.to_string().contains("its certificate is not"), "{refused}");

    make_certificate(cluster.folder.path(), "new");
    let new = std::fs::read(&files.certificate).unwrap();
    until("the new certificate is served", async || trusting(&new).servers().await.ok()).await;
    // What is wrong changes nothing.
    std::fs::write(&files.certificate, "no certificate").unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(trusting(&new).servers().await.is_ok());
    server.stop().await;
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named_before_the_cluster_sees_a_server() {
    let cluster = Cluster::new();
    let files = make_certificate(cluster.folder.path(), "one");
    let mut config = cluster.config("first");
    let wrong = TlsFiles { key: cluster.path("no-such-key.pem"), ..files };
    config.tls = Some(wrong);
    let error = TestServer::start(config).await.err().unwrap();
    assert_eq!(error.code(), "serve/tls");
    assert!(error.to_string().contains("no-such-key.pem"), "{error}");
    assert!(cluster.store.servers().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_trusted_proxy_says_who_calls_and_that_it_was_by_https() {
    let cluster = Cluster::new();
    cluster.account("anna", Role::Viewer).await;
    let mut config = cluster.config("first");
    config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let behind = TestServer::start(config).await.unwrap();
    let open = cluster.start("second").await;
    let sign_in = async |server: &TestServer| {
        let login = reqwest::Client::new().post(server.url("/api/v1/login"));
        let login = login.header("x-forwarded-for", "203.0.113.7").header("x-forwarded-proto", "https");
        login.json(&json!({"name": "anna", "password": PASSWORD})).send().await.unwrap()
    };
    let cookie = |reply: &reqwest::Response| reply.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    let proxied = sign_in(&behind).await;
    assert!(cookie(&proxied).contains("; Secure"));
    assert!(proxied.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
    let direct = sign_in(&open).await;
    assert!(!cookie(&direct).contains("; Secure"), "whoever calls directly is not believed");
    let trail = cluster.store.audit_trail(&flow_store::AuditFilter::default()).await.unwrap();
    let addresses: Vec<&str> =
        trail.iter().filter(|one| one.entry.action == "login").map(|one| one.entry.address.as_str()).collect();
    assert_eq!(addresses, ["127.0.0.1", "203.0.113.7"]);
    behind.stop().await;
    open.stop().await;
}

#[tokio::test]
async fn a_page_of_another_origin_can_neither_sign_in_nor_change_anything() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    cluster.account("anna", Role::Operator).await;
    let http = reqwest::Client::new();
    let login = || http.post(server.url("/api/v1/login")).json(&json!({"name": "anna", "password": PASSWORD}));
    assert_eq!(login().header("sec-fetch-site", "cross-site").send().await.unwrap().status(), 403);
    assert_eq!(login().header("origin", "https://evil.example").send().await.unwrap().status(), 403);
    let reply = login().header("sec-fetch-site", "same-origin").send().await.unwrap();
    let cookie = reply.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let logout = || http.post(server.url("/api/v1/logout")).header(header::COOKIE, &cookie).header("x-cairn-csrf", "1");
    assert_eq!(logout().header("origin", "https://evil.example").send().await.unwrap().status(), 403);
    assert_eq!(logout().header("origin", &server.at.address).send().await.unwrap().status(), 204);
    server.stop().await;
}

#[tokio::test]
async fn slow_callers_are_let_go_and_others_are_served_meanwhile() {
    let cluster = Cluster::new();
    let mut config = cluster.config("first");
    let short = Duration::from_millis(300);
    config.patience = Patience { head: short, body: short, answer: short };
    let server = TestServer::start(config).await.unwrap();
    let address = server.at.address.trim_start_matches("http://").to_owned();
    let answer = async |begin: &str| {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(begin.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer));
        read.await.expect("the server hangs up").ok();
        String::from_utf8_lossy(&answer).into_owned()
    };
    // Half a head, and no more of it.
    let half = answer("GET /healthz HTTP/1.1\r\nHost: x\r\n").await;
    assert!(!half.contains("200 OK"), "{half}");
    // A head that announces a body which does not come.
    let token = cluster.token(Role::Administrator).await;
    let head = format!(
        "POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 100\r\n\r\n{{"
    );
    let slow = answer(&head).await;
    assert!(slow.starts_with("HTTP/1.1 408") && slow.contains("input/too-slow"), "{slow}");
    assert_eq!(reqwest::get(server.url("/healthz")).await.unwrap().status(), 200);
    server.stop().await;
}

#[tokio::test]
async fn ten_thousand_logins_do_not_wear_a_server_out() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    cluster.account("anna", Role::Viewer).await;
    let http = reqwest::Client::new();
    let mut refused = 0;
    for chunk in 0..100 {
        let calls = (0..100).map(|n| {
            let body = json!({"name": format!("name{}", chunk * 100 + n), "password": "wrong horse battery"});
            http.post(server.url("/api/v1/login")).json(&body).send()
        });
        let replies = futures::future::join_all(calls).await;
        refused += replies.into_iter().filter(|reply| reply.as_ref().is_ok_and(|reply| reply.status() == 429)).count();
    }
    assert!(refused > 9_000, "only {refused} of 10,000 were refused without the work of hashing");
    // Who has a token is not held up by it.
    let client = cluster.client(&server, Role::Viewer).await;
    assert!(client.servers().await.is_ok());
    server.stop().await;
}
