//! Which component may start: a component starts when each of its links has delivered or closed, and is skipped when
//! all of them closed.

use crate::plan::Plan;
use flow_components::ComponentError;
use flow_data::arrow::datatypes::Schema;
use flow_data::{Stream, Variables};
use flow_model::IN;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What a link carries: a stream and the flow variables that are set at its outlet.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) stream: Stream,
    pub(crate) variables: Variables,
}

/// What a component starts with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrived {
    /// The stream of each inlet that got one.
    pub(crate) inlets: BTreeMap<String, Stream>,
    pub(crate) variables: Variables,
}

impl Arrived {
    /// The stream of the ordinary inlet (without fields and records if there is none) and the flow variables.
    pub(crate) fn delivery(&self) -> Delivery {
        let stream = self.inlets.get(IN).cloned().unwrap_or_else(|| Stream::empty(Arc::new(Schema::empty())));
        Delivery { stream, variables: self.variables.clone() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LinkState {
    Undecided,
    Delivered,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Some of its links are undecided.
    Pending,
    /// It may start, or has started.
    Started,
    /// It has run, was skipped, or never runs again.
    Ended,
}

/// How far an attempt has come.
pub(crate) struct Schedule {
    plan: Arc<Plan>,
    links: Vec<LinkState>,
    /// What stands at the end of a link until the component there starts.
    standing: Vec<Option<Delivery>>,
    /// How many of a component's incoming links are undecided.
    undecided: Vec<usize>,
    phases: Vec<Phase>,
    ready: VecDeque<usize>,
    /// How many components have not ended.
    open: usize,
}

impl Schedule {
    /// A schedule in which the components `ended` never start; what their links carry, the caller says next.
    pub(crate) fn new(plan: &Arc<Plan>, ended: &[bool]) -> Self {
        let count = plan.components.len();
        let phases: Vec<Phase> =
            (0..count).map(|at| if ended.get(at) == Some(&true) { Phase::Ended } else { Phase::Pending }).collect();
        let mut undecided = vec![0; count];
        for link in &plan.links {
            undecided[link.to] += 1;
        }
        Self {
            links: vec![LinkState::Undecided; plan.links.len()],
            standing: vec![None; plan.links.len()],
            undecided,
            open: phases.iter().filter(|phase| **phase != Phase::Ended).count(),
            phases,
            ready: VecDeque::new(),
            plan: Arc::clone(plan),
        }
    }

    /// Lets the start component (or the entry of a body) start. Any other component without links is not part of the flow and is skipped.
    pub(crate) fn begin(&mut self) {
        for component in 0..self.phases.len() {
            if self.undecided[component] == 0 && self.phases[component] == Phase::Pending {
                if component == self.plan.start {
                    self.make_ready(component);
                } else if self.plan.components[component].inlets.is_empty() {
                    self.skip(component);
                }
            }
        }
    }

    /// The next component that may start; from then on it counts as started.
    pub(crate) fn next_ready(&mut self) -> Option<usize> {
        self.ready.pop_front()
    }

    /// Whether a component waits to be taken by [`Self::next_ready`].
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Delivers `delivery` along `link`.
    pub(crate) fn deliver(&mut self, link: usize, delivery: Delivery) {
        if self.phases[self.plan.links[link].to] == Phase::Pending {
            self.standing[link] = Some(delivery);
        }
        self.decide(link, LinkState::Delivered);
    }

    /// Notes that `link` delivered in an earlier attempt, to a component that never runs again.
    pub(crate) fn pass(&mut self, link: usize) {
        self.decide(link, LinkState::Delivered);
    }

    /// Counts `component` as started, whatever its links carry: it goes on from its own saved input.
    pub(crate) fn hold(&mut self, component: usize) {
        self.phases[component] = Phase::Started;
    }

    /// Closes `link`: its source gave nothing.
    pub(crate) fn close(&mut self, link: usize) {
        self.decide(link, LinkState::Closed);
    }

    /// Notes that `component` has run.
    pub(crate) fn end(&mut self, component: usize) {
        if self.phases[component] != Phase::Ended {
            self.phases[component] = Phase::Ended;
            self.open -= 1;
        }
    }

    /// Whether nothing is left to run.
    pub(crate) fn is_over(&self) -> bool {
        self.open == 0
    }

    /// Whether `link` has delivered in this attempt.
    pub(crate) fn has_delivered(&self, link: usize) -> bool {
        self.links[link] == LinkState::Delivered
    }

    /// The streams that stand before components which have not started, by link.
    pub(crate) fn standing(&self) -> impl Iterator<Item = (usize, &Delivery)> {
        self.standing.iter().enumerate().filter_map(|(link, delivery)| Some((link, delivery.as_ref()?)))
    }

    /// Takes what stands before `component`. Streams that meet at one inlet are appended in the order of the links.
    pub(crate) fn take_arrived(&mut self, component: usize) -> Result<Arrived, ComponentError> {
        let plan = Arc::clone(&self.plan);
        let mut inlets = BTreeMap::new();
        let mut variables: Option<Variables> = None;
        for inlet in &plan.components[component].inlets {
            let mut streams = Vec::with_capacity(inlet.links.len());
            for link in &inlet.links {
                let Some(delivery) = self.standing[*link].take() else { continue };
                streams.push(delivery.stream);
                variables = Some(match variables {
                    None => delivery.variables,
                    Some(before) => join(before, &delivery.variables)?,
                });
            }
            let stream = match streams.len() {
                0 => continue,
                1 => streams.swap_remove(0),
                _ => Stream::append(&streams)?,
            };
            inlets.insert(inlet.name.clone(), stream);
        }
        Ok(Arrived { inlets, variables: variables.unwrap_or_default() })
    }

    fn make_ready(&mut self, component: usize) {
        self.phases[component] = Phase::Started;
        self.ready.push_back(component);
    }

    /// Ends `component` without running it, and so whatever only it could have made start.
    fn skip(&mut self, component: usize) {
        let plan = Arc::clone(&self.plan);
        let mut skipped = vec![component];
        while let Some(component) = skipped.pop() {
            self.end(component);
            for link in plan.components[component].outlets.iter().flat_map(|outlet| &outlet.links) {
                skipped.extend(self.note(*link, LinkState::Closed));
            }
        }
    }

    fn decide(&mut self, link: usize, state: LinkState) {
        if let Some(skipped) = self.note(link, state) {
            self.skip(skipped);
        }
    }

    /// Notes what became of `link`. The answer is the component that is to be skipped because of it, if any.
    fn note(&mut self, link: usize, state: LinkState) -> Option<usize> {
        if self.links[link] != LinkState::Undecided {
            return None;
        }
        self.links[link] = state;
        let to = self.plan.links[link].to;
        self.undecided[to] -= 1;
        if self.undecided[to] > 0 || self.phases[to] != Phase::Pending {
            return None;
        }
        let mut arriving = self.plan.components[to].inlets.iter().flat_map(|inlet| &inlet.links);
        if arriving.any(|link| self.has_delivered(*link)) {
            self.make_ready(to);
            return None;
        }
        Some(to)
    }
}

/// The flow variables where two paths join. What only one of them set holds for both.
fn join(one: Variables, other: &Variables) -> Result<Variables, ComponentError> {
    if one == *other {
        return Ok(one);
    }
    let mut joined = one;
    for (name, value) in other.iter() {
        match joined.get(name) {
            None => joined = joined.with(name, value.clone()),
            Some(before) if before == value => {}
            Some(_) => return Err(differently_set(name)),
        }
    }
    Ok(joined)
}

fn differently_set(name: &str) -> ComponentError {
    ComponentError::new(
        "engine/variable-conflict",
        format!(
            "the paths that join here have set the flow variable “{name}” differently: set it on one of them only, or behind this place"
        ),
    )
}
