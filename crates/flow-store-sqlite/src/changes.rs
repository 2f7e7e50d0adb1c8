//! Tells live views that any process has changed the database.

use crate::reader::open_read_only;
use parking_lot::Mutex;
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;
use tokio::sync::watch;

/// How often SQLite is asked (a look into shared memory) while somebody listens; so the views of one burst of commits
/// are refreshed once.
const INTERVAL: Duration = Duration::from_millis(50);

/// The number that changes with the database. Its thread starts with the first listener and ends with the store.
pub(crate) struct Changes {
    path: PathBuf,
    number: watch::Sender<u64>,
    stop: Mutex<Option<mpsc::Sender<()>>>,
}

impl Changes {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, number: watch::Sender::new(0), stop: Mutex::new(None) }
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        let mut stop = self.stop.lock();
        if stop.is_none() {
            *stop = self.start();
        }
        self.number.subscribe()
    }

    fn start(&self) -> Option<mpsc::Sender<()>> {
        let (stop, stopped) = mpsc::channel();
        let number = self.number.clone();
        let connection = open_read_only(&self.path)
            .inspect_err(|error| tracing::warn!(?error, "live views cannot watch the database"))
            .ok()?;
        let watch = move || watch_version(&connection, &number, &stopped);
        let thread = thread::Builder::new().name("store-changes".to_owned()).spawn(watch);
        thread.inspect_err(|error| tracing::warn!(%error, "live views cannot watch the database")).ok()?;
        Some(stop)
    }
}

fn watch_version(connection: &Connection, number: &watch::Sender<u64>, stopped: &mpsc::Receiver<()>) {
    let mut seen = None;
    loop {
        if number.receiver_count() > 0 {
            let version = connection.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0)).ok();
            if version.is_some() && version != seen {
                if seen.is_some() {
                    number.send_modify(|number| *number += 1);
                }
                seen = version;
            }
        }
        if stopped.recv_timeout(INTERVAL) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}
