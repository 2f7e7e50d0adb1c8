//! A ledger outside of the cluster: an HTTP endpoint that takes down, in order, all that servers ever did to it.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long an answer takes, so that servers are lost while calls are under way.
const ANSWER: Duration = Duration::from_millis(8);

/// One act, as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which component of the flow acted.
    pub place: String,
    /// For which request: the number that was given to it.
    pub number: i64,
    /// The idempotency key, where the component sends one.
    pub key: Option<String>,
}

pub struct Ledger {
    pub url: String,
    state: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    entries: Mutex<Vec<Entry>>,
    fails: AtomicBool,
    talks: AtomicBool,
}

impl Ledger {
    pub async fn start() -> Self {
        Self::start_at("127.0.0.1").await
    }

    /// The same at another address of this machine.
    pub async fn start_at(address: &str) -> Self {
        let state = Arc::new(Shared::default());
        let router = Router::new().route("/{place}/{number}", post(take_down)).with_state(Arc::clone(&state));
        let listener = tokio::net::TcpListener::bind((address, 0)).await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    /// Everything so far, the oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.state.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on its answers are so long that what is saved of them does not fit into a row of the database.
    pub fn talk(&self) {
        self.state.talks.store(true, Ordering::SeqCst);
    }

    /// From now on every act is taken down and answered with an error, or no longer.
    pub fn fail(&self, fails: bool) {
        self.state.fails.store(fails, Ordering::SeqCst);
    }
}

async fn take_down(
    State(state): State<Arc<Shared>>,
    Path((place, number)): Path<(String, i64)>,
    headers: HeaderMap,
) -> (StatusCode, String) {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    state.entries.lock().unwrap_or_else(PoisonError::into_inner).push(Entry { place, number, key });
    tokio::time::sleep(ANSWER).await;
    let status = if state.fails.load(Ordering::SeqCst) { StatusCode::CONFLICT } else { StatusCode::OK };
    let answer = if state.talks.load(Ordering::SeqCst) { long_answer(number) } else { "{}".to_owned() };
    (status, answer)
}

/// 40,000 letters by chance, which no packing makes much shorter; others for each number.
fn long_answer(number: i64) -> String {
    let mut chance = StdRng::seed_from_u64(number.unsigned_abs());
    let text: String = (0..40_000).map(|_| char::from(chance.random_range(b'a'..=b'z'))).collect();
    format!("{{\"text\": \"{text}\"}}")
}
