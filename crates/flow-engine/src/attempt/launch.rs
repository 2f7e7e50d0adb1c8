//! Running the code of a component.

use super::{Attempt, Done, From, Ran};
use crate::engine::Inner;
use crate::observe::Seen;
use crate::plan::{Plan, PlannedComponent, Role};
use crate::progress::Progress;
use crate::schedule::Arrived;
use crate::scope::{At, Scope, ScopeId, Scopes};
use crate::{RunEventKind, services::AttemptServices};
use flow_components::{ComponentError, Outcome, RequestRef, RunContext, Runner, Services};
use flow_data::{Spool, Stream, Tap};
use flow_store::{Level, event};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

impl Attempt {
    /// Begins to run a component. Alone it runs within the attempt itself; beside others it gets a task of its own, so
    /// that what may run at the same time really does.
    pub(super) fn launch(&mut self, at: At, arrived: Arrived, from: From) {
        let alone = self.scopes[Scopes::TOP].busy == 0 && !self.has_more_to_start();
        if from != From::Wait {
            self.started(at);
        }
        let running = self.running(at, arrived, from);
        let running = async move { Done::Ran(Box::new(running.run().await)) };
        if alone {
            return self.push(at.scope, running);
        }
        let task = AbortOnDropHandle::new(tokio::spawn(running));
        self.push(at.scope, async move {
            match task.await {
                Ok(done) => done,
                // The runtime is shutting down: nothing more will happen here.
                Err(_) => std::future::pending().await,
            }
        });
    }

    fn has_more_to_start(&self) -> bool {
        let has_ready = |id: &ScopeId| self.scopes.get(*id).is_some_and(Scope::has_ready);
        !self.hungry.is_empty() || self.awake.iter().any(has_ready)
    }

    /// Notes that a component starts.
    fn started(&mut self, at: At) {
        let planned = self.scopes[at.scope].component(at.component);
        if self.engine.observer.is_some() {
            let component = planned.id.clone();
            self.tell(at.scope, || RunEventKind::ComponentStarted { component });
        }
        if self.records(at) {
            let name = self.scopes[at.scope].component(at.component).name.clone();
            self.log(Some(at), Level::Info, event::COMPONENT_STARTED, name);
        }
    }

    fn running(&self, at: At, arrived: Arrived, from: From) -> Running {
        let plan = Arc::clone(&self.scopes[at.scope].plan);
        let planned = &plan.components[at.component];
        let idempotency_key = if planned.changes_world || planned.saves_input {
            // Ids begin at 1 in every checkpoint database, and in every local run; the time tells their requests apart.
            let (made, id) = (self.request.created.0, self.request.id);
            let key = format!("cairn-{made:x}-{id}-{}", self.scopes.key(at, self.request.attempt));
            // What follows an error that nothing handles is not recorded, and may get other data next time.
            if self.records(at) { key } else { format!("{key}-attempt-{}", self.request.attempt) }
        } else {
            String::new()
        };
        Running {
            engine: Arc::clone(&self.engine),
            services: Arc::clone(&self.services),
            request: RequestRef { id: self.request.id.0, attempt: self.request.attempt },
            idempotency_key,
            cancel: self.stop.clone(),
            iteration: if self.engine.observer.is_some() { self.scopes.path(at.scope) } else { String::new() },
            plan,
            at,
            arrived,
            from,
            progress: Arc::clone(&self.watched.progress),
        }
    }

    /// Who is told about a component.
    pub(super) fn seen(&self, at: At) -> Seen {
        Seen::new(self.request.id, self.request.attempt, self.scopes.path(at.scope))
    }
}

/// A component about to run.
struct Running {
    engine: Arc<Inner>,
    services: Arc<AttemptServices>,
    request: RequestRef,
    idempotency_key: String,
    cancel: CancellationToken,
    iteration: String,
    plan: Arc<Plan>,
    at: At,
    arrived: Arrived,
    from: From,
    progress: Arc<Progress>,
}

impl Running {
    async fn run(mut self) -> Ran {
        let begun = Instant::now();
        let _runs = self.progress.runs(&self.plan, self.at.component);
        let result = AssertUnwindSafe(self.run_code()).catch_unwind().await;
        let result = result.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
        Ran { at: self.at, arrived: self.arrived, result, begun, from: self.from }
    }

