//! Requests in memory.

use super::{MemoryStore, State};
use crate::transition::{self, Change, GoOn, PointInWrite};
use crate::{
    AttemptEnd, AttemptRecord, AttemptWrite, AuditEntry, Created, Fence, Limits, LogEntry, MadeRequests, NewRequest,
    NumberedLogEntry, Owner, PointPlace, ReExecution, Request, RequestFilter, RequestId, RequestState, RequestStore,
    SavedOutline, SavedPoint, ServerState, StoreError, Timestamp,
};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::time::Duration;

#[async_trait]
impl RequestStore for MemoryStore {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn create_requests(
        &self,
        new: Vec<NewRequest>,
        owner: Option<Owner>,
        audit: Option<AuditEntry>,
    ) -> Result<Vec<Created>, StoreError> {
        self.there().await?;
        let done = self.change(|state, now| {
            let owner = match owner {
                Some(owner) if state.check_alive(&owner)? == ServerState::Running => Some(owner),
                _ => None,
            };
            let created = state.plan_requests(new, owner.as_ref(), false, now)?;
            let created: Vec<Created> = created.into_iter().map(|planned| state.enter(planned)).collect();
            if let (Some(entry), Some(made)) = (audit, MadeRequests::of(&created)) {
                state.audit(made.told_by(entry), now);
            }
            Ok(created)
        });
        self.back(done).await
    }

    async fn write(&self, id: RequestId, fence: Fence, write: AttemptWrite) -> Result<(), StoreError> {
        self.there().await?;
        let done = self.change(|state, now| {
            let record = state.record_mut(id)?;
            record.request = transition::save(record.request.clone(), fence, &write.saved, now)?;
            state.add(id, write)
        });
        self.back(done).await
    }

    async fn end_attempt(
        &self,
        id: RequestId,
        fence: Fence,
        end: AttemptEnd,
        write: AttemptWrite,
    ) -> Result<Request, StoreError> {
        self.there().await?;
        let done = self.change(|state, now| {
            let request = state.record(id)?.request.clone();
            let server = state.owner_name(&request);
            let request = transition::save(request, fence, &write.saved, now)?;
            let change = transition::end_attempt(request, fence, end, &server, now)?;
            state.add(id, write)?;
            let ended = change.request.clone();
            state.apply(change);
            Ok(ended)
        });
        self.back(done).await
    }

    async fn claim(&self, owner: &Owner, most: usize) -> Result<Vec<Request>, StoreError> {
        self.there().await?;
        let now = self.clock.now();
        let nothing_to_do = self.read(|state| {
            let alive = state.check_alive(owner)?;
            Ok::<_, StoreError>(alive != ServerState::Running || state.choose(owner, most, now).requests.is_empty())
        })?;
        if nothing_to_do {
            return Ok(Vec::new());
        }
        let claimed = self.change(|state, now| state.claim(owner, most, now));
        self.back(claimed).await
    }

    async fn next_due(&self, owner: &Owner) -> Result<Option<Duration>, StoreError> {
        self.there().await?;
        let now = self.clock.now();
        self.read(|state| Ok(state.next_due(owner, now).map(|due| now.until(due))))
    }

    async fn limits(&self) -> Result<Limits, StoreError> {
        self.there().await?;
        self.read(|state| Ok(state.limits()))
    }

    async fn get(&self, id: RequestId) -> Result<Request, StoreError> {
        self.there().await?;
        self.read(|state| Ok(state.record(id)?.request.clone()))
    }

    async fn list(&self, filter: &RequestFilter) -> Result<Vec<Request>, StoreError> {
        self.there().await?;
        self.read(|state| {
            let requests = state.requests.values().rev().map(|record| &record.request);
            Ok(requests.filter(|request| filter.matches(request)).take(filter.page()).cloned().collect())
        })
    }

    async fn counts(&self, filter: &RequestFilter) -> Result<BTreeMap<RequestState, u64>, StoreError> {
        let filter = RequestFilter { before: None, ..filter.clone() };
        self.read(|state| {
            let mut counts: BTreeMap<_, _> = RequestState::ALL.into_iter().map(|state| (state, 0)).collect();
            for record in state.requests.values().filter(|record| filter.matches(&record.request)) {
                *counts.entry(record.request.state).or_default() += 1;
            }
            Ok(counts)
        })
    }

