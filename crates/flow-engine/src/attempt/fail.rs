//! Errors: one finds its handler in its own scope, or ends the scope, and then it is the error of what the scope runs
//! inside of; at the top it ends the attempt.

use super::Attempt;
use super::save::{Save, Then};
use crate::journal::NewPoint;
use crate::plan::Role;
use crate::schedule::Arrived;
use crate::scope::{At, Failing, Failure, ScopeId};
use crate::{OutletStream, RunEventKind};
use flow_components::ComponentError;
use flow_data::{DataError, Stream};
use flow_model::{ALWAYS_OUTLET, ERROR_OUTLET, IN};
use flow_store::{Level, RequestError, SavedKind, SavedPoint, event};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// A flowing stream that failed while something read it.
struct Heard {
    /// The component whose error it is.
    at: At,
    error: DataError,
    begun: Instant,
}

impl Attempt {
    /// A component failed, or what it read did: then the error is that of the component whose stream it was.
    pub(super) fn failed(&mut self, at: At, error: ComponentError, begun: Instant, arrived: &Arrived) {
        match self.heard_before(at) {
            Some(heard) => self.failed_before(heard),
            None => self.failed_itself(at, error, None, begun, arrived),
        }
    }

    /// A stream could not be saved, or failed on its way there: then the error is that of the component it came from.
    pub(super) fn not_saved(&mut self, at: At, error: &ComponentError) {
        match self.heard_before(at) {
            Some(heard) => self.failed_before(heard),
            None => self.unhandled(at, error, None),
        }
    }

    /// A component failed whose stream something else read.
    fn failed_before(&mut self, heard: Heard) {
        self.failed_itself(heard.at, heard.error.into(), None, heard.begun, &Arrived::default());
    }

    /// A component failed, by itself or by what runs `inside` of it: its error goes along its error outlet, or ends its
    /// scope.
    fn failed_itself(
        &mut self,
        at: At,
        error: ComponentError,
        inside: Option<Failure>,
        begun: Instant,
        arrived: &Arrived,
    ) {
        // It was told to end, or ends together with the attempt. The next attempt runs it again.
        let interrupted = self.is_ending() || !self.scopes.may_start(at);
        let scope = &self.scopes[at.scope];
        let planned = scope.component(at.component);
        // Once the choice of other outlets is recorded, these are no longer open.
        let is_open = !interrupted && !scope.past.choices.contains_key(&at.component);
        let (handled, followed) = (is_open && planned.handles_errors(), is_open && planned.is_always_followed());
        let level = if handled || interrupted { Level::Warning } else { Level::Error };
        let (name, component) = (planned.name.clone(), planned.id.clone());
        self.log(Some(at), level, event::COMPONENT_FAILED, format!("{name}: {} ({})", error.message, error.code));
        let none = || Stream::empty(Arc::new(flow_data::arrow::datatypes::Schema::empty()));
        let input = || arrived.inlets.get(IN).or_else(|| arrived.inlets.values().next()).cloned().unwrap_or_else(none);
        let records = handled.then(|| error.to_stream(&name, &input()));
        self.tell_stopped_before(at);
        self.observe(Some(at.scope), || {
            let outlets = records.iter().flatten().map(|records| OutletStream::of(ERROR_OUTLET, records)).collect();
            let (error, elapsed) = (error.clone(), begun.elapsed());
            RunEventKind::ComponentFailed { component, error, handled, outlets, elapsed }
        });
        if interrupted {
            self.ending.interrupted |= self.is_ending();
            return;
        }
        let always = followed.then(|| (ALWAYS_OUTLET.to_owned(), ComponentError::ended(&name, Some(&error))));
        match records {
            None => {
                self.unhandled(at, &error, inside);
                self.deliver_after_all(at, always, arrived);
            }
            Some(Ok(stream)) => {
                let outlets = [(ERROR_OUTLET.to_owned(), stream.clone())].into_iter().chain(always).collect();
                let (streams, variables) = (vec![(ERROR_OUTLET.to_owned(), stream)], arrived.variables.clone());
                self.save(Save { at, kind: SavedKind::Outlets, streams, variables, then: Then::Handled(outlets) });
            }
            Some(Err(error)) => self.unhandled(at, &error, None),
        }
    }

