//! What runs inside of components: the iterations of a ForEach, and the flow that a SubFlow calls.

use super::save::{Save, Then};
use super::{Attempt, Done};
use crate::iterations::{Fed, Iterating, Left, ReadResults};
use crate::observe::is_time_again;
use crate::resume::Resumption;
use crate::saved::{Archive, SavedScope};
use crate::schedule::Arrived;
use crate::scope::{At, Given, Inside, InsideWhat, Owner, ScopeId};
use crate::{EngineError, RunEventKind};
use flow_components::{Ask, ComponentError, Outcome, Services, counted};
use flow_data::arrow::datatypes::Schema;
use flow_data::arrow::record_batch::RecordBatch;
use flow_data::{Batches, DataError, Stream, Variables};
use flow_model::{OUT, PortRef};
use flow_store::{PointPlace, SavedKind};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Instant;

impl Attempt {
    /// A component asks to have run what is inside of it. If anything of that is recorded, its input is saved first.
    pub(super) fn asked_to_go_inside(&mut self, at: At, ask: Ask, arrived: Arrived, begun: Instant) {
        let inner = self.scopes[at.scope].component(at.component).inner.as_ref();
        if inner.is_some_and(|inner| inner.records) {
            self.save(Save::input(at, arrived, Then::Inside(ask, begun)));
        } else {
            self.go_inside(at, ask, arrived, begun);
        }
    }

    pub(super) fn go_inside(&mut self, at: At, ask: Ask, arrived: Arrived, begun: Instant) {
        let saved = self.scopes[at.scope].past.inner.remove(&at.component).unwrap_or_default();
        match ask {
            Ask::Iterations(settings) => {
                let input = arrived.delivery().stream;
                match Iterating::new(settings, &input, saved, self.services.spool().clone()) {
                    Ok(iterating) => {
                        let what = InsideWhat::Iterations(Box::new(iterating));
                        let inside = Inside { arrived, begun, what, failure: None };
                        self.scopes[at.scope].inside.insert(at.component, inside);
                        self.hungry.push_back(at);
                    }
                    Err(error) => self.failed(at, error.into(), begun, &arrived),
                }
            }
            Ask::Flow { inputs } => match self.call_inputs(at, &inputs) {
                Ok(variables) => {
                    let inside = Inside { arrived, begun, what: InsideWhat::Call(None), failure: None };
                    self.scopes[at.scope].inside.insert(at.component, inside);
                    let given = Given { records: None, variables, base: Variables::default() };
                    self.go_in(Owner { at, number: 0 }, given, saved.begun.into_values().next());
                }
                Err(error) => self.failed(at, error, begun, &arrived),
            },
            Ask::Wait(until) => self.asked_to_wait(at, arrived, until),
        }
    }

    /// The inputs of a call, checked against what the called flow declares.
    fn call_inputs(&self, at: At, given: &Map<String, Value>) -> Result<Variables, ComponentError> {
        let planned = self.scopes[at.scope].component(at.component);
        let nothing =
            || ComponentError::new("engine/nothing-inside", "it asks for a flow, and is no SubFlow").for_good();
        let settings = &planned.inner.as_ref().ok_or_else(nothing)?.flow.settings;
        let inputs = settings.check_inputs(given);
        let inputs = inputs.map_err(|error| ComponentError::new(error.code, error.message).on("Inputs").for_good())?;
        Ok(inputs.into_iter().collect())
    }

    /// Begins an iteration or a call, where earlier attempts left it.
    fn go_in(&mut self, owner: Owner, given: Given, saved: Option<SavedScope>) {
        let outer = &self.scopes[owner.at.scope];
        let Some(plan) = outer.component(owner.at.component).inner.clone() else {
            let error = ComponentError::new("engine/nothing-inside", "it asks for a body, and has none");
            return self.inside_failed(owner.at, error.for_good());
        };
        let Some(saved) = saved else {
            return self.resumed(owner, given, Ok(Resumption::fresh(&plan)));
        };
        let archive = self.engine.archive(self.request.id);
        self.push(owner.at.scope, async move {
            let from = Resumption::of(&plan, saved, &archive, &given.base).await;
            Done::Resumed(owner, given, Box::new(from))
        });
    }

