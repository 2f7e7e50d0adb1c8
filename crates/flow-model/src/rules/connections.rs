//! The connections that a flow uses: they exist, are of a kind that fits, and lead to the same place from every server.

use super::{local, restart};
use crate::{Catalogue, Component, ComponentId, Connection, Diagnostic, Flow, PropertyDescription, PropertyKind};
use serde_json::Value;
use std::collections::BTreeMap;

/// Checks the connections that the components of `flow` name against those of the project, by name.
pub fn check_connections(
    flow: &Flow,
    catalogue: &dyn Catalogue,
    connections: &BTreeMap<String, Connection>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (id, component) in &flow.components {
        let Some(description) = catalogue.describe(&component.kind) else { continue };
        for described in &description.properties {
            let PropertyKind::Connection { kinds } = &described.kind else { continue };
            let problem = check_connection(flow, component, described, kinds, connections);
            found.extend(problem.map(|problem| at(problem, id, described)));
        }
    }
    found
}

fn at(problem: Diagnostic, id: &ComponentId, described: &PropertyDescription) -> Diagnostic {
    problem.at(id).on(described.name)
}

fn check_connection(
    flow: &Flow,
    component: &Component,
    described: &PropertyDescription,
    kinds: &[&str],
    connections: &BTreeMap<String, Connection>,
) -> Option<Diagnostic> {
    let name = component.properties.get(described.name)?.as_str().filter(|name| !name.is_empty())?;
    let Some(connection) = connections.get(name) else {
        let known: Vec<&str> = connections.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        let message = format!("the project has no connection “{name}” ({known}): add it, or choose another");
        return Some(Diagnostic::error("connection/unknown", message));
    };
    if !kinds.contains(&connection.kind.as_str()) {
        let message = format!(
            "“{}” needs a connection of kind {}, and “{name}” is of kind {}: choose another",
            component.name,
            kinds.join(" or "),
            connection.kind
        );
        return Some(Diagnostic::error("connection/kind", message));
    }
    restart::moves_to_other_servers(flow).then(|| local_place(connection)).flatten()
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
