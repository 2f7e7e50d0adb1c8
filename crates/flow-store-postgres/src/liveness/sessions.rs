//! The sessions of a life: what is asked of the database there.

use super::watched::Watched;
use crate::connect::Connector;
use crate::error::told;
use flow_store::StoreError;
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Statement};

/// How long a heartbeat may stand still before a free lock means death: longer than a server whose session broke needs to
/// say that it lives.
const STILL: Duration = Duration::from_millis(100);

/// Whether anybody holds a lock for life.
pub(super) const IS_HELD: &str = "
    SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
                          AND mode = 'ExclusiveLock' AND (classid::bigint << 32) | objid::bigint = $1
                          AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";

/// Adds to the heartbeat of a lock, and reads all heartbeats with whether their locks are held. One statement, so that it is
/// one transaction twice a second.
const BEAT: &str = "
    WITH own AS (INSERT INTO heartbeat AS h (lock, counter) VALUES ($1, 1)
                 ON CONFLICT (lock) DO UPDATE SET counter = h.counter + 1)
    SELECT h.lock, h.counter, l.number IS NOT NULL
    FROM heartbeat h LEFT JOIN (
        SELECT DISTINCT (classid::bigint << 32) | objid::bigint AS number FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND mode = 'ExclusiveLock'
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) l ON l.number = h.lock";

/// A connection that is carried for as long as this value lives.
pub(super) struct Session {
    pub(super) client: Client,
    carried: JoinHandle<()>,
}

impl Session {
    pub(super) async fn open(connector: &Connector) -> Result<Self, StoreError> {
        let (client, carrier) = connector.connect(|_| {}).await?;
        let session = Self { client, carried: tokio::spawn(carrier) };
        // Waiting must end when its client has: otherwise a session could wait, and then hold, for a process that is gone.
        // Older versions, and poolers, know no such setting.
        let _ = session.client.batch_execute("SET client_connection_check_interval = '1s'").await;
        let set = session.client.batch_execute("SET synchronous_commit = off; SET client_min_messages = warning").await;
        set.map_err(|error| StoreError::unavailable(told(&error)))?;
        Ok(session)
    }

    /// Ready when the connection has ended.
    pub(super) async fn ended(&mut self) {
        let _ = (&mut self.carried).await;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.carried.abort();
    }
}

/// What the tasks of a life share.
pub(super) struct Sessions {
    pub(super) connector: Connector,
    pub(super) watched: Arc<Watched>,
    /// The session that beats, while it can be reached, with the statement: preparing it anew would be a transaction more.
    beating: tokio::sync::Mutex<Option<(Session, Statement)>>,
    /// Since when the own lock is held without a break; none while it is not.
    held_since: Mutex<Option<Instant>>,
    /// The own lock turned out to be free although its session seems to live.
    pub(super) lost: Notify,
    /// How long a heartbeat may take.
    patience: Duration,
}

impl Sessions {
    pub(super) fn new(connector: Connector, watched: Arc<Watched>, lease: Duration) -> Arc<Self> {
        Arc::new(Self {
            connector,
            watched,
            beating: tokio::sync::Mutex::new(None),
            held_since: Mutex::new(None),
            lost: Notify::new(),
            // Not longer than others wait for it: a beat that comes later says nothing, and would hold up the next one.
            patience: lease / 2,
        })
    }

    /// The own lock is held from now on, or no longer.
    pub(super) fn holds(&self, since: Option<Instant>) {
        *self.held_since.lock() = since;
    }

    /// Since when the own lock is held, if that is long enough to trust what is seen of others.
    fn trusted_since(&self, lease: Duration) -> Option<Instant> {
        self.held_since.lock().filter(|since| since.elapsed() >= lease)
    }

    /// The own lock, believed to be held since `since`, is free. The database is another one by now, a standby that was
    /// promoted, say, and the line to the one before has not noticed. Whoever keeps the lock takes it anew.
    fn lose(&self, since: Instant) {
        let mut held_since = self.held_since.lock();
        if *held_since == Some(since) {
            *held_since = None;
            self.lost.notify_one();
        }
    }

    /// Beats, and takes in what is seen of others. The answer is the locks that nobody holds.
    pub(super) async fn beat(&self, lock: i64) -> Result<HashSet<i64>, StoreError> {
        let beaten = tokio::time::timeout(self.patience, self.beat_for_long(lock)).await;
        beaten.unwrap_or_else(|_| Err(StoreError::unavailable("the database did not answer in time")))
    }

    async fn beat_for_long(&self, lock: i64) -> Result<HashSet<i64>, StoreError> {
        let held_since = *self.held_since.lock();
        let mut beating = self.beating.lock().await;
        let failed = |error: tokio_postgres::Error| StoreError::unavailable(told(&error));
        let (session, statement) = match beating.take() {
            Some((session, statement)) if !session.client.is_closed() => (session, statement),
            _ => {
                let session = Session::open(&self.connector).await?;
                let statement = session.client.prepare(BEAT).await.map_err(failed)?;
                (session, statement)
            }
        };
        let rows = session.client.query(&statement, &[&lock]).await.map_err(failed)?;
        *beating = Some((session, statement));
        let (mut heartbeats, mut free) = (HashMap::new(), HashSet::new());
        let mut read = || -> Result<(), tokio_postgres::Error> {
            for row in &rows {
                heartbeats.insert(row.try_get(0)?, row.try_get(1)?);
                if !row.try_get::<_, bool>(2)? {
                    free.insert(row.try_get(0)?);
                }
            }
            Ok(())
        };
        read().map_err(|error| StoreError::Corrupt(told(&error)))?;
        self.watched.heartbeats(heartbeats);
        if let Some(since) = held_since.filter(|_| free.contains(&lock)) {
            self.lose(since);
            free.clear();
        }
        Ok(free)
    }

    /// Looks through `session` whether a lock that was seen free is so for good, and tells whoever waits. Nothing is believed
    /// of a database that does not know the own lock.
    pub(super) async fn look_whether_over(
        &self,
        session: &Session,
        (own, lock): (i64, i64),
        lease: Duration,
    ) -> Result<bool, StoreError> {
        let Some(since) = self.trusted_since(lease) else { return Ok(false) };
        let look = async || -> Result<(bool, Option<i64>, bool), StoreError> {
            let own_is_held = IS_HELD.replace("$1", "$2");
            let sql = format!("SELECT ({IS_HELD}), (SELECT counter FROM heartbeat WHERE lock = $1), ({own_is_held})");
            let row = session.client.query_one(&sql, &[&lock, &own]).await;
            let read = row.and_then(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)));
            read.map_err(|error| StoreError::unavailable(told(&error)))
        };
        let (held_before, before, knows_us_before) = look().await?;
        tokio::time::sleep(STILL).await;
        let (held_after, after, knows_us_after) = look().await?;
        if !(knows_us_before && knows_us_after) {
            self.lose(since);
        }
        // Nothing was believed that was seen through a session that broke meanwhile.
        let is_over = !held_before && !held_after && before == after && self.trusted_since(lease) == Some(since);
        if is_over {
            self.watched.is_over(lock);
        }
        Ok(is_over)
    }
}
