//! Saved points: a stream is encoded, stored where it is large, taken into the next write, and then something goes on.

use super::{Attempt, Done, From};
use crate::RunEventKind;
use crate::journal::{AfterCommit, NewPoint};
use crate::plan::Role;
use crate::schedule::{Arrived, Delivery};
use crate::scope::At;
use crate::streams::{Kept, Saving};
use flow_components::{Ask, counted};
use flow_data::{Stream, Variables};
use flow_model::{ERROR_OUTLET, OUT};
use flow_store::{Level, SavedKind, SavedPoint, Timestamp, event};
use std::collections::BTreeMap;

/// Streams of a component that become saved points, together.
pub(super) struct Save {
    pub(super) at: At,
    pub(super) kind: SavedKind,
    /// With the inlets or outlets that they are of.
    pub(super) streams: Vec<(String, Stream)>,
    pub(super) variables: Variables,
    pub(super) then: Then,
}

/// What goes on once they are saved.
pub(super) enum Then {
    /// The stream leaves the component's outlet: when it is durable, or at once where the engine speculates.
    Deliver,
    /// The component runs, when its input is durable.
    Run,
    /// The component waits.
    Wait(Timestamp),
    /// What the component asked for is done inside of it.
    Inside(Ask, std::time::Instant),
    /// The error leaves these outlets.
    Handled(Vec<(String, Stream)>),
    /// The stream is a reply.
    Reply,
    /// The stream, if there is one, is the result of the iteration.
    Result,
}

impl Save {
    /// The input of a component.
    pub(super) fn input(at: At, arrived: Arrived, then: Then) -> Self {
        let kind = if matches!(then, Then::Wait(_)) { SavedKind::Wait } else { SavedKind::Input };
        Self { at, kind, streams: arrived.inlets.into_iter().collect(), variables: arrived.variables, then }
    }
}

impl Attempt {
    /// Begins to save streams; [`Self::saved`] goes on with them. Where nothing is recorded, it does so at once.
    pub(super) fn save(&mut self, save: Save) {
        if !self.records(save.at) || save.streams.is_empty() && !matches!(save.then, Then::Result) {
            return self.go_on(save, false);
        }
        match self.engine.streams.save(save.streams.iter().map(|(_, stream)| stream.clone()).collect()) {
            Ok(Saving::Done(kept)) => self.saved(save, kept),
            Ok(Saving::Storing(storing)) => {
                let (scope, save) = (save.at.scope, Box::new(save));
                self.push(scope, async move { Done::Stored(save, storing.await) });
            }
            Err(error) => self.not_saved(save.at, &error),
        }
    }

    /// Takes saved streams into the next write.
    pub(super) fn saved(&mut self, mut save: Save, kept: Vec<Kept>) {
        let at = save.at;
        if matches!(save.then, Then::Deliver) {
            self.end_taps_before(at);
            let rows = kept.first().map_or(0, |kept| kept.rows);
            let name = &self.scopes[at.scope].component(at.component).name;
            let message = format!("{name}: saved {}", counted(rows, "record"));
            self.log(Some(at), Level::Info, event::CHECKPOINT_SAVED, message);
            self.tell_when_durable(at, rows);
        }
        if kept.is_empty() {
            self.record(at, NewPoint::bare(save.kind));
        }
        for ((port, stream), Kept { data, rows, stream: kept }) in save.streams.iter_mut().zip(kept) {
            *stream = kept;
            let outlets = match &save.then {
                Then::Run | Then::Wait(_) | Then::Inside(..) => vec![port.clone()],
                Then::Handled(outlets) => outlets.iter().map(|(outlet, _)| outlet.clone()).collect(),
                _ => Vec::new(),
            };
            let due = if let Then::Wait(due) = save.then { Some(due) } else { None };
            let variables = save.variables.clone();
            self.record(at, NewPoint { kind: save.kind, data, variables, outlets, rows, due });
        }
        let past = &mut self.scopes[at.scope].past;
        if matches!(save.then, Then::Deliver | Then::Run | Then::Wait(_) | Then::Inside(..)) {
            past.saved_streams.insert(at.component);
        }
        self.go_on(save, true);
    }

