//! Tells every process that one of them has changed the database: by NOTIFY, on a connection of its own, since a commit
//! that notifies waits for all others that do; and not more often than some times a second.

use crate::clock::DatabaseClock;
use crate::connect::Connector;
use crate::error::DbError;
use flow_store::{StoreError, Timestamp};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client};

/// Changes of this time are one notification.
const GAP: Duration = Duration::from_millis(20);
/// How often the database's clock is looked at.
const CLOCK: Duration = Duration::from_secs(60);
/// The first and the longest wait before the next try to connect.
const AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// What has changed so far, as this process knows it.
pub(crate) struct Changes {
    number: watch::Sender<u64>,
    made: Notify,
}

impl Changes {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { number: watch::Sender::new(0), made: Notify::new() })
    }

    /// A number that changes with the database.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.number.subscribe()
    }

    /// This process has changed the database.
    pub(crate) fn made(&self) {
        self.seen();
        self.made.notify_one();
    }

    fn seen(&self) {
        self.number.send_modify(|number| *number = number.wrapping_add(1));
    }
}

/// The task that tells the others and hears them. It ends with this value.
pub(crate) struct Listener(JoinHandle<()>);

impl Listener {
    pub(crate) fn start(connector: Connector, changes: Arc<Changes>, clock: Arc<DatabaseClock>) -> Self {
        Self(tokio::spawn(async move {
            let mut wait = AGAIN.0;
            loop {
                let heard = Arc::clone(&changes);
                let begun = Instant::now();
                let ended = listen(&connector, heard, &changes, &clock).await;
                tracing::debug!(error = ?ended.err(), "changes by other servers cannot be heard; connecting again");
                wait = if begun.elapsed() > AGAIN.1 { AGAIN.0 } else { (wait * 2).min(AGAIN.1) };
                tokio::time::sleep(wait).await;
            }
        }))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn listen(
    connector: &Connector,
    heard: Arc<Changes>,
    changes: &Changes,
    clock: &DatabaseClock,
) -> Result<(), DbError> {
    let (client, carrier) = connector
        .connect(move |message| {
            if let AsyncMessage::Notification(_) = message {
                heard.seen();
            }
        })
        .await?;
    let mut carried = tokio::spawn(carrier);
    client.batch_execute("LISTEN cairn").await?;
    // What was changed since the last connection broke, by others and here: the last notice may have been lost with it.
    changes.made();
    let mut looked: Option<Instant> = None;
    loop {
        if looked.is_none_or(|looked| looked.elapsed() >= CLOCK) {
            set_clock(&client, clock).await?;
            looked = Some(Instant::now());
        }
        tokio::select! {
            () = changes.made.notified() => {}
            () = tokio::time::sleep(CLOCK) => continue,
            _ = &mut carried => return Err(StoreError::unavailable("the connection ended").into()),
        }
        client.batch_execute("NOTIFY cairn").await?;
        tokio::time::sleep(GAP).await;
    }
}

/// Sets the clock by the database's.
pub(crate) async fn set_clock(client: &Client, clock: &DatabaseClock) -> Result<(), tokio_postgres::Error> {
    let asked = Instant::now();
    let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    let shown = client.query_one(sql, &[]).await?.try_get(0)?;
    clock.set(asked, Timestamp(shown));
    Ok(())
}
