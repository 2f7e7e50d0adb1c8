//! Taking in what a component gave: its streams go along its links, its choice of outlets is noted, its error finds
//! its handler or ends the attempt.

use super::{Attempt, Failure, Ran};
use crate::journal::NewPoint;
use crate::plan::{Plan, Role};
use crate::schedule::{Arrived, Delivery};
use crate::{EngineError, OutletStream, RunEventKind};
use flow_components::{Ask, ComponentError, MAY_NOT_ACT, Outcome, Services};
use flow_data::{Stream, Variables};
use flow_store::{Level, RequestError, SavedKind, event};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// A reply has at most so many records.
const REPLY_ROWS: usize = 1000;

impl Attempt {
    /// A component has run.
    pub(super) fn ran(&mut self, ran: Ran) -> Result<(), EngineError> {
        let Ran { component, arrived, result, elapsed } = ran;
        match result {
            Ok(Outcome { ask: Some(Ask::Wait(until)), .. }) => self.begin_wait(component, &arrived, until),
            Ok(outcome) => match self.plan.components[component].role {
                Role::Start if self.request.settings.begin_checkpoint => {
                    self.begun(component, outcome, arrived, elapsed)
                }
                Role::End => self.ended(component, outcome, elapsed),
                _ => self.finished(component, outcome, arrived.variables, elapsed),
            },
            // It was stopped at its effect, because this server may not act: the request is not to blame.
            Err(error) if error.code == MAY_NOT_ACT || !self.services.may_act() => return Err(EngineError::MayNotAct),
            Err(error) => self.failed(component, error, elapsed, arrived.variables),
        }
        Ok(())
    }

    /// Start has run, and its stream is saved before it goes on (`BeginCheckpoint` = `Use`).
    fn begun(&mut self, component: usize, mut outcome: Outcome, arrived: Arrived, elapsed: Duration) {
        self.log_finished(component, &outcome);
        self.tell_finished(component, &outcome, elapsed);
        let Some((_, stream)) = outcome.outlets.pop() else { return };
        self.save_stream(component, SavedKind::Begin, Delivery { stream, variables: arrived.variables });
    }

    /// End has run: its stream is the reply, and is kept with its completion.
    fn ended(&mut self, component: usize, mut outcome: Outcome, elapsed: Duration) {
        self.log_finished(component, &outcome);
        self.tell_finished(component, &outcome, elapsed);
        let Some((_, reply)) = outcome.outlets.pop() else {
            self.journal.save(component, self.engine.store.now(), NewPoint::bare(SavedKind::Completed));
            return self.deliver(component, &[], &Variables::default());
        };
        let delivery = Delivery { stream: reply.slice(0, REPLY_ROWS), variables: Variables::default() };
        self.save_stream(component, SavedKind::Completed, delivery);
    }

    /// What a Checkpoint (or Start) saved is durable: its stream goes on.
    pub(super) fn go_on_from(&mut self, component: usize, delivery: Delivery) {
        let plan = Arc::clone(&self.plan);
        self.engine.observe(&self.request, || RunEventKind::CheckpointSaved {
            component: plan.components[component].id.clone(),
            rows: delivery.stream.rows(),
        });
        let Delivery { stream, variables } = delivery;
        let outcome = Outcome::out(stream);
        if plan.components[component].role == Role::Checkpoint {
            self.tell_finished(component, &outcome, Duration::ZERO);
        }
        self.deliver(component, &outcome.outlets, &variables);
    }

    fn finished(&mut self, component: usize, mut outcome: Outcome, mut variables: Variables, elapsed: Duration) {
        match self.choices[component].take() {
            None => self.record_choice(component, &outcome),
            Some(taken) => {
                if let Err(error) = self.keep_choice(component, &taken, &mut outcome) {
                    return self.unhandled(component, &error);
                }
            }
        }
        self.log_finished(component, &outcome);
        self.tell_finished(component, &outcome, elapsed);
        self.record_completion(component, &outcome);
        for (name, value) in outcome.variables {
            variables = variables.with(&name, value);
        }
        self.deliver(component, &outcome.outlets, &variables);
    }

    /// Records which outlets a component chose, if any that has links closes. It becomes durable with the next write, and
    /// before anything that changes the world starts.
    fn record_choice(&mut self, component: usize, outcome: &Outcome) {
        let delivered = |name: &str| outcome.outlets.iter().any(|(outlet, _)| outlet == name);
        let closes = self.plan.components[component].outlets.iter().any(|outlet| !delivered(&outlet.name));
        if closes {
            let taken = outcome.outlets.iter().map(|(name, _)| name.clone()).collect();
            let at = self.engine.store.now();
            self.journal.save(component, at, NewPoint::bare(SavedKind::Outlets).outlets(taken));
        }
    }

