//! What of a flow would break on another server, when other servers take over its requests.

use crate::{
    BeginCheckpoint, Catalogue, Component, ComponentDescription, ComponentId, Diagnostic, Flow, PropertyKind,
    StartSettings,
};
use serde_json::Value;

pub(super) fn check(flow: &Flow, catalogue: &dyn Catalogue, found: &mut Vec<Diagnostic>) {
    if !moves_to_other_servers(flow) {
        return;
    }
    saved_point(flow, catalogue, found);
    for (id, component) in &flow.components {
        if let Some(description) = catalogue.describe(&component.kind) {
            found.extend(local_places(id, component, description));
        }
    }
}

pub(super) fn moves_to_other_servers(flow: &Flow) -> bool {
    StartSettings::of(flow).is_some_and(|settings| settings.other_server_retry)
}

fn saved_point(flow: &Flow, catalogue: &dyn Catalogue, found: &mut Vec<Diagnostic>) {
    let begins_saved =
        StartSettings::of(flow).is_some_and(|settings| settings.begin_checkpoint == BeginCheckpoint::Use);
    let saves = |component: &Component| catalogue.describe(&component.kind).is_some_and(|found| found.saves);
    let Some((start, _)) = flow.start() else { return };
    if !begins_saved && !flow.components.values().any(saves) {
        let message = "OtherServerRetry is true, but the flow has no saved point, so another server would begin from \
                       the start: set BeginCheckpoint to Use, or add a Checkpoint where work must not be lost";
        found.push(Diagnostic::warning("restart/no-saved-point", message).at(start).on("OtherServerRetry"));
    }
}

fn local_places<'a>(
    id: &'a ComponentId,
    component: &'a Component,
    description: &'a ComponentDescription,
) -> impl Iterator<Item = Diagnostic> + 'a {
    description.properties.iter().filter_map(move |described| {
        let value = component.properties.get(described.name).unwrap_or(&described.default).as_str()?;
        let problem = match described.kind {
            PropertyKind::Path if is_local_path(value) => Diagnostic::warning(
                "restart/local-path",
                format!(
                    "“{value}” is on one server's disk, and OtherServerRetry lets other servers go on with the request: \
                     use a storage: path, which all servers share, or project: for files of the project"
                ),
            ),
            PropertyKind::Text | PropertyKind::Multiline if has_local_address(value) => local_address(value),
            _ => return None,
        };
        Some(problem.at(id).on(described.name))
    })
}

pub(super) fn local_address(text: &str) -> Diagnostic {
    let message = format!(
        "“{text}” means another machine on each server, and OtherServerRetry lets other servers go on with the request: \
         use a host name that is the same everywhere"
    );
    Diagnostic::warning("restart/local-address", message)
}

/// Whether a path is on the disk of one server. A path that begins with a flow variable can be anything.
pub(super) fn is_local_path(path: &str) -> bool {
    let path = path.trim();
    !path.is_empty() && !["storage:", "project:", "${"].iter().any(|shared| path.starts_with(shared))
}

/// Whether a text holds a URL of the machine itself.
pub(super) fn has_local_address(text: &str) -> bool {
    let is_local = |rest: &str| {
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let host = match host.strip_prefix('[') {
            Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        let host = host.to_ascii_lowercase();
        host == "localhost" || host.ends_with(".localhost") || host == "::1" || host == "0.0.0.0" || is_loopback(&host)
    };
    text.split("://").skip(1).any(|after| {
        let authority = after.split(|c: char| c == '/' || c == '?' || c == '#' || c.is_whitespace()).next();
        is_local(authority.unwrap_or_default())
    })
}

fn is_loopback(host: &str) -> bool {
    host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// The texts of a value, however deep.
pub(super) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
