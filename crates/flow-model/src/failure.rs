//! What happens when the server dies: for each component of a flow, what runs again then, by the resume rule
//! (ARCHITECTURE.md), and which effects on the world may happen twice.

mod saving;

#[cfg(test)]
mod tests;

pub use saving::Saving;
pub(crate) use saving::saves_input;

use crate::graph::Scopes;
use crate::resume::runs_again_by_index;
use crate::{Catalogue, Component, ComponentId, Effect, Flow, FlowName, Graph, StartSettings};
use serde::Serialize;
use std::collections::BTreeMap;
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
    let reporter = Reporter::of(flow, catalogue, flows, only);
    let mut components = Vec::with_capacity(flow.components.len());
    reporter.scope(None, &Around::default(), &mut components);
    FailureReport { components }
}

/// What the report needs to know of a flow, worked out once. Components are named by their indexes in the flow.
struct Reporter<'a> {
    flow: &'a Flow,
    scopes: Scopes<'a>,
    /// Whether each makes a saved point of what it puts out, and whether its input is saved.
    points: Vec<bool>,
    inputs: Vec<bool>,
    /// Whether the effect of each on the world may happen twice.
    unprotected: Vec<bool>,
    /// What belongs to the body of each, however deep, in the flow's order.
    bodies: Vec<Vec<usize>>,
    other_servers_go_on: bool,
    only: Option<&'a ComponentId>,
}

/// What the loss of the server does outside a body, however deep.
#[derive(Debug, Default)]
struct Around {
    runs_again: Vec<usize>,
    settled: Vec<usize>,
    /// Whether anything is saved for sure by the time that the body runs.
    saved: bool,
}

/// The top level or a body, with what is known of its components by their indexes in its graph.
struct Level {
    graph: Graph,
    /// Their indexes in the flow.
    parts: Vec<usize>,
    points: Vec<bool>,
    inputs: Vec<bool>,
}

impl<'a> Reporter<'a> {
    fn of(
        flow: &'a Flow,
        catalogue: &dyn Catalogue,
        flows: &BTreeMap<FlowName, Flow>,
        only: Option<&'a ComponentId>,
    ) -> Self {
        let saving = Saving::of(flow, catalogue, flows);
        let mut bodies = vec![Vec::new(); flow.components.len()];
        for (at, id) in flow.components.keys().enumerate() {
            for for_each in flow.for_each_path(id) {
                bodies[flow.components.get_index_of(for_each).unwrap_or(at)].push(at);
            }
        }
        Self {
            flow,
            scopes: Scopes::of(flow),
            points: flow.components.keys().map(|id| saving.points.contains(id)).collect(),
            inputs: flow.components.keys().map(|id| saving.inputs.contains(id)).collect(),
            unprotected: flow.components.values().map(|part| is_unprotected(part, catalogue, flows)).collect(),
            bodies,
            other_servers_go_on: StartSettings::of(flow).is_some_and(|settings| settings.other_server_retry),
            only,
        }
    }

    /// Reports the components of the top level or of a body, those of the bodies within included.
    fn scope(&self, for_each: Option<&'a ComponentId>, around: &Around, report: &mut Vec<FailureAt>) {
        let Some(level) = self.level(for_each) else { return };
        for at in 0..level.parts.len() {
            let Some((id, _)) = self.flow.components.get_index(level.parts[at]) else { continue };
            if self.only.is_some_and(|only| !self.flow.is_inside(only, id)) {
                continue;
            }
            let here = self.at(&level, at, around);
            report.push(self.named(id, &here));
            if !self.bodies[level.parts[at]].is_empty() {
                self.scope(Some(id), &self.within(level.parts[at], here), report);
            }
        }
    }

    /// The top level or a body; nothing of what cannot run.
    fn level(&self, for_each: Option<&'a ComponentId>) -> Option<Level> {
        let graph = self.scopes.graph(self.flow, for_each).ok()?;
        let parts: Vec<usize> = graph.order().iter().filter_map(|id| self.flow.components.get_index_of(id)).collect();
        let points = parts.iter().map(|part| self.points[*part]).collect();
        let inputs = parts.iter().map(|part| self.inputs[*part]).collect();
        Some(Level { graph, parts, points, inputs })
    }

    /// What the loss of the server does while the component at `at` runs.
    fn at(&self, level: &Level, at: usize, around: &Around) -> Around {
        let leads = level.graph.leading_to(at);
        let again = runs_again_by_index(&level.graph, &level.points, &level.inputs, at, &leads);
        let mut here =
            Around { runs_again: around.runs_again.clone(), settled: around.settled.clone(), saved: around.saved };
        for before in (0..=at).filter(|before| leads[*before]) {
            let part = level.parts[before];
            here.saved |= self.inputs[part] || (before != at && self.points[part]);
            (if again[before] { &mut here.runs_again } else { &mut here.settled }).push(part);
            // The finished iterations of a recorded body are settled, even where its ForEach goes on.
            if again[before] && !self.inputs[part] {
                here.runs_again.extend_from_slice(&self.bodies[part]);
            } else if before != at {
                here.settled.extend_from_slice(&self.bodies[part]);
            }
        }
        if !around.runs_again.is_empty() {
            // A body that runs again as a whole is named with its ForEach already.
            let mut seen = vec![false; self.flow.components.len()];
            here.runs_again.retain(|part| !std::mem::replace(&mut seen[*part], true));
        }
        here
    }

    /// The same for people and programs.
    fn named(&self, id: &ComponentId, here: &Around) -> FailureAt {
        let ids = |parts: &mut dyn Iterator<Item = &usize>| -> Vec<ComponentId> {
            parts.filter_map(|part| self.flow.components.get_index(*part)).map(|(id, _)| id.clone()).collect()
        };
        FailureAt {
            component: id.clone(),
            resumes: match (self.other_servers_go_on, here.saved) {
                (true, _) => Resumes::AnyServer,
                (false, true) => Resumes::SameServer,
                (false, false) => Resumes::Nobody,
            },
            unprotected: ids(&mut here.runs_again.iter().filter(|part| self.unprotected[**part])),
            runs_again: ids(&mut here.runs_again.iter()),
            settled: ids(&mut here.settled.iter()),
        }
    }

    /// What surrounds the body of a ForEach while it runs. A recorded one goes on with the iterations under way.
    fn within(&self, for_each: usize, mut here: Around) -> Around {
        if self.inputs[for_each] {
            here.runs_again.retain(|part| *part != for_each);
        }
        here
    }
}

/// Whether the effect of a component on the world may happen twice when it runs again. `flows` are those that its flow may
/// call.
pub fn is_unprotected(component: &Component, catalogue: &dyn Catalogue, flows: &BTreeMap<FlowName, Flow>) -> bool {
    let mut called = crate::rules::calls(component, catalogue).peekable();
    if called.peek().is_some() {
        // What a flow that is called does is in its own report, if it can be found.
        return !catalogue.saves_input(component)
            && !called.all(|(_, name)| FlowName::parse(name).is_ok_and(|name| flows.contains_key(&name)));
    }
    catalogue.effect(component) == Effect::Changes && !catalogue.saves_input(component)
}
