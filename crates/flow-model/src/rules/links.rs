//! Links: both ends exist.

use crate::{Catalogue, Diagnostic, Flow, Link, Ports};

pub(super) fn check(flow: &Flow, catalogue: &dyn Catalogue, found: &mut Vec<Diagnostic>) {
    found.extend(flow.links.iter().filter_map(|link| problem(link, flow, catalogue).map(|found| found.along(link))));
}

fn problem(link: &Link, flow: &Flow, catalogue: &dyn Catalogue) -> Option<Diagnostic> {
    let ends = (flow.components.get(&link.from.component), flow.components.get(&link.to.component));
    let (Some(from), Some(to)) = ends else {
        let missing = if ends.0.is_none() { &link.from.component } else { &link.to.component };
        let message = format!("the link {link} needs the component “{missing}”, which does not exist: remove the link");
        return Some(Diagnostic::error("link/no-such-component", message));
    };
    // Of an unknown type nobody knows the ports; the type itself is reported.
    if let Some(ports) = catalogue.ports(from).filter(|ports| !ports.has_outlet(&link.from.port)) {
        let message = format!(
            "“{}” has no outlet “{}” ({}): remove the link, or draw it from another outlet",
            from.name,
            link.from.port,
            outlets(&ports)
        );
        return Some(Diagnostic::error("link/no-such-outlet", message).at(&link.from.component));
    }
    if let Some(ports) = catalogue.ports(to).filter(|ports| !ports.has_inlet(&link.to.port)) {
        let message = format!(
            "“{}” has no inlet “{}” ({}): remove the link, or draw it to another inlet",
            to.name,
            link.to.port,
            inlets(&ports)
        );
        return Some(Diagnostic::error("link/no-such-inlet", message).at(&link.to.component));
    }
    None
}

fn outlets(ports: &Ports) -> String {
    match ports.outlets.as_slice() {
        [] => "it has none".to_owned(),
        outlets => format!("it has {}", outlets.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join(", ")),
    }
}

fn inlets(ports: &Ports) -> String {
    match ports.inlets.as_slice() {
        [] => "it has none".to_owned(),
        inlets => format!("it has {}", inlets.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join(", ")),
    }
}
