//! Requests, made again and again by callers that do not give up: each is made once, whichever servers were lost.

use super::{FLOW, PROJECT};
use crate::cluster::TestCluster;
use flow_api::{Client, NewRequests};
use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::task::JoinSet;

/// Callers at the same time.
const CALLERS: usize = 4;
/// Pause of a caller between two requests, so that a slow machine is loaded but not buried.
const PAUSE: Duration = Duration::from_millis(25);
/// Pause before a call is tried at another server.
const TRY_AGAIN: Duration = Duration::from_millis(50);
/// How long a caller waits for an answer: a server may be stopped in the middle of it.
const ANSWER: Duration = Duration::from_secs(3);

/// A running load.
pub struct Load {
    shared: Arc<Shared>,
    callers: JoinSet<()>,
}

struct Shared {
    clients: RwLock<Vec<Client>>,
    next: AtomicI64,
    stopping: AtomicBool,
    /// The request that each number was given to.
    made: Mutex<BTreeMap<i64, i64>>,
}

impl Load {
    /// Starts to call the servers of `cluster`.
    pub fn start(cluster: &TestCluster) -> Self {
        Self::start_with(CALLERS, cluster)
    }

    /// The same with so many callers at the same time.
    pub fn start_with(callers: usize, cluster: &TestCluster) -> Self {
        let shared = Arc::new(Shared {
            clients: RwLock::default(),
            next: AtomicI64::new(1),
            stopping: AtomicBool::new(false),
            made: Mutex::default(),
        });
        let mut load = Self { callers: JoinSet::new(), shared };
        load.servers_are(cluster);
        for caller in 0..callers {
            load.callers.spawn(call(Arc::clone(&load.shared), caller));
        }
        load
    }

    /// The servers and their addresses have changed.
    pub fn servers_are(&self, cluster: &TestCluster) {
        let clients = cluster.servers.iter().map(|server| server.client.clone()).collect();
        *self.shared.clients.write().unwrap_or_else(PoisonError::into_inner) = clients;
    }

    /// How many requests were made and confirmed so far.
    pub fn made(&self) -> usize {
        self.shared.made.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Makes no more, lets every caller get its confirmation, and gives each number with its request.
    pub async fn stop(mut self) -> BTreeMap<i64, i64> {
        self.shared.stopping.store(true, Ordering::SeqCst);
        while let Some(ended) = self.callers.join_next().await {
            ended.expect("a caller does not fail");
        }
        self.shared.made.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn call(shared: Arc<Shared>, caller: usize) {
    let mut turn = caller;
    while !shared.stopping.load(Ordering::SeqCst) {
        let number = shared.next.fetch_add(1, Ordering::SeqCst);
        let mut inputs = Map::new();
        inputs.insert("number".to_owned(), json!(number));
        let wish = NewRequests {
            project: PROJECT.to_owned(),
            flow: FLOW.to_owned(),
            inputs,
            count: None,
            priority: None,
            trigger: None,
        };
        let key = format!("chaos-{number}");
        loop {
            let client = {
                let clients = shared.clients.read().unwrap_or_else(PoisonError::into_inner);
                turn += 1;
                clients.get(turn % clients.len().max(1)).cloned()
            };
            if let Some(client) = client
                && let Ok(Ok(made)) = tokio::time::timeout(ANSWER, client.create_requests(&wish, Some(&key))).await
                && let Some(request) = made.requests.first()
            {
                shared.made.lock().unwrap_or_else(PoisonError::into_inner).insert(number, request.id);
                break;
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
