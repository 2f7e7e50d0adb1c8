//! What several rules need to know about a flow, worked out once.

use crate::graph::Scope;
use crate::{Catalogue, Component, ComponentId, Flow, Graph, GraphError, Ports, PropertyKind};
use indexmap::IndexMap;

/// A flow with what follows from it.
pub(super) struct Facts<'a> {
    pub(super) flow: &'a Flow,
    pub(super) catalogue: &'a dyn Catalogue,
    /// The ports of each component, in the flow's order; `None` of an unknown type.
    ports: Vec<Option<Ports>>,
    /// The graphs of the top level (`None`) and of each body, by its ForEach.
    pub(super) graphs: IndexMap<Option<&'a ComponentId>, Result<Graph, GraphError>>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(flow: &'a Flow, catalogue: &'a dyn Catalogue) -> Self {
        let ports = flow.components.values().map(|component| catalogue.ports(component)).collect();
        let graphs = Scope::all(flow).iter().map(|scope| (scope.for_each, scope.graph())).collect();
        Self { flow, catalogue, ports, graphs }
    }

    /// The ports of component `id`, if it is there and its type is known.
    pub(super) fn ports(&self, id: &ComponentId) -> Option<&Ports> {
        self.ports.get(self.flow.components.get_index_of(id)?)?.as_ref()
    }

    /// Component `id` by its name, for messages.
    pub(super) fn name(&self, id: &'a ComponentId) -> &'a str {
        self.flow.components.get(id).map_or(id.as_str(), |component| &component.name)
    }

    /// The graph of the body of `for_each`, or of the top level; `None` when there is no such body or it holds a circle.
    pub(super) fn graph(&self, for_each: Option<&'a ComponentId>) -> Option<&Graph> {
        self.graphs.get(&for_each)?.as_ref().ok()
    }

    /// Whether `component` passes its stream to one of its outlets only (Branch).
    pub(super) fn chooses(&self, component: &Component) -> bool {
        self.catalogue.describe(&component.kind).is_some_and(|description| {
            description.properties.iter().any(|property| property.kind == PropertyKind::Branches)
        })
    }
}
