//! A server of the files of a folder, as `python3 -m http.server` is one.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

pub struct StaticFiles {
    pub url: String,
}

impl StaticFiles {
    /// Serves the files that stand in `folder`, until the test has ended.
    pub async fn serve(folder: PathBuf) -> Self {
        Self::serve_with(Served { folder, held: None }).await
    }

    /// The same, but holds its answers for one of the files back until the test lets them go.
    pub async fn serve_holding(folder: PathBuf, name: &'static str) -> (Self, Arc<HeldFile>) {
        let held = Arc::new(HeldFile { name, asked: watch::Sender::new(false), open: watch::Sender::new(false) });
        (Self::serve_with(Served { folder, held: Some(Arc::clone(&held)) }).await, held)
    }

    async fn serve_with(served: Served) -> Self {
        let router = Router::new().route("/{name}", get(file)).with_state(served);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url }
    }
}

#[derive(Clone)]
struct Served {
    folder: PathBuf,
    held: Option<Arc<HeldFile>>,
}

/// A file that is not given out yet.
pub struct HeldFile {
    name: &'static str,
    asked: watch::Sender<bool>,
    open: watch::Sender<bool>,
}

impl HeldFile {
    /// Waits until somebody has asked for it.
    pub async fn until_asked(&self) {
        let mut asked = self.asked.subscribe();
        let asked = asked.wait_for(|asked| *asked);
        let waited = tokio::time::timeout(std::time::Duration::from_secs(60), asked).await;
        waited.unwrap_or_else(|_| panic!("nobody asks for {}", self.name)).expect("the server lives as long");
    }

    /// Gives it to all who asked and will ask.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

async fn file(State(served): State<Served>, Path(name): Path<String>) -> Response {
    if let Some(held) = served.held.filter(|held| held.name == name) {
        held.asked.send_replace(true);
        let mut open = held.open.subscribe();
        let _ = open.wait_for(|open| *open).await;
    }
    match std::fs::read(served.folder.join(name)) {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
