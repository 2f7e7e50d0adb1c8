//! The way to the collector.

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::runtime::Handle;

/// Sends spans from a thread that is not one of the runtime's, and says once when the collector cannot be reached.
#[derive(Debug)]
pub struct Collector {
    http: reqwest::Client,
    runtime: Handle,
    is_away: AtomicBool,
}

impl Collector {
    /// Sends with `http` on the runtime that this is called on.
    pub fn new(http: reqwest::Client) -> Self {
        Self { http, runtime: Handle::current(), is_away: AtomicBool::new(false) }
    }

    fn note(&self, answer: &Result<Response<Bytes>, HttpError>) {
        let why = match answer {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("it answered with status {}", response.status())),
            Err(error) => Some(error.to_string()),
        };
        let was_away = self.is_away.swap(why.is_some(), Ordering::Relaxed);
        match why {
            Some(why) if !was_away => {
                tracing::warn!(
                    code = "trace/collector",
                    "the collector takes no traces ({why}); those of meanwhile are lost"
                );
            }
            None if was_away => tracing::info!("the collector takes traces again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move { http.send_bytes(request).await }).await;
        let answer = sent.unwrap_or_else(|stopped| Err(Box::new(stopped)));
        self.note(&answer);
        answer
    }
}