    async fn saved_points(&self, id: RequestId) -> Result<Vec<SavedPoint>, StoreError> {
        self.there().await?;
        self.read(|state| Ok(state.record(id)?.saved.clone()))
    }

    async fn saved_outlines(
        &self,
        id: RequestId,
        before: Option<PointPlace>,
        limit: usize,
    ) -> Result<Vec<SavedOutline>, StoreError> {
        self.read(|state| {
            let saved = &state.record(id)?.saved;
            let earlier =
                before.map_or(usize::MAX, |before| usize::try_from(before.0).unwrap_or(usize::MAX).saturating_sub(1));
            let placed = saved.iter().zip((1..).map(PointPlace));
            let mut placed: Vec<_> =
                placed.take(earlier).skip(earlier.min(saved.len()).saturating_sub(limit)).collect();
            placed.reverse();
            Ok(placed.into_iter().map(|(point, place)| SavedOutline::of(place, point)).collect())
        })
    }

    async fn saved_at(&self, id: RequestId, places: &[PointPlace]) -> Result<Vec<SavedPoint>, StoreError> {
        self.read(|state| {
            let saved = &state.record(id)?.saved;
            let at = |place: &PointPlace| {
                let index = usize::try_from(place.0).ok().and_then(|place| place.checked_sub(1));
                index.and_then(|index| saved.get(index)).cloned().ok_or_else(|| StoreError::no_saved_point(id))
            };
            places.iter().map(at).collect()
        })
    }

    async fn log(&self, id: RequestId, after: u64, limit: usize) -> Result<Vec<NumberedLogEntry>, StoreError> {
        self.read(|state| {
            let numbered = state.record(id)?.log.iter().zip(1..);
            let entries = numbered.filter(|(_, number)| *number > after).take(limit);
            Ok(entries.map(|(entry, number)| NumberedLogEntry { number, entry: entry.clone() }).collect())
        })
    }

    async fn attempts(
        &self,
        id: RequestId,
        before: Option<u32>,
        limit: usize,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        self.read(|state| {
            let earlier = |attempt: &&AttemptRecord| before.is_none_or(|before| attempt.attempt < before);
            let wanted = state.record(id)?.attempts.iter().rev().filter(earlier).take(limit);
            let mut attempts: Vec<AttemptRecord> = wanted.cloned().collect();
            attempts.reverse();
            for attempt in &mut attempts {
                attempt.server_name = state.server_name(&attempt.owner.server);
            }
            Ok(attempts)
        })
    }

    async fn re_execute_with(
        &self,
        id: RequestId,
        owner: &Owner,
        by: &str,
        how: ReExecution,
    ) -> Result<Request, StoreError> {
        self.there().await?;
        let done = self.change(|state, now| {
            state.check_alive(owner)?;
            let (request, go_on) = (state.record(id)?.request.clone(), state.go_on(id, how.keep)?);
            let stays = match &go_on {
                GoOn::Earlier(earlier) => usize::try_from(earlier.points).ok(),
                _ => None,
            };
            let before = request.version.clone();
            let (to, alive) = (state.server_ref(owner), state.living_owner(&request));
            let change = transition::re_execute(request, &to, alive.as_ref(), by, (go_on, how.version), now)?;
            if change.request.version != before {
                let earlier = state.record_mut(id)?.attempts.iter_mut().filter(|attempt| attempt.version.is_none());
                earlier.for_each(|attempt| attempt.version = Some(before.clone()));
            }
            if let Some(stays) = stays {
                let record = state.record_mut(id)?;
                record.saved.truncate(stays);
                record.writes.retain(|end| *end < stays);
                // What is saved next did not come in the write that is cut off here.
                record.writes.push(stays);
            }
            let request = change.request.clone();
            state.apply(change);
            Ok(request)
        });
        self.back(done).await
    }

