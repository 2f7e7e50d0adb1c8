//! What of a flow makes saved points.

use crate::rules::calls;
use crate::{BeginCheckpoint, Catalogue, Component, ComponentId, Effect, Flow, FlowName, StartSettings, WAIT};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The components of a flow that make saved points.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saving {
    /// Those that save the stream that they put out: Checkpoints, and Start when `BeginCheckpoint` is `Use`.
    pub points: HashSet<ComponentId>,
    /// Those whose input is saved before they run: exactly once, Wait, and a ForEach or SubFlow that is recorded,
    /// because something in it saves or changes the world.
    pub inputs: HashSet<ComponentId>,
}

impl Saving {
    /// What of `flow` makes saved points. `flows` are those that it may call.
    pub fn of(flow: &Flow, catalogue: &dyn Catalogue, flows: &BTreeMap<FlowName, Flow>) -> Self {
        let records = Records { catalogue, flows };
        let mut saving = Self::default();
        for (id, component) in &flow.components {
            if catalogue.describe(&component.kind).is_some_and(|description| description.saves) {
                saving.points.insert(id.clone());
            }
            if saves_input(component, catalogue) || records.calls_recorded(component, &mut BTreeSet::new()) {
                saving.inputs.insert(id.clone());
            }
            // Whatever is recorded makes the ForEach components around it recorded.
            if component.parent.is_some() && records.is_recorded(component, &mut BTreeSet::new()) {
                saving.inputs.extend(flow.for_each_path(id).into_iter().cloned());
            }
        }
        let begins = StartSettings::of(flow).is_some_and(|start| start.begin_checkpoint == BeginCheckpoint::Use);
        saving.points.extend(flow.start().filter(|_| begins).map(|(id, _)| id.clone()));
        saving
    }
}

/// Whether the input of a component is saved because of what the component itself is: exactly once, or Wait.
pub(crate) fn saves_input(component: &Component, catalogue: &dyn Catalogue) -> bool {
    component.kind == WAIT || catalogue.saves_input(component)
}

/// Which components and flows leave traces that must not be made twice.
struct Records<'a> {
    catalogue: &'a dyn Catalogue,
    flows: &'a BTreeMap<FlowName, Flow>,
}

impl Records<'_> {
    /// Whether a component saves anything or changes the world. `seen` are the flows looked at on the way here.
    fn is_recorded(&self, component: &Component, seen: &mut BTreeSet<FlowName>) -> bool {
        let saves = self.catalogue.describe(&component.kind).is_some_and(|description| description.saves);
        saves
            || saves_input(component, self.catalogue)
            || self.calls_recorded(component, seen)
            || (calls(component, self.catalogue).next().is_none()
                && self.catalogue.effect(component) == Effect::Changes)
    }

    /// Whether a component calls a flow in which anything is recorded.
    fn calls_recorded(&self, component: &Component, seen: &mut BTreeSet<FlowName>) -> bool {
        let called: Vec<FlowName> =
            calls(component, self.catalogue).filter_map(|(_, name)| FlowName::parse(name).ok()).collect();
        called.into_iter().any(|name| {
            let Some(flow) = self.flows.get(&name) else { return false };
            seen.insert(name) && flow.components.values().any(|component| self.is_recorded(component, seen))
        })
    }
}