    /// What earlier attempts left of an iteration or a call is known: it begins.
    pub(super) fn resumed(&mut self, owner: Owner, given: Given, from: Result<Resumption, EngineError>) {
        let at = owner.at;
        let from = match from {
            Ok(from) if !self.is_failing_inside(at) => from,
            Ok(_) => return self.forget_inside(owner),
            Err(error) => {
                self.forget_inside(owner);
                return self.not_resumed(at, error);
            }
        };
        let Some(plan) = self.scopes[at.scope].component(at.component).inner.clone() else { return };
        let records = plan.records && self.records(at);
        let scope = self.open(plan, Some(owner), records, given, from);
        if let Some(inside) = self.scopes[at.scope].inside.get_mut(&at.component) {
            match &mut inside.what {
                InsideWhat::Iterations(iterating) => drop(iterating.under_way.insert(owner.number, Some(scope))),
                InsideWhat::Call(_) | InsideWhat::Ended => inside.what = InsideWhat::Call(Some(scope)),
            }
        }
    }

    fn is_failing_inside(&self, at: At) -> bool {
        let inside = self.scopes[at.scope].inside.get(&at.component);
        self.scopes.failing + self.scopes.failing_inside > 0
            && inside.is_none_or(|inside| {
                inside.failure.is_some() || inside.scopes().iter().any(|id| self.scopes[*id].failing.is_some())
            })
    }

    fn forget_inside(&mut self, owner: Owner) {
        if let Some(inside) = self.scopes[owner.at.scope].inside.get_mut(&owner.at.component) {
            inside.forget(owner.number);
        }
    }

    fn iterating(&mut self, at: At) -> Option<(&mut Iterating, &Arrived)> {
        let inside = self.scopes.get_mut(at.scope)?.inside.get_mut(&at.component)?;
        match &mut inside.what {
            InsideWhat::Iterations(iterating) => Some((iterating, &inside.arrived)),
            InsideWhat::Call(_) | InsideWhat::Ended => None,
        }
    }

    /// Begins as many iterations as may be under way.
    pub(super) fn feed(&mut self, at: At) {
        if self.scopes.get(at.scope).is_none() || !self.scopes.may_start(at) || self.is_failing_inside(at) {
            return;
        }
        let is_full = self.journal.is_full();
        loop {
            let Some((iterating, arrived)) = self.iterating(at) else { return };
            if !iterating.has_room() {
                return;
            }
            if is_full {
                return self.stalled.push(at);
            }
            match iterating.feed.next() {
                Ok(Fed::Records(records)) => {
                    let number = iterating.next;
                    iterating.next += 1;
                    let mut variables = arrived.variables.clone();
                    if !iterating.settings.index.is_empty() {
                        variables = variables.with(&iterating.settings.index, number);
                    }
                    iterating.under_way.insert(number, None);
                    let left = iterating.earlier.take(number);
                    self.iterate(Owner { at, number }, records, variables, left);
                }
                Ok(Fed::ToRead(mut batches)) => {
                    return self.push(at.scope, async move {
                        let read = tokio::task::spawn_blocking(move || (batches.next().transpose(), batches)).await;
                        match read {
                            Ok((batch, batches)) => Done::Read(at, batches, batch),
                            Err(error) => {
                                let error = DataError::Type { message: format!("reading broke down: {error}") };
                                Done::Read(at, Box::new(std::iter::empty()), Err(error))
                            }
                        }
                    });
                }
                Ok(Fed::Reading) => return,
                Ok(Fed::End) if iterating.is_idle() => return self.iterated(at),
                Ok(Fed::End) => return,
                Err(error) => return self.inside_failed(at, error.into()),
            }
        }
    }

