//! Claims in memory.

use super::State;
use crate::queue::{Choice, Lane, Limit, Limits, Line, choose};
use crate::transition::{self, Change};
use crate::{Owner, ProjectName, Request, RequestId, RequestState, StoreError, Timestamp};
use std::collections::BTreeMap;

/// What the requests of a lane have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LaneKey {
    project: ProjectName,
    flow: String,
    priority: i32,
    limits: Vec<Limit>,
}

impl LaneKey {
    fn of(request: &Request) -> Self {
        Self {
            project: request.project.clone(),
            flow: request.flow.clone(),
            priority: request.settings.priority,
            limits: request.settings.limits.clone(),
        }
    }
}

impl State {
    /// The limits as they are now.
    pub(super) fn limits(&self) -> Limits {
        let mut limits = Limits::of_settings(self.settings.values());
        for request in self.requests.values().map(|record| &record.request) {
            if request.state == RequestState::Running {
                limits.run(&request.project, &request.settings.limits, 1);
            }
        }
        limits
    }

    /// What a claim takes.
    pub(super) fn choose(&self, owner: &Owner, most: usize, now: Timestamp) -> Choice {
        let lines: Vec<Line> = self.lines(owner, now).into_iter().map(|(_, line)| line).collect();
        choose(&lines, self.limits(), most, now)
    }

    /// The lanes in which something can be claimed; each has its place among them as its number.
    fn lines(&self, owner: &Owner, now: Timestamp) -> Vec<(LaneKey, Line)> {
        let mut lanes: BTreeMap<LaneKey, Vec<(Timestamp, RequestId)>> = BTreeMap::new();
        for request in self.requests.values().map(|record| &record.request) {
            if transition::is_claimable(request, owner, now) {
                lanes.entry(LaneKey::of(request)).or_default().push(request.claim_order());
            }
        }
        let line = |(id, (key, mut ready)): (i64, (LaneKey, Vec<(Timestamp, RequestId)>))| {
            ready.sort_unstable();
            let LaneKey { project, priority, limits, .. } = key.clone();
            let lane = Lane { id, project, priority, limits, served: self.served.get(&key).copied() };
            (key, Line { lane, ready })
        };
        (0..).zip(lanes).map(line).collect()
    }

    pub(super) fn claim(&mut self, owner: &Owner, most: usize, now: Timestamp) -> Result<Vec<Request>, StoreError> {
        let choice = self.choose(owner, most, now);
        for (key, line) in self.lines(owner, now) {
            if choice.served.contains(&line.lane.id) {
                self.served.insert(key, now);
            }
        }
        let start = |id: &RequestId| Ok(transition::claim(self.record(*id)?.request.clone(), owner, now)?);
        let changes: Vec<Change> = choice.requests.iter().map(start).collect::<Result<_, StoreError>>()?;
        let claimed = changes.iter().map(|change| change.request.clone()).collect();
        changes.into_iter().for_each(|change| self.apply(change));
        Ok(claimed)
    }

    /// When the owner next has something to claim.
    pub(super) fn next_due(&self, owner: &Owner, now: Timestamp) -> Option<Timestamp> {
        let limits = self.limits();
        let waits = |request: &Request| {
            let free_or_own = request.owner.as_ref().is_none_or(|current| current == owner);
            let due = match request.state {
                RequestState::Queued => Some(now),
                RequestState::Waiting | RequestState::WaitingForRetry => Some(request.due.unwrap_or(now)),
                _ => None,
            };
            due.filter(|_| free_or_own && limits.reached(&request.project, &request.settings.limits).is_none())
        };
        self.requests.values().filter_map(|record| waits(&record.request)).min()
    }
}
