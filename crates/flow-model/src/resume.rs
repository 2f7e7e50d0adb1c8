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
    let order = graph.order();
    let settled = settle(
        graph,
        |at| state.saved.contains(&order[at]) || state.completed_terminals.contains(&order[at]),
        |at| state.inputs.contains(&order[at]),
        |at, outlet| !state.not_taken.is_empty() && state.not_taken.contains(&(order[at].clone(), outlet.to_owned())),
    );
    order.iter().zip(settled).filter(|(_, settled)| *settled).map(|(id, _)| id.clone()).collect()
}

/// The rule itself, with components by their indexes in the graph.
fn settle(
    graph: &Graph,
    is_saved: impl Fn(usize) -> bool,
    has_input: impl Fn(usize) -> bool,
    is_not_taken: impl Fn(usize, &str) -> bool,
) -> Vec<bool> {
    let mut settled = vec![false; graph.order().len()];
    for at in (0..settled.len()).rev() {
        settled[at] = is_saved(at)
            || (!graph.is_terminal(at)
                && graph
                    .outgoing(at)
                    .iter()
                    .all(|link| settled[link.to] || has_input(link.to) || is_not_taken(at, &link.outlet))
                && graph.exits_of(at).all(|exit| is_not_taken(at, &exit.outlet)));
    }
    settled
}

/// What of one graph runs again when its server dies while component `at` runs, in topological order and with `at`
/// itself: the components before it that no saved point protects. Parallel paths are taken to have saved nothing yet, so
/// this is the most that can run again.
pub fn runs_again(graph: &Graph, saving: &Saving, at: &ComponentId) -> Vec<ComponentId> {
    let Some(failed) = graph.index_of(at) else { return Vec::new() };
    let among = |ids: &HashSet<ComponentId>| graph.order().iter().map(|id| ids.contains(id)).collect::<Vec<_>>();
    let (points, inputs) = (among(&saving.points), among(&saving.inputs));
    let again = runs_again_by_index(graph, &points, &inputs, failed, &graph.leading_to(failed));
    graph.order().iter().zip(again).filter(|(_, again)| *again).map(|(id, _)| id.clone()).collect()
}

/// The same with components by their indexes in the graph: whether each makes a saved point, has its input saved, and
/// leads to the one that runs.
pub(crate) fn runs_again_by_index(
    graph: &Graph,
    points: &[bool],
    inputs: &[bool],
    failed: usize,
    leads: &[bool],
) -> Vec<bool> {
    let is_saved = |at: usize| at != failed && leads[at] && points[at];
    let settled = settle(graph, is_saved, |at| leads[at] && inputs[at], |_, _| false);
    leads.iter().zip(settled).map(|(leads, settled)| *leads && !settled).collect()
}

#[cfg(test)]
mod tests;