    /// A batch of the input of a ForEach has been read.
    pub(super) fn read(&mut self, at: At, batches: Batches, batch: Result<Option<RecordBatch>, DataError>) {
        let Some((iterating, _)) = self.iterating(at) else { return };
        match batch {
            Ok(batch) => {
                iterating.feed.read(batches, batch);
                self.hungry.push_back(at);
            }
            Err(error) => {
                iterating.feed.read(batches, None);
                self.inside_failed(at, error.into());
            }
        }
    }

    /// Begins an iteration with what earlier attempts left of it.
    fn iterate(&mut self, owner: Owner, records: Stream, variables: Variables, left: Left) {
        match left {
            Left::Unfinished(saved) => {
                let base = self.scopes[owner.at.scope].given.base.clone();
                self.go_in(owner, Given { records: Some(records), variables, base }, saved);
            }
            Left::NoResult => self.iteration_ended(owner, None),
            Left::Result(point) => {
                let archive = self.engine.archive(self.request.id);
                self.push(owner.at.scope, async move {
                    let loaded = archive.load(&point, &Variables::default()).await;
                    Done::Loaded(owner, loaded.map(|delivery| (delivery.stream, None)))
                });
            }
            Left::ToRead(places) => {
                let archive = self.engine.archive(self.request.id);
                self.push(
                    owner.at.scope,
                    async move { Done::Loaded(owner, load_with_others(&archive, &places).await) },
                );
            }
        }
    }

    /// The result of an iteration that an earlier attempt finished is here.
    pub(super) fn loaded(&mut self, owner: Owner, result: Result<(Stream, Option<ReadResults>), EngineError>) {
        match result {
            Ok((result, read)) => {
                if let (Some((iterating, _)), Some(read)) = (self.iterating(owner.at), read) {
                    iterating.earlier.add(read);
                }
                self.iteration_ended(owner, Some(result));
            }
            Err(error) => {
                self.forget_inside(owner);
                self.not_resumed(owner.at, error);
            }
        }
    }

    /// What is saved of what is inside of a component cannot be had: if it is the store that does not answer, the
    /// request is given back.
    fn not_resumed(&mut self, at: At, error: EngineError) {
        match error {
            EngineError::Store(error) => self.break_off(error),
            error => self.inside_failed(at, ComponentError::new(error.code(), error.to_string())),
        }
    }

    /// Ends the scopes in which everything has ended.
    pub(super) fn end_what_is_over(&mut self) {
        while let Some(id) = self.over.pop_front() {
            let Some(scope) = self.scopes.get(id) else { continue };
            let has_failed = scope.failing.as_ref().is_some_and(|failing| failing.failure.is_some());
            let Some(owner) = scope.owner.filter(|_| scope.is_over() && !has_failed) else { continue };
            if self.iterating(owner.at).is_some() {
                self.iteration_over(id, owner);
            } else {
                self.call_over(id, owner.at);
            }
        }
    }

    /// All of an iteration has ended: what stands before the exit of the body is its result.
    fn iteration_over(&mut self, id: ScopeId, owner: Owner) {
        let scope = &mut self.scopes[id];
        let result = match scope.plan.exit {
            Some(exit) => scope.schedule.take_arrived(exit),
            None => Ok(Arrived::default()),
        };
        match result {
            Ok(Arrived { inlets, .. }) => {
                let at = At { scope: id, component: scope.plan.start };
                let (streams, variables) = (inlets.into_iter().collect(), Variables::default());
                self.save(Save { at, kind: SavedKind::Completed, streams, variables, then: Then::Result });
            }
            Err(error) => {
                self.remove(id);
                self.forget_inside(owner);
                self.inside_failed(owner.at, error);
            }
        }
    }

    /// The result of an iteration, if there is one, is saved where that is needed.
    pub(super) fn iteration_done(&mut self, id: ScopeId, result: Option<Stream>) {
        let owner = self.scopes[id].owner;
        self.scopes.remove(id);
        if let Some(owner) = owner {
            self.iteration_ended(owner, result);
        }
    }