    async fn mark_stalled(
        &self,
        id: RequestId,
        fence: Fence,
        since: Option<Timestamp>,
        entry: LogEntry,
    ) -> Result<Request, StoreError> {
        self.there().await?;
        let done = self.change(|state, now| {
            let request = state.record(id)?.request.clone();
            let change = transition::mark_stalled(request, fence, since, entry, now)?;
            let request = change.request.clone();
            state.apply(change);
            Ok(request)
        });
        self.back(done).await
    }

    async fn take_from(&self, id: RequestId, owner: &Owner, by: &str) -> Result<Request, StoreError> {
        self.there().await?;
        let done = self.change(|state, now| {
            state.check_alive(owner)?;
            let request = state.record(id)?.request.clone();
            let from = state.owner_name(&request);
            let change = transition::take_from(request, &from, &state.server_ref(owner), by, now)?;
            let request = change.request.clone();
            state.apply(change);
            Ok(request)
        });
        self.back(done).await
    }

    async fn cancel(&self, id: RequestId, by: &str) -> Result<Request, StoreError> {
        self.there().await?;
        let done = self.change(|state, now| {
            let request = state.record(id)?.request.clone();
            let server = state.owner_name(&request);
            let change = transition::cancel(request, by, &server, now)?;
            let request = change.request.clone();
            state.apply(change);
            Ok(request)
        });
        self.back(done).await
    }
}

/// A request about to be made, or the one that already has its idempotency key.
pub(super) enum Planned {
    New(Box<Change>, Option<String>),
    Existing(Box<Request>),
}

impl State {
    /// From where a request is re-executed.
    fn go_on(&self, id: RequestId, from: Option<u32>) -> Result<GoOn, StoreError> {
        let record = self.record(id)?;
        let Some(from) = from else {
            let removed = record.saved.is_empty() && record.request.saved_points > 0;
            return Ok(if removed { GoOn::Removed } else { GoOn::Newest });
        };
        let points: Vec<PointInWrite> = record
            .saved
            .iter()
            .enumerate()
            .map(|(place, point)| PointInWrite {
                kind: point.kind,
                name: point.name.clone(),
                joined: place > 0 && !record.writes.contains(&place),
            })
            .collect();
        Ok(GoOn::Earlier(transition::rewind(id, &points, from)?))
    }

    /// Decides what each wanted request becomes, without changing anything yet. `has_room` is that of
    /// [`transition::create`].
    pub(super) fn plan_requests(
        &self,
        new: Vec<NewRequest>,
        owner: Option<&Owner>,
        has_room: bool,
        now: Timestamp,
    ) -> Result<Vec<Planned>, StoreError> {
        let mut planned: Vec<Planned> = Vec::with_capacity(new.len());
        let mut last = self.last_request;
        for new in new {
            let key = new.idempotency_key.clone();
            if let Some(existing) = self.with_key(&new, &planned) {
                existing.check_same(&new)?;
                planned.push(Planned::Existing(Box::new(existing)));
                continue;
            }
            last += 1;
            let change = transition::create(RequestId(last), new, owner.cloned(), has_room, now);
            planned.push(Planned::New(Box::new(change), key));
        }
        Ok(planned)
    }

    fn with_key(&self, new: &NewRequest, planned: &[Planned]) -> Option<Request> {
        let key = new.idempotency_key.as_ref()?;
        if let Some(id) = self.idempotency_keys.get(&(new.project.clone(), key.clone())) {
            return self.requests.get(id).map(|record| record.request.clone());
        }
        planned.iter().find_map(|planned| match planned {
            Planned::New(change, Some(other)) if other == key && change.request.project == new.project => {
                Some(change.request.clone())
            }
            _ => None,
        })
    }

    pub(super) fn enter(&mut self, planned: Planned) -> Created {
        match planned {
            Planned::Existing(request) => Created { request: *request, new: false },
            Planned::New(change, key) => {
                let request = change.request.clone();
                self.last_request = request.id.0;
                if let Some(key) = key {
                    self.idempotency_keys.insert((request.project.clone(), key), request.id);
                }
                self.apply(*change);
                Created { request, new: true }
            }
        }
    }
}
