//! Retention in memory.

use super::{MemoryStore, State};
use crate::{
    Keep, Request, RequestId, RequestState, RetentionDone, RetentionGroup, RetentionPolicy, RetentionReport,
    RetentionStore, SavedData, StoreError, Timestamp,
};
use async_trait::async_trait;
use std::collections::HashSet;

/// What is to be removed of the requests of one state, those that ended first at the front.
struct Plan {
    whole: Vec<RequestId>,
    details: Vec<(Timestamp, RequestId)>,
}

impl State {
    fn ended_in(&self, state: RequestState) -> Vec<(Timestamp, RequestId)> {
        let ended = |request: &Request| request.ended.filter(|_| request.state == state).map(|at| (at, request.id));
        let mut ended: Vec<_> = self.requests.values().filter_map(|record| ended(&record.request)).collect();
        ended.sort_unstable();
        ended
    }

    fn plan_retention(&self, state: RequestState, keep: &Keep, now: Timestamp) -> Plan {
        let ended = self.ended_in(state);
        let too_many = |number| ended.len().saturating_sub(usize::try_from(number).unwrap_or(usize::MAX));
        let too_many = keep.number.map_or(0, too_many);
        let too_old = keep.ended_before(now).map_or(0, |before| ended.partition_point(|(at, _)| *at < before));
        let (whole, rest) = ended.split_at(too_many.max(too_old));
        let mark = self.details_until.get(&state);
        let loses = |end: &&(Timestamp, RequestId)| {
            keep.details_before(now).is_some_and(|before| end.0 < before) && mark.is_none_or(|mark| *end > mark)
        };
        Plan { whole: whole.iter().map(|(_, id)| *id).collect(), details: rest.iter().filter(loses).copied().collect() }
    }

    /// Whether there was anything to remove.
    fn remove_details(&mut self, id: RequestId) -> bool {
        let Some(record) = self.requests.get_mut(&id) else { return false };
        let had = !record.saved.is_empty() || !record.log.is_empty();
        record.saved.clear();
        record.writes.clear();
        record.log.clear();
        had
    }

    fn remove_request(&mut self, id: RequestId) {
        self.requests.remove(&id);
        self.idempotency_keys.retain(|_, known| *known != id);
    }
}

#[async_trait]
impl RetentionStore for MemoryStore {
    async fn retention_preview(&self, policy: &RetentionPolicy) -> Result<RetentionReport, StoreError> {
        let now = self.clock.now();
        self.read(|state| {
            let group = |(of, keep): (RequestState, Keep)| {
                let plan = state.plan_retention(of, &keep, now);
                let ended = state.ended_in(of);
                RetentionGroup {
                    state: of,
                    present: ended.len() as u64,
                    requests: plan.whole.len() as u64,
                    details: plan.details.len() as u64,
                    oldest: ended.first().map(|(at, _)| *at),
                }
            };
            Ok(RetentionReport { groups: policy.keeps().into_iter().map(group).collect() })
        })
    }

    async fn apply_retention(&self, policy: &RetentionPolicy, limit: usize) -> Result<RetentionDone, StoreError> {
        self.change(|state, now| {
            let (mut done, mut left) = (RetentionDone::default(), limit);
            for (of, keep) in policy.keeps() {
                let plan = state.plan_retention(of, &keep, now);
                done.more |= plan.whole.len() + plan.details.len() > left;
                for id in plan.whole.into_iter().take(left) {
                    state.remove_request(id);
                    done.requests += 1;
                    left -= 1;
                }
                for end in plan.details.into_iter().take(left) {
                    done.details += u64::from(state.remove_details(end.1));
                    state.details_until.insert(of, end);
                    left -= 1;
                }
            }
            Ok(done)
        })
    }

    async fn named_objects(&self, keys: Vec<String>) -> Result<HashSet<String>, StoreError> {
        self.read(|state| {
            let points = state.requests.values().flat_map(|record| &record.saved);
            let named: HashSet<&str> = points
                .filter_map(|point| match &point.data {
                    SavedData::Object { key, .. } => Some(key.as_str()),
                    _ => None,
                })
                .collect();
            Ok(keys.into_iter().filter(|key| named.contains(key.as_str())).collect())
        })
    }
}