    async fn run_code(&mut self) -> Result<Outcome, ComponentError> {
        let (plan, at) = (Arc::clone(&self.plan), self.at);
        let planned = &plan.components[at.component];
        if needs_whole_input(planned) {
            for stream in self.arrived.inlets.values_mut() {
                *stream = held(stream, self.services.spool(), &self.progress).await?;
            }
        }
        for stream in self.arrived.inlets.values_mut().filter(|stream| stream.is_stored()) {
            *stream = stream.read_under(self.progress.ear());
        }
        let runner = Arc::new(ComponentRunner {
            plan: Arc::clone(&plan),
            component: at.component,
            engine: Arc::clone(&self.engine),
            seen: Seen::new(flow_store::RequestId(self.request.id), self.request.attempt, self.iteration.clone()),
            progress: Arc::clone(&self.progress),
        });
        let mut context = RunContext {
            component: &planned.id,
            name: &planned.name,
            inlets: &self.arrived.inlets,
            variables: &self.arrived.variables,
            services: self.services.as_ref() as &dyn Services,
            request: Some(self.request),
            idempotency_key: std::mem::take(&mut self.idempotency_key),
            cancel: self.cancel.clone(),
            waited: self.from == From::Wait,
            runner,
        };
        let mut outcome = planned.code.run(&mut context).await?;
        let observer = self.engine.observer.as_ref();
        let is_looked_at = observer.is_some_and(|observer| observer.looks_at(&planned.id));
        if !may_pass_on_flowing(planned, &outcome) {
            for (outlet, stream) in &mut outcome.outlets {
                if is_looked_at || planned.outlet(outlet).is_some() {
                    *stream = held(stream, self.services.spool(), &self.progress).await?;
                }
            }
        }
        Ok(outcome)
    }
}

/// Whether the input of a component is computed as a whole before it runs: its error outlet puts it out again.
fn needs_whole_input(planned: &PlannedComponent) -> bool {
    let passes_input_on = planned.role == Role::ForEach
        && !planned.is_terminal()
        && planned.inner.as_ref().is_some_and(|body| body.exit.is_none());
    planned.handles_errors() || passes_input_on
}

/// Whether a stream that is not computed yet may go on as it is: only one place reads it, and what fails while it is read
/// changes nothing about where anything goes.
fn may_pass_on_flowing(planned: &PlannedComponent, outcome: &Outcome) -> bool {
    let delivers = |outlet: &&crate::plan::PlannedPort| outcome.outlets.iter().any(|(name, _)| *name == outlet.name);
    let mut delivering = planned.outlets.iter().filter(delivers);
    let only = delivering.next().is_some_and(|outlet| outlet.links.len() == 1) && delivering.next().is_none();
    only && planned.role != Role::End && !planned.handles_errors() && !planned.is_always_followed()
}

/// The stream, computed.
async fn held(stream: &Stream, spool: &Spool, progress: &Arc<Progress>) -> Result<Stream, ComponentError> {
    if !stream.is_flowing() {
        return Ok(stream.clone());
    }
    let (stream, spool) = (stream.tapped(Arc::clone(progress) as Arc<dyn Tap>), spool.clone());
    let held = tokio::task::spawn_blocking(move || stream.hold(&spool)).await;
    Ok(held.map_err(|error| match error.try_into_panic() {
        Ok(panic) => panicked(panic.as_ref()),
        Err(error) => ComponentError::new("engine/interrupted", error.to_string()),
    })??)
}

/// What the engine is to a running component.
struct ComponentRunner {
    plan: Arc<Plan>,
    component: usize,
    engine: Arc<Inner>,
    seen: Seen,
    progress: Arc<Progress>,
}

impl Runner for ComponentRunner {
    fn wants(&self, outlet: &str) -> bool {
        let is_seen = self.engine.observer.as_ref().is_some_and(|observer| observer.sees_all_outlets());
        is_seen || self.plan.components[self.component].outlet(outlet).is_some()
    }

    fn progress(&self, rows: u64) {
        self.progress.moved();
        if self.engine.observer.is_some() && self.seen.is_time_for_progress() {
            let component = self.plan.components[self.component].id.clone();
            self.engine.tell(&self.seen, || RunEventKind::Progress { component, rows });
        }
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> ComponentError {
    let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".to_owned());
    ComponentError::new("engine/panic", format!("the component broke down, which is a mistake in its program: {said}"))
}