    /// After an error that nothing handles, what is behind the `always` outlet still runs.
    fn deliver_after_all(&mut self, at: At, always: Option<(String, Stream)>, arrived: &Arrived) {
        let Some(always) = always else { return };
        let scope = &mut self.scopes[at.scope];
        if let Some(failing) = &mut scope.failing {
            failing.may_start = scope.plan.behind(at.component, ALWAYS_OUTLET);
        }
        self.deliver(at, vec![always], &arrived.variables);
    }

    /// Ends a scope with an error that nothing in it handles. What runs comes to its own end.
    pub(super) fn unhandled(&mut self, at: At, error: &ComponentError, inside: Option<Failure>) {
        let (at, error) = match self.heard_before(at) {
            Some(heard) => (heard.at, heard.error.into()),
            None => (at, error.clone()),
        };
        let planned = self.scopes[at.scope].component(at.component);
        let failure = inside.unwrap_or_else(|| Failure {
            error: RequestError {
                code: error.code.clone(),
                message: format!("{}{}: {}", self.scopes.place(at.scope), planned.name, error.message),
                component: Some(planned.id.to_string()),
            },
            row: error.row,
            retryable: error.retryable,
            withdrawn: (planned.role == Role::Fail).then(|| self.handled_on_the_way_to(at)),
        });
        let scope = &mut self.scopes[at.scope];
        let nothing = vec![false; scope.plan.components.len()];
        match &mut scope.failing {
            Some(failing) if failing.failure.is_some() => return,
            Some(failing) => *failing = Failing { failure: Some(failure), may_start: nothing },
            None => {
                scope.failing = Some(Failing { failure: Some(failure), may_start: nothing });
                self.scopes.failing += 1;
            }
        }
        self.doom_around(at.scope);
    }

    /// Lets nothing more start in the scopes around one that fails, as far out as the error is not handled.
    fn doom_around(&mut self, scope: ScopeId) {
        let mut next = self.scopes[scope].owner;
        while let Some(owner) = next {
            self.doom_inside(owner.at);
            let outer = &mut self.scopes[owner.at.scope];
            let component = owner.at.component;
            if outer.component(component).handles_errors() && !outer.past.choices.contains_key(&component) {
                return;
            }
            next = outer.owner;
            if outer.failing.is_none() {
                let mut may_start = vec![false; outer.plan.components.len()];
                may_start[component] = true;
                outer.failing = Some(Failing { failure: None, may_start });
                self.scopes.failing += 1;
            }
        }
    }

    /// Lets nothing more start inside of a component.
    fn doom_inside(&mut self, at: At) {
        let inner = self.scopes[at.scope].inside.get(&at.component).map(|inside| inside.scopes()).unwrap_or_default();
        for id in inner {
            let scope = &mut self.scopes[id];
            if scope.failing.is_none() {
                let may_start = vec![false; scope.plan.components.len()];
                scope.failing = Some(Failing { failure: None, may_start });
                self.scopes.failing += 1;
            }
        }
    }

    /// What runs inside of a component cannot go on.
    pub(super) fn inside_failed(&mut self, at: At, error: ComponentError) {
        if let Some(heard) = self.heard_before(at) {
            self.failed_before(heard);
        }
        let planned = self.scopes[at.scope].component(at.component);
        let failure = Failure {
            error: RequestError {
                code: error.code,
                message: format!("{}{}: {}", self.scopes.place(at.scope), planned.name, error.message),
                component: Some(planned.id.to_string()),
            },
            row: error.row,
            retryable: error.retryable,
            withdrawn: None,
        };
        self.scopes.fail_inside(at, failure);
        self.doom_inside(at);
    }

    /// Ends a scope that fails, or a component that failed by what ran inside of it, once all in it has come to its end.
    /// The answer is whether there was one.
    pub(super) fn end_what_fails(&mut self) -> bool {
        if self.scopes.failing == 0 && self.scopes.failing_inside == 0 {
            return false;
        }
        let has_failed = |id: &ScopeId| {
            let scope = &self.scopes[*id];
            scope.busy == 0 && scope.failing.as_ref().is_some_and(|failing| failing.failure.is_some())
        };
        let failed = self.scopes.ids().find(has_failed);
        if let Some(id) = failed {
            self.end_failed(id);
            return true;
        }
        let Some(at) = self.scopes.failed_inside() else { return false };
        self.end_failed_inside(at);
        true
    }

