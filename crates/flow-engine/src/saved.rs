//! What a request has saved, by scope and component: its saved points, read in the order in which they were committed.

use crate::EngineError;
use crate::plan::{Plan, Role};
use flow_model::{ALWAYS_OUTLET, ERROR_OUTLET, IN, SavedState, settled};
use flow_store::{SavedKind, SavedPoint, Timestamp};
use std::collections::BTreeMap;

/// What is saved of a scope: a flow, a call of one, or an iteration. A saved point is named by its place in the list
/// that it was read from.
#[derive(Debug, Default)]
pub(crate) struct SavedScope {
    pub(crate) components: Vec<SavedOf>,
    /// The end of an iteration, with its result.
    pub(crate) finished: Option<usize>,
}

/// What is saved of one component.
#[derive(Debug, Default)]
pub(crate) struct SavedOf {
    /// Its own stream: that of a Checkpoint, or Start's.
    pub(crate) stream: Option<usize>,
    /// Its input.
    pub(crate) input: Option<SavedInput>,
    /// Its completion, when nothing follows it.
    pub(crate) completed: Option<usize>,
    /// The outlets it chose.
    pub(crate) taken: Option<Vec<String>>,
    /// The streams of single outlets, by place in [`crate::plan::PlannedComponent::outlets`].
    pub(crate) outlets: Vec<(usize, usize)>,
    /// How often all this was forgotten because a handled error before it was withdrawn: it then begins anew.
    pub(crate) forgotten: u32,
    /// What is saved inside it: by iteration, or at 0 for a call.
    pub(crate) inner: BTreeMap<u64, SavedScope>,
}

/// A component's saved input.
#[derive(Debug, Default)]
pub(crate) struct SavedInput {
    /// The streams, by inlet.
    pub(crate) points: BTreeMap<String, usize>,
    /// Of a Wait: when it is over.
    pub(crate) due: Option<Timestamp>,
}

impl SavedScope {
    fn of(plan: &Plan) -> Self {
        Self { components: plan.components.iter().map(|_| SavedOf::default()).collect(), finished: None }
    }

    /// What `points` say of a flow and of all that runs in it.
    pub(crate) fn read(plan: &Plan, points: &[SavedPoint]) -> Result<Self, EngineError> {
        let mut saved = Self::of(plan);
        for (place, point) in points.iter().enumerate() {
            saved.find(plan, point, &point.iteration, place).ok_or_else(|| EngineError::SavedPoint {
                component: point.component.clone(),
                message: format!("the flow has no such component{}", within(&point.iteration)),
            })?;
        }
        Ok(saved)
    }

    /// Follows `path` into the iterations and calls that it names, and adds the point there.
    fn find(&mut self, plan: &Plan, point: &SavedPoint, path: &str, place: usize) -> Option<()> {
        let (step, rest) = path.split_once('/').unwrap_or((path, ""));
        if step.is_empty() {
            return self.add(plan, plan.index_of(&point.component)?, place, point);
        }
        let (id, number) = match step.strip_suffix(']').and_then(|step| step.split_once('[')) {
            Some((id, number)) => (id, number.parse().ok()?),
            None => (step, 0),
        };
        let component = plan.index_of(id)?;
        let inner = plan.components[component].inner.as_deref()?;
        let scope = self.components[component].inner.entry(number).or_insert_with(|| Self::of(inner));
        if rest.is_empty() && plan.components[component].role == Role::ForEach && point.component == id {
            scope.finished = Some(place);
            return Some(());
        }
        scope.find(inner, point, rest, place)
    }

    fn add(&mut self, plan: &Plan, component: usize, place: usize, point: &SavedPoint) -> Option<()> {
        let of = &mut self.components[component];
        match point.kind {
            SavedKind::Begin | SavedKind::Checkpoint => of.stream = Some(place),
            SavedKind::Input | SavedKind::Wait => {
                let input = of.input.get_or_insert_default();
                let inlet = point.outlets.first().map_or(IN, String::as_str);
                input.points.insert(inlet.to_owned(), place);
                input.due = (point.kind == SavedKind::Wait).then(|| point.due.unwrap_or(point.at));
            }
            SavedKind::Completed => of.completed = Some(place),
            SavedKind::Stream => {
                let outlets = point.outlets.iter().filter_map(|name| plan.components[component].outlet(name));
                of.outlets.extend(outlets.map(|outlet| (outlet, place)));
            }
            SavedKind::Outlets => {
                of.taken = Some(point.outlets.clone());
                // The choice of the error outlet comes with the error, so that the component need not fail again; what
                // leaves `always` follows from it.
                if of.has_handled() {
                    let outlets = [ERROR_OUTLET, ALWAYS_OUTLET];
                    let outlets = outlets.iter().filter_map(|name| plan.components[component].outlet(name));
                    of.outlets.extend(outlets.map(|outlet| (outlet, place)));
                }
            }
            SavedKind::Withdrawn => self.withdraw(plan, component),
        }
        Some(())
    }

