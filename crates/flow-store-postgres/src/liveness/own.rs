//! The life of this very server.

use super::sessions::{Session, Sessions};
use super::{Lock, hold, ring};
use flow_store::{NewLife, OwnLife, StoreError};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// How long beginning may take.
const BEGIN: Duration = Duration::from_secs(20);

/// This server's life: its lock is held, and it waits for that of the next server, until this is dropped.
pub(super) struct Life {
    name: String,
    lock: Lock,
    lease: Duration,
    sessions: Arc<Sessions>,
    handle: Handle,
    tasks: Vec<JoinHandle<()>>,
}

fn failed(error: &StoreError) -> io::Error {
    io::Error::other(format!("this server's lock in the database cannot be taken: {error}"))
}

impl Life {
    /// Begins it.
    pub(super) fn begin(handle: &Handle, sessions: Arc<Sessions>, name: &str, life: NewLife) -> io::Result<Self> {
        let begun = async {
            let lock = Lock::random(true);
            let session = hold::take(&sessions, lock.number).await?;
            if hold::is_ours(&sessions, &session, lock.number).await? {
                return Ok((lock, Some(session)));
            }
            tracing::warn!(
                code = "cluster/shared-sessions",
                "a pooler of connections shares the sessions of this database, so locks of servers mean nothing: a server \
                 that ends is noticed after a lease, not at once. Connect to the database itself, or have the pooler keep \
                 a session for each connection"
            );
            Ok((Lock::random(false), None))
        };
        let timed = handle.block_on(async { tokio::time::timeout(BEGIN, begun).await });
        let begun: Result<_, StoreError> =
            timed.unwrap_or_else(|_| Err(StoreError::unavailable("it did not answer in time")));
        let (lock, session) = begun.map_err(|error| failed(&error))?;
        let mut tasks = Vec::new();
        if let Some(session) = session {
            tasks.push(handle.spawn(hold::keep(Arc::clone(&sessions), session, lock, life.doubt)));
            tasks.push(handle.spawn(ring::wait_for_ever(Arc::clone(&sessions), lock.number, life.lease)));
        }
        Ok(Self { name: lock.with_name(name), lock, lease: life.lease, sessions, handle: handle.clone(), tasks })
    }
}

impl OwnLife for Life {
    fn lock(&self) -> &str {
        &self.name
    }

    fn beat(&self, _: u64) -> io::Result<()> {
        let own = self.lock.number;
        let free = self.handle.block_on(self.sessions.beat(own));
        let free = free.map_err(|error| io::Error::other(error.to_string()))?;
        if self.tasks.is_empty() {
            return Ok(());
        }
        for lock in self.sessions.watched.living().into_iter().filter(|lock| free.contains(lock)) {
            let (sessions, lease) = (Arc::clone(&self.sessions), self.lease);
            self.handle.spawn(async move {
                let looked = async {
                    let session = Session::open(&sessions.connector).await?;
                    sessions.look_whether_over(&session, (own, lock), lease).await
                };
                if let Err(error) = looked.await {
                    tracing::debug!(%error, "a lock that seems to be free cannot be looked at");
                }
            });
        }
        Ok(())
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
