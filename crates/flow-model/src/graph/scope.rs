//! A scope: what runs together. The top level of a flow is one, and so is the body of each ForEach.

use super::{Graph, GraphError, rank};
use crate::{Component, ComponentId, Flow, Link};
use indexmap::IndexMap;

/// A flow divided into its scopes, with the components named by their indexes in the flow.
#[derive(Debug)]
pub(crate) struct Scopes<'a> {
    /// The top level first, then the bodies in the order of their first components.
    pub(crate) all: IndexMap<Option<&'a ComponentId>, Scope<'a>>,
    /// Each component's scope (its index in `all`) and its place there.
    pub(crate) places: Vec<(usize, usize)>,
    /// The ends of each link, in the flow's order; `None` when one of them does not exist.
    pub(crate) ends: Vec<Option<(usize, usize)>>,
}

/// The components of one scope and the links that belong to it. A component's place is its index among the members.
#[derive(Debug, Default)]
pub(crate) struct Scope<'a> {
    /// The components, in the flow's order.
    pub(crate) members: Vec<&'a ComponentId>,
    /// The links between them, with the places of both ends.
    pub(crate) within: Vec<(&'a Link, usize, usize)>,
    /// The links from the ForEach, with the place that each leads to.
    pub(crate) entering: Vec<(&'a Link, usize)>,
    /// The links back to the ForEach, with the place that each comes from.
    pub(crate) leaving: Vec<(&'a Link, usize)>,
    /// The links that lead over the border of a body, here at one end.
    crossing: Vec<&'a Link>,
}

impl<'a> Scopes<'a> {
    pub(crate) fn of(flow: &'a Flow) -> Self {
        let mut all = IndexMap::from([(None, Scope::default())]);
        let mut places = Vec::with_capacity(flow.components.len());
        for (id, component) in &flow.components {
            let scope = all.entry(component.parent.as_ref());
            let index = scope.index();
            let members = &mut scope.or_default().members;
            places.push((index, members.len()));
            members.push(id);
        }
        let index = |id: &ComponentId| flow.components.get_index_of(id);
        let ends = flow.links.iter().map(|link| index(&link.from.component).zip(index(&link.to.component))).collect();
        let mut scopes = Self { all, places, ends };
        scopes.add_links(flow);
        scopes
    }

    fn add_links(&mut self, flow: &'a Flow) {
        let parent = |at: usize| {
            flow.components.get_index(at).and_then(|(_, component): (_, &Component)| component.parent.as_ref())
        };
        for (link, ends) in flow.links.iter().zip(&self.ends) {
            let Some((from, to)) = *ends else { continue };
            let ((from_scope, from_place), (to_scope, to_place)) = (self.places[from], self.places[to]);
            if from_scope == to_scope {
                self.all[from_scope].within.push((link, from_place, to_place));
            } else if parent(to) == Some(&link.from.component) {
                self.all[to_scope].entering.push((link, to_place));
            } else if parent(from) == Some(&link.to.component) {
                self.all[from_scope].leaving.push((link, from_place));
            } else {
                self.all[from_scope].crossing.push(link);
                self.all[to_scope].crossing.push(link);
            }
        }
    }

    /// The graph of the top level (`None`) or of a body, if all its links lead somewhere within their borders.
    pub(crate) fn graph(&self, flow: &Flow, for_each: Option<&'a ComponentId>) -> Result<Graph, GraphError> {
        let nowhere = flow.links.iter().zip(&self.ends).find(|(_, ends)| ends.is_none() && for_each.is_none());
        if let Some((link, _)) = nowhere {
            return Err(GraphError::NoSuchComponent { link: link.clone() });
        }
        let nothing = Scope::default();
        let scope = self.all.get(&for_each).unwrap_or(&nothing);
        match scope.crossing.first() {
            Some(link) => Err(GraphError::CrossesBorder { link: (*link).clone() }),
            None => scope.graph(),
        }
    }
}

impl Scope<'_> {
    /// Each component's place in topological order, by its place here; an error when the links lead in a circle.
    pub(crate) fn ranks(&self) -> Result<Vec<usize>, GraphError> {
        let ends: Vec<(usize, usize)> = self.within.iter().map(|(_, from, to)| (*from, *to)).collect();
        rank(self.members.len(), &ends).map_err(|stuck| GraphError::Cycle {
            components: stuck.into_iter().filter_map(|at| self.members.get(at).map(|id| (*id).clone())).collect(),
        })
    }

    /// The graph of this scope; an error when its links lead in a circle.
    pub(crate) fn graph(&self) -> Result<Graph, GraphError> {
        self.ranks().map(|ranks| Graph::assemble(self, &ranks))
    }
}
