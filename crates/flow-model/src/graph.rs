//! A flow's shape in a form made for computing: components by index, in an order in which they may run. The top level
//! of a flow and the body of each ForEach have a graph of their own.

mod scope;

use crate::{ComponentId, Flow, Link};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

pub(crate) use scope::{Scope, Scopes};

/// The components of a flow's top level, or of one body, in topological order, with the links between them by index.
#[derive(Debug, Clone)]
pub struct Graph {
    order: Vec<ComponentId>,
    index: HashMap<ComponentId, usize>,
    outgoing: Vec<Vec<GraphLink>>,
    incoming: Vec<Vec<GraphLink>>,
    entries: Vec<Entry>,
    exits: Vec<Exit>,
}

/// A link between two components, each named by its index in [`Graph::order`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GraphLink {
    /// The component it comes from.
    pub from: usize,
    /// The outlet of that component.
    pub outlet: String,
    /// The component it goes to.
    pub to: usize,
    /// The inlet of that component.
    pub inlet: String,
}

/// A link from a ForEach into its body: `foreach.each → child.in`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The body outlet of the ForEach.
    pub outlet: String,
    /// The component it goes to, by its index in [`Graph::order`].
    pub to: usize,
    /// The inlet of that component.
    pub inlet: String,
}

/// A link from a body back to its ForEach: `child.out → foreach.result`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Exit {
    /// The component it comes from, by its index in [`Graph::order`].
    pub from: usize,
    /// The outlet of that component.
    pub outlet: String,
    /// The body inlet of the ForEach.
    pub inlet: String,
}

/// Why a flow has no order in which it may run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// A link begins or ends at a component that does not exist.
    #[error("the link {link} leads to or from a component that does not exist: remove it")]
    NoSuchComponent {
        /// That link.
        link: Link,
    },
    /// A link leads over the border of a body.
    #[error(
        "the link {link} leads over the border of a ForEach's body: streams go in through the ForEach's body outlet \
         and out through its body inlet, so remove the link, or move both components into the same body"
    )]
    CrossesBorder {
        /// That link.
        link: Link,
    },
    /// Links lead in a circle.
    #[error("these components form a circle: {}. A flow runs in one direction: remove one of the links between them",
        components.iter().map(ComponentId::as_str).collect::<Vec<_>>().join(", "))]
    Cycle {
        /// The components on circles or between them, in the flow's order.
        components: Vec<ComponentId>,
    },
}

impl GraphError {
    /// The stable code of the error; the same as that of the diagnostic for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchComponent { .. } => "link/no-such-component",
            Self::CrossesBorder { .. } => "link/crosses-border",
            Self::Cycle { .. } => "flow/cycle",
        }
    }
}

impl Graph {
    /// Builds the graph of the top level of `flow`: the components that belong to no body. Among components that may
    /// run in any order, the flow's own order decides, so the same flow always gives the same graph.
    pub fn build(flow: &Flow) -> Result<Self, GraphError> {
        Scopes::of(flow).graph(flow, None)
    }

    /// Builds the graph of the body of `for_each`: the components whose parent it is.
    pub fn of_body(flow: &Flow, for_each: &ComponentId) -> Result<Self, GraphError> {
        Scopes::of(flow).graph(flow, Some(for_each))
    }

    fn assemble(scope: &Scope, ranks: &[usize]) -> Self {
        let count = scope.members.len();
        let mut by_rank: Vec<(usize, &ComponentId)> =
            ranks.iter().copied().zip(scope.members.iter().copied()).collect();
        by_rank.sort_unstable_by_key(|(rank, _)| *rank);
        let order: Vec<ComponentId> = by_rank.into_iter().map(|(_, id)| id.clone()).collect();
        let index = order.iter().enumerate().map(|(at, id)| (id.clone(), at)).collect();
        let (mut outgoing, mut incoming) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for (link, from, to) in &scope.within {
            let link = GraphLink {
                from: ranks[*from],
                outlet: link.from.port.clone(),
                to: ranks[*to],
                inlet: link.to.port.clone(),
            };
            incoming[link.to].push(link.clone());
            outgoing[link.from].push(link);
        }
        let ports = |link: &Link| (link.from.port.clone(), link.to.port.clone());
        let entry = |(link, to): &(&Link, usize)| {
            let (outlet, inlet) = ports(link);
            Entry { outlet, to: ranks[*to], inlet }
        };
        let exit = |(link, from): &(&Link, usize)| {
            let (outlet, inlet) = ports(link);
            Exit { from: ranks[*from], outlet, inlet }
        };
        let entries = scope.entering.iter().map(entry).collect();
        let exits = scope.leaving.iter().map(exit).collect();
        Self { order, index, outgoing, incoming, entries, exits }
    }

