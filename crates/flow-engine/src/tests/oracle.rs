//! The resume rule a second time, by brute force: every path of a flow is walked. Knows nothing of the engine.

use flow_model::{ComponentId, Flow, Link};
use flow_store::{SavedKind, SavedPoint};
use std::collections::BTreeSet;

/// What the saved points say of a scope, read naively.
struct Saved<'a> {
    /// The components of the scope and the links between them; those to the ForEach around it are in it too.
    flow: &'a Flow,
    points: Vec<&'a SavedPoint>,
    not_taken: &'a BTreeSet<(String, String)>,
}

/// Whether the component at `path` (its id behind the iterations and calls around it) never runs again.
pub(super) fn is_settled(flow: &Flow, called: &Flow, points: &[SavedPoint], path: &str) -> bool {
    let (mut inside, mut scope, mut flow) = (String::new(), top(flow), flow);
    for step in path.split('/') {
        let id = step.split('[').next().unwrap();
        let component = ComponentId::parse(id).unwrap();
        let of_scope: Vec<SavedPoint> = points.iter().filter(|point| point.iteration == inside).cloned().collect();
        if settled_with(&scope, &of_scope, &BTreeSet::new()).contains(id) {
            return true;
        }
        inside = [inside.as_str(), step].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        if step.contains('[') {
            if points.iter().any(|point| point.iteration == inside && point.component == id) {
                return true;
            }
            scope = body(flow, &component);
        } else if flow.components.get(&component).is_some_and(|component| component.kind == "SubFlow") {
            (scope, flow) = (top(called), called);
        }
    }
    false
}

/// The components of the top level from which every path crosses a saved point, a saved input, a completed terminal or an
/// outlet not taken.
pub(super) fn settled(flow: &Flow, points: &[SavedPoint]) -> BTreeSet<String> {
    settled_with(&top(flow), &at_top(points), &BTreeSet::new())
}

/// Saved points of the top level.
pub(super) fn at_top(points: &[SavedPoint]) -> Vec<SavedPoint> {
    points.iter().filter(|point| point.iteration.is_empty()).cloned().collect()
}

/// The top level of a flow.
pub(super) fn top(flow: &Flow) -> Flow {
    part(flow, None)
}

/// The body of a ForEach, with the links out of it.
fn body(flow: &Flow, owner: &ComponentId) -> Flow {
    part(flow, Some(owner))
}

fn part(flow: &Flow, owner: Option<&ComponentId>) -> Flow {
    let mut part = flow.clone();
    part.components.retain(|_, component| component.parent.as_ref() == owner);
    let is_in = |id: &ComponentId| part.components.contains_key(id);
    part.links
        .retain(|link| is_in(&link.from.component) && (is_in(&link.to.component) || owner == Some(&link.to.component)));
    part
}

/// The same as [`settled`] when these outlets are known not to have been taken, recorded or not.
pub(super) fn settled_with(
    flow: &Flow,
    points: &[SavedPoint],
    not_taken: &BTreeSet<(String, String)>,
) -> BTreeSet<String> {
    let saved = Saved { flow, points: standing(flow, points), not_taken };
    let is_settled = |id: &ComponentId| paths_from(flow, id).iter().all(|path| saved.crosses(id, path));
    flow.components.keys().filter(|id| is_settled(id)).map(ToString::to_string).collect()
}

/// The saved points that no later withdrawal may have touched.
fn standing<'a>(flow: &Flow, points: &'a [SavedPoint]) -> Vec<&'a SavedPoint> {
    let mut standing: Vec<&SavedPoint> = Vec::new();
    for point in points {
        if point.kind == SavedKind::Withdrawn {
            let id = ComponentId::parse(&point.component).unwrap();
            let behind = behind(flow, &id, &["error", "always"]);
            standing.retain(|before| {
                let is_own = before.component == point.component && before.kind != SavedKind::Input;
                !is_own && !behind.contains(&before.component)
            });
        } else {
            standing.push(point);
        }
    }
    standing
}

/// The components behind some outlets of `id`.
pub(super) fn behind(flow: &Flow, id: &ComponentId, outlets: &[&str]) -> BTreeSet<String> {
    let leaving = |link: &&Link| link.from.component == *id && outlets.contains(&link.from.port.as_str());
    let mut behind: BTreeSet<String> =
        flow.links.iter().filter(leaving).map(|link| link.to.component.to_string()).collect();
    loop {
        let more: Vec<String> = flow
            .links
            .iter()
            .filter(|link| {
                behind.contains(link.from.component.as_str()) && !behind.contains(link.to.component.as_str())
            })
            .map(|link| link.to.component.to_string())
            .collect();
        if more.is_empty() {
            return behind;
        }
        behind.extend(more);
    }
}

/// Every path from `id` to a component that nothing follows, or out of the scope.
fn paths_from<'a>(flow: &'a Flow, id: &ComponentId) -> Vec<Vec<&'a Link>> {
    let out: Vec<&Link> = flow.links.iter().filter(|link| link.from.component == *id).collect();
    if out.is_empty() {
        return vec![Vec::new()];
    }
    let further =
        |link: &'a Link| paths_from(flow, &link.to.component).into_iter().map(move |rest| [vec![link], rest].concat());
    out.into_iter().flat_map(further).collect()
}

impl Saved<'_> {
    fn crosses(&self, first: &ComponentId, path: &[&Link]) -> bool {
        let components = std::iter::once(first).chain(path.iter().map(|link| &link.to.component));
        let crosses_component = components.into_iter().any(|id| self.is_saved(id));
        crosses_component || path.iter().any(|link| self.is_not_taken(link) || self.has_saved_input(&link.to.component))
    }

    fn is_saved(&self, id: &ComponentId) -> bool {
        let of = |point: &&&SavedPoint| point.component == id.as_str();
        self.points.iter().filter(of).any(|point| match point.kind {
            SavedKind::Begin | SavedKind::Checkpoint => true,
            SavedKind::Completed => !self.flow.links.iter().any(|link| link.from.component == *id),
            _ => false,
        })
    }

    fn has_saved_input(&self, id: &ComponentId) -> bool {
        let is_input = |point: &&SavedPoint| matches!(point.kind, SavedKind::Input | SavedKind::Wait);
        self.points.iter().any(|point| point.component == id.as_str() && is_input(point))
    }

    fn is_not_taken(&self, link: &Link) -> bool {
        if self.not_taken.contains(&(link.from.component.to_string(), link.from.port.clone())) {
            return true;
        }
        let mut choices = self.points.iter().rev().filter(|point| point.kind == SavedKind::Outlets);
        let choice = choices.find(|point| point.component == link.from.component.as_str());
        choice.is_some_and(|point| !point.outlets.contains(&link.from.port))
    }
}
