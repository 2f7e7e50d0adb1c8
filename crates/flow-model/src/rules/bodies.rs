//! Bodies: a component's parent exists and has a body, parents form no circle, and what is in a body may be there.

use super::facts::{Facts, Part};
use crate::{Component, ComponentId, Diagnostic, Edit, Ports, START};
use std::collections::BTreeMap;

pub(super) fn check(facts: &Facts, part: &Part, found: &mut Vec<Diagnostic>) {
    let (id, component) = (part.id, part.component);
    if let Some(parent) = &component.parent {
        found.extend(problem(facts, id, component, parent).map(|problem| problem.at(id)));
    }
    if part.ports.as_ref().is_some_and(Ports::has_body) && !facts.scopes.all.contains_key(&Some(id)) {
        let message = format!(
            "“{}” has nothing in its body, so it only passes on its input: draw what it is to do for each record into it",
            component.name
        );
        found.push(Diagnostic::warning("body/empty", message).at(id));
    }
}

fn problem(facts: &Facts, id: &ComponentId, component: &Component, parent: &ComponentId) -> Option<Diagnostic> {
    let name = &component.name;
    let (code, message) = if !facts.flow.components.contains_key(parent) {
        let message = format!("“{name}” belongs to the body of “{parent}”, which does not exist: move it out");
        ("component/no-such-parent", message)
    } else if facts.ports(parent).is_some_and(|ports| !ports.has_body()) {
        let message =
            format!("“{name}” belongs to the body of “{}”, which can have none: move it out", facts.name(parent));
        ("component/parent-has-no-body", message)
    } else if facts.flow.is_own_ancestor(id) {
        ("component/parent-circle", format!("“{name}” lies in its own body: move it out"))
    } else if component.kind == START {
        let message = format!("“{name}” is the start component, which runs once and cannot be in a body: move it out");
        ("flow/start-in-body", message)
    } else {
        return None;
    };
    let position = facts.flow.layout.get(id).copied().unwrap_or_default();
    let out = Edit::SetParent { parent: None, positions: BTreeMap::from([(id.clone(), position)]) };
    Some(Diagnostic::error(code, message).mended_by("Move it out of the body", out))
}