    /// The components in topological order: each stands behind all those that it receives streams from.
    pub fn order(&self) -> &[ComponentId] {
        &self.order
    }

    /// The index of component `id` in [`Self::order`].
    pub fn index_of(&self, id: &ComponentId) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// The links from the outlets of the component at `index`, sorted; without those that leave the body.
    pub fn outgoing(&self, index: usize) -> &[GraphLink] {
        self.outgoing.get(index).map_or(&[], Vec::as_slice)
    }

    /// The links to the inlets of the component at `index`, sorted; without those that enter the body.
    pub fn incoming(&self, index: usize) -> &[GraphLink] {
        self.incoming.get(index).map_or(&[], Vec::as_slice)
    }

    /// The links from the ForEach into this body, sorted; none at the top level.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The links from this body back to its ForEach, sorted; none at the top level.
    pub fn exits(&self) -> &[Exit] {
        &self.exits
    }

    /// Those of [`Self::exits`] that come from the component at `index`.
    pub fn exits_of(&self, index: usize) -> impl Iterator<Item = &Exit> {
        self.exits.iter().filter(move |exit| exit.from == index)
    }

    /// Whether nothing follows the component at `index`: no link leaves it, neither to another component nor out of the
    /// body.
    pub fn is_terminal(&self, index: usize) -> bool {
        self.outgoing(index).is_empty() && self.exits_of(index).next().is_none()
    }

    /// Whether each component lies on a path from one of `starts` (themselves included), by index.
    pub fn reachable_from(&self, starts: impl IntoIterator<Item = usize>) -> Vec<bool> {
        let mut reached = vec![false; self.order.len()];
        for start in starts {
            if let Some(start) = reached.get_mut(start) {
                *start = true;
            }
        }
        for at in 0..self.order.len() {
            if reached[at] {
                for link in &self.outgoing[at] {
                    reached[link.to] = true;
                }
            }
        }
        reached
    }

    /// Whether the component at `end` can be reached from each component (itself included), by index.
    pub fn leading_to(&self, end: usize) -> Vec<bool> {
        let mut leads = vec![false; self.order.len()];
        if let Some(last) = leads.get_mut(end) {
            *last = true;
        }
        for at in (0..self.order.len().min(end + 1)).rev() {
            if leads[at] {
                for link in &self.incoming[at] {
                    leads[link.from] = true;
                }
            }
        }
        leads
    }
}

/// The place of each of `count` components in topological order, or those that are on circles or behind them.
fn rank(count: usize, ends: &[(usize, usize)]) -> Result<Vec<usize>, Vec<usize>> {
    let mut waiting_for = vec![0_usize; count];
    let mut followers = vec![Vec::new(); count];
    for (from, to) in ends {
        waiting_for[*to] += 1;
        followers[*from].push(*to);
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..count).filter(|at| waiting_for[*at] == 0).map(Reverse).collect();
    let mut ranks = vec![usize::MAX; count];
    let mut next = 0;
    while let Some(Reverse(at)) = ready.pop() {
        ranks[at] = next;
        next += 1;
        for follower in &followers[at] {
            waiting_for[*follower] -= 1;
            if waiting_for[*follower] == 0 {
                ready.push(Reverse(*follower));
            }
        }
    }
    if next == count {
        return Ok(ranks);
    }
    Err(on_circles(&ranks, &followers))
}

/// Of the components without a rank, those from which a circle can still be reached: what merely follows a circle is
/// not to blame for it.
fn on_circles(ranks: &[usize], followers: &[Vec<usize>]) -> Vec<usize> {
    let mut left: Vec<bool> = ranks.iter().map(|rank| *rank == usize::MAX).collect();
    loop {
        let dead_end = |at: &usize| left[*at] && !followers[*at].iter().any(|follower| left[*follower]);
        let Some(dead_end) = (0..left.len()).find(dead_end) else { break };
        left[dead_end] = false;
    }
    (0..left.len()).filter(|at| left[*at]).collect()
}

#[cfg(test)]
mod tests;
