//! Holding the own lock, for as long as the life lasts.

use super::Lock;
use super::sessions::{Session, Sessions};
use crate::error::told;
use flow_store::StoreError;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Before another try to get the lock back.
const AGAIN: Duration = Duration::from_millis(50);

/// Takes a lock in a session of its own. Others may hold it shared for a moment, to see that it was free.
pub(super) async fn take(sessions: &Sessions, lock: i64) -> Result<Session, StoreError> {
    let session = Session::open(&sessions.connector).await?;
    let failed = |error: tokio_postgres::Error| StoreError::unavailable(told(&error));
    session.client.batch_execute("SET lock_timeout = '5s'").await.map_err(failed)?;
    session.client.execute("SELECT pg_advisory_lock($1)", &[&lock]).await.map_err(failed)?;
    Ok(session)
}

/// Whether a lock that a session has taken is that session's own from one statement to the next, and no other session is
/// the same: a pooler that shares sessions between clients would have it otherwise.
pub(super) async fn is_ours(sessions: &Sessions, session: &Session, lock: i64) -> Result<bool, StoreError> {
    let failed = |error: tokio_postgres::Error| StoreError::unavailable(told(&error));
    let mut process = None;
    for _ in 0..3 {
        // Open at the same time, so that it cannot be the same session unless it is shared.
        let other = Session::open(&sessions.connector).await?;
        let (own, others) = (process_of(session).await?, process_of(&other).await?);
        let sql = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
                                         AND (classid::bigint << 32) | objid::bigint = $1 AND pid = $2)";
        let holds = other.client.query_one(sql, &[&lock, &own]).await.and_then(|row| row.try_get::<_, bool>(0));
        if own == others || process.is_some_and(|process| process != own) || !holds.map_err(failed)? {
            return Ok(false);
        }
        process = Some(own);
    }
    Ok(true)
}

/// The process of the database that a session is with at this moment.
async fn process_of(session: &Session) -> Result<i32, StoreError> {
    let asked = session.client.query_one("SELECT pg_backend_pid()", &[]).await;
    asked.and_then(|row| row.try_get(0)).map_err(|error| StoreError::unavailable(told(&error)))
}

/// Keeps the lock: whenever its session breaks, says at once that this server lives, and takes it again.
pub(super) async fn keep(
    sessions: Arc<Sessions>,
    mut session: Session,
    lock: Lock,
    doubt: Arc<dyn Fn() + Send + Sync>,
) {
    sessions.holds(Some(Instant::now()));
    loop {
        tokio::select! {
            () = session.ended() => {}
            () = sessions.lost.notified() => {}
        }
        // Should it have the lock after all, it must not keep it from the next one.
        drop(session);
        sessions.holds(None);
        doubt();
        tracing::warn!("the session that held this server's lock was ended; taking the lock again");
        session = loop {
            // First the heartbeat: others who see the lock free wait for one for a moment.
            let beaten = sessions.beat(lock.number).await;
            match take(&sessions, lock.number).await {
                Ok(session) if beaten.is_ok() => break session,
                _ => tokio::time::sleep(AGAIN).await,
            }
        };
        sessions.holds(Some(Instant::now()));
    }
}
