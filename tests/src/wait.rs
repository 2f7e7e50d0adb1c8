//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// Long enough for a machine under load; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks `question` until it gives an answer, and fails with `what` when it gives none for a minute.
pub async fn until<T>(what: &str, mut question: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = question().await {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
