//! Looks after what runs here: no request of this server is left without an attempt, and no attempt without its request.

use super::Shared;
use crate::lease::Moment;
use crate::time;
use flow_store::{AttemptEnd, AttemptWrite, Fence, Request, RequestFilter, RequestId, RequestState};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How many running requests the look for unattended ones takes in.
const UNATTENDED_AT_ONCE: usize = 10_000;
/// How many times as long as a look the rest behind it is at least.
const REST: u32 = 20;
/// But no rest is longer for it than this.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// The rest between two looks. While somebody keeps a transaction open, PostgreSQL has to look past all that has run since
/// then: looks take longer and longer, so they become rarer.
struct Rest {
    shortest: Duration,
    /// How long the last two looks took.
    took: [Duration; 2],
}

impl Rest {
    fn of(shortest: Duration) -> Self {
        Self { shortest, took: [Duration::ZERO; 2] }
    }

    /// A look took so long.
    fn looked(&mut self, took: Duration) {
        let [_, last] = self.took;
        self.took = [last, took];
    }

    /// How long the next one is. It goes by the shorter of two looks: one alone may have waited for a database that was away.
    fn length(&self) -> Duration {
        let [one, other] = self.took;
        one.min(other).saturating_mul(REST).min(LONGEST_REST).max(self.shortest)
    }
}

/// No request may fall between two stools: one that is this server's and running, and that nobody here attends to
/// (its attempt broke off because the database could not be reached, say), is given back to the cluster.
pub(super) async fn attend_for_ever(shared: Arc<Shared>) {
    let mut seen: HashSet<(RequestId, Fence)> = HashSet::new();
    let mut rest = Rest::of(shared.settings.unattended_check);
    loop {
        time::sleep(rest.length()).await;
        let begun = Moment::now();
        let Some(mine) = running_here(&shared).await else { continue };
        rest.looked(Moment::now().since(begun));
        // A request is created a moment before its attempt starts: only one found twice is really unattended.
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

/// The requests that are this server's and running; `None` if the database does not say.
async fn running_here(shared: &Shared) -> Option<Vec<Request>> {
    let filter = RequestFilter {
        states: vec![RequestState::Running],
        owner: Some(shared.own.server.clone()),
        limit: UNATTENDED_AT_ONCE,
        ..RequestFilter::default()
    };
    let listed = shared.store.list(&filter).await.ok()?;
    Some(listed.into_iter().filter(|request| request.owner.as_ref() == Some(&shared.own)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORTEST: Duration = Duration::from_secs(5);

    /// The rest behind looks that took so many milliseconds.
    fn rest_behind(looks: &[u64]) -> Duration {
        let mut rest = Rest::of(SHORTEST);
        looks.iter().for_each(|took| rest.looked(Duration::from_millis(*took)));
        rest.length()
    }

    #[test]
    fn looks_that_take_a_moment_are_as_frequent_as_agreed() {
        for looks in [vec![], vec![1], vec![1, 2, 3], vec![250, 250]] {
            assert_eq!(rest_behind(&looks), SHORTEST, "{looks:?}");
        }
    }

    #[test]
    fn one_look_that_takes_long_changes_nothing() {
        for looks in [vec![60_000], vec![1, 60_000], vec![60_000, 1], vec![60_000, 1, 60_000]] {
            assert_eq!(rest_behind(&looks), SHORTEST, "{looks:?}");
        }
    }

    #[test]
    fn the_longer_looks_take_the_rarer_they_are_up_to_one_a_minute() {
        assert_eq!(rest_behind(&[1, 1_000, 500]), Duration::from_secs(10));
        assert_eq!(rest_behind(&[1_000, 2_000]), Duration::from_secs(20));
        assert_eq!(rest_behind(&[3_500, 4_000]), LONGEST_REST);
        assert_eq!(rest_behind(&[3_500, 4_000, 10]), SHORTEST, "they are quick again");
    }

    #[test]
    fn whoever_agreed_on_rarer_looks_has_them() {
        let mut rest = Rest::of(LONGEST_REST * 10);
        rest.looked(Duration::MAX);
        rest.looked(Duration::MAX);
        assert_eq!(rest.length(), LONGEST_REST * 10);
    }
}
