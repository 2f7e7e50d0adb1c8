//! What a survivor does when a peer is lost.

use crate::event::ClusterEvent;
use crate::lease::Moment;
use crate::membership::Shared;
use crate::peers::{Loss, Sign};
use crate::process::ProcessIdentity;
use flow_store::{Owner, StoreError, Takeover};
use std::sync::Arc;
use std::time::Duration;

/// First wait before a takeover that failed is tried again; it doubles up to one lease.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// Takes the lost peer's requests over. All survivors try; the store lets the earliest win. Tries until it is done:
/// a database that cannot be reached for a while must not strand the requests.
pub(crate) async fn take_over(shared: Arc<Shared>, loss: Loss) {
    let peer = &loss.peer;
    let mut wait = FIRST_WAIT;
    while shared.peers.still_lost(&loss) {
        let answer = get_through(&shared, &loss).await;
        match answer {
            Ok(takeover) => return taken(&shared, &loss, takeover),
            Err(StoreError::StaleOwner { .. }) => return shared.declared_dead(),
            // This server is leaving or in maintenance. Another one takes it over, or this one, once it works again.
            Err(StoreError::Conflict(_)) => {}
            Err(error) => {
                let name = shared.peers.name(peer);
                tracing::warn!(code = error.code(), %error, name, server = %peer.server, "the takeover failed; trying again");
            }
        }
        crate::time::sleep(wait).await;
        wait = (wait * 2).min(shared.settings.lease);
    }
}

/// Takes over, and sees to it that nobody stands in the way for ever: a process that hangs may do so while it holds the
/// store's write lock, and would then hold up every takeover, its own included. So whoever is both silent and in the
/// way is ended. Of anybody else in the way the log tells.
async fn get_through(shared: &Shared, loss: &Loss) -> Result<Takeover, StoreError> {
    let takeover = shared.store.take_over(&shared.own, &loss.peer);
    tokio::pin!(takeover);
    let mut tell = Moment::now();
    loop {
        if let Sign::Silent(process) = loss.sign {
            end_if_in_the_way(shared, &loss.peer, process);
        }
        tokio::select! {
            biased;
            answer = &mut takeover => return answer,
            () = crate::time::sleep(shared.settings.heartbeat) => {}
        }
        if Moment::now().since(tell) >= shared.settings.lease {
            tell = Moment::now();
            let (name, pid) = (shared.peers.name(&loss.peer), shared.store.write_lock_holder());
            tracing::warn!(
                code = "cluster/takeover-waits", name, server = %loss.peer.server, pid,
                "a takeover waits for the database; if a process holds its write lock, this is its pid: end it if it hangs"
            );
        }
    }
}

/// Ends a silent process if it holds the store's write lock or is the next to get it.
pub(crate) fn end_if_in_the_way(shared: &Shared, peer: &Owner, process: ProcessIdentity) {
    if shared.store.write_lock_holder().map(i32::unsigned_abs) != Some(process.pid) {
        return;
    }
    let name = shared.peers.name(peer);
    match process.kill() {
        Ok(true) => tracing::warn!(
            code = "cluster/killed-write-lock-holder", name, server = %peer.server, epoch = %peer.epoch, pid = process.pid,
            "a server hung while it held the database's write lock; its process was ended"
        ),
        Ok(false) => {}
        Err(error) => tracing::error!(
            code = "cluster/cannot-kill-write-lock-holder", name, server = %peer.server, pid = process.pid, %error,
            "a server hangs while it holds the database's write lock, and its process cannot be ended from here; \
             end it by hand"
        ),
    }
}

fn taken(shared: &Shared, loss: &Loss, takeover: Takeover) {
    let peer = loss.peer.clone();
    let name = shared.peers.name(&peer);
    shared.peers.forget(&peer);
    if takeover.first {
        let how = match loss.sign {
            Sign::LockFreed => "its process ended",
            Sign::Silent(_) => "its heartbeat stood still",
        };
        tracing::warn!(
            name, server = %peer.server, epoch = %peer.epoch, requests = takeover.requests.len(), how,
            "a server died; took its requests over"
        );
        // First the work, then the news: nothing stands between a takeover and its first component.
        shared.work.notify_one();
        shared.tell(ClusterEvent::TakenOver { peer: peer.clone(), requests: takeover.requests });
    }
    shared.work.notify_one();
    shared.tell(ClusterEvent::PeerDied { peer });
}