    fn end_failed(&mut self, id: ScopeId) {
        let failing = self.scopes[id].failing.as_mut();
        let Some(failure) = failing.and_then(|failing| failing.failure.take()) else { return };
        let Some(owner) = self.scopes[id].owner else {
            self.ending.failure.get_or_insert(failure);
            return;
        };
        self.remove(id);
        if let Some(inside) = self.scopes[owner.at.scope].inside.get_mut(&owner.at.component) {
            inside.forget(owner.number);
        }
        self.scopes.fail_inside(owner.at, failure);
    }

    fn end_failed_inside(&mut self, at: At) {
        let Some(mut inside) = self.scopes.take_inside(at) else { return };
        for id in inside.scopes() {
            self.remove(id);
        }
        let Some(failure) = inside.failure.take() else { return };
        let error = ComponentError {
            row: failure.row,
            retryable: failure.retryable,
            ..ComponentError::new(failure.error.code.clone(), failure.error.message.clone())
        };
        self.failed_itself(at, error, Some(failure), inside.begun, &inside.arrived);
    }

    /// Removes a scope and all that waits in it.
    pub(super) fn remove(&mut self, id: ScopeId) {
        self.scopes.remove(id);
        self.waits.retain(|wait| self.scopes.get(wait.at.scope).is_some());
    }

    /// What failed of the flowing streams that a component read, if anything did, and whose error it is.
    fn heard_before(&mut self, at: At) -> Option<Heard> {
        if self.scopes[at.scope].taps.is_empty() {
            return None;
        }
        let plan = Arc::clone(&self.scopes[at.scope].plan);
        let mut open = vec![at.component];
        while let Some(component) = open.pop() {
            for link in plan.components[component].inlets.iter().flat_map(|inlet| &inlet.links) {
                let source = plan.links[*link].from;
                let Some(listening) = self.scopes[at.scope].taps.get(&source) else { continue };
                if let Some(error) = listening.failure() {
                    let begun = listening.begun;
                    self.scopes[at.scope].taps.remove(&source);
                    return Some(Heard { at: At { component: source, ..at }, error, begun });
                }
                open.push(source);
            }
        }
        None
    }

    /// The handled errors that led to a Fail component, or to what it is inside of, back to the nearest saved points.
    /// They are to be tried again by the next attempt, so the record of them is withdrawn.
    fn handled_on_the_way_to(&self, fail: At) -> Vec<SavedPoint> {
        let mut points = Vec::new();
        let mut next = Some(fail);
        while let Some(at) = next {
            let handled = self.handled_before(at).into_iter().map(|component| At { component, ..at });
            let handled = handled.filter(|at| self.scopes.records(*at));
            points.extend(handled.map(|at| self.point(at, NewPoint::bare(SavedKind::Withdrawn))));
            next = self.scopes[at.scope].owner.map(|owner| owner.at);
            next = next.filter(|at| !self.scopes[at.scope].past.saved_streams.contains(&at.component));
        }
        points
    }

    /// The components of the same scope whose handled errors led to `at`.
    fn handled_before(&self, at: At) -> BTreeSet<usize> {
        let (scope, last) = (&self.scopes[at.scope], at.component);
        let (plan, past) = (&scope.plan, &scope.past);
        let mut leads = vec![false; last + 1];
        leads[last] = true;
        let mut handled = BTreeSet::new();
        for component in (0..=last).rev().filter(|component| !past.saved_streams.contains(component)) {
            if !leads[component] {
                continue;
            }
            for link in plan.components[component].inlets.iter().flat_map(|inlet| &inlet.links) {
                let (place, link) = (*link, &plan.links[*link]);
                let outlet = plan.outlet_of(link).name.as_str();
                let is_error = matches!(outlet, ERROR_OUTLET | ALWAYS_OUTLET) && past.handled.contains(&link.from);
                let is_saved = past.saved_outlets.contains(&(link.from, link.outlet)) && !is_error;
                if link.from > last || !scope.schedule.has_delivered(place) || is_saved {
                    continue;
                }
                leads[link.from] = true;
                if is_error {
                    handled.insert(link.from);
                }
            }
        }
        handled
    }
}
