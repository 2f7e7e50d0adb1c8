//! A scope: what runs together. The top level of a flow is one, and so is the body of each ForEach.

use super::{Graph, GraphError, rank};
use crate::{Component, ComponentId, Flow, Link, LinkPlace};
use indexmap::{IndexMap, IndexSet};

/// The components of one scope and the links that belong to it. A component's place is its index among the members.
#[derive(Debug, Default)]
pub(crate) struct Scope<'a> {
    /// The ForEach whose body it is; `None` at the top level.
    pub(crate) for_each: Option<&'a ComponentId>,
    /// The components, in the flow's order.
    pub(crate) members: IndexSet<&'a ComponentId>,
    /// The links between them, with the places of both ends.
    pub(super) within: Vec<(&'a Link, usize, usize)>,
    /// The links from the ForEach, with the place that each leads to.
    pub(super) entering: Vec<(&'a Link, usize)>,
    /// The links back to the ForEach, with the place that each comes from.
    pub(super) leaving: Vec<(&'a Link, usize)>,
}

impl<'a> Scope<'a> {
    /// All scopes of a flow: the top level first, then the bodies in the order of their first components. Links that
    /// lead nowhere or over a border belong to none.
    pub(crate) fn all(flow: &'a Flow) -> Vec<Self> {
        let mut scopes = IndexMap::from([(None, Self::default())]);
        for (id, component) in &flow.components {
            let for_each = component.parent.as_ref();
            let scope = scopes.entry(for_each).or_insert_with(|| Self { for_each, ..Self::default() });
            scope.members.insert(id);
        }
        for link in &flow.links {
            let owner = match flow.link_place(link) {
                Some(LinkPlace::Within(owner)) => owner,
                Some(LinkPlace::Enters(for_each) | LinkPlace::Leaves(for_each)) => Some(for_each),
                Some(LinkPlace::Crosses) | None => continue,
            };
            if let Some(scope) = scopes.get_mut(&owner) {
                scope.add(link);
            }
        }
        scopes.into_values().collect()
    }

    /// The top level.
    pub(super) fn top(flow: &'a Flow) -> Result<Self, GraphError> {
        match flow.links.iter().find(|link| flow.link_place(link).is_none()) {
            Some(link) => Err(GraphError::NoSuchComponent { link: link.clone() }),
            None => Self::one(flow, None),
        }
    }

    /// The body of `for_each`.
    pub(super) fn body(flow: &'a Flow, for_each: &'a ComponentId) -> Result<Self, GraphError> {
        Self::one(flow, Some(for_each))
    }

    fn one(flow: &'a Flow, for_each: Option<&'a ComponentId>) -> Result<Self, GraphError> {
        let belongs = |(_, component): &(&ComponentId, &Component)| component.parent.as_ref() == for_each;
        let members = flow.components.iter().filter(belongs).map(|(id, _)| id).collect();
        let mut scope = Self { for_each, members, ..Self::default() };
        for link in &flow.links {
            match flow.link_place(link) {
                Some(LinkPlace::Within(owner)) if owner == for_each => scope.add(link),
                Some(LinkPlace::Enters(owner) | LinkPlace::Leaves(owner)) if Some(owner) == for_each => scope.add(link),
                Some(LinkPlace::Crosses) if scope.touches(link) => {
                    return Err(GraphError::CrossesBorder { link: link.clone() });
                }
                _ => {}
            }
        }
        Ok(scope)
    }

    fn touches(&self, link: &Link) -> bool {
        self.members.contains(&link.from.component) || self.members.contains(&link.to.component)
    }

    /// Adds a link that belongs to this scope.
    fn add(&mut self, link: &'a Link) {
        let place = |id: &ComponentId| self.members.get_index_of(id);
        match (place(&link.from.component), place(&link.to.component)) {
            (Some(from), Some(to)) => self.within.push((link, from, to)),
            (None, Some(to)) => self.entering.push((link, to)),
            (Some(from), None) => self.leaving.push((link, from)),
            (None, None) => {}
        }
    }

    /// The graph of this scope; an error when its links lead in a circle.
    pub(crate) fn graph(&self) -> Result<Graph, GraphError> {
        let ends: Vec<(usize, usize)> = self.within.iter().map(|(_, from, to)| (*from, *to)).collect();
        match rank(self.members.len(), &ends) {
            Ok(ranks) => Ok(Graph::assemble(self, &ranks)),
            Err(stuck) => Err(GraphError::Cycle {
                components: stuck
                    .into_iter()
                    .filter_map(|at| self.members.get_index(at).map(|id| (*id).clone()))
                    .collect(),
            }),
        }
    }
}
