//! Waiting for the lock of the next server.

use super::sessions::{Session, Sessions};
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;

/// When nobody is there to wait for, or the database is away.
const AGAIN: Duration = Duration::from_millis(250);
/// How long one wait lasts: a session that waits keeps the database from cleaning up.
const WAIT: &str = "SET lock_timeout = '3s'";
/// After so long without an answer the line leads nowhere.
const ANSWER: Duration = Duration::from_secs(10);
/// Takes the lock together with all others who wait for it, and lets it go.
const TAKE: &str = "SELECT pg_advisory_lock_shared($1), pg_advisory_unlock_shared($1)";

/// The lock after `own` among those of the living, in a ring: each server waits for one other, and each is waited for.
fn next(own: i64, living: &[i64]) -> Option<i64> {
    let after = living.iter().filter(|lock| **lock > own).min();
    after.or_else(|| living.iter().filter(|lock| **lock != own).min()).copied()
}

/// Waits for the next living server, whoever that is at the time, for ever.
pub(super) async fn wait_for_ever(sessions: Arc<Sessions>, own: i64, lease: Duration) {
    let mut waiting: Option<(Session, Statement)> = None;
    loop {
        let Some(lock) = next(own, &sessions.watched.living()) else {
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        let (session, take) = match waiting.take().filter(|(session, _)| !session.client.is_closed()) {
            Some(waiting) => waiting,
            None => match open(&sessions).await {
                Some(opened) => opened,
                None => {
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            },
        };
        match tokio::time::timeout(ANSWER, session.client.execute(&take, &[&lock])).await {
            Ok(Ok(_)) => {
                let looked = sessions.look_whether_over(&session, (own, lock), lease).await;
                waiting = Some((session, take));
                if !matches!(looked, Ok(true)) {
                    // It lives, and takes its lock again; or this server's own session is too young to say.
                    tokio::time::sleep(AGAIN).await;
                }
            }
            Ok(Err(error)) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => waiting = Some((session, take)),
            Ok(Err(_)) | Err(_) => tokio::time::sleep(AGAIN).await,
        }
    }
}

async fn open(sessions: &Sessions) -> Option<(Session, Statement)> {
    let session = Session::open(&sessions.connector).await.ok()?;
    session.client.batch_execute(WAIT).await.ok()?;
    let take = session.client.prepare(TAKE).await.ok()?;
    Some((session, take))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_waits_for_the_next_one() {
        assert_eq!(next(5, &[]), None);
        assert_eq!(next(5, &[5]), None);
        assert_eq!(next(5, &[-3, 7, 9]), Some(7));
        assert_eq!(next(9, &[-3, 5, 7]), Some(-3));
        assert_eq!(next(-3, &[-3, 5]), Some(5));
    }
}
