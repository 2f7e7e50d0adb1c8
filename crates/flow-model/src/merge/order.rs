//! The order of the merged components.

use crate::{ComponentId, Flow};
use std::collections::BTreeMap;

/// The components that `keeps` accepts, of both sides. Those that both have stand in the order of ours, unless only
/// theirs changed it; what one side added stands behind what it stood behind there. The answer does not depend on
/// which side is called ours, unless both changed the order.
pub(super) fn order<'a>(
    base: &Flow,
    ours: &'a Flow,
    theirs: &'a Flow,
    keeps: impl Fn(&ComponentId) -> bool,
) -> Vec<&'a ComponentId> {
    let is_common = |id: &ComponentId| ours.components.contains_key(id) && theirs.components.contains_key(id);
    let known = |flow: &Flow, of: &Flow| -> Vec<ComponentId> {
        of.components.keys().filter(|id| flow.components.contains_key(*id)).cloned().collect()
    };
    let ours_kept_it = known(ours, base) == known(base, ours);
    let (first, second) = if ours_kept_it { (theirs, ours) } else { (ours, theirs) };
    let groups = [added(first, is_common), added(second, is_common)];
    let mut order = Vec::new();
    let anchors = first.components.keys().filter(|id| is_common(id)).map(Some);
    for anchor in std::iter::once(None).chain(anchors) {
        order.extend(anchor);
        let mut behind: Vec<&Vec<&ComponentId>> = groups.iter().filter_map(|group| group.get(&anchor)).collect();
        behind.sort();
        order.extend(behind.into_iter().flatten());
    }
    order.into_iter().filter(|id| keeps(id)).collect()
}

/// What a side alone has, by what it stands behind of that which both have.
fn added(side: &Flow, is_common: impl Fn(&ComponentId) -> bool) -> BTreeMap<Option<&ComponentId>, Vec<&ComponentId>> {
    let mut added: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut anchor = None;
    for id in side.components.keys() {
        if is_common(id) {
            anchor = Some(id);
        } else {
            added.entry(anchor).or_default().push(id);
        }
    }
    added
}
