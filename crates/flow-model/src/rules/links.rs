//! Links: both ends exist, and none leads over the border of a body.

use super::facts::{Facts, Part};
use crate::{Diagnostic, Link, LinkPlace, PortDescription};

pub(super) fn check(facts: &Facts, found: &mut Vec<Diagnostic>) {
    let nowhere = facts.flow.links.iter().zip(&facts.scopes.ends).filter(|(_, ends)| ends.is_none());
    found.extend(nowhere.map(|(link, _)| missing_end(link, facts).along(link).mended_without(link)));
    for (link, place, from, to) in facts.placed_links() {
        found.extend(problem(link, place, from, to).map(|problem| problem.along(link).mended_without(link)));
    }
}

fn problem(link: &Link, place: LinkPlace, from: &Part, to: &Part) -> Option<Diagnostic> {
    if place == LinkPlace::Crosses {
        return Some(crosses_border(from, to));
    }
    // Of an unknown type nobody knows the ports; the type itself is reported.
    let (outlets, inlets) =
        (from.ports.as_ref().map(|ports| place.outlets(ports)), to.ports.as_ref().map(|ports| place.inlets(ports)));
    let has = |ports: &[PortDescription], name: &str| ports.iter().any(|port| port.name == name);
    if let Some(outlets) = outlets.filter(|outlets| !has(outlets, &link.from.port)) {
        let message = format!(
            "“{}” has no outlet “{}”{} ({}): remove the link, or draw it from another outlet",
            from.component.name,
            link.from.port,
            if matches!(place, LinkPlace::Enters(_)) { " into its body" } else { "" },
            listed(outlets)
        );
        return Some(Diagnostic::error("link/no-such-outlet", message).at(from.id));
    }
    if let Some(inlets) = inlets.filter(|inlets| !has(inlets, &link.to.port)) {
        let message = format!(
            "“{}” has no inlet “{}”{} ({}): remove the link, or draw it to another inlet",
            to.component.name,
            link.to.port,
            if matches!(place, LinkPlace::Leaves(_)) { " from its body" } else { "" },
            listed(inlets)
        );
        return Some(Diagnostic::error("link/no-such-inlet", message).at(to.id));
    }
    None
}

fn missing_end(link: &Link, facts: &Facts) -> Diagnostic {
    let from_is_there = facts.flow.components.contains_key(&link.from.component);
    let missing = if from_is_there { &link.to.component } else { &link.from.component };
    let message = format!("the link {link} needs the component “{missing}”, which does not exist: remove the link");
    Diagnostic::error("link/no-such-component", message)
}

fn crosses_border(from: &Part, to: &Part) -> Diagnostic {
    let message = format!(
        "the link from “{}” to “{}” leads over the border of a ForEach's body, where streams pass only through the \
         ForEach itself: remove the link, or move both into the same body",
        from.component.name, to.component.name
    );
    Diagnostic::error("link/crosses-border", message)
}

fn listed(ports: &[PortDescription]) -> String {
    match ports {
        [] => "it has none".to_owned(),
        ports => format!("it has {}", ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join(", ")),
    }
}
