//! Watches a flow under test: the records at its components, and what it logs.

use flow_engine::{Observer, OutletStream, RunEvent, RunEventKind};
use flow_model::ComponentId;
use flow_store::event;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What was seen of a flow.
#[derive(Default)]
pub(crate) struct Watch(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    /// What each component put out last, in the order of its iterations.
    outlets: BTreeMap<ComponentId, Vec<(String, Vec<OutletStream>)>>,
    log: Vec<String>,
}

impl Observer for Watch {
    fn observe(&self, seen: &RunEvent) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &seen.what {
            // An error that the flow handles leaves by the error outlet.
            RunEventKind::ComponentFailed { handled: false, .. } => {}
            RunEventKind::ComponentFinished { component, outlets, .. }
            | RunEventKind::ComponentFailed { component, outlets, .. } => {
                let iterations = all.outlets.entry(component.clone()).or_default();
                // Another attempt runs it again.
                iterations.retain(|(iteration, _)| *iteration != seen.iteration);
                iterations.push((seen.iteration.clone(), outlets.clone()));
            }
            RunEventKind::Logged(entry) if entry.event == event::LOGGED => all.log.push(entry.message.clone()),
            _ => {}
        }
    }
}

impl Watch {
    /// What a component put out at each of its runs; none if it did not run.
    pub(crate) fn outlets(&self, component: &ComponentId) -> Vec<Vec<OutletStream>> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.outlets.get(component).into_iter().flatten().map(|(_, outlets)| outlets.clone()).collect()
    }

    /// The lines that the flow wrote into its log.
    pub(crate) fn log(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).log.clone()
    }
}
