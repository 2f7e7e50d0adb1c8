//! A server of the files of a folder, as `python3 -m http.server` is one.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::path::PathBuf;

pub struct StaticFiles {
    pub url: String,
}

impl StaticFiles {
    /// Serves the files that stand in `folder`, until the test has ended.
    pub async fn serve(folder: PathBuf) -> Self {
        let router = Router::new().route("/{name}", get(file)).with_state(folder);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url }
    }
}

async fn file(State(folder): State<PathBuf>, Path(name): Path<String>) -> Response {
    match std::fs::read(folder.join(name)) {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
