//! Callers that wait for the end of requests.
//!
//! A request that ends in an attempt of this server is told to them at once, without a look at the database. One that
//! ends elsewhere, or by a person, is looked at again when the database has changed.

use flow_store::{Request, RequestId, Store, StoreError};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// While many things change, a request that somebody waits for is looked at this often.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The requests that somebody on this server waits for.
#[derive(Default)]
pub struct Endings {
    awaited: Mutex<HashMap<RequestId, watch::Sender<Option<Request>>>>,
}

/// Waits for the end of one request.
pub struct Ending {
    id: RequestId,
    /// The request if it had ended when the waiting began.
    ended: Option<Request>,
    endings: Arc<Endings>,
    /// None only once it is dropped.
    told: Option<watch::Receiver<Option<Request>>>,
}

impl Endings {
    /// Begins to wait for the end of a request that was like this a moment ago.
    pub fn of(self: &Arc<Self>, request: &Request) -> Ending {
        let mut awaited = self.awaited.lock();
        let told = Some(awaited.entry(request.id).or_insert_with(|| watch::Sender::new(None)).subscribe());
        let ended = request.state.is_ended().then(|| request.clone());
        Ending { id: request.id, ended, endings: Arc::clone(self), told }
    }

    /// An attempt of this server has left its request like this.
    pub fn tell(&self, request: &Request) {
        if let Some(waiting) = self.awaited.lock().get(&request.id).filter(|_| request.state.is_ended()) {
            waiting.send_replace(Some(request.clone()));
        }
    }
}

impl Ending {
    /// The request as it is when it has ended, or when `patience` is over.
    pub async fn request(&mut self, store: &dyn Store, patience: Duration) -> Result<Request, StoreError> {
        if let Some(ended) = &self.ended {
            return Ok(ended.clone());
        }
        match tokio::time::timeout(patience, self.end(store)).await {
            Ok(ended) => ended,
            Err(_) => store.get(self.id).await,
        }
    }

    async fn end(&mut self, store: &dyn Store) -> Result<Request, StoreError> {
        let mut changes = store.changes();
        // What ended between the moment when the request was read and this one is found by the first look.
        let mut looked = false;
        loop {
            let told = async { self.told.as_mut()?.wait_for(Option::is_some).await.ok()?.clone() };
            tokio::select! {
                // `endings` holds the other end for as long as this waits, so the answer is never none.
                Some(request) = told => return Ok(request),
                () = something_changed(&mut changes, looked) => {
                    looked = true;
                    let request = store.get(self.id).await?;
                    if request.state.is_ended() {
                        return Ok(request);
                    }
                }
            }
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let mut awaited = self.endings.awaited.lock();
        // Under the lock: of several that end at once, as all do that are told of one end, the last one sees that it is.
        self.told.take();
        if awaited.get(&self.id).is_some_and(|waiting| waiting.receiver_count() == 0) {
            awaited.remove(&self.id);
        }
    }
}

/// Ready a while later, and where somebody has `looked` already not before the database has changed since.
async fn something_changed(changes: &mut watch::Receiver<u64>, looked: bool) {
    tokio::time::sleep(LOOK_AGAIN).await;
    if looked && changes.changed().await.is_err() {
        // The store is closing; whoever waits is told to stop by other means.
        std::future::pending::<()>().await;
    }
    changes.borrow_and_update();
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_store::{NewRequest, ProjectName, RequestSettings, Timestamp, VersionId, transition};
    use std::sync::Barrier;

    #[test]
    fn of_many_who_hear_of_one_end_at_once_nothing_is_left() {
        let new = NewRequest {
            project: ProjectName::parse("orders").unwrap(),
            version: VersionId::parse("v1").unwrap(),
            flow: "short".to_owned(),
            trigger: "test".to_owned(),
            requested_by: "test".to_owned(),
            inputs: serde_json::json!({}),
            settings: RequestSettings::default(),
            idempotency_key: None,
        };
        let request = transition::create(RequestId(1), new, None, false, Timestamp(1)).request;
        let endings = Arc::<Endings>::default();
        for _ in 0..1000 {
            let waiting: Vec<Ending> = (0..4).map(|_| endings.of(&request)).collect();
            let at_once = Barrier::new(waiting.len());
            std::thread::scope(|scope| {
                for ending in waiting {
                    let at_once = &at_once;
                    scope.spawn(move || {
                        at_once.wait();
                        drop(ending);
                    });
                }
            });
            assert!(endings.awaited.lock().is_empty());
        }
    }
}
