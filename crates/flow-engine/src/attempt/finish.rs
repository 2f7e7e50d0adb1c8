//! Taking in what a component gave: its streams go along its links, its choice of outlets is noted, what it asks for is
//! begun.

use super::save::{Save, Then};
use super::{Attempt, From, Ran};
use crate::plan::{Plan, Role};
use crate::schedule::{Arrived, Delivery};
use crate::scope::{At, Scopes};
use crate::taps::Listening;
use crate::{EngineError, OutletStream, RunEventKind};
use flow_components::{Ask, ComponentError, LogLevel, MAY_NOT_ACT, Outcome, Services, counted};
use flow_data::{Stream, Variables};
use flow_model::ALWAYS_OUTLET;
use flow_store::{Level, SavedKind, event};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A reply has at most so many records.
const REPLY_ROWS: usize = 1000;

impl Attempt {
    /// A component has run.
    pub(super) fn ran(&mut self, ran: Ran) -> Result<(), EngineError> {
        let Ran { at, arrived, result, begun, from } = ran;
        let mut outcome = match result {
            Ok(outcome) => outcome,
            // It was stopped at its effect, because this server may not act: the request is not to blame.
            Err(error) if error.code == MAY_NOT_ACT || !self.services.may_act() => return Err(EngineError::MayNotAct),
            Err(error) => {
                self.failed(at, error, begun, &arrived);
                return Ok(());
            }
        };
        self.log_lines(at, &outcome);
        let role = self.scopes[at.scope].component(at.component).role;
        match outcome.ask.take() {
            Some(Ask::Wait(until)) => self.asked_to_wait(at, arrived, until),
            Some(ask) if from == From::SavedInput => self.go_inside(at, ask, arrived, begun),
            Some(ask) => self.asked_to_go_inside(at, ask, arrived, begun),
            None if role == Role::Start && at.scope == Scopes::TOP && self.request.settings.begin_checkpoint => {
                self.begun(at, outcome, arrived, begun);
            }
            None if role == Role::End => self.ended(at, outcome, begun),
            None => self.finished(at, outcome, &arrived, begun),
        }
        Ok(())
    }

    /// Start has run, and its stream is saved before it goes on (`BeginCheckpoint` = `Use`).
    fn begun(&mut self, at: At, outcome: Outcome, arrived: Arrived, begun: Instant) {
        self.note_finished(at, &outcome.outlets, outcome.note.as_deref(), begun.elapsed());
        let save = Save {
            at,
            kind: SavedKind::Begin,
            streams: outcome.outlets,
            variables: arrived.variables,
            then: Then::Deliver,
        };
        self.save(save);
    }

    /// End has run: its stream is the reply (of which a request keeps the first records), and is kept with its completion.
    fn ended(&mut self, at: At, outcome: Outcome, begun: Instant) {
        self.end_taps_before(at);
        self.note_finished(at, &outcome.outlets, outcome.note.as_deref(), begun.elapsed());
        let Some((outlet, reply)) = outcome.outlets.into_iter().next() else {
            self.record_bare(at, SavedKind::Completed, Vec::new());
            return self.deliver(at, Vec::new(), &Variables::default());
        };
        let kept = if at.scope == Scopes::TOP { reply.first(REPLY_ROWS) } else { Ok(reply) };
        match kept {
            Ok(stream) => {
                let (streams, variables) = (vec![(outlet, stream)], Variables::default());
                self.save(Save { at, kind: SavedKind::Completed, streams, variables, then: Then::Reply });
            }
            Err(error) => self.failed(at, error.into(), begun, &Arrived::default()),
        }
    }

