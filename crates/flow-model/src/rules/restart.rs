//! What of a flow would break on another server, when other servers take over its requests.

use super::facts::{Facts, Part};
use super::local;
use crate::failure::saves_input;
use crate::{
    BeginCheckpoint, Component, ComponentDescription, ComponentId, Diagnostic, Edit, Flow, PropertyKind, StartSettings,
};
use serde_json::{Value, json};

/// The property, of a component or a connection, by which an author says that a thing is there on one server only.
pub(super) const THIS_SERVER_ONLY: &str = "ThisServerOnly";

pub(super) fn check(facts: &Facts, found: &mut Vec<Diagnostic>) {
    if !moves_to_other_servers(facts.flow) {
        return;
    }
    saved_point(facts, found);
    for part in &facts.parts {
        found.extend(of_component(part.id, part.component, part.description));
    }
}

/// What of one component would break on another server.
pub(super) fn of_component(
    id: &ComponentId,
    component: &Component,
    description: Option<&ComponentDescription>,
) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> =
        description.into_iter().flat_map(|description| local_places(id, component, description)).collect();
    if component.properties.get(THIS_SERVER_ONLY) == Some(&Value::Bool(true)) {
        let message = format!(
            "“{}” is marked ThisServerOnly, and OtherServerRetry lets other servers go on with the request: take \
             the mark away, or set OtherServerRetry to false",
            component.name
        );
        found.push(Diagnostic::warning("restart/this-server-only", message).at(id).on(THIS_SERVER_ONLY));
    }
    found
}

pub(super) fn moves_to_other_servers(flow: &Flow) -> bool {
    StartSettings::of(flow).is_some_and(|settings| settings.other_server_retry)
}

fn saved_point(facts: &Facts, found: &mut Vec<Diagnostic>) {
    let begins_saved =
        StartSettings::of(facts.flow).is_some_and(|settings| settings.begin_checkpoint == BeginCheckpoint::Use);
    let saves =
        |part: &Part| part.description.is_some_and(|found| found.saves) || saves_input(part.component, facts.catalogue);
    let Some((start, _)) = facts.flow.start() else { return };
    if begins_saved || facts.parts.iter().any(saves) {
        return;
    }
    let message = "OtherServerRetry is true, but the flow has no saved point, so another server would begin from \
                   the start: set BeginCheckpoint to Use, or add a Checkpoint where work must not be lost";
    let begin = Edit::SetProperty { id: start.clone(), property: "BeginCheckpoint".to_owned(), value: json!("Use") };
    let diagnostic = Diagnostic::warning("restart/no-saved-point", message).at(start).on("OtherServerRetry");
    found.push(diagnostic.mended_by("Set BeginCheckpoint to Use", begin));
}

fn local_places<'a>(
    id: &'a ComponentId,
    component: &'a Component,
    description: &'a ComponentDescription,
) -> impl Iterator<Item = Diagnostic> + 'a {
    description.properties.iter().filter_map(move |described| {
        let value = component.properties.get(described.name).unwrap_or(&described.default).as_str()?;
        let problem = match described.kind {
            PropertyKind::Path if local::is_path(value) => local_path(id, described.name, value),
            PropertyKind::Text | PropertyKind::Multiline if local::has_address(value) => local_address(value),
            _ => return None,
        };
        Some(problem.at(id).on(described.name))
    })
}

fn local_path(id: &ComponentId, property: &str, path: &str) -> Diagnostic {
    let message = format!(
        "“{path}” is on one server's disk, and OtherServerRetry lets other servers go on with the request: use a \
         storage: path, which all servers share, or project: for files of the project"
    );
    let shared = local::shared_path(path);
    let edit = Edit::SetProperty { id: id.clone(), property: property.to_owned(), value: Value::from(shared.as_str()) };
    Diagnostic::warning("restart/local-path", message).mended_by(format!("Use {shared}"), edit)
}

pub(super) fn local_address(text: &str) -> Diagnostic {
    let message = format!(
        "“{text}” means another machine on each server, and OtherServerRetry lets other servers go on with the request: \
         use a host name that is the same everywhere"
    );
    Diagnostic::warning("restart/local-address", message)
}
