//! Where a scope begins: the state in which the saved points of earlier attempts leave it. Settled components have ended,
//! saved streams are delivered again where something that is not settled waits for them, recorded choices of outlets
//! hold, and components whose input is saved go on from it.

use crate::EngineError;
use crate::plan::Plan;
use crate::saved::{Archive, Points, SavedInside, SavedScope};
use crate::schedule::{Arrived, Delivery, Schedule};
use flow_components::ComponentError;
use flow_data::{Stream, Variables};
use flow_model::ALWAYS_OUTLET;
use flow_store::{PointPlace, Timestamp};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The state in which a scope begins.
pub(crate) struct Resumption {
    pub(crate) schedule: Schedule,
    /// Components that go on from their saved input.
    pub(crate) held: Vec<Held>,
    pub(crate) past: Past,
    /// The streams that End components which are settled replied with.
    pub(crate) replies: Vec<(usize, Stream)>,
    /// Components that never run again.
    pub(crate) settled: Vec<bool>,
}

/// A component with its saved input.
pub(crate) struct Held {
    pub(crate) component: usize,
    pub(crate) arrived: Arrived,
    /// Of a Wait: when it is over.
    pub(crate) due: Option<Timestamp>,
}

/// What is known of a scope's components from what was saved, in earlier attempts and in this one.
#[derive(Default)]
pub(crate) struct Past {
    /// The choices of outlets that earlier attempts recorded for components which run again.
    pub(crate) choices: HashMap<usize, Vec<String>>,
    /// The outlets whose streams are saved by themselves: component and place of the outlet.
    pub(crate) saved_outlets: HashSet<(usize, usize)>,
    /// The components whose own stream, or whose input, is a saved point.
    pub(crate) saved_streams: HashSet<usize>,
    /// The components whose error was handled.
    pub(crate) handled: HashSet<usize>,
    /// How often what a component had saved was forgotten.
    pub(crate) forgotten: HashMap<usize, u32>,
    /// The attempts that saved the inputs of components.
    pub(crate) inputs: HashMap<usize, u32>,
    /// What is saved of the iterations and calls inside of components.
    pub(crate) inner: HashMap<usize, SavedInside>,
}

impl Resumption {
    /// The state of a scope of which nothing is saved.
    pub(crate) fn fresh(plan: &Arc<Plan>) -> Self {
        let mut schedule = Schedule::new(plan, &[]);
        schedule.begin();
        Self { schedule, held: Vec::new(), past: Past::default(), replies: Vec::new(), settled: Vec::new() }
    }

    /// The state that `saved`, whose points are in `archive`, leaves a scope in. `base` are the flow variables that are
    /// not saved with them.
    pub(crate) async fn of(
        plan: &Arc<Plan>,
        saved: SavedScope,
        archive: &Archive,
        base: &Variables,
    ) -> Result<Self, EngineError> {
        let points = archive.read_scope(&saved).await?;
        let settled = saved.settled(plan);
        let mut schedule = Schedule::new(plan, &settled);
        let mut held = Vec::new();
        for (component, of) in saved.components.iter().enumerate().filter(|(at, _)| !settled[*at]) {
            let Some(input) = &of.input else { continue };
            schedule.hold(component);
            let mut arrived = Arrived::default();
            for (inlet, point) in &input.points {
                let Delivery { stream, variables } = points.load(*point, base).await?;
                arrived.inlets.insert(inlet.clone(), stream);
                arrived.variables = variables;
            }
            held.push(Held { component, arrived, due: input.due });
        }
        let runs = |component: usize| !settled[component] && saved.components[component].input.is_none();
        let again = Again { plan, saved: &saved, points: &points, base, runs: &runs };
        for component in (0..settled.len()).filter(|component| settled[*component]) {
            again.deliver(component, &mut schedule).await?;
        }
        schedule.begin();

        let mut replies = Vec::new();
        for (component, of) in saved.components.iter().enumerate() {
            if let Some(reply) = of.reply {
                replies.push((component, points.load(reply, base).await?.stream));
            }
        }
        Ok(Self { schedule, held, past: Past::of(saved, &settled), replies, settled })
    }
}

impl Past {
    fn of(saved: SavedScope, settled: &[bool]) -> Self {
        let mut past = Self::default();
        for (component, of) in saved.components.into_iter().enumerate() {
            past.saved_outlets.extend(of.outlets.iter().map(|(outlet, _)| (component, *outlet)));
            if of.stream.is_some() || of.input.is_some() {
                past.saved_streams.insert(component);
            }
            if of.has_handled() {
                past.handled.insert(component);
            }
            if let Some(input) = &of.input {
                past.inputs.insert(component, input.attempt);
            }
            if of.forgotten > 0 {
                past.forgotten.insert(component, of.forgotten);
            }
            if let Some(taken) = of.taken {
                past.choices.insert(component, taken);
            }
            if let Some(inside) = of.inner.filter(|_| !settled[component]) {
                past.inner.insert(component, *inside);
            }
        }
        past
    }
}

/// What it takes to deliver saved streams again.
struct Again<'a, R> {
    plan: &'a Plan,
    saved: &'a SavedScope,
    points: &'a Points,
    base: &'a Variables,
    /// Whether a component is going to run from what its links carry.
    runs: &'a R,
}

impl<R: Fn(usize) -> bool + Sync> Again<'_, R> {
    /// Says what the links of a component that has ended carry: what is saved of it where something waits for it,
    /// nothing elsewhere.
    async fn deliver(&self, component: usize, schedule: &mut Schedule) -> Result<(), EngineError> {
        let of = &self.saved.components[component];
        for (place, outlet) in self.plan.components[component].outlets.iter().enumerate() {
            let stream = of.stream_of(place, &outlet.name);
            let closed = of.is_not_taken(&outlet.name) || of.stream.is_some() && stream.is_none();
            let mut loaded: Option<Delivery> = None;
            for link in &outlet.links {
                if closed {
                    schedule.close(*link);
                } else if (self.runs)(self.plan.links[*link].to) {
                    let delivery = match loaded.take() {
                        Some(delivery) => delivery,
                        None => self.load(component, &outlet.name, stream).await?,
                    };
                    schedule.deliver(*link, delivery.clone());
                    loaded = Some(delivery);
                } else {
                    schedule.pass(*link);
                }
            }
        }
        Ok(())
    }

    async fn load(&self, component: usize, outlet: &str, stream: Option<PointPlace>) -> Result<Delivery, EngineError> {
        let planned = &self.plan.components[component];
        let unusable = |message: String| EngineError::SavedPoint { component: planned.id.to_string(), message };
        let point = stream.ok_or_else(|| unusable("it is settled, but what follows it is not".to_owned()))?;
        let delivery = self.points.load(point, self.base).await?;
        if outlet != ALWAYS_OUTLET || !self.saved.components[component].has_handled() {
            return Ok(delivery);
        }
        let error = ComponentError::from_stream(&delivery.stream).map_err(|error| unusable(error.to_string()))?;
        Ok(Delivery { stream: ComponentError::ended(&planned.name, Some(&error)), ..delivery })
    }
}
