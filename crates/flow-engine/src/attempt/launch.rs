//! Running the code of a component.

use super::{Attempt, Done, Ran};
use crate::RunEventKind;
use crate::schedule::Arrived;
use flow_components::{ComponentError, RequestRef, RunContext, Services};
use flow_store::{Level, event};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::task::AbortOnDropHandle;

impl Attempt {
    /// Begins to run a component. Alone it runs within the attempt itself; beside others it gets a task of its own, so
    /// that parallel paths really run at the same time.
    pub(super) fn launch(&mut self, component: usize, arrived: Arrived, waited: bool) {
        let alone = self.running == 0 && !self.schedule.has_ready();
        self.running += 1;
        if !waited {
            self.started(component);
        }
        let running = self.run_component(component, arrived, waited);
        if alone {
            return self.under_way.push(running.boxed());
        }
        let task = AbortOnDropHandle::new(tokio::spawn(running));
        self.under_way.push(Box::pin(async move {
            match task.await {
                Ok(done) => done,
                // The runtime is shutting down: nothing more will happen here.
                Err(_) => std::future::pending().await,
            }
        }));
    }

    /// Notes that a component starts.
    pub(super) fn started(&mut self, component: usize) {
        let name = self.plan.components[component].name.clone();
        self.log(Some(component), Level::Info, event::COMPONENT_STARTED, name);
        let plan = &self.plan;
        self.engine.observe(&self.request, || RunEventKind::ComponentStarted {
            component: plan.components[component].id.clone(),
        });
    }

    fn run_component(
        &self,
        component: usize,
        arrived: Arrived,
        waited: bool,
    ) -> impl Future<Output = Done> + Send + 'static {
        let (plan, services, cancel) = (Arc::clone(&self.plan), Arc::clone(&self.services), self.stop.clone());
        let request = RequestRef { id: self.request.id.0, attempt: self.request.attempt };
        async move {
            let planned = &plan.components[component];
            let begun = Instant::now();
            let mut context = RunContext {
                component: &planned.id,
                name: &planned.name,
                inlets: &arrived.inlets,
                variables: &arrived.variables,
                services: services.as_ref() as &dyn Services,
                request: Some(request),
                idempotency_key: if planned.changes_world {
                    format!("cairn-{}-{}", request.id, planned.id)
                } else {
                    String::new()
                },
                cancel,
                waited,
                runner: Arc::new(()),
            };
            let result = AssertUnwindSafe(planned.code.run(&mut context)).catch_unwind().await;
            drop(context);
            let result = result.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
            let elapsed = begun.elapsed();
            Done::Ran(Box::new(Ran { component, arrived, result, elapsed }))
        }
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> ComponentError {
    let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".to_owned());
    ComponentError::new("engine/panic", format!("the component broke down, which is a mistake in its program: {said}"))
}
