//! What a request has saved, by component: its saved points, read in the order in which they were committed.

use crate::EngineError;
use crate::plan::Plan;
use flow_model::{ERROR_OUTLET, SavedState, settled};
use flow_store::{SavedKind, SavedPoint, Timestamp};

/// What is saved of every component of a plan. A saved point is named by its place in the list it was read from.
pub(crate) struct Saved {
    pub(crate) components: Vec<SavedOf>,
}

/// What is saved of one component.
#[derive(Debug, Clone, Default)]
pub(crate) struct SavedOf {
    /// Its own stream: that of a Checkpoint, or Start's.
    pub(crate) stream: Option<usize>,
    /// The input of a Wait, and when the wait is over.
    pub(crate) wait: Option<(usize, Timestamp)>,
    /// Its completion, when nothing follows it.
    pub(crate) completed: Option<usize>,
    /// The outlets it chose.
    pub(crate) taken: Option<Vec<String>>,
    /// The streams of single outlets, by place in [`crate::plan::PlannedComponent::outlets`].
    pub(crate) outlets: Vec<(usize, usize)>,
}

impl Saved {
    pub(crate) fn read(plan: &Plan, points: &[SavedPoint]) -> Result<Self, EngineError> {
        let mut saved = Self { components: vec![SavedOf::default(); plan.components.len()] };
        for (place, point) in points.iter().enumerate() {
            let component = plan.index_of(&point.component).ok_or_else(|| EngineError::SavedPoint {
                component: point.component.clone(),
                message: "the flow has no such component".to_owned(),
            })?;
            saved.add(plan, component, place, point);
        }
        Ok(saved)
    }

    fn add(&mut self, plan: &Plan, component: usize, place: usize, point: &SavedPoint) {
        let of = &mut self.components[component];
        match point.kind {
            SavedKind::Begin | SavedKind::Checkpoint => of.stream = Some(place),
            SavedKind::Wait => of.wait = Some((place, point.due.unwrap_or(point.at))),
            SavedKind::Completed => of.completed = Some(place),
            SavedKind::Stream => {
                let outlets = point.outlets.iter().filter_map(|name| plan.components[component].outlet(name));
                of.outlets.extend(outlets.map(|outlet| (outlet, place)));
            }
            SavedKind::Outlets => {
                of.taken = Some(point.outlets.clone());
                // The choice of the error outlet comes with the error, so that the component need not fail again.
                if point.outlets.iter().any(|name| name == ERROR_OUTLET) {
                    of.outlets.extend(plan.components[component].outlet(ERROR_OUTLET).map(|outlet| (outlet, place)));
                }
            }
            SavedKind::Withdrawn => self.withdraw(plan, component),
        }
    }

    /// Forgets the error that `component` handled and all that was saved because of it: the attempt ended at a Fail, so
    /// the component is tried again, and if it fails again, all that follows its error outlet runs again. What other
    /// paths had a part in stays saved.
    fn withdraw(&mut self, plan: &Plan, component: usize) {
        let mut forgotten = vec![false; self.components.len()];
        for behind in component + 1..forgotten.len() {
            let mut from_error = false;
            let only_from_error = plan.graph.incoming(behind).iter().all(|link| {
                let is_error = forgotten[link.from] || link.from == component && link.outlet == ERROR_OUTLET;
                from_error |= is_error;
                is_error || self.components[link.from].is_not_taken(&link.outlet)
            });
            forgotten[behind] = from_error && only_from_error;
        }
        forgotten[component] = true;
        for (of, _) in self.components.iter_mut().zip(forgotten).filter(|(_, forgotten)| *forgotten) {
            *of = SavedOf::default();
        }
    }

    /// Which components never run again: the resume rule (ARCHITECTURE.md). A Wait counts as saved even while it is not
    /// over, since its input is.
    pub(crate) fn settled(&self, plan: &Plan) -> Vec<bool> {
        let mut state = SavedState::default();
        for (of, planned) in self.components.iter().zip(&plan.components) {
            if of.stream.is_some() || of.wait.is_some() {
                state.saved.insert(planned.id.clone());
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
        plan.components.iter().map(|planned| settled.contains(&planned.id)).collect()
    }
}

impl SavedOf {
    /// Whether the outlet `name` is recorded as not taken.
    pub(crate) fn is_not_taken(&self, name: &str) -> bool {
        self.taken.as_ref().is_some_and(|taken| !taken.iter().any(|taken| taken == name))
    }

    /// The saved point that holds the stream of the outlet at `place` named `name`, if any.
    pub(crate) fn stream_of(&self, place: usize, name: &str) -> Option<usize> {
        let own = self.stream.filter(|_| name == flow_model::OUT);
        own.or_else(|| self.outlets.iter().rev().find(|(outlet, _)| *outlet == place).map(|(_, point)| *point))
    }
}