    /// Holds a component that runs again to the outlets which an earlier attempt recorded for it: something that
    /// changes the world may have started there.
    fn keep_choice(&self, component: usize, taken: &[String], outcome: &mut Outcome) -> Result<(), ComponentError> {
        let planned = &self.plan.components[component];
        if planned.role == Role::Branch
            && let Some((_, stream)) = outcome.outlets.pop()
        {
            outcome.outlets = taken.iter().map(|name| (name.clone(), stream.clone())).collect();
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
    fn record_completion(&mut self, component: usize, outcome: &Outcome) {
        let planned = &self.plan.components[component];
        if planned.is_terminal() {
            self.journal.save(component, self.engine.store.now(), NewPoint::bare(SavedKind::Completed));
        }
        let goes_on = planned.outlets.iter().any(|outlet| outcome.outlets.iter().any(|(name, _)| *name == outlet.name));
        if planned.changes_world && !goes_on {
            self.journal.want();
        }
    }

    /// Sends streams along the links of their outlets, and closes the links of the others.
    pub(super) fn deliver(&mut self, component: usize, outlets: &[(String, Stream)], variables: &Variables) {
        self.schedule.end(component);
        let plan = Arc::clone(&self.plan);
        for outlet in &plan.components[component].outlets {
            let stream = outlets.iter().find(|(name, _)| *name == outlet.name).map(|(_, stream)| stream);
            for link in &outlet.links {
                match stream {
                    Some(stream) => {
                        let delivery = Delivery { stream: stream.clone(), variables: variables.clone() };
                        self.schedule.deliver(*link, delivery);
                    }
                    None => self.schedule.close(*link),
                }
            }
        }
    }

    /// A component failed: its error goes along its error outlet, or ends the attempt.
    pub(super) fn failed(&mut self, component: usize, error: ComponentError, elapsed: Duration, variables: Variables) {
        // It was told to end, or ends together with the attempt. The next attempt runs it again.
        let interrupted = self.is_ending();
        // Once the choice of another outlet is recorded, the error outlet is no longer open.
        let handled =
            !interrupted && self.choices[component].is_none() && self.plan.components[component].handles_errors();
        let level = if handled || interrupted { Level::Warning } else { Level::Error };
        let message = format!("{}: {} ({})", self.plan.components[component].name, error.message, error.code);
        self.log(Some(component), level, event::COMPONENT_FAILED, message);
        let plan = Arc::clone(&self.plan);
        self.engine.observe(&self.request, || RunEventKind::ComponentFailed {
            component: plan.components[component].id.clone(),
            error: error.clone(),
            handled,
            elapsed,
        });
        if interrupted {
            self.ending.interrupted = true;
        } else if handled {
            let delivery = Delivery { stream: error.to_stream(&plan.components[component].name), variables };
            self.save_stream(component, SavedKind::Outlets, delivery);
        } else {
            self.unhandled(component, &error);
        }
    }

    /// Ends the attempt with an error that nothing handles. What runs comes to its own end.
    pub(super) fn unhandled(&mut self, component: usize, error: &ComponentError) {
        let planned = &self.plan.components[component];
        let failure = Failure {
            error: RequestError {
                code: error.code.clone(),
                message: format!("{}: {}", planned.name, error.message),
                component: Some(planned.id.to_string()),
            },
            retryable: error.retryable,
            fail: (planned.role == Role::Fail).then_some(component),
        };
        self.ending.failure.get_or_insert(failure);
    }

    fn log_finished(&mut self, component: usize, outcome: &Outcome) {
        let name = &self.plan.components[component].name;
        let message = match &outcome.note {
            Some(note) => format!("{name}: {note}"),
            None => name.clone(),
        };
        self.log(Some(component), Level::Info, event::COMPONENT_FINISHED, message);
    }

    fn tell_finished(&self, component: usize, outcome: &Outcome, elapsed: Duration) {
        let stream_of =
            |(outlet, stream): &(String, Stream)| OutletStream { outlet: outlet.clone(), stream: stream.clone() };
        self.engine.observe(&self.request, || RunEventKind::ComponentFinished {
            component: self.plan.components[component].id.clone(),
            outlets: outcome.outlets.iter().map(stream_of).collect(),
            elapsed,
            note: outcome.note.clone(),
        });
    }
}

/// The replies of all End components that finished: the records of the only one, or the records of each by its name.
pub(super) fn reply_of(plan: &Plan, replies: &mut Vec<(usize, Stream)>) -> Option<Value> {
    replies.sort_by_key(|(component, _)| *component);
    let rows = |stream: &Stream| Value::Array(stream.to_json_rows(REPLY_ROWS).into_iter().map(Value::Object).collect());
    let ends = plan.components.iter().filter(|planned| planned.role == Role::End).count();
    match replies.as_slice() {
        [] => None,
        [(_, only)] if ends == 1 => Some(rows(only)),
        several => {
            let named =
                several.iter().map(|(component, stream)| (plan.components[*component].name.clone(), rows(stream)));
            Some(Value::Object(named.collect()))
        }
    }
}