    pub(super) fn finished(&mut self, at: At, mut outcome: Outcome, arrived: &Arrived, begun: Instant) {
        let plan = Arc::clone(&self.scopes[at.scope].plan);
        let planned = &plan.components[at.component];
        if planned.is_always_followed() {
            outcome.outlets.push((ALWAYS_OUTLET.to_owned(), ComponentError::ended(&planned.name, None)));
        }
        match self.scopes[at.scope].past.choices.remove(&at.component) {
            None => self.record_choice(at, &outcome),
            Some(taken) => {
                if let Err(error) = self.keep_choice(at, &taken, &mut outcome) {
                    return self.unhandled(at, &error, None);
                }
            }
        }
        let flowing =
            outcome.outlets.iter_mut().find(|(name, stream)| stream.is_flowing() && planned.outlet(name).is_some());
        if let Some((outlet, stream)) = flowing {
            // It counts as running until the stream has been read.
            let note = (outcome.note.take(), begun);
            let listening = Listening::new(
                &self.engine,
                (self.seen(at), Arc::clone(&self.watched.progress)),
                &planned.id,
                (outlet, stream.schema()),
                note,
            );
            *stream = listening.on(stream);
            self.scopes[at.scope].taps.insert(at.component, listening);
        } else {
            self.end_taps_before(at);
            self.note_finished(at, &outcome.outlets, outcome.note.as_deref(), begun.elapsed());
        }
        self.record_completion(at, &outcome);
        let mut variables = arrived.variables.clone();
        for (name, value) in outcome.variables {
            variables = variables.with(&name, value);
        }
        self.deliver(at, outcome.outlets, &variables);
    }

    /// Records which outlets a component chose, if any that has links closes. It becomes durable with the next write, and
    /// before anything that changes the world starts.
    fn record_choice(&mut self, at: At, outcome: &Outcome) {
        let delivered = |name: &str| outcome.outlets.iter().any(|(outlet, _)| outlet == name);
        let planned = self.scopes[at.scope].component(at.component);
        if planned.outlets.iter().any(|outlet| !delivered(&outlet.name)) {
            let taken = outcome.outlets.iter().map(|(name, _)| name.clone()).collect();
            self.record_bare(at, SavedKind::Outlets, taken);
        }
    }

    /// Holds a component that runs again to the outlets which an earlier attempt recorded for it: something that
    /// changes the world may have started there.
    fn keep_choice(&self, at: At, taken: &[String], outcome: &mut Outcome) -> Result<(), ComponentError> {
        let planned = self.scopes[at.scope].component(at.component);
        if planned.role == Role::Branch
            && let Some(place) = outcome.outlets.iter().position(|(name, _)| name != ALWAYS_OUTLET)
        {
            let (_, stream) = outcome.outlets.remove(place);
            let chosen = taken.iter().filter(|name| *name != ALWAYS_OUTLET);
            outcome.outlets.extend(chosen.map(|name| (name.clone(), stream.clone())));
            return Ok(());
        }
        outcome.outlets.retain(|(name, _)| taken.contains(name));
        let missing = taken
            .iter()
            .find(|name| planned.outlet(name).is_some() && !outcome.outlets.iter().any(|(outlet, _)| outlet == *name));
        missing.map_or(Ok(()), |outlet| {
            let message = format!("in an earlier attempt it put a stream out at “{outlet}” and now it does not, so what began there cannot go on: put a Checkpoint behind it");
            Err(ComponentError::new("engine/choice-changed", message))
        })
    }

    /// Records that a component which nothing follows has completed.
    fn record_completion(&mut self, at: At, outcome: &Outcome) {
        let planned = self.scopes[at.scope].component(at.component);
        let goes_on = planned.outlets.iter().any(|outlet| outcome.outlets.iter().any(|(name, _)| *name == outlet.name));
        let (is_terminal, changes_world) = (planned.is_terminal(), planned.changes_world);
        if is_terminal {
            self.record_bare(at, SavedKind::Completed, Vec::new());
        }
        if changes_world && !goes_on {
            self.journal.want();
        }
    }

    /// Sends streams along the links of their outlets, and closes the links of the others.
    pub(super) fn deliver(&mut self, at: At, outlets: Vec<(String, Stream)>, variables: &Variables) {
        let scope = &mut self.scopes[at.scope];
        scope.schedule.end(at.component);
        let plan = Arc::clone(&scope.plan);
        for outlet in &plan.components[at.component].outlets {
            let stream = outlets.iter().find(|(name, _)| *name == outlet.name).map(|(_, stream)| stream);
            for link in &outlet.links {
                match stream {
                    Some(stream) => {
                        let delivery = Delivery { stream: stream.clone(), variables: variables.clone() };
                        scope.schedule.deliver(*link, delivery);
                    }
                    None => scope.schedule.close(*link),
                }
            }
        }
        self.awake.push_back(at.scope);
        self.over.push_back(at.scope);
    }

