//! What this process knows of requests and servers without asking. A batch of requests that are known needs no look before it
//! is written, so it is one round trip.

use super::{Basis, Batch, End, Held, Needs, New, Stored};
use crate::servers::Servers;
use flow_store::{RequestId, RequestState, ServerState, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// So much memory is taken at most; beyond that all requests are forgotten, and known again after their next write.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// What a request takes, about, without its inputs.
const BYTES: usize = 1024;

/// Running requests as this process last wrote them, and servers as it last saw them. Others may have changed them since.
#[derive(Default)]
pub(crate) struct Known {
    requests: Mutex<Requests>,
    servers: Mutex<Option<Arc<Servers>>>,
}

#[derive(Default)]
struct Requests {
    held: HashMap<RequestId, Held>,
    bytes: usize,
}

impl Requests {
    fn remove(&mut self, id: RequestId) -> Option<Held> {
        let held = self.held.remove(&id)?;
        self.bytes -= held.bytes();
        Some(held)
    }

    fn insert(&mut self, held: Held) {
        self.remove(held.request.id);
        if self.bytes + held.bytes() > MOST_BYTES {
            *self = Self::default();
        }
        if held.bytes() <= MOST_BYTES {
            self.bytes += held.bytes();
            self.held.insert(held.request.id, held);
        }
    }
}

impl Known {
    /// A batch that takes what it needs for what is known. None if something is not known, or has to be locked. What it takes is
    /// known again when it is committed.
    pub(crate) fn batch<'a>(&self, needs: &Needs, now: Timestamp) -> Option<Batch<'a>> {
        let servers = self.servers.lock().clone()?;
        let runs = |owner| servers.check_alive(owner).is_ok_and(|state| state == ServerState::Running);
        if !needs.keys.is_empty() || !needs.owners.iter().all(runs) {
            return None;
        }
        let mut batch = Batch::new(now, servers);
        batch.basis = Basis::Known(needs.owners.iter().cloned().collect());
        let mut requests = self.requests.lock();
        for id in &needs.requests {
            let held = requests.remove(*id)?;
            // It may be newer than what is known of the servers.
            held.request.owner.iter().try_for_each(|owner| batch.servers.number(&owner.server).map(drop)).ok()?;
            batch.held.insert(*id, held);
        }
        Some(batch)
    }

    /// Notes what a batch, which is committed, has made of its requests.
    pub(crate) fn note(&self, batch: Batch<'_>) {
        let Batch { servers, basis, held, changed, new, .. } = batch;
        if matches!(basis, Basis::Locked) {
            *self.servers.lock() = Some(servers);
        }
        let mut requests = self.requests.lock();
        for id in held.keys() {
            requests.remove(*id);
        }
        // One that was not changed is somebody else's by now.
        let changed = held.into_values().filter(|held| changed.contains(&held.request.id));
        for held in changed.chain(new.into_iter().map(New::held)) {
            if held.request.state == RequestState::Running {
                requests.insert(held);
            }
        }
    }
}

impl Held {
    fn bytes(&self) -> usize {
        BYTES + self.inputs_bytes
    }
}

impl New<'_> {
    /// The request, once it is made.
    fn held(self) -> Held {
        let Self { request, lane, group, inputs, .. } = self;
        Held {
            flow: lane.flow,
            group,
            stored: Stored { state: request.state, fence: request.fence, newest: 0, group },
            end: End { newest: 0, log_entries: 0 },
            attempt_started: None,
            began: None,
            inputs_bytes: inputs.len(),
            request,
        }
    }
}
