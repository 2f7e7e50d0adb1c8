//! The connections that a flow uses: they exist, are of a kind that fits, and lead to the same place from every server.

use super::sub_flows::calls;
use super::{local, restart};
use crate::{Catalogue, Component, ComponentId, Connection, Diagnostic, Flow, FlowName, PropertyKind};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Checks the connections that the components of `flow` name against those of the project, by name.
pub fn check_connections(
    flow: &Flow,
    catalogue: &dyn Catalogue,
    connections: &BTreeMap<String, Connection>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (id, component) in &flow.components {
        let problems = named(component, catalogue).filter_map(|named| named.misfit(component, connections));
        found.extend(problems.map(|problem| problem.at(id)));
        if restart::moves_to_other_servers(flow) {
            found.extend(local_connections(id, component, catalogue, connections));
        }
    }
    found
}

/// The names of the connections that a flow uses, and the flows that it calls, however deep.
pub fn connections_of(flow: &Flow, catalogue: &dyn Catalogue, flows: &BTreeMap<FlowName, Flow>) -> BTreeSet<String> {
    let (mut used, mut seen, mut left) = (BTreeSet::new(), BTreeSet::new(), vec![flow]);
    while let Some(flow) = left.pop() {
        for component in flow.components.values() {
            used.extend(named(component, catalogue).map(|named| named.name.to_owned()));
            let called = calls(component, catalogue).filter_map(|(_, called)| FlowName::parse(called).ok());
            left.extend(called.filter(|called| seen.insert(called.clone())).filter_map(|called| flows.get(&called)));
        }
    }
    used
}

/// The connections of a component that lead elsewhere from another server.
pub(super) fn local_connections(
    id: &ComponentId,
    component: &Component,
    catalogue: &dyn Catalogue,
    connections: &BTreeMap<String, Connection>,
) -> Vec<Diagnostic> {
    let local = |named: Named| Some(local_place(named.fitting(connections)?)?.at(id).on(named.property));
    named(component, catalogue).filter_map(local).collect()
}

/// A connection as a component names it.
#[derive(Clone, Copy)]
struct Named<'a> {
    name: &'a str,
    property: &'static str,
    /// The kinds that the component can do with.
    kinds: &'a [&'static str],
}

fn named<'a>(component: &'a Component, catalogue: &'a dyn Catalogue) -> impl Iterator<Item = Named<'a>> {
    let described = catalogue.describe(&component.kind).into_iter().flat_map(|description| &description.properties);
    described.filter_map(|described| {
        let PropertyKind::Connection { kinds } = &described.kind else { return None };
        let name = component.properties.get(described.name)?.as_str().filter(|name| !name.is_empty())?;
        Some(Named { name, property: described.name, kinds })
    })
}

impl Named<'_> {
    /// The connection, if there is one of that name and of a kind that fits.
    fn fitting(self, connections: &BTreeMap<String, Connection>) -> Option<&Connection> {
        connections.get(self.name).filter(|connection| self.kinds.contains(&connection.kind.as_str()))
    }

    /// That there is no such connection, or one that does not fit.
    fn misfit(self, component: &Component, connections: &BTreeMap<String, Connection>) -> Option<Diagnostic> {
        let Self { name, property, kinds } = self;
        let Some(connection) = connections.get(name) else {
            let known: Vec<&str> = connections.keys().map(String::as_str).collect();
            let known =
                if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
            let message = format!("the project has no connection “{name}” ({known}): add it, or choose another");
            return Some(Diagnostic::error("connection/unknown", message).on(property));
        };
        if kinds.contains(&connection.kind.as_str()) {
            return None;
        }
        let message = format!(
            "“{}” needs a connection of kind {}, and “{name}” is of kind {}: choose another",
            component.name,
            kinds.join(" or "),
            connection.kind
        );
        Some(Diagnostic::error("connection/kind", message).on(property))
    }
}

fn local_place(connection: &Connection) -> Option<Diagnostic> {
    if let Some(path) = connection.text("path").filter(|path| local::is_path(path)) {
        let message = format!(
            "the connection “{}” leads to “{path}”, which is on one server's disk, and OtherServerRetry lets other \
             servers go on with the request: use a storage: path, which all servers share",
            connection.name
        );
        return Some(Diagnostic::warning("restart/local-path", message));
    }
    if let Some(host) = connection.text("host").filter(|host| local::is_host(host)) {
        return Some(restart::local_address(host));
    }
    if connection.settings.get(restart::THIS_SERVER_ONLY) == Some(&Value::Bool(true)) {
        let message = format!(
            "the connection “{}” is marked ThisServerOnly, and OtherServerRetry lets other servers go on with the \
             request: choose another connection, or set OtherServerRetry to false",
            connection.name
        );
        return Some(Diagnostic::warning("restart/this-server-only", message));
    }
    let mut texts = connection.settings.values().flat_map(local::texts);
    texts.find(|text| local::has_address(text)).map(restart::local_address)
}
