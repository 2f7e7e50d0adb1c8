//! What this process knows of the locks and heartbeats of others.

use super::Lock;
use crate::connect::Connector;
use flow_store::PeerLife;
use parking_lot::{Condvar, Mutex};
use std::collections::{BTreeMap, HashMap};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_postgres::Client;

/// How long a look into the database may take.
const LOOK: Duration = Duration::from_secs(5);
/// A heartbeat that stands still for this long is nobody's: longer than a lease.
const SILENCE: Duration = Duration::from_secs(3);

/// The lives that are watched, and the heartbeats that were seen last.
#[derive(Default)]
pub(super) struct Watched {
    state: Mutex<State>,
    /// A life is over, or nobody is there any more to see it.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// By number of the lock: how many look, and whether it is over.
    lives: BTreeMap<i64, Seen>,
    heartbeats: HashMap<i64, i64>,
}

struct Seen {
    lookers: usize,
    is_over: bool,
}

impl Watched {
    /// Takes in the heartbeats that were read.
    pub(super) fn heartbeats(&self, found: HashMap<i64, i64>) {
        self.state.lock().heartbeats = found;
    }

    /// The locks that are watched and not known to be free for good.
    pub(super) fn living(&self) -> Vec<i64> {
        let state = self.state.lock();
        state.lives.iter().filter(|(_, seen)| !seen.is_over).map(|(lock, _)| *lock).collect()
    }

    /// A lock is free for good.
    pub(super) fn is_over(&self, lock: i64) {
        if let Some(seen) = self.state.lock().lives.get_mut(&lock) {
            seen.is_over = true;
        }
        self.changed.notify_all();
    }

    fn look(&self, lock: i64) {
        let mut state = self.state.lock();
        state.lives.entry(lock).or_insert(Seen { lookers: 0, is_over: false }).lookers += 1;
    }

    fn look_away(&self, lock: i64) {
        let mut state = self.state.lock();
        if let Some(seen) = state.lives.get_mut(&lock) {
            seen.lookers -= 1;
            if seen.lookers == 0 {
                state.lives.remove(&lock);
            }
        }
    }
}

/// The life of another server.
pub(super) struct Peer {
    lock: Lock,
    watched: Arc<Watched>,
    connector: Connector,
    handle: Handle,
}

impl Peer {
    pub(super) fn new(lock: Lock, watched: Arc<Watched>, connector: Connector, handle: Handle) -> Self {
        if lock.is_held {
            watched.look(lock.number);
        }
        Self { lock, watched, connector, handle }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if self.lock.is_held {
            self.watched.look_away(self.lock.number);
        }
    }
}

impl Peer {
    /// Whether nobody holds the lock.
    async fn is_free(&self, client: &Client) -> Result<bool, tokio_postgres::Error> {
        let held: bool = client.query_one(super::sessions::IS_HELD, &[&self.lock.number]).await?.try_get(0)?;
        Ok(!held)
    }

    /// Whether the heartbeat stands still: where locks mean nothing, that alone says so.
    async fn is_silent(&self, client: &Client) -> Result<bool, tokio_postgres::Error> {
        let counter = async || -> Result<Option<i64>, tokio_postgres::Error> {
            let sql = "SELECT (SELECT counter FROM heartbeat WHERE lock = $1)";
            client.query_one(sql, &[&self.lock.number]).await?.try_get(0)
        };
        let before = counter().await?;
        tokio::time::sleep(SILENCE).await;
        Ok(counter().await? == before)
    }
}

impl PeerLife for Peer {
    fn wait_until_over(&self) -> io::Result<()> {
        if !self.lock.is_held {
            let message = "it is behind a pooler of connections that shares sessions";
            return Err(io::Error::new(ErrorKind::Unsupported, message));
        }
        let mut state = self.watched.state.lock();
        while state.lives.get(&self.lock.number).is_some_and(|seen| !seen.is_over) {
            self.watched.changed.wait(&mut state);
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        let over = async {
            let (client, carrier) = self.connector.connect(|_| {}).await.ok()?;
            let carried = tokio::spawn(carrier);
            let over = if self.lock.is_held { self.is_free(&client).await } else { self.is_silent(&client).await };
            carried.abort();
            over.ok()
        };
        // What cannot be found out is not over.
        self.handle.block_on(async { tokio::time::timeout(LOOK, over).await }).ok().flatten().unwrap_or(false)
    }

    fn heartbeat(&self) -> io::Result<u64> {
        let state = self.watched.state.lock();
        let missing = || io::Error::new(ErrorKind::NotFound, "no heartbeat was seen");
        state.heartbeats.get(&self.lock.number).map(|counter| counter.cast_unsigned()).ok_or_else(missing)
    }
}
