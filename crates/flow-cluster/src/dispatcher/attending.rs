//! Looks after what runs here: no request of this server is left without an attempt, and no attempt without its request.

use super::Shared;
use crate::time;
use flow_store::{AttemptEnd, AttemptWrite, Fence, Request, RequestFilter, RequestId, RequestState};
use std::collections::HashSet;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// How many running requests the look for unattended ones takes in.
const UNATTENDED_AT_ONCE: usize = 10_000;

/// No request may fall between two stools: one that is this server's and running, and that nobody here attends to
/// (its attempt broke off because the database could not be reached, say), is given back to the cluster.
pub(super) async fn attend_for_ever(shared: Arc<Shared>) {
    let mut seen: HashSet<(RequestId, Fence)> = HashSet::new();
    loop {
        time::sleep(shared.settings.unattended_check).await;
        // A request is created a moment before its attempt starts: only one found twice is really unattended.
        let mine = running_here(&shared).await;
        let found: Vec<&Request> = mine.iter().filter(|request| !shared.attends(request)).collect();
        for request in found.iter().filter(|request| seen.contains(&(request.id, request.fence))) {
            tracing::warn!(request = %request.id, "nobody attends to a running request; it is given back to the cluster");
            give_back(&shared, request).await;
        }
        if !found.is_empty() {
            shared.work.notify_one();
        }
        seen = found.into_iter().map(|request| (request.id, request.fence)).collect();
        end_what_is_lost(&shared, &mine).await;
    }
}

/// Gives a request back to the cluster. If that fails, it is tried again for as long as nobody attends to it.
pub(super) async fn give_back(shared: &Shared, request: &Request) {
    match shared.store.end_attempt(request.id, request.fence, AttemptEnd::Released, AttemptWrite::default()).await {
        Ok(_) => {}
        // Somebody else has it already.
        Err(error) if error.is_stale() => {}
        Err(error) => {
            tracing::warn!(code = error.code(), %error, request = %request.id, "it cannot be given back; trying again");
        }
    }
}

/// Ends attempts whose request a person took away or cancelled at another server. One that writes learns of it by itself;
/// one that hangs does not.
async fn end_what_is_lost(shared: &Shared, mine: &[Request]) {
    let attempts: Vec<(RequestId, Fence, CancellationToken)> = {
        let running = shared.running.lock();
        let each = running.iter().flat_map(|(id, attempts)| attempts.iter().map(|attempt| (*id, attempt)));
        each.map(|(id, attempt)| (id, attempt.fence, attempt.cancel.clone())).collect()
    };
    let known: HashSet<(RequestId, Fence)> = mine.iter().map(|request| (request.id, request.fence)).collect();
    for (id, fence, cancel) in attempts {
        if known.contains(&(id, fence)) || cancel.is_cancelled() {
            continue;
        }
        // Fences only rise: one that is higher by now says for good that the request is somebody else's.
        if shared.store.get(id).await.is_ok_and(|request| request.fence > fence) {
            tracing::info!(request = %id, "the request is no longer this attempt's; it is ended");
            cancel.cancel();
        }
    }
}

/// The requests that are this server's and running.
async fn running_here(shared: &Shared) -> Vec<Request> {
    let filter = RequestFilter {
        states: vec![RequestState::Running],
        owner: Some(shared.own.server.clone()),
        limit: UNATTENDED_AT_ONCE,
        ..RequestFilter::default()
    };
    let listed = shared.store.list(&filter).await.unwrap_or_default();
    listed.into_iter().filter(|request| request.owner.as_ref() == Some(&shared.own)).collect()
}
