//! Links: both ends exist, and none leads over the border of a body.

use super::facts::Facts;
use crate::{Diagnostic, Link, LinkPlace, PortDescription};

pub(super) fn check(facts: &Facts, found: &mut Vec<Diagnostic>) {
    let links = facts.flow.links.iter();
    found.extend(links.filter_map(|link| Some(problem(link, facts)?.along(link).mended_without(link))));
}

fn problem(link: &Link, facts: &Facts) -> Option<Diagnostic> {
    let Some(place) = facts.flow.link_place(link) else { return Some(missing_end(link, facts)) };
    if place == LinkPlace::Crosses {
        return Some(crosses_border(link, facts));
    }
    // Of an unknown type nobody knows the ports; the type itself is reported.
    if let Some(outlets) = facts.ports(&link.from.component).map(|ports| place.outlets(ports)) {
        if !names(outlets).any(|name| name == link.from.port) {
            let message = format!(
                "“{}” has no outlet “{}”{} ({}): remove the link, or draw it from another outlet",
                facts.name(&link.from.component),
                link.from.port,
                if matches!(place, LinkPlace::Enters(_)) { " into its body" } else { "" },
                listed(outlets)
            );
            return Some(Diagnostic::error("link/no-such-outlet", message).at(&link.from.component));
        }
    }
    if let Some(inlets) = facts.ports(&link.to.component).map(|ports| place.inlets(ports)) {
        if !names(inlets).any(|name| name == link.to.port) {
            let message = format!(
                "“{}” has no inlet “{}”{} ({}): remove the link, or draw it to another inlet",
                facts.name(&link.to.component),
                link.to.port,
                if matches!(place, LinkPlace::Leaves(_)) { " from its body" } else { "" },
                listed(inlets)
            );
            return Some(Diagnostic::error("link/no-such-inlet", message).at(&link.to.component));
        }
    }
    None
}

fn missing_end(link: &Link, facts: &Facts) -> Diagnostic {
    let from_is_there = facts.flow.components.contains_key(&link.from.component);
    let missing = if from_is_there { &link.to.component } else { &link.from.component };
    let message = format!("the link {link} needs the component “{missing}”, which does not exist: remove the link");
    Diagnostic::error("link/no-such-component", message)
}

fn crosses_border(link: &Link, facts: &Facts) -> Diagnostic {
    let message = format!(
        "the link from “{}” to “{}” leads over the border of a ForEach's body, where streams pass only through the \
         ForEach itself: remove the link, or move both into the same body",
        facts.name(&link.from.component),
        facts.name(&link.to.component)
    );
    Diagnostic::error("link/crosses-border", message)
}

fn names(ports: &[PortDescription]) -> impl Iterator<Item = &str> {
    ports.iter().map(|port| port.name.as_str())
}

fn listed(ports: &[PortDescription]) -> String {
    match ports {
        [] => "it has none".to_owned(),
        ports => format!("it has {}", names(ports).collect::<Vec<_>>().join(", ")),
    }
}
