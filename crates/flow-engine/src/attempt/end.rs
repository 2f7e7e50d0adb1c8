//! How an attempt ends: finished, failed, waiting, or given back.

use super::Attempt;
use super::finish::reply_of;
use crate::journal::NewPoint;
use crate::plan::Role;
use crate::schedule::Delivery;
use crate::scope::{At, Failure, Scope, ScopeId, Scopes};
use crate::{EngineError, RunEventKind};
use flow_components::ComponentError;
use flow_store::{AttemptEnd, Durability, Level, Request, RequestError, SavedKind, event};
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;

impl Attempt {
    /// Ends the attempt in the store, with all that is still to be written.
    pub(super) async fn end(mut self, cancel: &CancellationToken) -> Result<Request, EngineError> {
        if self.scopes[Scopes::TOP].busy > 0 {
            // Something did not come to its end in time. It is left behind and must not act any more.
            self.ending.interrupted = true;
            self.services.fence_off();
        }
        self.under_way.clear();
        if !std::mem::replace(&mut self.made, Durability::ALREADY).wait().await {
            return Err(EngineError::Fenced);
        }
        let end = self.decide().await;
        let rest = self.journal.take_rest();
        let guard = std::sync::Arc::clone(&self.services);
        let ended = self.engine.end_attempt(&self.request, end, rest, guard.guard(), cancel).await?;
        self.observe(None, || RunEventKind::AttemptEnded {
            request: Box::new(ended.clone()),
            error: ended.error.clone(),
        });
        Ok(ended)
    }

    async fn decide(&mut self) -> AttemptEnd {
        if let Some(error) = self.ending.broken.take() {
            // What the failed write held is lost, and so nothing that builds on it may be saved.
            self.journal.forget_saved();
            let message = format!("the store failed, the request is given back: {error}");
            self.log(None, Level::Error, event::ATTEMPT_FAILED, message);
            return AttemptEnd::Released;
        }
        if let Some(failure) = self.ending.failure.take() {
            return self.fail(failure);
        }
        if self.scopes[Scopes::TOP].schedule.is_over() {
            return self.finish();
        }
        let has_ready = |id: ScopeId| self.scopes.get(id).is_some_and(Scope::has_ready);
        let something_else_is_left = self.ending.interrupted
            || self.scopes.ids().any(has_ready)
            || self.journal.has_after()
            || !self.hungry.is_empty();
        let next = self.waits.iter().min_by_key(|wait| wait.due).map(|wait| (wait.due, wait.at));
        match next {
            Some((due, at)) if !something_else_is_left => match self.save_standing().await {
                Ok(()) => {
                    let component = self.scopes[at.scope].component(at.component).id.to_string();
                    AttemptEnd::Waiting { due, component }
                }
                Err((at, error)) => self.fail_at(at, &error),
            },
            _ if self.ending.released || something_else_is_left => AttemptEnd::Released,
            _ => {
                let message =
                    "the flow came to a stop before its end: this is a mistake in the program, please report it";
                let error =
                    RequestError { code: "engine/stuck".to_owned(), message: message.to_owned(), component: None };
                self.fail(Failure { error, row: None, retryable: false, withdrawn: None })
            }
        }
    }

    fn finish(&mut self) -> AttemptEnd {
        let scope = &mut self.scopes[Scopes::TOP];
        let mut replies = std::mem::take(&mut scope.replies);
        match reply_of(&scope.plan, &mut replies) {
            Ok(reply) => {
                self.log(None, Level::Info, event::FINISHED, format!("finished in attempt {}", self.request.attempt));
                AttemptEnd::Finished { reply }
            }
            Err(error) => {
                let component = replies.first().map_or(scope.plan.start, |(component, _)| *component);
                self.fail_at(At { scope: Scopes::TOP, component }, &error)
            }
        }
    }

    fn fail_at(&mut self, at: At, error: &ComponentError) -> AttemptEnd {
        let planned = self.scopes[at.scope].component(at.component);
        let error = RequestError {
            code: error.code.clone(),
            message: format!("{}{}: {}", self.scopes.place(at.scope), planned.name, error.message),
            component: Some(planned.id.to_string()),
        };
        self.fail(Failure { error, row: None, retryable: true, withdrawn: None })
    }

    fn fail(&mut self, failure: Failure) -> AttemptEnd {
        let Failure { error, retryable, withdrawn, .. } = failure;
        for point in withdrawn.into_iter().flatten() {
            self.journal.save(point, self.engine.store.now());
        }
        let message = format!("{} ({})", error.message, error.code);
        self.log(None, Level::Error, event::ATTEMPT_FAILED, message);
        AttemptEnd::Failed { error, retryable }
    }

    /// Saves the streams that stand before components which wait for others, so that after the wait nothing runs again
    /// that has run.
    async fn save_standing(&mut self) -> Result<(), (At, ComponentError)> {
        let scopes: Vec<ScopeId> = self.scopes.ids().collect();
        for scope in scopes {
            let mut standing: BTreeMap<(usize, usize), Delivery> = BTreeMap::new();
            let found = &self.scopes[scope];
            for (link, delivery) in found.schedule.standing() {
                let link = &found.plan.links[link];
                if !self.is_saved_already(scope, link.from, link.outlet) {
                    standing.entry((link.from, link.outlet)).or_insert_with(|| delivery.clone());
                }
            }
            for ((component, outlet), Delivery { stream, variables }) in standing {
                let at = At { scope, component };
                let saved = self.engine.streams.save_now(&stream).await;
                let (data, rows) = saved.map_err(|error| (at, error))?;
                let outlets = vec![self.scopes[scope].component(component).outlets[outlet].name.clone()];
                self.record(at, NewPoint { data, rows, variables, outlets, ..NewPoint::bare(SavedKind::Stream) });
            }
        }
        Ok(())
    }

    fn is_saved_already(&self, scope: ScopeId, component: usize, outlet: usize) -> bool {
        let scope = &self.scopes[scope];
        let own = match scope.component(component).role {
            Role::Checkpoint => true,
            Role::Start => scope.owner.is_none() && self.request.settings.begin_checkpoint,
            // The records of an iteration come from the saved input of the ForEach.
            Role::Entry => true,
            _ => false,
        };
        own || scope.past.saved_outlets.contains(&(component, outlet))
    }
}
