//! What several rules need to know about a flow, worked out once. Components are named by their indexes in the flow.

use crate::graph::{Scope, Scopes};
use crate::{
    Catalogue, Component, ComponentDescription, ComponentId, Flow, Graph, GraphError, Link, LinkPlace, Ports,
    PropertyKind,
};

/// A flow with what follows from it.
pub(super) struct Facts<'a> {
    pub(super) flow: &'a Flow,
    pub(super) catalogue: &'a dyn Catalogue,
    /// The components in the flow's order.
    pub(super) parts: Vec<Part<'a>>,
    pub(super) scopes: Scopes<'a>,
    /// For each scope its components in topological order, by their places there; an error for circles.
    orders: Vec<Result<Vec<usize>, GraphError>>,
}

/// A component with what the catalogue says of it; nothing of an unknown type.
pub(super) struct Part<'a> {
    pub(super) id: &'a ComponentId,
    pub(super) component: &'a Component,
    pub(super) description: Option<&'a ComponentDescription>,
    pub(super) ports: Option<Ports>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(flow: &'a Flow, catalogue: &'a dyn Catalogue) -> Self {
        let part = |(id, component): (&'a ComponentId, &'a Component)| Part {
            id,
            component,
            description: catalogue.describe(&component.kind),
            ports: catalogue.ports(component),
        };
        let scopes = Scopes::of(flow);
        let orders = scopes.all.values().map(order).collect();
        Self { flow, catalogue, parts: flow.components.iter().map(part).collect(), scopes, orders }
    }

    /// The links with their places and ends; without those that lead nowhere.
    pub(super) fn placed_links(&self) -> impl Iterator<Item = (&'a Link, LinkPlace<'a>, &Part<'a>, &Part<'a>)> {
        self.flow.links.iter().zip(&self.scopes.ends).filter_map(|(link, ends)| {
            let (from, to) = (*ends)?;
            let (source, target) = (self.parts.get(from)?, self.parts.get(to)?);
            let place = if self.scopes.places.get(from)?.0 == self.scopes.places.get(to)?.0 {
                LinkPlace::Within(source.component.parent.as_ref())
            } else {
                self.flow.link_place(link)?
            };
            Some((link, place, source, target))
        })
    }

    /// The circles of each scope.
    pub(super) fn circles(&self) -> impl Iterator<Item = &GraphError> {
        self.orders.iter().filter_map(|order| order.as_ref().err())
    }

    /// Which components of a scope can be reached, by their places there; `None` where that cannot be said.
    pub(super) fn reached(&self, scope: usize) -> Option<Vec<bool>> {
        let order = self.orders.get(scope)?.as_ref().ok()?;
        let (for_each, links) = self.scopes.all.get_index(scope)?;
        let mut reached = vec![false; links.members.len()];
        let first = match for_each {
            None => vec![self.scopes.places.get(self.flow.components.get_index_of(self.flow.start()?.0)?)?],
            Some(for_each) if self.flow.components.contains_key(*for_each) => Vec::new(),
            Some(_) => return None,
        };
        let entries = links.entering.iter().map(|(_, to)| *to);
        for at in entries.chain(first.into_iter().filter(|(of, _)| *of == scope).map(|(_, at)| *at)) {
            *reached.get_mut(at)? = true;
        }
        // In topological order, what leads to a component is known before what it leads to.
        let mut rank = vec![0; order.len()];
        order.iter().enumerate().for_each(|(at, place)| rank[*place] = at);
        let mut within: Vec<(usize, usize)> = links.within.iter().map(|(_, from, to)| (*from, *to)).collect();
        within.sort_unstable_by_key(|(from, _)| rank[*from]);
        for (from, to) in within {
            reached[to] |= reached[from];
        }
        Some(reached)
    }

    /// The graph of the body of `for_each`, or of the top level; `None` when there is no such body or it holds a circle.
    pub(super) fn graph(&self, for_each: Option<&'a ComponentId>) -> Option<Graph> {
        self.scopes.all.get(&for_each)?.graph().ok()
    }

    /// The ports of component `id`, if it is there and its type is known.
    pub(super) fn ports(&self, id: &ComponentId) -> Option<&Ports> {
        self.parts.get(self.flow.components.get_index_of(id)?)?.ports.as_ref()
    }

    /// Component `id` by its name, for messages.
    pub(super) fn name(&self, id: &'a ComponentId) -> &'a str {
        self.flow.components.get(id).map_or(id.as_str(), |component| &component.name)
    }
}

impl Part<'_> {
    /// Whether it passes its stream to one of its outlets only (Branch).
    pub(super) fn chooses(&self) -> bool {
        let is_choice = |description: &ComponentDescription| {
            description.properties.iter().any(|property| property.kind == PropertyKind::Branches)
        };
        self.description.is_some_and(is_choice)
    }
}

/// The places of a scope's components in topological order.
fn order(scope: &Scope) -> Result<Vec<usize>, GraphError> {
    let ranks = scope.ranks()?;
    let mut order = vec![0; ranks.len()];
    ranks.into_iter().enumerate().for_each(|(place, rank)| order[rank] = place);
    Ok(order)
}