    fn iteration_ended(&mut self, owner: Owner, result: Option<Stream>) {
        let Some((iterating, _)) = self.iterating(owner.at) else { return };
        iterating.under_way.remove(&owner.number);
        if let Err(error) = iterating.results.add(owner.number, result) {
            return self.inside_failed(owner.at, error.into());
        }
        let (done, is_time) = (iterating.results.next, is_time_again(&mut iterating.told));
        if is_time {
            self.tell_iterations(owner.at, done, None);
        }
        self.hungry.push_back(owner.at);
    }

    fn tell_iterations(&self, at: At, done: u64, of: Option<u64>) {
        if self.engine.observer.is_some() {
            let component = self.scopes[at.scope].component(at.component).id.clone();
            self.tell(at.scope, || RunEventKind::Iterations { component, done, of });
        }
    }

    /// All iterations of a ForEach have finished.
    fn iterated(&mut self, at: At) {
        let Some(Inside { arrived, begun, what, .. }) = self.scopes.take_inside(at) else { return };
        let InsideWhat::Iterations(iterating) = what else { return };
        self.journal.hold_what_follows();
        let count = iterating.next;
        self.tell_iterations(at, count, Some(count));
        let has_results =
            self.scopes[at.scope].component(at.component).inner.as_ref().is_some_and(|body| body.exit.is_some());
        let stream = match iterating.results.finish() {
            _ if !has_results => Ok(arrived.delivery().stream),
            Ok(Some(stream)) => Ok(stream),
            Ok(None) => Ok(Stream::empty(self.designed_schema(at))),
            Err(error) => Err(error),
        };
        match stream {
            Ok(stream) => {
                let note = counted(count, "iteration");
                self.finished(at, Outcome::out(stream).with_note(note), &arrived, begun);
            }
            Err(error) => self.failed(at, error.into(), begun, &arrived),
        }
    }

    /// The fields that leave a component, as far as they can be known without a record.
    fn designed_schema(&self, at: At) -> Arc<Schema> {
        let scope = &self.scopes[at.scope];
        let out = PortRef::new(&scope.component(at.component).id, OUT);
        let schemas = self.engine.palette.output_schemas(&scope.plan.flow.document, self.services.as_ref());
        schemas.get(&out).cloned().unwrap_or_else(|| Arc::new(Schema::empty()))
    }

    /// All of a called flow has ended: what arrived at its ends goes on. If nothing did, the SubFlow passes its input on.
    fn call_over(&mut self, id: ScopeId, at: At) {
        let mut replies = std::mem::take(&mut self.scopes[id].replies);
        self.scopes.remove(id);
        let Some(Inside { arrived, begun, .. }) = self.scopes.take_inside(at) else { return };
        self.journal.hold_what_follows();
        replies.sort_by_key(|(component, _)| *component);
        let replies: Vec<Stream> = replies.into_iter().map(|(_, stream)| stream).collect();
        let stream = match replies.as_slice() {
            [] => Ok(arrived.delivery().stream),
            replies => Stream::append(replies).map_err(|error| match error {
                DataError::DifferentFields { message } => {
                    let message = format!("the ends of the called flow reply with different fields: {message}");
                    ComponentError::new("data/different-fields", message)
                }
                error => error.into(),
            }),
        };
        match stream {
            Ok(stream) => self.finished(at, Outcome::out(stream), &arrived, begun),
            Err(error) => self.failed(at, error, begun, &arrived),
        }
    }
}

/// Reads the results of iterations, and loads that of the first one.
async fn load_with_others(
    archive: &Archive,
    places: &[(u64, PointPlace)],
) -> Result<(Stream, Option<ReadResults>), EngineError> {
    let points = archive.read(&places.iter().map(|(_, place)| *place).collect::<Vec<_>>()).await?;
    let mut results = places.iter().map(|(number, _)| *number).zip(points);
    let nothing = || EngineError::SavedPoint { component: "an iteration".to_owned(), message: "it is gone".to_owned() };
    let (_, first) = results.next().ok_or_else(nothing)?;
    let stream = archive.load(&first, &Variables::default()).await?.stream;
    Ok((stream, Some(results.collect())))
}
