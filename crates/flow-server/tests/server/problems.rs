//! What cannot be read or is not there is answered with a problem and its code, and never breaks anything.

use crate::harness::Cluster;
use flow_api::{Problem, Role};
use reqwest::header;

#[tokio::test]
async fn malformed_calls_get_a_problem_with_its_code() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let token = cluster.token(Role::Administrator).await;
    let http = reqwest::Client::new();
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(5 << 20));
    let cases: [(&str, &str, &str, u16, &str); 27] = [
        ("POST", "/api/v1/requests", "{", 400, "input/malformed"),
        ("POST", "/api/v1/requests", "\u{0}\u{1}", 400, "input/malformed"),
        ("POST", "/api/v1/requests", "[]", 400, "input/malformed"),
        ("POST", "/api/v1/requests", r#"{"project":"a","flow":"b","inptus":{}}"#, 400, "input/malformed"),
        ("POST", "/api/v1/requests", r#"{"project":"a/b","flow":"b"}"#, 422, "input/invalid"),
        ("POST", "/api/v1/requests", r#"{"project":"a","flow":"../b"}"#, 422, "input/invalid"),
        ("POST", "/api/v1/requests", r#"{"project":"a","flow":"b","count":0}"#, 422, "input/invalid"),
        ("POST", "/api/v1/requests", r#"{"project":"a","flow":"b"}"#, 404, "project/not-found"),
        ("POST", "/api/v1/users", &large, 413, "input/too-large"),
        ("GET", "/api/v1/requests/x", "", 400, "input/malformed"),
        ("GET", "/api/v1/requests/5", "", 404, "request/not-found"),
        ("GET", "/api/v1/requests/5/wait?seconds=-1", "", 422, "input/invalid"),
        ("GET", "/api/v1/requests?state=Dancing", "", 422, "input/invalid"),
        ("GET", "/api/v1/requests?colour=red", "", 400, "input/malformed"),
        ("GET", "/api/v1/requests?after=x", "", 422, "input/invalid"),
        ("GET", "/api/v1/requests?from=yesterday", "", 400, "input/malformed"),
        ("GET", "/api/v1/audit?after=x", "", 422, "input/invalid"),
        ("POST", "/api/v1/requests/bulk", r#"{"action":"cancel"}"#, 422, "input/invalid"),
        ("GET", "/api/v1/servers/..%2F..%2Fetc/log", "", 404, "server/not-found"),
        ("GET", "/api/v1/servers/none/log", "", 404, "server/not-found"),
        ("PUT", "/api/v1/settings/no.such", r#"{"value":1}"#, 404, "setting/not-found"),
        ("PUT", "/api/v1/settings/server.listen", r#"{"value":"x"}"#, 409, "setting/fixed"),
        ("PUT", "/api/v1/settings/limits.session_hours", r#"{"value":0}"#, 422, "input/invalid"),
        (
            "PUT",
            "/api/v1/account/git-credentials",
            r#"{"host":"a/b","kind":"token","secret":"x"}"#,
            422,
            "input/invalid",
        ),
        ("DELETE", "/api/v1/account/filters/none", "", 404, "filter/not-found"),
        ("GET", "/api/v1/nothing", "", 404, "input/no-such-endpoint"),
        ("DELETE", "/api/v1/requests", "", 405, "input/method"),
    ];
    for (method, path, body, status, code) in cases {
        let call = http.request(method.parse().unwrap(), server.url(path)).bearer_auth(&token);
        let reply = call.body(body.to_owned()).send().await.unwrap();
        let what = format!("{method} {path} {}", body.get(..60).unwrap_or(body));
        assert_eq!(reply.status().as_u16(), status, "{what}");
        assert_eq!(reply.headers()[header::CONTENT_TYPE], "application/problem+json", "{what}");
        let problem: Problem = reply.json().await.unwrap();
        assert_eq!(problem.code, code, "{what}");
        assert_eq!(problem.status, status, "{what}");
        assert!(!problem.detail.is_empty() && !problem.title.is_empty(), "{what}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_console_and_the_api_come_with_security_headers() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let http = reqwest::Client::new();
    for path in ["/", "/servers", "/api/v1/session", "/healthz", "/missing.js"] {
        let reply = http.get(server.url(path)).send().await.unwrap();
        let csp = reply.headers()["content-security-policy"].to_str().unwrap();
        assert!(csp.contains("default-src 'self'") && csp.contains("frame-ancestors 'none'"), "{path}: {csp}");
        assert_eq!(reply.headers()["x-content-type-options"], "nosniff", "{path}");
        assert!(reply.headers().contains_key(header::CACHE_CONTROL), "{path}");
    }
    // Built or not, a person gets a page; a file that is missing is not that page.
    let page = http.get(server.url("/servers")).send().await.unwrap();
    assert!(page.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    assert_eq!(http.get(server.url("/missing.js")).send().await.unwrap().status(), 404);
    server.stop().await;
}
