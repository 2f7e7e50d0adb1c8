//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// Long enough for a machine under load; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks `question` until it gives an answer, and fails with `what` when it gives none for a minute.
pub async fn until<T>(what: &str, question: impl AsyncFnMut() -> Option<T>) -> T {
    match patiently(question).await {
        Some(answer) => answer,
        None => panic!("waited in vain: {what}"),
    }
}

/// Asks `question` until it gives an answer; `None` when it gives none for a minute.
pub(crate) async fn patiently<T>(mut question: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(answer) = question().await {
            return Some(answer);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    None
}
