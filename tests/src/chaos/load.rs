//! Requests, made again and again by callers that do not give up: each is made once, whichever servers were lost.

use super::{FLOW, PROJECT};
use crate::cluster::TestCluster;
use flow_api::{Client, NewRequests, Request};
use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Callers at the same time.
const CALLERS: usize = 4;
/// Pause of a caller between two requests, so that a slow machine is loaded but not buried.
const PAUSE: Duration = Duration::from_millis(25);
/// Pause before a call is tried at another server.
const TRY_AGAIN: Duration = Duration::from_millis(50);
/// How long a caller waits for an answer: a server may be stopped in the middle of it.
const ANSWER: Duration = Duration::from_secs(3);
/// How long a caller goes on with one request: longer than any fault lasts, so that a cluster which is dead for good ends the
/// test.
const PATIENCE: Duration = Duration::from_secs(180);

/// A running load.
pub struct Load {
    shared: Arc<Shared>,
    callers: JoinSet<Result<(), String>>,
}

struct Shared {
    clients: RwLock<Vec<Client>>,
    next: AtomicI64,
    stopping: AtomicBool,
    patience: Duration,
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
        Self::begin(callers, clients_of(cluster), PATIENCE)
    }

    fn begin(callers: usize, clients: Vec<Client>, patience: Duration) -> Self {
        let shared = Arc::new(Shared {
            clients: RwLock::new(clients),
            next: AtomicI64::new(1),
            stopping: AtomicBool::new(false),
            patience,
            made: Mutex::default(),
        });
        let mut load = Self { callers: JoinSet::new(), shared };
        for caller in 0..callers {
            load.callers.spawn(call(Arc::clone(&load.shared), caller));
        }
        load
    }

    /// The servers and their addresses have changed.
    pub fn servers_are(&self, cluster: &TestCluster) {
        *self.shared.clients.write().unwrap_or_else(PoisonError::into_inner) = clients_of(cluster);
    }

    /// How many requests were made and confirmed so far.
    pub fn made(&self) -> usize {
        self.shared.made.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Makes no more, lets every caller get its confirmation, and gives each number with its request.
    pub async fn stop(self) -> BTreeMap<i64, i64> {
        self.end().await.unwrap_or_else(|given_up| panic!("{given_up}"))
    }

    async fn end(mut self) -> Result<BTreeMap<i64, i64>, String> {
        self.shared.stopping.store(true, Ordering::SeqCst);
        while let Some(ended) = self.callers.join_next().await {
            ended.expect("a caller does not panic")?;
        }
        Ok(self.shared.made.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn clients_of(cluster: &TestCluster) -> Vec<Client> {
    cluster.servers.iter().map(|server| server.client.clone()).collect()
}

async fn call(shared: Arc<Shared>, caller: usize) -> Result<(), String> {
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
        let begun = Instant::now();
        loop {
            let client = {
                let clients = shared.clients.read().unwrap_or_else(PoisonError::into_inner);
                turn += 1;
                clients.get(turn % clients.len().max(1)).cloned()
            };
            let said = match made(client, &wish, &key).await {
                Ok(request) => {
                    shared.made.lock().unwrap_or_else(PoisonError::into_inner).insert(number, request.id);
                    break;
                }
                Err(said) => said,
            };
            if begun.elapsed() > shared.patience {
                let patience = shared.patience.as_secs();
                return Err(format!(
                    "no server confirmed request {number} within {patience} s; the last one said: {said}"
                ));
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// The request that a server confirms to have made, or what came instead.
async fn made(client: Option<Client>, wish: &NewRequests, key: &str) -> Result<Request, String> {
    let client = client.ok_or("there is no server")?;
    match tokio::time::timeout(ANSWER, client.create_requests(wish, Some(key))).await {
        Ok(Ok(made)) => made.requests.into_iter().next().ok_or_else(|| "it made no request".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("{} did not answer within {} s", client.address(), ANSWER.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::until;

    /// What a load ends with that asked for one request at least.
    async fn given_up(callers: usize, clients: Vec<Client>, patience: Duration) -> String {
        let load = Load::begin(callers, clients, patience);
        until("a request is asked for", async || (load.shared.next.load(Ordering::SeqCst) > 1).then_some(())).await;
        load.end().await.unwrap_err()
    }

    #[tokio::test]
    async fn a_load_on_servers_that_are_all_dead_ends_and_says_why() {
        // Bound and dropped, so that nobody listens there.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let dead = Client::new(&format!("http://127.0.0.1:{port}"), "token").unwrap();
        let told = given_up(2, vec![dead], Duration::from_millis(300)).await;
        assert!(told.contains("no server confirmed request") && told.contains("cannot be reached"), "{told}");
        let told = given_up(1, Vec::new(), Duration::ZERO).await;
        assert!(told.contains("there is no server"), "{told}");
    }
}
