//! Callers who ask for a flow again and again.

use crate::commands::bench::service::flows;
use flow_api::{Client, NewRequests, RequestState};
use serde_json::{Map, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Callers of each server.
const CALLERS: usize = 4;
/// Between a reply and the next call: so that an hour of it does not fill the disk.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a caller waits for a reply.
const REPLY: Duration = Duration::from_secs(30);

pub struct Callers {
    over: Arc<AtomicBool>,
    callers: JoinSet<Called>,
}

/// What came of the calls.
#[derive(Default)]
pub struct Called {
    /// How long each reply took.
    pub replies: Vec<Duration>,
    /// Calls that brought no reply.
    pub failed: u32,
    /// Replies of requests that were tried more than once.
    pub second_attempts: u32,
}

impl Callers {
    pub fn start(clients: Vec<Client>) -> Self {
        let (over, mut callers) = (Arc::<AtomicBool>::default(), JoinSet::new());
        for client in clients {
            for _ in 0..CALLERS {
                callers.spawn(call(client.clone(), Arc::clone(&over)));
            }
        }
        Self { over, callers }
    }

    /// Lets each get its last reply.
    pub async fn stop(mut self) -> Called {
        self.over.store(true, Ordering::Relaxed);
        let mut all = Called::default();
        while let Some(called) = self.callers.join_next().await {
            let Ok(called) = called else { continue };
            all.replies.extend(called.replies);
            all.failed += called.failed;
            all.second_attempts += called.second_attempts;
        }
        all
    }
}

async fn call(client: Client, over: Arc<AtomicBool>) -> Called {
    let mut called = Called::default();
    while !over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let made = client.create_requests_and_wait(&wish(), None, REPLY).await;
        match made.as_ref().ok().and_then(|made| made.requests.first()) {
            Some(request) if request.state == RequestState::Finished => {
                called.replies.push(begun.elapsed());
                called.second_attempts += u32::from(request.attempt > 1);
            }
            _ => called.failed += 1,
        }
        tokio::time::sleep(PAUSE).await;
    }
    called
}

fn wish() -> NewRequests {
    NewRequests {
        project: flows::PROJECT.to_owned(),
        flow: flows::REPLY.to_owned(),
        inputs: Map::from_iter([("id".to_owned(), json!(7)), ("text".to_owned(), json!("cairn"))]),
        count: None,
        priority: None,
        trigger: Some("bench".to_owned()),
    }
}
