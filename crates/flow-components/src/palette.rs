//! All component types, in the order in which the palette shows them: a folder for each family, a file for each type.

mod control;
mod database;
mod files;
mod network;
mod records;

use crate::{Component, ComponentType, Properties};
use flow_model::{
    ALWAYS_OUTLET, Catalogue, ComponentDescription, ComponentId, Diagnostic, ERROR_OUTLET, Effect, PortDescription,
    Ports,
};
use std::collections::HashMap;
use std::sync::Arc;

/// The component types that flows may use.
pub struct Palette {
    types: Vec<Entry>,
    by_name: HashMap<&'static str, usize>,
}

struct Entry {
    kind: Box<dyn ComponentType>,
    description: ComponentDescription,
}

impl Palette {
    /// The component types that Cairn brings.
    pub fn standard() -> Arc<Self> {
        Self::standard_with(Vec::new())
    }

    /// Those and `more`.
    pub fn standard_with(more: Vec<Box<dyn ComponentType>>) -> Arc<Self> {
        let families = [control::types(), files::types(), records::types(), database::types(), network::types()];
        let mut types: Vec<Box<dyn ComponentType>> = families.into_iter().flatten().collect();
        types.extend(more);
        let types: Vec<Entry> = types.into_iter().map(|kind| Entry { description: kind.description(), kind }).collect();
        let by_name = types.iter().enumerate().map(|(at, entry)| (entry.description.kind, at)).collect();
        Arc::new(Self { types, by_name })
    }

    /// Reads and checks the properties of a component, so that it can run.
    pub fn prepare(
        &self,
        id: &ComponentId,
        component: &flow_model::Component,
    ) -> Result<Arc<dyn Component>, Vec<Diagnostic>> {
        let Some(entry) = self.entry(&component.kind) else {
            let message =
                format!("“{}” is a {}, which this release does not know: update Cairn", component.name, component.kind);
            return Err(vec![Diagnostic::error("component/unknown-type", message).at(id)]);
        };
        let mut properties = Properties::new(id, component, &entry.description);
        let prepared = entry.kind.prepare(&mut properties);
        let problems = properties.problems();
        if problems.is_empty() { Ok(prepared) } else { Err(problems) }
    }

    fn entry(&self, kind: &str) -> Option<&Entry> {
        self.by_name.get(kind).and_then(|at| self.types.get(*at))
    }
}

impl Catalogue for Palette {
    fn describe(&self, kind: &str) -> Option<&ComponentDescription> {
        self.entry(kind).map(|entry| &entry.description)
    }

    fn ports(&self, component: &flow_model::Component) -> Option<Ports> {
        let mut ports = self.entry(&component.kind)?.kind.ports(component);
        // What can fail can be followed however it ends.
        if ports.has_outlet(ERROR_OUTLET) && !ports.has_outlet(ALWAYS_OUTLET) {
            ports.outlets.push(PortDescription { name: ALWAYS_OUTLET.to_owned(), title: ALWAYS_OUTLET.to_owned() });
        }
        Some(ports)
    }

    fn all(&self) -> Vec<&ComponentDescription> {
        self.types.iter().map(|entry| &entry.description).collect()
    }

    fn effect(&self, component: &flow_model::Component) -> Effect {
        let effect = |entry: &Entry| entry.kind.effect(component).unwrap_or(entry.description.effect);
        self.entry(&component.kind).map_or(Effect::Changes, effect)
    }

    fn saves_input(&self, component: &flow_model::Component) -> bool {
        self.entry(&component.kind).is_some_and(|entry| entry.kind.saves_input(component))
    }

    fn sets(&self, component: &flow_model::Component) -> Vec<String> {
        self.entry(&component.kind).map(|entry| entry.kind.sets(component)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
