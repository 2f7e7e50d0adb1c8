//! What each side did well can go wrong together: two start components, a circle, a link over a border. Such things are
//! conflicts too, and the merged flow is without them.

use super::Merger;
use crate::diff::json_of;
use crate::graph::Scopes;
use crate::{Component, ComponentId, Flow, GraphError, Link, Place, START};
use serde_json::Value;

impl Merger<'_> {
    pub(super) fn keep_in_shape(&mut self, flow: &mut Flow) {
        self.one_start(flow);
        self.no_body_in_itself(flow);
        self.no_link_elsewhere(flow);
        self.no_new_circle(flow);
    }

    fn one_start(&mut self, flow: &mut Flow) {
        let starts = |flow: &Flow| -> Vec<ComponentId> {
            let is_start = |(_, component): &(&ComponentId, &Component)| component.kind == START;
            flow.components.iter().filter(is_start).map(|(id, _)| id.clone()).collect()
        };
        let (merged, ours) = (starts(flow), starts(self.ours));
        if merged.len() <= ours.len().max(starts(self.theirs).len()) {
            return;
        }
        for id in merged.iter().filter(|id| !ours.contains(id)) {
            let Some(component) = flow.components.shift_remove(id) else { continue };
            flow.layout.remove(id);
            flow.links.retain(|link| link.from.component != *id && link.to.component != *id);
            flow.groups.values_mut().for_each(|group| drop(group.members.take(id)));
            let ours = ours.first().and_then(|id| self.ours.components.get(id)).map_or(Value::Null, json_of);
            let place = Place { component: Some(id.clone()), ..Place::default() };
            let what = format!("“{}”, a second start component", component.name);
            self.conflict(place, what, Value::Null, ours, json_of(&component));
        }
    }

    fn no_body_in_itself(&mut self, flow: &mut Flow) {
        let circular = |flow: &Flow| -> Vec<ComponentId> {
            flow.components.keys().filter(|id| flow.is_own_ancestor(id)).cloned().collect()
        };
        for id in circular(flow).into_iter().filter(|id| !self.ours.is_own_ancestor(id)) {
            let parent_in = |flow: &Flow| flow.components.get(&id).and_then(|component| component.parent.clone());
            let [base, ours, theirs] = [self.base, self.ours, self.theirs].map(parent_in);
            if theirs == ours || !flow.is_own_ancestor(&id) {
                continue;
            }
            let what = format!("the body of “{}”, which would be inside itself", self.name(&id));
            let place = Place { component: Some(id.clone()), ..Place::default() };
            self.conflict(place, what, json_of(&base), json_of(&ours), json_of(&theirs));
            let parent = ours.filter(|parent| flow.components.contains_key(parent));
            if let Some(component) = flow.components.get_mut(&id) {
                component.parent = parent;
            }
        }
    }

    /// A link that one side drew within a body and the other side's moves made to cross its border.
    fn no_link_elsewhere(&mut self, flow: &mut Flow) {
        let went_elsewhere = |link: &&Link| {
            let place = flow.link_place(link);
            let was = |side: &Flow| match (place, side.link_place(link)) {
                (Some(now), Some(before)) => now.is_like(before),
                (now, before) => now.is_some() == before.is_some(),
            };
            let sides = [self.ours, self.theirs];
            !sides.into_iter().filter(|side| side.links.contains(link)).all(was)
        };
        let elsewhere: Vec<Link> = flow.links.iter().filter(went_elsewhere).cloned().collect();
        for link in elsewhere {
            flow.links.remove(&link);
            self.contest_link(&link, "would lead over the border of a body");
        }
    }

    fn no_new_circle(&mut self, flow: &mut Flow) {
        while let Some(link) = self.link_of_new_circle(flow) {
            flow.links.remove(&link);
            self.contest_link(&link, "would close a circle");
        }
    }

    /// A link on a circle that is not in ours; the circle came with theirs then.
    fn link_of_new_circle(&self, flow: &Flow) -> Option<Link> {
        Scopes::of(flow).all.values().find_map(|scope| {
            let Err(GraphError::Cycle { components }) = scope.graph() else { return None };
            let on_circle =
                |link: &&Link| [&link.from, &link.to].into_iter().all(|end| components.contains(&end.component));
            let candidates: Vec<&Link> = flow.links.iter().filter(on_circle).collect();
            let not_in = |side: &Flow| candidates.iter().find(|link| !side.links.contains(**link)).copied().cloned();
            not_in(self.ours).or_else(|| not_in(self.theirs))
        })
    }

    fn contest_link(&mut self, link: &Link, why: &str) {
        let of = |flow: &Flow| if flow.links.contains(link) { json_of(link) } else { Value::Null };
        let [base, ours, theirs] = [self.base, self.ours, self.theirs].map(of);
        let (from, to) = (self.name(&link.from.component), self.name(&link.to.component));
        let place = Place { link: Some(link.clone()), ..Place::default() };
        self.conflict(place, format!("the link from “{from}” to “{to}”, which {why}"), base, ours, theirs);
    }
}
