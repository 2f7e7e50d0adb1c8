//! Triggers in memory.

use super::{MemoryStore, State};
use crate::trigger::{FIRINGS_KEPT, FIRINGS_KEPT_MS, no_trigger};
use crate::{
    Fired, Firing, NewFiring, NewRequest, NewTrigger, Owner, ProjectName, ProjectVersion, Request, RequestId,
    RequestState, ServerState, StoreError, Timestamp, TriggerState, TriggerStore,
};
use async_trait::async_trait;
use std::collections::BTreeMap;

/// All that is known of triggers.
#[derive(Default)]
pub(super) struct Triggers {
    versions: BTreeMap<ProjectName, ProjectVersion>,
    known: BTreeMap<(ProjectName, String), Known>,
}

struct Known {
    state: TriggerState,
    /// Oldest first, each with whether it is remembered for good.
    firings: Vec<(Firing, bool)>,
}

#[async_trait]
impl TriggerStore for MemoryStore {
    async fn trigger_versions(&self) -> Result<Vec<(ProjectName, ProjectVersion)>, StoreError> {
        self.read(|state| {
            Ok(state.triggers.versions.iter().map(|(project, version)| (project.clone(), version.clone())).collect())
        })
    }

    async fn adopt_triggers(
        &self,
        project: &ProjectName,
        version: &ProjectVersion,
        triggers: Vec<NewTrigger>,
    ) -> Result<bool, StoreError> {
        self.change(|state, now| {
            if !state.all_have(project, version) {
                return Ok(false);
            }
            state.triggers.versions.insert(project.clone(), version.clone());
            for ((of, id), known) in &mut state.triggers.known {
                known.state.present &= of != project || triggers.iter().any(|new| new.trigger == *id);
            }
            for new in triggers {
                let place = (project.clone(), new.trigger.clone());
                match state.triggers.known.get_mut(&place) {
                    Some(known) => known.state.adopt(new, now),
                    None => {
                        let state_of = TriggerState::new(project.clone(), new, now);
                        state.triggers.known.insert(place, Known { state: state_of, firings: Vec::new() });
                    }
                }
            }
            Ok(true)
        })
    }

    async fn trigger_states(&self) -> Result<Vec<TriggerState>, StoreError> {
        self.read(|state| Ok(state.triggers.known.values().map(|known| known.state.clone()).collect()))
    }

    async fn switch_trigger(
        &self,
        project: &ProjectName,
        trigger: &str,
        on: bool,
        by: &str,
    ) -> Result<TriggerState, StoreError> {
        self.change(|state, now| {
            let known = state.trigger(project, trigger)?;
            known.state.switch(on, by, now);
            Ok(known.state.clone())
        })
    }

    async fn fire(&self, firing: NewFiring, owner: Option<Owner>) -> Result<Fired, StoreError> {
        self.change(|state, now| {
            let known = state.trigger(&firing.project, &firing.trigger)?;
            if let Some(refused) = known.state.refuses(&firing) {
                return Ok(refused);
            }
            if let Some((before, _)) = known.firings.iter().find(|(before, _)| before.key == firing.key) {
                return Ok(Fired::Before(before.request));
            }
            let is_reached = |new: &NewRequest| state.limits().reached(&new.project, &new.settings.limits).is_some();
            if firing.only_with_room().is_some_and(is_reached) {
                return Ok(Fired::Off);
            }
            let owner = match owner {
                Some(owner) if state.check_alive(&owner)? == ServerState::Running => Some(owner),
                _ if firing.here_only => return Ok(Fired::Off),
                _ => None,
            };
            let has_room = firing.only_with_room().is_some();
            let new = firing.request.clone().into_iter().collect();
            let planned = state.plan_requests(new, owner.as_ref(), has_room, now)?;
            let request = planned.into_iter().map(|planned| state.enter(planned).request).next();
            let id = request.as_ref().map(|request| request.id);
            let known = state.trigger(&firing.project, &firing.trigger)?;
            known.state.note(&firing, id, now);
            let made = Firing { key: firing.key, due: firing.due, at: now, missed: firing.missed, request: id };
            known.firings.push((made, firing.lasting));
            known.forget(now);
            Ok(Fired::New(request.map(Box::new)))
        })
    }

    async fn trigger_reached(
        &self,
        project: &ProjectName,
        trigger: &str,
        reached: Timestamp,
    ) -> Result<(), StoreError> {
        self.change(|state, _| {
            let known = state.trigger(project, trigger)?;
            known.state.reached = known.state.reached.max(reached);
            Ok(())
        })
    }

    async fn note_fired(
        &self,
        project: &ProjectName,
        trigger: &str,
        more: u64,
        last: RequestId,
    ) -> Result<(), StoreError> {
        self.change(|state, now| {
            let known = state.trigger(project, trigger)?;
            known.state.fired += more;
            known.state.last_fired = Some(now);
            known.state.last_request = Some(last);
            Ok(())
        })
    }

    async fn firings(&self, project: &ProjectName, trigger: &str, limit: usize) -> Result<Vec<Firing>, StoreError> {
        self.read(|state| {
            let known = state.triggers.known.get(&(project.clone(), trigger.to_owned()));
            let known = known.ok_or_else(|| no_trigger(project, trigger))?;
            Ok(known.firings.iter().rev().take(limit).map(|(firing, _)| firing.clone()).collect())
        })
    }

    async fn ended_requests(
        &self,
        project: &ProjectName,
        flow: &str,
        states: &[RequestState],
        from: Timestamp,
        limit: usize,
    ) -> Result<Vec<Request>, StoreError> {
        self.read(|state| {
            let counts = |request: &&Request| {
                request.project == *project
                    && request.flow == flow
                    && states.contains(&request.state)
                    && request.ended.is_some_and(|ended| ended >= from)
            };
            let mut ended: Vec<Request> =
                state.requests.values().map(|record| &record.request).filter(counts).cloned().collect();
            ended.sort_by_key(|request| (request.ended, request.id));
            ended.truncate(limit);
            Ok(ended)
        })
    }
}

impl Known {
    /// Forgets what need not be kept.
    fn forget(&mut self, now: Timestamp) {
        let mut beyond = self.firings.iter().filter(|(_, lasting)| !lasting).count().saturating_sub(FIRINGS_KEPT);
        self.firings.retain(|(firing, lasting)| {
            let goes = !lasting && beyond > 0 && firing.at < now.minus_ms(FIRINGS_KEPT_MS);
            beyond -= usize::from(goes);
            !goes
        });
    }
}

impl State {
    fn trigger(&mut self, project: &ProjectName, trigger: &str) -> Result<&mut Known, StoreError> {
        let known = self.triggers.known.get_mut(&(project.clone(), trigger.to_owned()));
        known.ok_or_else(|| no_trigger(project, trigger))
    }

    /// Whether every running server has this version of a project, and there is one.
    fn all_have(&self, project: &ProjectName, version: &ProjectVersion) -> bool {
        let mut running = self.servers.iter().filter(|(_, server)| server.state == ServerState::Running).peekable();
        let has = |id| {
            let has = self.server_versions.get(&(project.clone(), id));
            has.is_some_and(|has| has.version == version.version)
        };
        running.peek().is_some() && running.all(|(id, _)| has(id.clone()))
    }
}
