//! What an attempt tells of itself: the request's log, and the events for observers.

use super::Attempt;
use crate::plan::{Plan, Role};
use crate::scope::{At, ScopeId};
use crate::{RunEvent, RunEventKind};
use flow_store::{Level, event};

/// Of the iterations of a ForEach, the log and observers tell of the first so many of an attempt one by one. Of the others
/// they tell only what is no normal progress, and how many there were.
const TOLD_ITERATIONS: u64 = 100;

impl Attempt {
    pub(super) fn note_start(&mut self, plan: &Plan, settled: &[bool]) {
        let message = format!("attempt {} on {}", self.request.attempt, self.engine.server_name());
        self.log(None, Level::Info, event::ATTEMPT_STARTED, message);
        let settled = settled.iter().zip(&plan.components).filter(|(settled, _)| **settled);
        self.observe(None, || RunEventKind::AttemptStarted {
            request: Box::new(self.request.clone()),
            settled: settled.map(|(_, planned)| planned.id.clone()).collect(),
        });
    }

    /// Whether the log and observers tell of the next iteration or call inside of a component.
    pub(super) fn tells_of_next(&mut self, at: At) -> bool {
        let scope = &self.scopes[at.scope];
        let planned = scope.component(at.component);
        if !scope.told || planned.role != Role::ForEach {
            return scope.told;
        }
        let told = match self.told.get_mut(&planned.id) {
            Some(told) => told,
            None => self.told.entry(planned.id.clone()).or_default(),
        };
        *told += 1;
        let (is_next, is_told) = (*told == TOLD_ITERATIONS + 1, *told <= TOLD_ITERATIONS);
        if is_next && planned.inner.as_ref().is_some_and(|inner| inner.records) {
            let message = format!("{}: of its further iterations only what goes wrong is logged", planned.name);
            self.log(Some(at), Level::Info, event::LOGGED, message);
        }
        is_told
    }

    /// Adds a line to the request's log, about a component if one is given. What happens where nothing is recorded, or
    /// after the first iterations of a ForEach, is logged only if it is no normal progress.
    pub(super) fn log(&mut self, at: Option<At>, level: Level, event: &'static str, message: String) {
        if level == Level::Info && at.is_some_and(|at| !self.scopes[at.scope].told || !self.records(at)) {
            return;
        }
        self.log_always(at, level, event, message);
    }

    pub(super) fn log_always(&mut self, at: Option<At>, level: Level, event: &'static str, message: String) {
        let (component, message) = match at {
            Some(at) => {
                let id = self.scopes[at.scope].component(at.component).id.shared();
                let place = self.scopes.place(at.scope);
                (Some(id), if place.is_empty() { message } else { place + &message })
            }
            None => (None, message),
        };
        let entry = self.journal.log(component, self.engine.store.now(), level, event, message);
        if self.engine.observer.is_some() {
            let entry = entry.clone();
            self.observe(at.map(|at| at.scope), || RunEventKind::Logged(entry));
        }
    }

    /// Tells the observer, if there is one, of something in a scope.
    pub(super) fn observe(&self, scope: Option<ScopeId>, what: impl FnOnce() -> RunEventKind) {
        if self.engine.observer.is_some() {
            self.engine.observe(&[self.event(scope, what())]);
        }
    }

    pub(super) fn event(&self, scope: Option<ScopeId>, what: RunEventKind) -> RunEvent {
        let iteration = scope.map(|scope| self.scopes.path(scope)).unwrap_or_default();
        RunEvent { request: self.request.id, attempt: self.request.attempt, iteration, what }
    }

    /// The same of normal progress, which is told of the first iterations only.
    pub(super) fn tell(&self, scope: ScopeId, what: impl FnOnce() -> RunEventKind) {
        if self.is_told(scope) {
            self.observe(Some(scope), what);
        }
    }

    /// Whether the observer, if there is one, is told of normal progress in a scope.
    pub(super) fn is_told(&self, scope: ScopeId) -> bool {
        self.engine.observer.is_some() && self.scopes[scope].told
    }
}
