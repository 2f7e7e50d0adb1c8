//! The passing of time, for all of this crate that waits. In the simulation it is virtual: it goes on when nobody has
//! anything to do, to the next moment that somebody waits for.

use std::time::Duration;

/// Waits for so long.
pub(crate) async fn sleep(time: Duration) {
    #[cfg(test)]
    if let Some(sleep) = crate::tests::simulation::time::sleep(time) {
        return sleep.await;
    }
    tokio::time::sleep(time).await;
}

/// What `work` gives, unless it takes longer than `time`.
pub(crate) async fn timeout<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = work => Some(done),
        () = sleep(time) => None,
    }
}
