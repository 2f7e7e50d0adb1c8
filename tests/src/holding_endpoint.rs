//! An HTTP endpoint that holds its answers until the test lets them go, so that a test knows where requests are.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::post;
use std::sync::Arc;
use tokio::sync::watch;

pub struct HoldingEndpoint {
    pub url: String,
    state: Arc<Shared>,
}

struct Shared {
    open: watch::Sender<bool>,
    calls: watch::Sender<Vec<Call>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub path: String,
    pub idempotency_key: Option<String>,
}

impl HoldingEndpoint {
    pub async fn start() -> Self {
        let state = Arc::new(Shared { open: watch::Sender::new(false), calls: watch::Sender::new(Vec::new()) });
        let router = Router::new().route("/{*path}", post(answer)).with_state(state.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    /// Every call so far, answered or not.
    pub fn calls(&self) -> Vec<Call> {
        self.state.calls.borrow().clone()
    }

    /// Waits until `count` calls have come in.
    pub async fn until_calls(&self, count: usize) {
        let mut calls = self.state.calls.subscribe();
        let enough = calls.wait_for(|calls| calls.len() >= count);
        tokio::time::timeout(std::time::Duration::from_secs(60), enough)
            .await
            .unwrap_or_else(|_| panic!("waited in vain for {count} calls, {} came", self.calls().len()))
            .expect("the endpoint lives as long as the test");
    }

    /// Answers every call, held and future.
    pub fn open(&self) {
        self.state.open.send_replace(true);
    }
}

async fn answer(State(state): State<Arc<Shared>>, Path(path): Path<String>, headers: HeaderMap) -> &'static str {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    state.calls.send_modify(|calls| calls.push(Call { path, idempotency_key: key }));
    let mut open = state.open.subscribe();
    let _ = open.wait_for(|open| *open).await;
    "{}"
}
