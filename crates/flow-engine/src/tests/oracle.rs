//! The resume rule a second time, by brute force: every path of a flow is walked. Knows nothing of the engine.

use flow_model::{ComponentId, Flow, Link};
use flow_store::{SavedKind, SavedPoint};
use std::collections::BTreeSet;

/// What the saved points say, read naively.
struct Saved<'a> {
    flow: &'a Flow,
    points: Vec<&'a SavedPoint>,
    not_taken: &'a BTreeSet<(String, String)>,
}

/// The components from which every path crosses a saved point, a completed terminal or an outlet not taken.
pub(super) fn settled(flow: &Flow, points: &[SavedPoint]) -> BTreeSet<String> {
    settled_with(flow, points, &BTreeSet::new())
}

/// The same when these outlets are known not to have been taken, recorded or not.
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
            let behind = behind_error(flow, &id);
            standing.retain(|before| before.component != point.component && !behind.contains(&before.component));
        } else {
            standing.push(point);
        }
    }
    standing
}

/// The components behind the error outlet of `id`.
pub(super) fn behind_error(flow: &Flow, id: &ComponentId) -> BTreeSet<String> {
    let errors = flow.links.iter().filter(|link| link.from.component == *id && link.from.port == "error");
    let mut behind: BTreeSet<String> = errors.map(|link| link.to.component.to_string()).collect();
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

/// Every path from `id` to a component that nothing follows.
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
        components.into_iter().any(|id| self.is_saved(id)) || path.iter().any(|link| self.is_not_taken(link))
    }

    fn is_saved(&self, id: &ComponentId) -> bool {
        let of = |point: &&&SavedPoint| point.component == id.as_str();
        self.points.iter().filter(of).any(|point| match point.kind {
            SavedKind::Begin | SavedKind::Checkpoint | SavedKind::Wait => true,
            SavedKind::Completed => !self.flow.links.iter().any(|link| link.from.component == *id),
            _ => false,
        })
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
