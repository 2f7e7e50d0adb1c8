//! The resume rule (ARCHITECTURE.md): which components never run again, given what a request has saved.

use crate::{ComponentId, Graph, Saving};
use std::collections::HashSet;

/// What a request has saved so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SavedState {
    /// Components that made a saved point: Checkpoints, and Start when `BeginCheckpoint` is `Use`.
    pub saved: HashSet<ComponentId>,
    /// Components whose input is saved (exactly once, ForEach, SubFlow, Wait): what is before them need not run again
    /// for their sake, but they do.
    pub inputs: HashSet<ComponentId>,
    /// Components whose completion is recorded because nothing follows them: no stream of theirs went anywhere.
    pub completed_terminals: HashSet<ComponentId>,
    /// Outlets recorded as not taken, with their component.
    pub not_taken: HashSet<(ComponentId, String)>,
}

/// The components that never run again: those from which every path crosses a saved point, a saved input, a completed
/// terminal or an outlet recorded as not taken. A component that saved or completed is itself settled; a terminal component is
/// settled only when its completion is recorded. In the body of a ForEach, a path that leaves the body is not cut by
/// that: it is the finished iteration that is recorded then, with all of its components.
pub fn settled(graph: &Graph, state: &SavedState) -> HashSet<ComponentId> {
    let mut settled = vec![false; graph.order().len()];
    let has_input: Vec<bool> = graph.order().iter().map(|id| state.inputs.contains(id)).collect();
    for (at, id) in graph.order().iter().enumerate().rev() {
        let is_not_taken = |outlet: &str| state.not_taken.contains(&(id.clone(), outlet.to_owned()));
        settled[at] = state.saved.contains(id)
            || state.completed_terminals.contains(id)
            || (!graph.is_terminal(at)
                && graph
                    .outgoing(at)
                    .iter()
                    .all(|link| settled[link.to] || has_input[link.to] || is_not_taken(&link.outlet))
                && graph.exits_of(at).all(|exit| is_not_taken(&exit.outlet)));
    }
    graph.order().iter().zip(settled).filter(|(_, settled)| *settled).map(|(id, _)| id.clone()).collect()
}

/// What of one graph runs again when its server dies while component `at` runs, in topological order and with `at`
/// itself: the components before it that no saved point protects. Parallel paths are taken to have saved nothing yet, so
/// this is the most that can run again.
pub fn runs_again(graph: &Graph, saving: &Saving, at: &ComponentId) -> Vec<ComponentId> {
    let Some(failed) = graph.index_of(at) else { return Vec::new() };
    let before = graph.leading_to(failed);
    let finished = |id: &&ComponentId| *id != at && graph.index_of(id).is_some_and(|index| before[index]);
    let state = SavedState {
        saved: saving.points.iter().filter(finished).cloned().collect(),
        inputs: saving.inputs.iter().filter(|id| *id == at || finished(id)).cloned().collect(),
        ..SavedState::default()
    };
    let settled = settled(graph, &state);
    let again = graph.order().iter().zip(before).filter(|(id, before)| *before && !settled.contains(*id));
    again.map(|(id, _)| id.clone()).collect()
}

#[cfg(test)]
mod tests;