    /// Forgets the error that `component` handled and all that was saved because of it: the attempt ended at a Fail, so
    /// the component is tried again with the same input, and if it fails again, all that follows its error runs again.
    /// What other paths had a part in stays saved.
    fn withdraw(&mut self, plan: &Plan, component: usize) {
        let mut forgotten = vec![false; plan.graph.order().len()];
        for behind in component + 1..forgotten.len() {
            let mut from_error = false;
            let only_from_error = plan.graph.incoming(behind).iter().all(|link| {
                let leaves_error = matches!(link.outlet.as_str(), ERROR_OUTLET | ALWAYS_OUTLET);
                let is_error = forgotten[link.from] || link.from == component && leaves_error;
                from_error |= is_error;
                is_error || self.components[link.from].is_not_taken(&link.outlet)
            });
            forgotten[behind] = from_error && only_from_error;
        }
        for (of, _) in self.components.iter_mut().zip(forgotten).filter(|(_, forgotten)| *forgotten) {
            *of = SavedOf { forgotten: of.forgotten + 1, ..SavedOf::default() };
        }
        let of = &mut self.components[component];
        let (input, inner) = (of.input.take(), std::mem::take(&mut of.inner));
        *of = SavedOf { input, inner, forgotten: of.forgotten, ..SavedOf::default() };
    }

    /// Which components never run again: the resume rule (ARCHITECTURE.md). The entry and the exit of a body are not
    /// settled by themselves: an iteration is over as a whole.
    pub(crate) fn settled(&self, plan: &Plan) -> Vec<bool> {
        let mut state = SavedState::default();
        for (of, planned) in self.components.iter().zip(&plan.components).take(plan.graph.order().len()) {
            if of.stream.is_some() {
                state.saved.insert(planned.id.clone());
            }
            if of.input.is_some() {
                state.inputs.insert(planned.id.clone());
            }
            if of.completed.is_some() {
                state.completed_terminals.insert(planned.id.clone());
            }
            let is_cut = |(place, name): &(usize, &str)| {
                of.is_not_taken(name) || of.outlets.iter().any(|(outlet, _)| outlet == place)
            };
            let names = planned.outlets.iter().map(|outlet| outlet.name.as_str());
            let cut = names.enumerate().filter(is_cut).map(|(_, name)| (planned.id.clone(), name.to_owned()));
            state.not_taken.extend(cut);
        }
        let settled = settled(&plan.graph, &state);
        let of_document = plan.components.iter().take(plan.graph.order().len());
        let mut settled: Vec<bool> = of_document.map(|planned| settled.contains(&planned.id)).collect();
        settled.resize(plan.components.len(), false);
        settled
    }
}

impl SavedOf {
    /// Whether the outlet `name` is recorded as not taken.
    pub(crate) fn is_not_taken(&self, name: &str) -> bool {
        self.taken.as_ref().is_some_and(|taken| !taken.iter().any(|taken| taken == name))
    }

    /// Whether it failed, and its error outlet was taken.
    pub(crate) fn has_handled(&self) -> bool {
        self.taken.as_ref().is_some_and(|taken| taken.iter().any(|taken| taken == ERROR_OUTLET))
    }

    /// The saved point that holds the stream of the outlet at `place` named `name`, if any.
    pub(crate) fn stream_of(&self, place: usize, name: &str) -> Option<usize> {
        let own = self.stream.filter(|_| name == flow_model::OUT);
        own.or_else(|| self.outlets.iter().rev().find(|(outlet, _)| *outlet == place).map(|(_, point)| *point))
    }
}

fn within(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" in {path}") }
}
