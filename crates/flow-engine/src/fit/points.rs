//! Whether a saved point has its place in a plan.

use super::Why;
use crate::plan::{Plan, Role};
use flow_model::{ERROR_OUTLET, IN, OUT};
use flow_store::{SavedKind, SavedOutline};

/// Where a saved stream goes on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Port {
    /// It leaves this outlet.
    Out(String),
    /// It has arrived at this inlet.
    In(String),
}

/// The component that a path and an id lead to, in its plan.
pub(super) fn find<'a>(plan: &'a Plan, path: &str, id: &str) -> Result<(&'a Plan, usize), Why> {
    if path.is_empty() {
        return Ok((plan, place(plan, id)?));
    }
    let (step, rest) = path.split_once('/').unwrap_or((path, ""));
    let owner = step.split_once('[').map_or(step, |(owner, _)| owner);
    let inner = plan.components[place(plan, owner)?].inner.as_deref();
    let nothing_inside = || Why::Other(format!("was inside of {owner}, which has nothing inside any more"));
    find(inner.ok_or_else(nothing_inside)?, rest, id)
}

/// Where a component is in a plan.
fn place(plan: &Plan, id: &str) -> Result<usize, Why> {
    plan.index_of(id).ok_or(Why::Gone)
}

/// Whether iterations of a ForEach that have finished have their place. If so, where their results go on.
pub(super) fn check_finished(plan: &Plan, path: &str, id: &str) -> Result<Port, Why> {
    let (plan, at) = find(plan, path, id)?;
    match plan.components[at].role {
        Role::ForEach => Ok(Port::Out(OUT.to_owned())),
        _ => Err(Why::OtherType("is no ForEach any more".to_owned())),
    }
}

/// Whether a saved point has its place; `old` is the plan under which it was saved. If a stream belongs to it that goes on
/// from there, where.
pub(super) fn check(plan: &Plan, old: Option<&Plan>, point: &SavedOutline) -> Result<Option<Port>, Why> {
    let before = old.and_then(|old| find(old, &point.iteration, &point.component).ok());
    let (plan, at) = find(plan, &point.iteration, &point.component).map_err(|why| match (why, before) {
        (Why::Gone, Some((old, was))) => same_elsewhere(plan, old, was, point).map_or(Why::Gone, Why::OtherId),
        (why, _) => why,
    })?;
    let planned = &plan.components[at];
    let other = |what: &str| Err(Why::OtherType(what.to_owned()));
    match point.kind {
        SavedKind::Begin if planned.role != Role::Start => other("is not the start of the flow any more"),
        SavedKind::Checkpoint if planned.role != Role::Checkpoint => other("is no Checkpoint any more"),
        SavedKind::Wait if planned.role != Role::Wait => other("is no Wait any more"),
        SavedKind::Begin | SavedKind::Checkpoint => Ok(Some(Port::Out(OUT.to_owned()))),
        SavedKind::Wait | SavedKind::Input => {
            let inlet = point.outlets.first().map_or(IN, String::as_str);
            match planned.inlets.iter().any(|port| port.name == inlet) {
                true => Ok(Some(Port::In(inlet.to_owned()))),
                false => Err(Why::Port(inlet.to_owned())),
            }
        }
        SavedKind::Completed if !planned.is_terminal() => {
            let what = "was at an end of the flow, and something follows it now that what it put out was not saved for";
            other(what)
        }
        SavedKind::Stream => {
            let outlet = point.outlets.first().filter(|outlet| planned.outlet(outlet).is_some());
            Ok(outlet.map(|outlet| Port::Out(outlet.clone())))
        }
        SavedKind::Outlets => {
            let was_linked =
                |outlet: &&String| before.is_none_or(|(old, was)| old.components[was].outlet(outlet).is_some());
            let mut gone = point.outlets.iter().filter(was_linked).filter(|outlet| planned.outlet(outlet).is_none());
            match gone.next() {
                Some(outlet) => Err(Why::Port(outlet.clone())),
                None if point.has_stream && planned.outlet(ERROR_OUTLET).is_some() => {
                    Ok(Some(Port::Out(ERROR_OUTLET.to_owned())))
                }
                None => Ok(None),
            }
        }
        SavedKind::Completed | SavedKind::Withdrawn => Ok(None),
    }
}

/// The id of the one component of the same type and name in the same scope of the new plan.
fn same_elsewhere(plan: &Plan, old: &Plan, was: usize, point: &SavedOutline) -> Option<String> {
    let before = &old.components[was];
    let kind = |plan: &Plan, at: usize| {
        plan.flow.document.components.get(&plan.components[at].id).map(|component| component.kind.clone())
    };
    let scope = match point.iteration.rsplit_once('/') {
        None if point.iteration.is_empty() => plan,
        around => {
            let (path, step) = around.unwrap_or(("", &point.iteration));
            let owner = step.split_once('[').map_or(step, |(owner, _)| owner);
            let (plan, at) = find(plan, path, owner).ok()?;
            plan.components[at].inner.as_deref()?
        }
    };
    let alike = |at: &usize| scope.components[*at].name == before.name && kind(scope, *at) == kind(old, was);
    let mut found = (0..scope.graph.order().len()).filter(alike);
    let first = found.next().filter(|_| found.next().is_none())?;
    Some(scope.components[first].id.to_string())
}
