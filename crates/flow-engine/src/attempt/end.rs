//! How an attempt ends: finished, failed, waiting, or given back.

use super::finish::reply_of;
use super::{Attempt, Failure};
use crate::journal::NewPoint;
use crate::plan::Role;
use crate::schedule::Delivery;
use crate::{EngineError, RunEventKind};
use flow_components::ComponentError;
use flow_model::ERROR_OUTLET;
use flow_store::{AttemptEnd, Level, Request, RequestError, SavedKind, event};
use std::collections::{BTreeMap, BTreeSet};
use tokio_util::sync::CancellationToken;

impl Attempt {
    /// Ends the attempt in the store, with all that is still to be written.
    pub(super) async fn end(mut self, cancel: &CancellationToken) -> Result<Request, EngineError> {
        if self.running > 0 {
            // These did not come to an end in time. They are left behind and must not act any more.
            self.ending.interrupted = true;
            self.services.fence_off();
        }
        self.under_way.clear();
        let end = self.decide().await;
        let write = self.journal.take_rest();
        let guard = std::sync::Arc::clone(&self.services);
        let ended = self.engine.end_attempt(&self.request, end, write, guard.guard(), cancel).await?;
        self.engine.observe(&self.request, || RunEventKind::AttemptEnded {
            request: Box::new(ended.clone()),
            error: ended.error.clone(),
        });
        Ok(ended)
    }

    async fn decide(&mut self) -> AttemptEnd {
        if let Some(error) = self.ending.broken.take() {
            // What the failed write held is lost, and so nothing that builds on it may be saved.
            self.journal.forget_saved();
            let message = format!("a write failed, the request is given back: {error}");
            self.log(None, Level::Error, event::ATTEMPT_FAILED, message);
            return AttemptEnd::Released;
        }
        if let Some(failure) = self.ending.failure.take() {
            return self.fail(failure);
        }
        if self.schedule.is_over() {
            self.log(None, Level::Info, event::FINISHED, format!("finished in attempt {}", self.request.attempt));
            return AttemptEnd::Finished { reply: reply_of(&self.plan, &mut self.replies) };
        }
        let something_else_is_left = self.ending.interrupted || self.schedule.has_ready() || self.journal.has_after();
        let next = self.waits.iter().min_by_key(|wait| wait.due).map(|wait| (wait.due, wait.component));
        match next {
            Some((due, component)) if !something_else_is_left => match self.save_standing().await {
                Ok(()) => AttemptEnd::Waiting { due, component: self.plan.components[component].id.to_string() },
                Err((component, error)) => {
                    self.unhandled(component, &error);
                    self.ending.failure.take().map_or(AttemptEnd::Released, |failure| self.fail(failure))
                }
            },
            _ if self.ending.released || something_else_is_left => AttemptEnd::Released,
            _ => {
                let message =
                    "the flow came to a stop before its end: this is a mistake in the program, please report it";
                let error =
                    RequestError { code: "engine/stuck".to_owned(), message: message.to_owned(), component: None };
                self.fail(Failure { error, retryable: false, fail: None })
            }
        }
    }

    fn fail(&mut self, failure: Failure) -> AttemptEnd {
        let Failure { error, retryable, fail } = failure;
        if let Some(fail) = fail {
            for component in self.handled_on_the_way_to(fail) {
                self.journal.save(component, self.engine.store.now(), NewPoint::bare(SavedKind::Withdrawn));
            }
        }
        let message = format!("{} ({})", error.message, error.code);
        self.log(None, Level::Error, event::ATTEMPT_FAILED, message);
        AttemptEnd::Failed { error, retryable }
    }

    /// The components whose errors were handled on the way to the Fail component `fail`, back to the next saved points.
    /// They are to be tried again by the next attempt, so the record of their errors is withdrawn.
    fn handled_on_the_way_to(&self, fail: usize) -> BTreeSet<usize> {
        let mut leads = vec![false; fail + 1];
        leads[fail] = true;
        let mut handled = BTreeSet::new();
        for component in (0..=fail).rev().filter(|component| !self.saved_streams[*component]) {
            if !leads[component] {
                continue;
            }
            for link in self.plan.components[component].inlets.iter().flat_map(|inlet| &inlet.links) {
                let link = (*link, &self.plan.links[*link]);
                let is_error = self.plan.outlet_of(link.1).name == ERROR_OUTLET;
                let is_saved = self.saved_outlets.contains(&(link.1.from, link.1.outlet)) && !is_error;
                if !self.schedule.has_delivered(link.0) || is_saved {
                    continue;
                }
                leads[link.1.from] = true;
                if is_error {
                    handled.insert(link.1.from);
                }
            }
        }
        handled
    }

    /// Saves the streams that stand before components which wait for others, so that after the wait nothing runs again
    /// that has run.
    async fn save_standing(&mut self) -> Result<(), (usize, ComponentError)> {
        let mut standing: BTreeMap<(usize, usize), Delivery> = BTreeMap::new();
        for (link, delivery) in self.schedule.standing() {
            let link = &self.plan.links[link];
            if !self.is_saved_already(link.from, link.outlet) {
                standing.entry((link.from, link.outlet)).or_insert_with(|| delivery.clone());
            }
        }
        for ((component, outlet), delivery) in standing {
            let data = self.engine.streams.save_now(&delivery.stream).await.map_err(|error| (component, error))?;
            let outlet = self.plan.components[component].outlets[outlet].name.clone();
            let point = NewPoint::of(SavedKind::Stream, &delivery, data).outlets(vec![outlet]);
            self.journal.save(component, self.engine.store.now(), point);
        }
        Ok(())
    }

    fn is_saved_already(&self, component: usize, outlet: usize) -> bool {
        let planned = &self.plan.components[component];
        let own = match planned.role {
            Role::Checkpoint => true,
            Role::Start => self.request.settings.begin_checkpoint,
            // The choice of an error outlet is recorded together with the error.
            _ => planned.outlets[outlet].name == ERROR_OUTLET,
        };
        own || self.saved_outlets.contains(&(component, outlet))
    }
}
