//! What a request has saved, by scope and component, as far as it still counts. Streams stay in the store until they are
//! needed.

mod archive;
mod finished;
mod outline;
#[cfg(test)]
mod tests;

use crate::EngineError;
use crate::plan::{Plan, Role};
use flow_model::{ALWAYS_OUTLET, ERROR_OUTLET, IN, SavedState, settled};
use flow_store::{PointPlace, SavedKind, SavedOutline, Timestamp};
use std::collections::BTreeMap;

pub(crate) use archive::{Archive, Points};
pub(crate) use finished::Finished;
pub(crate) use outline::Outline;

/// What is saved of a scope: a flow, a call of one, or an iteration that has not finished.
#[derive(Debug, Default)]
pub(crate) struct SavedScope {
    pub(crate) components: Vec<SavedOf>,
}

/// What is saved of the iterations or the call inside of a component.
#[derive(Debug, Default)]
pub(crate) struct SavedInside {
    /// The iterations that have finished.
    pub(crate) finished: Finished,
    /// Those that have begun; a call is number 0.
    pub(crate) begun: BTreeMap<u64, SavedScope>,
}

/// What is saved of one component.
#[derive(Debug, Default)]
pub(crate) struct SavedOf {
    /// Its own stream: that of a Checkpoint, or Start's.
    pub(crate) stream: Option<PointPlace>,
    /// Its input.
    pub(crate) input: Option<SavedInput>,
    /// Whether it has completed, when nothing follows it.
    pub(crate) completed: bool,
    /// The stream that it replied with when it completed.
    pub(crate) reply: Option<PointPlace>,
    /// The outlets it chose.
    pub(crate) taken: Option<Vec<String>>,
    /// The streams of single outlets, by place in [`crate::plan::PlannedComponent::outlets`].
    pub(crate) outlets: Vec<(usize, PointPlace)>,
    /// How often all this was forgotten because a handled error before it was withdrawn: it then begins anew.
    pub(crate) forgotten: u32,
    /// What is saved inside it.
    pub(crate) inner: Option<Box<SavedInside>>,
}

/// A component's saved input.
#[derive(Debug, Default)]
pub(crate) struct SavedInput {
    /// The streams, by inlet.
    pub(crate) points: BTreeMap<String, PointPlace>,
    /// Of a Wait: when it is over.
    pub(crate) due: Option<Timestamp>,
    /// The attempt that saved it.
    pub(crate) attempt: u32,
}

impl SavedScope {
    fn of(plan: &Plan) -> Self {
        Self { components: plan.components.iter().map(|_| SavedOf::default()).collect() }
    }

    /// What saved points say of a flow and of all that runs in it.
    pub(crate) fn read(plan: &Plan, outline: Outline) -> Result<Self, EngineError> {
        let mut saved = Self::of(plan);
        let unknown = |component: &str, path: &str| EngineError::SavedPoint {
            component: component.to_owned(),
            message: format!("the flow has no such component{}", within(path)),
        };
        for part in outline.parts.into_iter().rev() {
            for (path, finished) in part.finished {
                let (around, id) = path.rsplit_once('/').unwrap_or(("", &path));
                saved.finish(plan, around, id, finished).ok_or_else(|| unknown(id, around))?;
            }
            for point in part.points.iter().rev() {
                saved.find(plan, point, &point.iteration).ok_or_else(|| unknown(&point.component, &point.iteration))?;
            }
        }
        Ok(saved)
    }

    /// Notes iterations of the ForEach with this id as finished, in the scope that `path` leads to.
    fn finish(&mut self, plan: &Plan, path: &str, id: &str, finished: Finished) -> Option<()> {
        if path.is_empty() {
            let component = plan.index_of(id).filter(|at| plan.components[*at].role == Role::ForEach)?;
            self.components[component].inside().finished.extend(finished);
            return Some(());
        }
        let (inner, scope, rest) = self.enter(plan, path)?;
        scope.finish(inner, rest, id, finished)
    }

    /// Notes a point in the scope that `path` leads to.
    fn find(&mut self, plan: &Plan, point: &SavedOutline, path: &str) -> Option<()> {
        if path.is_empty() {
            return self.add(plan, plan.index_of(&point.component)?, point);
        }
        let (inner, scope, rest) = self.enter(plan, path)?;
        scope.find(inner, point, rest)
    }

    /// Follows the first step of `path`, into an iteration or a call: its plan, what is saved of it, and the rest of the
    /// path. None if it leads nowhere.
    fn enter<'a>(&mut self, plan: &'a Plan, path: &'a str) -> Option<(&'a Plan, &mut Self, &'a str)> {
        let (step, rest) = path.split_once('/').unwrap_or((path, ""));
        let (id, number) = match step.strip_suffix(']').and_then(|step| step.split_once('[')) {
            Some((id, number)) => (id, number.parse().ok()?),
            None => (step, 0),
        };
        let component = plan.index_of(id)?;
        let inner = plan.components[component].inner.as_deref()?;
        let scope = self.components[component].inside().begun.entry(number).or_insert_with(|| Self::of(inner));
        Some((inner, scope, rest))
    }

    fn add(&mut self, plan: &Plan, component: usize, point: &SavedOutline) -> Option<()> {
        let of = self.components.get_mut(component)?;
        let place = point.place;
        match point.kind {
            SavedKind::Begin | SavedKind::Checkpoint => of.stream = Some(place),
            SavedKind::Input | SavedKind::Wait => {
                let input = of.input.get_or_insert_default();
                let inlet = point.outlets.first().map_or(IN, String::as_str);
                input.points.insert(inlet.to_owned(), place);
                input.attempt = point.attempt;
                input.due = (point.kind == SavedKind::Wait).then(|| point.due.unwrap_or(point.at));
            }
            SavedKind::Completed => {
                of.completed = true;
                of.reply = Some(place).filter(|_| point.has_stream);
            }
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

    /// The places of all streams that are saved of its components, but not of what is inside of them.
    fn places(&self) -> impl Iterator<Item = PointPlace> {
        self.components.iter().flat_map(|of| {
            let inputs = of.input.iter().flat_map(|input| input.points.values().copied());
            let outlets = of.outlets.iter().map(|(_, place)| *place);
            inputs.chain(of.stream).chain(of.reply).chain(outlets)
        })
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
        let (input, inner) = (of.input.take(), of.inner.take());
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
            if of.completed {
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
    fn inside(&mut self) -> &mut SavedInside {
        self.inner.get_or_insert_default()
    }

    /// Whether the outlet `name` is recorded as not taken.
    pub(crate) fn is_not_taken(&self, name: &str) -> bool {
        self.taken.as_ref().is_some_and(|taken| !taken.iter().any(|taken| taken == name))
    }

    /// Whether it failed, and its error outlet was taken.
    pub(crate) fn has_handled(&self) -> bool {
        self.taken.as_ref().is_some_and(|taken| taken.iter().any(|taken| taken == ERROR_OUTLET))
    }

    /// The saved point that holds the stream of the outlet at `place` named `name`, if any.
    pub(crate) fn stream_of(&self, place: usize, name: &str) -> Option<PointPlace> {
        let own = self.stream.filter(|_| name == flow_model::OUT);
        own.or_else(|| self.outlets.iter().rev().find(|(outlet, _)| *outlet == place).map(|(_, point)| *point))
    }
}

fn within(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" in {path}") }
}
