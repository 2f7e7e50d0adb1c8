//! What happens when the server dies: for each component of a flow, what runs again then, by the resume rule
//! (ARCHITECTURE.md), and which effects on the world may happen twice.

mod saving;

#[cfg(test)]
mod tests;

pub use saving::Saving;
pub(crate) use saving::saves_input;

use crate::{Catalogue, ComponentId, Effect, Flow, FlowName, Graph, StartSettings, runs_again};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use ts_rs::TS;

/// What the loss of a server means for the requests of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FailureReport {
    /// For each component, what happens when the server dies while it runs; in the order in which they run, a body
    /// behind its ForEach.
    pub components: Vec<FailureAt>,
}

/// What happens when the server dies while a component runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FailureAt {
    /// The component.
    pub component: ComponentId,
    /// Who goes on with the request.
    pub resumes: Resumes,
    /// What runs again, the component itself included, in the order in which it runs. What ran on parallel paths is
    /// counted with its own components.
    pub runs_again: Vec<ComponentId>,
    /// What ran before it and never runs again.
    pub settled: Vec<ComponentId>,
    /// Of what runs again, the components whose effect on the world may happen twice.
    pub unprotected: Vec<ComponentId>,
}

/// Who goes on with a request whose server died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Resumes {
    /// The first other server that sees it (`OtherServerRetry`).
    AnyServer,
    /// The same server, when it is up again.
    SameServer,
    /// Nobody: nothing was saved yet, and the request ends in error.
    Nobody,
}

impl FailureReport {
    /// What happens when the server dies while `component` runs.
    pub fn at(&self, component: &ComponentId) -> Option<&FailureAt> {
        self.components.iter().find(|at| at.component == *component)
    }
}

/// Works out what the loss of a server means for the requests of `flow`. `flows` are those that it may call; of one
/// that is not there the worst is assumed. The report of a flow that cannot run (a circle, a link to nowhere) leaves
/// out what cannot be said.
pub fn failure_report(flow: &Flow, catalogue: &dyn Catalogue, flows: &BTreeMap<FlowName, Flow>) -> FailureReport {
    report(flow, catalogue, flows, None)
}

/// The same for one component of `flow`: what happens when the server dies while it runs.
pub fn failure_at(
    flow: &Flow,
    catalogue: &dyn Catalogue,
    flows: &BTreeMap<FlowName, Flow>,
    component: &ComponentId,
) -> Option<FailureAt> {
    let report = report(flow, catalogue, flows, Some(component));
    report.components.into_iter().find(|at| at.component == *component)
}

/// The report on all components, or on `only` one and the ForEach components around it.
fn report(
    flow: &Flow,
    catalogue: &dyn Catalogue,
    flows: &BTreeMap<FlowName, Flow>,
    only: Option<&ComponentId>,
) -> FailureReport {
    let saving = Saving::of(flow, catalogue, flows);
    let mut components = Vec::with_capacity(flow.components.len());
    let bodies = bodies(flow);
    let reporter = Reporter { flow, catalogue, flows, saving: &saving, bodies: &bodies, only };
    reporter.scope(None, &Around::default(), &mut components);
    FailureReport { components }
}

struct Reporter<'a> {
    flow: &'a Flow,
    catalogue: &'a dyn Catalogue,
    flows: &'a BTreeMap<FlowName, Flow>,
    saving: &'a Saving,
    bodies: &'a HashMap<&'a ComponentId, Vec<ComponentId>>,
    only: Option<&'a ComponentId>,
}

/// What the loss of the server does outside a body, however deep.
#[derive(Debug, Default, Clone)]
struct Around {
    runs_again: Vec<ComponentId>,
    settled: Vec<ComponentId>,
    saved: bool,
}

