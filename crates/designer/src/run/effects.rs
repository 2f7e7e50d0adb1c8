//! What a run would change in the world, to be asked about before it begins.

use super::part::{called_by, up_to};
use crate::background::blocking;
use crate::flow::line;
use crate::{Command, CommandError, Designer};
use flow_model::{Catalogue, Component, ComponentId, Connection, Effect, Flow, FlowName, PropertyKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use ts_rs::TS;

/// What a run of an open flow as it is now would change in the world: the places that it writes to and what it calls, in
/// the order of the flow.
#[derive(Debug, Deserialize, TS)]
pub struct RunEffects {
    /// The flow.
    pub flow: FlowName,
    /// Only what a run up to this component would change.
    #[serde(default)]
    #[ts(optional)]
    pub to: Option<ComponentId>,
}

/// Something that a run would change in the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RunEffect {
    /// The component of the flow that does it, itself or by calling another flow.
    pub component: ComponentId,
    /// The name of the component that does it.
    pub name: String,
    /// Its type: `FileWrite`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it does, as its card says: `storage:report.csv`, `insert into orders`. Empty when nothing is set yet.
    pub what: String,
    /// Where: the connection's name and address, if it uses one.
    pub place: Option<String>,
    /// The called flow that the component is in, if it is not in the flow itself.
    pub called: Option<FlowName>,
}

impl Command for RunEffects {
    const NAME: &'static str = "run_effects";
    type Output = Vec<RunEffect>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<RunEffect>, CommandError> {
        let project = designer.project()?;
        let document = project.session(&self.flow)?.lock().flow().clone();
        let palette = Arc::clone(designer.palette());
        blocking(move || {
            let document = self.to.as_ref().map_or_else(|| document.clone(), |to| up_to(&document, to));
            let connections = project.connections();
            let flows = project.flows_now();
            let around = Around { catalogue: &*palette, connections: &connections, flows: &flows };
            Ok(around.effects(&document))
        })
        .await
    }
}

/// What decides about effects.
struct Around<'a> {
    catalogue: &'a dyn Catalogue,
    connections: &'a BTreeMap<String, Connection>,
    flows: &'a BTreeMap<FlowName, Flow>,
}

impl Around<'_> {
    fn effects(&self, flow: &Flow) -> Vec<RunEffect> {
        let mut found = Vec::new();
        for (id, component) in &flow.components {
            if self.catalogue.effect(component) == Effect::Changes {
                found.push(self.effect(id, component, None));
            }
            let mut seen = BTreeSet::new();
            let mut ahead: Vec<FlowName> = called_by(component, self.catalogue).into_iter().collect();
            while let Some(called) = ahead.pop() {
                if !seen.insert(called.clone()) {
                    continue;
                }
                for inner in self.flows.get(&called).into_iter().flat_map(|flow| flow.components.values()) {
                    if self.catalogue.effect(inner) == Effect::Changes {
                        found.push(self.effect(id, inner, Some(called.clone())));
                    }
                    ahead.extend(called_by(inner, self.catalogue));
                }
            }
        }
        found
    }

    fn effect(&self, by: &ComponentId, component: &Component, called: Option<FlowName>) -> RunEffect {
        RunEffect {
            component: by.clone(),
            name: component.name.clone(),
            kind: component.kind.clone(),
            what: self.catalogue.describe(&component.kind).map(|kind| line(component, kind)).unwrap_or_default(),
            place: self.place(component),
            called,
        }
    }

    fn place(&self, component: &Component) -> Option<String> {
        let properties = &self.catalogue.describe(&component.kind)?.properties;
        let is_connection = |kind: &PropertyKind| matches!(kind, PropertyKind::Connection { .. });
        let property = properties.iter().find(|property| is_connection(&property.kind))?;
        let name = component.properties.get(property.name)?.as_str().filter(|name| !name.is_empty())?;
        let address = self.connections.get(name).map(Connection::address).filter(|address| !address.is_empty());
        Some(address.map_or_else(|| name.to_owned(), |address| format!("{name}: {address}")))
    }
}