    /// The flowing streams that a component has read are over, and with them the components that they come from.
    pub(super) fn end_taps_before(&mut self, at: At) {
        if self.scopes[at.scope].taps.is_empty() {
            return;
        }
        let plan = Arc::clone(&self.scopes[at.scope].plan);
        for link in plan.components[at.component].inlets.iter().flat_map(|inlet| &inlet.links) {
            let source = At { component: plan.links[*link].from, ..at };
            let Some(listening) = self.scopes[at.scope].taps.remove(&source.component) else { continue };
            self.end_taps_before(source);
            let rows = listening.rows();
            let note = listening.note.clone().unwrap_or_else(|| counted(rows, "record"));
            self.log_finished(source, Some(&note));
            if self.engine.observer.is_some() {
                let component = plan.components[source.component].id.clone();
                let (outlets, elapsed) = (vec![listening.outlet()], listening.begun.elapsed());
                self.tell(at.scope, || RunEventKind::ComponentFinished {
                    component,
                    outlets,
                    elapsed,
                    note: Some(note),
                });
            }
        }
    }

    /// What a failed component was reading is read no further: observers see how far it came.
    pub(super) fn tell_stopped_before(&self, at: At) {
        if !self.is_told(at.scope) || self.scopes[at.scope].taps.is_empty() {
            return;
        }
        let plan = &self.scopes[at.scope].plan;
        for link in plan.components[at.component].inlets.iter().flat_map(|inlet| &inlet.links) {
            let source = At { component: plan.links[*link].from, ..at };
            let Some(listening) = self.scopes[at.scope].taps.get(&source.component) else { continue };
            self.tell_stopped_before(source);
            let component = plan.components[source.component].id.clone();
            self.tell(at.scope, || RunEventKind::ComponentStopped { component, outlets: vec![listening.outlet()] });
        }
    }

    fn log_lines(&mut self, at: At, outcome: &Outcome) {
        for line in &outcome.log {
            let level = match line.level {
                LogLevel::Info => Level::Info,
                LogLevel::Warning => Level::Warning,
                LogLevel::Error => Level::Error,
            };
            let message = format!("{}: {}", self.scopes[at.scope].component(at.component).name, line.message);
            self.log_always(Some(at), level, event::LOGGED, message);
        }
    }

    fn note_finished(&mut self, at: At, outlets: &[(String, Stream)], note: Option<&str>, elapsed: Duration) {
        self.log_finished(at, note);
        self.tell_finished(at, outlets, note, elapsed);
    }

    fn log_finished(&mut self, at: At, note: Option<&str>) {
        if !self.records(at) {
            return;
        }
        let name = &self.scopes[at.scope].component(at.component).name;
        let message = match note {
            Some(note) => format!("{name}: {note}"),
            None => name.clone(),
        };
        self.log(Some(at), Level::Info, event::COMPONENT_FINISHED, message);
    }

    pub(super) fn tell_finished(&self, at: At, outlets: &[(String, Stream)], note: Option<&str>, elapsed: Duration) {
        self.tell(at.scope, || RunEventKind::ComponentFinished {
            component: self.scopes[at.scope].component(at.component).id.clone(),
            outlets: outlets.iter().map(|(outlet, stream)| OutletStream::of(outlet, stream)).collect(),
            elapsed,
            note: note.map(str::to_owned),
        });
    }
}

/// The replies of all End components that finished: the records of the only one, or the records of each by its name. The
/// record of an HTTP Reply comes before all others.
pub(super) fn reply_of(plan: &Plan, replies: &mut [(usize, Stream)]) -> Result<Option<Value>, ComponentError> {
    replies.sort_by_key(|(component, _)| *component);
    let kind_of = |component: &usize| plan.flow.document.components.get(&plan.components[*component].id);
    let is_http = |component: &usize| kind_of(component).is_some_and(|component| component.kind == "HttpReply");
    let records =
        |stream: &Stream| Ok::<_, ComponentError>(stream.to_json_rows(REPLY_ROWS)?.into_iter().map(Value::Object));
    if let Some((_, reply)) = replies.iter().find(|(component, _)| is_http(component)) {
        return Ok(records(reply)?.next());
    }
    let ends = plan.components.iter().filter(|planned| planned.role == Role::End).count();
    match &*replies {
        [] => Ok(None),
        [(_, only)] if ends == 1 => Ok(Some(Value::Array(records(only)?.collect()))),
        several => {
            let mut named = serde_json::Map::new();
            for (component, stream) in several {
                let name = plan.components[*component].name.clone();
                named.insert(name, Value::Array(records(stream)?.collect()));
            }
            Ok(Some(Value::Object(named)))
        }
    }
}
