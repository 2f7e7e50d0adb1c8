use super::{DesignSettings, serve};
use futures::StreamExt;
use reqwest::{Client, RequestBuilder, StatusCode, header, redirect};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// A running host, and a browser's idea of it.
struct Browser {
    http: Client,
    /// `http://127.0.0.1:PORT`
    base: String,
    first: String,
    cookie: String,
    _shutdown: tokio_util::sync::DropGuard,
    _config: TempDir,
}

impl Browser {
    async fn start() -> Self {
        let config = TempDir::new().unwrap();
        let settings =
            DesignSettings { project: None, config: config.path().to_owned(), listen: "127.0.0.1:0".parse().unwrap() };
        let shutdown = CancellationToken::new();
        let (tell, told) = oneshot::channel();
        let serving = serve(settings, shutdown.clone(), |at| tell.send(at.address.clone()).unwrap());
        tokio::spawn(async move { serving.await.unwrap() });
        let first = told.await.unwrap();
        let base = first.split("/?").next().unwrap().to_owned();
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Self { http, base, first, cookie: String::new(), _shutdown: shutdown.drop_guard(), _config: config }
    }

    async fn signed_in() -> Self {
        let mut browser = Self::start().await;
        let reply = browser.http.get(&browser.first).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::SEE_OTHER);
        let cookie = reply.headers()[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        cookie.split(';').next().unwrap().clone_into(&mut browser.cookie);
        browser
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.base)).header(header::COOKIE, &self.cookie)
    }

    fn call(&self, name: &str, input: &Value) -> RequestBuilder {
        self.http.post(format!("{}/call/{name}", self.base)).header(header::COOKIE, &self.cookie).json(input)
    }
}

#[tokio::test]
async fn the_token_lets_in_one_browser_once() {
    let browser = Browser::signed_in().await;
    let again = browser.http.get(&browser.first).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::UNAUTHORIZED);
    assert!(again.headers().get(header::SET_COOKIE).is_none());
    let same_browser = browser.get(browser.first.strip_prefix(&browser.base).unwrap()).send().await.unwrap();
    assert_eq!(same_browser.status(), StatusCode::SEE_OTHER, "who is in already goes on");
    let host: Value = browser.call("host_view", &json!({})).send().await.unwrap().json().await.unwrap();
    assert_eq!(host["kind"], "browser");
}

#[tokio::test]
async fn nothing_is_answered_without_the_cookie() {
    let browser = Browser::start().await;
    for path in ["/", "/?token=wrong", "/events", "/designer.html", "/assets/app.js"] {
        assert_eq!(browser.get(path).send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    let call = browser.call("host_view", &json!({})).send().await.unwrap();
    assert_eq!(call.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(call.json::<Value>().await.unwrap()["code"], "host/not-signed-in");
}

#[tokio::test]
async fn pages_of_other_origins_and_other_names_are_refused() {
    let browser = Browser::signed_in().await;
    let call = || browser.call("host_view", &json!({}));
    let rebound = call().header(header::HOST, "evil.example").send().await.unwrap();
    assert_eq!(rebound.status(), StatusCode::MISDIRECTED_REQUEST);
    for origin in ["http://evil.example", "http://127.0.0.1:1", "null"] {
        let foreign = call().header(header::ORIGIN, origin).send().await.unwrap();
        assert_eq!(foreign.status(), StatusCode::FORBIDDEN, "{origin}");
    }
    let own = call().header(header::ORIGIN, &browser.base).send().await.unwrap();
    assert_eq!(own.status(), StatusCode::OK);
    let form = browser.http.post(format!("{}/call/host_view", browser.base)).header(header::COOKIE, &browser.cookie);
    let form = form.header(header::CONTENT_TYPE, "text/plain").body("{}").send().await.unwrap();
    assert_eq!(form.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn calls_and_events_go_both_ways() {
    let browser = Browser::signed_in().await;
    let events = browser.get("/events").send().await.unwrap();
    assert_eq!(events.status(), StatusCode::OK);
    let project = browser._config.path().join("project");
    let made = browser.call("project_create", &json!({"path": project, "name": "Through HTTP"})).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::OK, "{}", made.text().await.unwrap());
    let mut events = events.bytes_stream();
    let heard = async {
        let mut text = String::new();
        while !text.contains("\n\n") {
            text.push_str(&String::from_utf8_lossy(&events.next().await.unwrap().unwrap()));
        }
        text
    };
    let heard = tokio::time::timeout(Duration::from_secs(10), heard).await.unwrap();
    assert!(heard.starts_with("data: {\"event\":\"project-changed\""), "{heard}");
    let error = browser.call("flow_open", &json!({"flow": "none"})).send().await.unwrap();
    assert_eq!(error.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(error.json::<Value>().await.unwrap()["code"], "project/no-such-flow");
    let broken = browser.call("flow_open", &json!({})).body("{").send().await.unwrap();
    assert_eq!(broken.json::<Value>().await.unwrap()["code"], "command/input");
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused() {
    let listen = "0.0.0.0:0".parse().unwrap();
    let settings = DesignSettings { project: None, config: Path::new("/nonexistent").to_owned(), listen };
    let refused = serve(settings, CancellationToken::new(), |_| panic!("it must not listen")).await.unwrap_err();
    assert_eq!(refused.code, "design/not-loopback");
}