    fn go_on(&mut self, save: Save, is_saved: bool) {
        let Save { at, streams, variables, then, .. } = save;
        let first = |streams: Vec<(String, Stream)>| streams.into_iter().next().map(|(_, stream)| stream);
        let arrived = |streams: Vec<(String, Stream)>| Arrived {
            inlets: streams.into_iter().collect::<BTreeMap<_, _>>(),
            variables: variables.clone(),
        };
        match then {
            Then::Deliver => {
                let Some(stream) = first(streams) else { return self.deliver(at, Vec::new(), &variables) };
                let delivery = Delivery { stream, variables };
                if is_saved && !self.engine.speculates {
                    return self.after_commit(AfterCommit::Deliver(at, delivery));
                }
                if is_saved {
                    self.journal.want();
                }
                self.go_on_from(at, delivery);
            }
            Then::Run if is_saved => self.after_commit(AfterCommit::Run(at, arrived(streams))),
            Then::Run => self.launch(at, arrived(streams), From::Links),
            Then::Wait(due) => self.begin_wait(at, due, arrived(streams), is_saved),
            Then::Inside(ask, begun) => self.go_inside(at, ask, arrived(streams), begun),
            Then::Handled(mut outlets) => {
                let scope = &mut self.scopes[at.scope];
                if is_saved {
                    let planned = &scope.plan.components[at.component];
                    let places = outlets.iter().filter_map(|(outlet, _)| planned.outlet(outlet));
                    scope.past.saved_outlets.extend(places.map(|place| (at.component, place)));
                }
                scope.past.handled.insert(at.component);
                let error = outlets.iter_mut().find(|(outlet, _)| outlet == ERROR_OUTLET);
                if let (Some((_, stream)), Some(kept)) = (error, first(streams)) {
                    *stream = kept;
                }
                self.deliver(at, outlets, &variables);
            }
            Then::Reply => {
                self.scopes[at.scope].replies.extend(first(streams).map(|stream| (at.component, stream)));
                self.deliver(at, Vec::new(), &variables);
            }
            Then::Result => {
                // The sooner it is durable, the fewer iterations run again.
                if is_saved {
                    self.journal.want();
                }
                self.iteration_done(at.scope, first(streams));
            }
        }
    }

    pub(super) fn after_commit(&mut self, next: AfterCommit) {
        self.scopes.begin(next.at().scope);
        self.journal.then(next);
    }

    /// Records a saved point of a component, if what it does is recorded at all.
    pub(super) fn record(&mut self, at: At, point: NewPoint) {
        if self.records(at) {
            let point = self.point(at, point);
            self.journal.save(point, self.engine.store.now());
        }
    }

    /// What a saved point of a component says.
    pub(super) fn point(&self, at: At, point: NewPoint) -> SavedPoint {
        let scope = &self.scopes[at.scope];
        let planned = scope.component(at.component);
        point.of((planned.id.as_str(), &planned.name, self.scopes.path(at.scope)), &scope.given.base)
    }

    /// Records that a component has done what it does, without a stream.
    pub(super) fn record_bare(&mut self, at: At, kind: SavedKind, outlets: Vec<String>) {
        self.record(at, NewPoint { outlets, ..NewPoint::bare(kind) });
    }

    /// What a Checkpoint (or Start) saved goes on.
    pub(super) fn go_on_from(&mut self, at: At, delivery: Delivery) {
        let is_checkpoint = self.scopes[at.scope].component(at.component).role == Role::Checkpoint;
        let Delivery { stream, variables } = delivery;
        let outlets = vec![(OUT.to_owned(), stream)];
        if is_checkpoint {
            self.tell_finished(at, &outlets, None, std::time::Duration::ZERO);
        }
        self.deliver(at, outlets, &variables);
    }

    /// The observer, if there is one, is told of a saved point once nothing can lose it.
    fn tell_when_durable(&mut self, at: At, rows: u64) {
        if self.is_told(at.scope) {
            let component = self.scopes[at.scope].component(at.component).id.clone();
            let event = self.event(Some(at.scope), RunEventKind::CheckpointSaved { component, rows });
            self.journal.tell(event);
        }
    }
}