impl Reporter<'_> {
    /// Reports the components of the top level or of a body, those of the bodies within included.
    fn scope(&self, for_each: Option<&ComponentId>, around: &Around, report: &mut Vec<FailureAt>) {
        let graph = match for_each {
            None => Graph::build(self.flow),
            Some(for_each) => Graph::of_body(self.flow, for_each),
        };
        let Ok(graph) = graph else { return };
        let is_wanted = |id: &&ComponentId| self.only.is_none_or(|only| self.flow.is_inside(only, id));
        for id in graph.order().iter().filter(is_wanted) {
            let at = self.at(&graph, id, around);
            let inside = (!self.body(id).is_empty()).then(|| self.within(&at, around));
            report.push(at);
            if let Some(around) = inside {
                self.scope(Some(id), &around, report);
            }
        }
    }

    fn at(&self, graph: &Graph, id: &ComponentId, around: &Around) -> FailureAt {
        let again: HashSet<ComponentId> = runs_again(graph, self.saving, id).into_iter().collect();
        let leads = graph.leading_to(graph.index_of(id).unwrap_or_default());
        let (mut runs_again, mut settled) = (around.runs_again.clone(), around.settled.clone());
        for (before, _) in graph.order().iter().zip(leads).filter(|(_, leads)| *leads) {
            let is_again = again.contains(before);
            (if is_again { &mut runs_again } else { &mut settled }).push(before.clone());
            // The finished iterations of a recorded body are settled, even where its ForEach goes on.
            let body_runs_again = is_again && !self.saving.inputs.contains(before);
            let body = self.body(before);
            if body_runs_again {
                runs_again.extend_from_slice(body);
            } else if before != id {
                settled.extend_from_slice(body);
            }
        }
        let mut seen = HashSet::new();
        runs_again.retain(|id| seen.insert(id.clone()));
        FailureAt {
            component: id.clone(),
            resumes: self.resumes(self.is_saved(around, id, &settled, &runs_again)),
            unprotected: runs_again.iter().filter(|id| self.is_unprotected(id)).cloned().collect(),
            runs_again,
            settled,
        }
    }

    /// Whether anything is saved for sure by the time that `id` runs.
    fn is_saved(&self, around: &Around, id: &ComponentId, settled: &[ComponentId], again: &[ComponentId]) -> bool {
        let saves = |id: &ComponentId| self.saving.points.contains(id) || self.saving.inputs.contains(id);
        around.saved
            || self.saving.inputs.contains(id)
            || settled.iter().chain(again).any(|before| before != id && saves(before))
    }

    /// What surrounds the body of a ForEach while it runs. A recorded one goes on with the iterations under way.
    fn within(&self, at: &FailureAt, around: &Around) -> Around {
        let is_recorded = self.saving.inputs.contains(&at.component);
        let keeps = |id: &&ComponentId| !is_recorded || **id != at.component;
        Around {
            runs_again: at.runs_again.iter().filter(keeps).cloned().collect(),
            settled: at.settled.clone(),
            saved: around.saved || is_recorded || at.resumes == Resumes::SameServer,
        }
    }

    /// All components that belong to the body of `for_each`, however deep, in the flow's order.
    fn body(&self, for_each: &ComponentId) -> &[ComponentId] {
        self.bodies.get(for_each).map_or(&[], Vec::as_slice)
    }

    fn resumes(&self, saved: bool) -> Resumes {
        let moves = StartSettings::of(self.flow).is_some_and(|settings| settings.other_server_retry);
        match (moves, saved) {
            (true, _) => Resumes::AnyServer,
            (false, true) => Resumes::SameServer,
            (false, false) => Resumes::Nobody,
        }
    }

    fn is_unprotected(&self, id: &ComponentId) -> bool {
        let Some(component) = self.flow.components.get(id) else { return false };
        if self.catalogue.saves_input(component) {
            return false;
        }
        let mut called = crate::rules::calls(component, self.catalogue).peekable();
        if called.peek().is_some() {
            // What a flow that is called does is in its own report, if it can be found.
            return !called.all(|(_, name)| FlowName::parse(name).is_ok_and(|name| self.flows.contains_key(&name)));
        }
        self.catalogue.effect(component) == Effect::Changes
    }
}

/// What belongs to the body of each ForEach, however deep, in the flow's order.
fn bodies(flow: &Flow) -> HashMap<&ComponentId, Vec<ComponentId>> {
    let mut bodies: HashMap<&ComponentId, Vec<ComponentId>> = HashMap::new();
    for id in flow.components.keys() {
        for for_each in flow.for_each_path(id) {
            bodies.entry(for_each).or_default().push(id.clone());
        }
    }
    bodies
}
