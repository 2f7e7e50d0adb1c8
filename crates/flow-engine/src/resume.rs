//! Where an attempt begins: the state in which the saved points of earlier attempts leave a request. Settled components
//! have ended, saved streams are delivered again where something that is not settled waits for them, recorded choices
//! of outlets hold, and Waits that have begun go on.

use crate::EngineError;
use crate::plan::Plan;
use crate::saved::{Saved, SavedOf};
use crate::schedule::{Arrived, Delivery, Schedule};
use crate::streams::Streams;
use flow_data::Stream;
use flow_store::{SavedPoint, Timestamp};
use std::collections::HashSet;
use std::sync::Arc;

/// The state in which an attempt begins.
pub(crate) struct Resumption {
    pub(crate) schedule: Schedule,
    /// Waits that have begun.
    pub(crate) waits: Vec<Wait>,
    /// The choices recorded for components that run again.
    pub(crate) choices: Vec<Option<Vec<String>>>,
    /// The outlets whose streams are saved by themselves: component and place of the outlet.
    pub(crate) saved_outlets: HashSet<(usize, usize)>,
    /// The streams that End components which are settled replied with.
    pub(crate) replies: Vec<(usize, Stream)>,
    /// Components that never run again.
    pub(crate) settled: Vec<bool>,
    /// The components whose own stream, or whose input, is a saved point.
    pub(crate) saved_streams: Vec<bool>,
}

/// A Wait that has begun, with its input.
pub(crate) struct Wait {
    pub(crate) component: usize,
    pub(crate) due: Timestamp,
    pub(crate) arrived: Arrived,
}

impl Resumption {
    /// The state of a request of which nothing is saved.
    pub(crate) fn fresh(plan: &Arc<Plan>) -> Self {
        let count = plan.components.len();
        let mut schedule = Schedule::new(plan, &[]);
        schedule.begin();
        Self {
            schedule,
            waits: Vec::new(),
            choices: vec![None; count],
            saved_outlets: HashSet::new(),
            replies: Vec::new(),
            settled: vec![false; count],
            saved_streams: vec![false; count],
        }
    }

    /// The state that `points` leave a request in.
    pub(crate) async fn of(plan: &Arc<Plan>, points: &[SavedPoint], streams: &Streams) -> Result<Self, EngineError> {
        let saved = Saved::read(plan, points)?;
        let settled = saved.settled(plan);
        let waiting = waiting(plan, &saved, &settled);
        let ended: Vec<bool> = settled.iter().zip(&waiting).map(|(settled, waits)| *settled && !waits).collect();

        let mut schedule = Schedule::new(plan, &ended);
        let mut waits = Vec::new();
        for component in (0..waiting.len()).filter(|component| waiting[*component]) {
            schedule.hold(component);
            if let Some((point, due)) = saved.components[component].wait {
                waits.push(Wait { component, due, arrived: Arrived::at_in(streams.load(&points[point]).await?) });
            }
        }
        let runs = |component: usize| !ended[component] && !waiting[component];
        for component in (0..ended.len()).filter(|component| ended[*component]) {
            deliver_again(plan, component, &saved, points, streams, &runs, &mut schedule).await?;
        }
        schedule.begin();

        let mut replies = Vec::new();
        for (component, of) in saved.components.iter().enumerate() {
            if let Some(point) = of.completed.map(|point| &points[point]).filter(|point| has_stream(point)) {
                replies.push((component, streams.load(point).await?.stream));
            }
        }
        let saved_outlets = saved.components.iter().enumerate();
        let saved_outlets = saved_outlets.flat_map(|(at, of)| of.outlets.iter().map(move |(outlet, _)| (at, *outlet)));
        Ok(Self {
            saved_outlets: saved_outlets.collect(),
            saved_streams: saved.components.iter().map(|of| of.stream.is_some() || of.wait.is_some()).collect(),
            choices: saved.components.into_iter().map(|of| of.taken).collect(),
            schedule,
            waits,
            replies,
            settled,
        })
    }
}

/// The Waits that have begun and that something still depends on.
fn waiting(plan: &Plan, saved: &Saved, settled: &[bool]) -> Vec<bool> {
    let is_needed = |component: usize, of: &SavedOf| {
        let outlets = plan.components[component].outlets.iter().filter(|outlet| !of.is_not_taken(&outlet.name));
        let mut links = outlets.flat_map(|outlet| &outlet.links);
        plan.components[component].is_terminal() || links.any(|link| !settled[plan.links[*link].to])
    };
    let of = saved.components.iter().enumerate();
    of.map(|(at, of)| of.wait.is_some() && of.completed.is_none() && is_needed(at, of)).collect()
}

/// Says what the links of a component that has ended carry: what is saved of it where something waits for it, nothing
/// elsewhere.
async fn deliver_again(
    plan: &Plan,
    component: usize,
    saved: &Saved,
    points: &[SavedPoint],
    streams: &Streams,
    runs: &(impl Fn(usize) -> bool + Sync),
    schedule: &mut Schedule,
) -> Result<(), EngineError> {
    let of = &saved.components[component];
    for (place, outlet) in plan.components[component].outlets.iter().enumerate() {
        let stream = of.stream_of(place, &outlet.name);
        let closed = of.is_not_taken(&outlet.name) || of.stream.is_some() && stream.is_none();
        let mut loaded: Option<Delivery> = None;
        for link in &outlet.links {
            if closed {
                schedule.close(*link);
                continue;
            }
            if !runs(plan.links[*link].to) {
                schedule.pass(*link);
                continue;
            }
            let delivery = match (loaded.take(), stream) {
                (Some(delivery), _) => delivery,
                (None, Some(point)) => streams.load(&points[point]).await?,
                (None, None) => {
                    return Err(EngineError::SavedPoint {
                        component: plan.components[component].id.to_string(),
                        message: "it is settled, but what follows it is not".to_owned(),
                    });
                }
            };
            schedule.deliver(*link, delivery.clone());
            loaded = Some(delivery);
        }
    }
    Ok(())
}

fn has_stream(point: &SavedPoint) -> bool {
    point.data != flow_store::SavedData::None
}
