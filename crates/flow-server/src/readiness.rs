//! Whether this server can take requests, as it finds itself.

use crate::problem::{Refusal, passed_on};
use crate::state::App;
use flow_api::ServerProblem;
use flow_api::codes::{self, Code};
use flow_store::{RequestFilter, StorageError, StoreError};
use parking_lot::Mutex;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The checkpoint database and the checkpoint storage answer within so long, or this server is not ready.
const PATIENCE: Duration = Duration::from_secs(5);
/// What was found within so long is told again to those who list servers.
const LATELY: Duration = Duration::from_secs(5);
/// They wait so long at most while it is looked anew.
const BRIEFLY: Duration = Duration::from_secs(1);
/// How often it is looked while somebody watches.
const LOOK: Duration = Duration::from_secs(10);

/// Why this server takes no requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReady {
    code: Code,
    detail: String,
}

/// What this server has found of whether it can take requests.
#[derive(Default)]
pub struct Readiness {
    found: Mutex<Option<Found>>,
    /// Why the checkpoint database took no writes when it was written to last, if it has no room.
    full: Mutex<Option<String>>,
    /// Looks into the checkpoint storage. One that hangs is waited for again, so that there is never a second.
    probe: tokio::sync::Mutex<Option<Probe>>,
}

type Probe = JoinHandle<Result<(), StorageError>>;

#[derive(Clone)]
struct Found {
    at: Instant,
    why: Vec<NotReady>,
}

impl NotReady {
    fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    fn silent(code: Code, what: &str) -> Self {
        Self::new(code, format!("{what} does not answer within {} s", PATIENCE.as_secs()))
    }
}

impl From<NotReady> for Refusal {
    fn from(why: NotReady) -> Self {
        Self::new(why.code, why.detail)
    }
}

impl From<NotReady> for ServerProblem {
    fn from(why: NotReady) -> Self {
        Self { code: why.code.code.to_owned(), message: why.detail }
    }
}

impl Readiness {
    /// Looks now. Nothing is found at a server that can take requests: it is not stopping, has its lease, reaches the
    /// checkpoint database, which has room, and can write to the checkpoint storage, which is still the cluster's.
    pub async fn look(&self, app: &App) -> Vec<NotReady> {
        if app.stopping.is_cancelled() {
            return vec![NotReady::new(codes::SERVER_STOPPING, "the server is stopping; call another one")];
        }
        let waits = || NotReady::new(codes::SERVER_FENCED, "the server waits for its lease; it goes on by itself");
        let lease = (!app.work.may_act()).then(waits);
        let (database, storage) = tokio::join!(self.database(app), self.storage(app));
        let why: Vec<NotReady> = lease.into_iter().chain(database).chain(storage).collect();
        self.note(app, &why);
        why
    }

    /// What was found lately. Whoever asks does not wait for a database or a storage that hangs.
    pub async fn lately(&self, app: &App) -> Vec<NotReady> {
        let known = self.found.lock().clone();
        match known {
            Some(found) if found.at.elapsed() < LATELY => found.why,
            known => match timeout(BRIEFLY, self.look(app)).await {
                Ok(why) => why,
                Err(_) => known.map(|found| found.why).unwrap_or_default(),
            },
        }
    }

    /// Takes note of how a write to the checkpoint database went: one that has no room may well be read.
    pub fn wrote(&self, written: &Result<(), StoreError>) {
        let full = match written {
            Err(error @ StoreError::Full(_)) => Some(error.to_string()),
            _ => None,
        };
        *self.full.lock() = full;
    }

    async fn database(&self, app: &App) -> Option<NotReady> {
        let filter = RequestFilter::default();
        match timeout(PATIENCE, app.store.counts(&filter)).await {
            Ok(Ok(_)) => self.full.lock().clone().map(|detail| NotReady::new(passed_on::STORE_FULL, detail)),
            Ok(Err(error @ StoreError::Full(_))) => Some(NotReady::new(passed_on::STORE_FULL, error.to_string())),
            Ok(Err(error)) => Some(NotReady::new(passed_on::STORE_UNAVAILABLE, error.to_string())),
            Err(_) => Some(NotReady::silent(passed_on::STORE_UNAVAILABLE, "the checkpoint database")),
        }
    }

    async fn storage(&self, app: &App) -> Option<NotReady> {
        match timeout(PATIENCE, self.probe(app)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                let code = passed_on::STORAGE.iter().find(|known| known.code == error.code());
                Some(NotReady::new(*code.unwrap_or(&passed_on::STORAGE_UNAVAILABLE), error.to_string()))
            }
            Err(_) => Some(NotReady::silent(passed_on::STORAGE_UNAVAILABLE, "the checkpoint storage")),
        }
    }

    async fn probe(&self, app: &App) -> Result<(), StorageError> {
        let mut probe = self.probe.lock().await;
        // What ended while nobody waited for it any more is no news.
        if probe.as_ref().is_some_and(JoinHandle::is_finished) {
            *probe = None;
        }
        let begin = || {
            let (storage, marker) = (app.storage.clone(), app.storage_marker.clone());
            tokio::spawn(async move {
                storage.check_writable().await?;
                storage.check_marker(&marker).await
            })
        };
        let ended = probe.get_or_insert_with(begin).await;
        *probe = None;
        // A probe that panicked has found nothing.
        ended.unwrap_or(Ok(()))
    }

    /// Tells the log, and those who watch, of what is new.
    fn note(&self, app: &App, why: &[NotReady]) {
        let found = Found { at: Instant::now(), why: why.to_vec() };
        let before = self.found.lock().replace(found).map(|found| found.why).unwrap_or_default();
        let in_short = |why: &[NotReady]| why.iter().map(|why| why.code.code).collect::<Vec<_>>();
        if in_short(&before) == in_short(why) {
            return;
        }
        for NotReady { code, detail } in why {
            tracing::warn!(code = code.code, "this server cannot take requests: {detail}");
        }
        if why.is_empty() {
            tracing::info!("this server can take requests again");
        }
        app.events.servers_changed();
    }
}

/// Looks now and then while somebody watches, for ever.
pub async fn follow(app: &App) {
    loop {
        tokio::time::sleep(LOOK).await;
        if app.events.is_heard() {
            app.readiness.look(app).await;
        }
    }
}
