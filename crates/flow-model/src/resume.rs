//! The resume rule (ARCHITECTURE.md): which components never run again, given what a request has saved.

use crate::{ComponentId, Graph};
use std::collections::HashSet;

/// What a request has saved so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SavedState {
    /// Components that made a saved point: Checkpoints, and Start when `BeginCheckpoint` is `Use`.
    pub saved: HashSet<ComponentId>,
    /// Components whose completion is recorded because nothing follows them: no stream of theirs went anywhere.
    pub completed_terminals: HashSet<ComponentId>,
    /// Outlets recorded as not taken, with their component.
    pub not_taken: HashSet<(ComponentId, String)>,
}

/// The components that never run again: those from which every path crosses a saved point, a completed terminal or an
/// outlet recorded as not taken. A component that saved or completed is itself settled; a terminal component is
/// settled only when its completion is recorded.
pub fn settled(graph: &Graph, state: &SavedState) -> HashSet<ComponentId> {
    let mut settled = vec![false; graph.order().len()];
    for (at, id) in graph.order().iter().enumerate().rev() {
        let is_cut =
            |link: &crate::GraphLink| settled[link.to] || state.not_taken.contains(&(id.clone(), link.outlet.clone()));
        settled[at] = state.saved.contains(id)
            || state.completed_terminals.contains(id)
            || (!graph.is_terminal(at) && graph.outgoing(at).iter().all(is_cut));
    }
    graph.order().iter().zip(settled).filter(|(_, settled)| *settled).map(|(id, _)| id.clone()).collect()
}

/// What runs again when an attempt fails at component `at`, in topological order and with `at` itself: the components
/// before it that no saved point protects. `saving` are the components that make saved points. Parallel paths are
/// taken to have saved nothing yet, so this is the most that can run again.
pub fn runs_again(graph: &Graph, saving: &HashSet<ComponentId>, at: &ComponentId) -> Vec<ComponentId> {
    let Some(failed) = graph.index_of(at) else { return Vec::new() };
    let before = graph.leading_to(failed);
    let finished = |id: &ComponentId| id != at && graph.index_of(id).is_some_and(|index| before[index]);
    let state =
        SavedState { saved: saving.iter().filter(|id| finished(id)).cloned().collect(), ..SavedState::default() };
    let settled = settled(graph, &state);
    let again = graph.order().iter().zip(before).filter(|(id, before)| *before && !settled.contains(*id));
    again.map(|(id, _)| id.clone()).collect()
}

#[cfg(test)]
mod tests;
