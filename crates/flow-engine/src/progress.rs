//! Which attempts get on: for whoever watches over requests that hang.
//!
//! Progress is whatever gets the attempt on: a component that starts or ends, an iteration, a saved point or a line of the
//! log that is written, and records that move, from one component to the next or into and out of files. So a component
//! that takes long over a large stream gets on all the time, and one that waits for an answer which does not come does
//! not. Nor is a wait a standstill that the flow asked for.

use crate::plan::Plan;
use flow_data::{DataError, Tap};
use flow_model::ComponentId;
use flow_store::{Fence, Request, RequestId};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// An attempt that runs, and how long it has not got on.
#[derive(Debug, Clone, PartialEq)]
pub struct Standstill {
    /// The request.
    pub request: RequestId,
    /// The attempt's fence.
    pub fence: Fence,
    /// The attempt's number.
    pub attempt: u32,
    /// Since when nothing got it on.
    pub lasts: Duration,
    /// How long that may be, if the flow's start says so (`StalledAfter`); zero for ever.
    pub may_last: Option<Duration>,
    /// The components that run, with their names, the one that began first first.
    pub running: Vec<(ComponentId, String)>,
}

/// The attempts of an engine.
#[derive(Default)]
pub(crate) struct Attempts {
    running: Mutex<HashMap<(RequestId, Fence), Arc<Progress>>>,
}

/// How one attempt gets on.
pub(crate) struct Progress {
    begun: Instant,
    /// When it got on last, in milliseconds since it began.
    last: AtomicU64,
    /// Whether nothing is under way but waits that the flow asked for.
    only_waits: AtomicBool,
    /// Whether the request may have been taken from it by a person.
    doubted: AtomicBool,
    attempt: u32,
    may_last: Option<Duration>,
    /// The components that run, by the order in which they began.
    running: Mutex<Vec<Begun>>,
}

/// A component that runs.
struct Begun {
    number: u64,
    plan: Arc<Plan>,
    component: usize,
}

/// Keeps an attempt among those that run, for as long as it lives.
pub(crate) struct Watched {
    attempts: Arc<Attempts>,
    key: (RequestId, Fence),
    pub(crate) progress: Arc<Progress>,
}

/// Keeps a component among those that run, for as long as it lives.
pub(crate) struct Runs {
    progress: Arc<Progress>,
    number: u64,
}

impl Attempts {
    /// An attempt of a request begins.
    pub(crate) fn begin(self: &Arc<Self>, request: &Request, plan: &Plan) -> Watched {
        let may_last = plan.flow.settings.stalled_after;
        let progress = Arc::new(Progress {
            begun: Instant::now(),
            last: AtomicU64::new(0),
            only_waits: AtomicBool::new(false),
            doubted: AtomicBool::new(false),
            attempt: request.attempt,
            may_last: may_last.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            running: Mutex::default(),
        });
        let key = (request.id, request.fence);
        self.running.lock().insert(key, Arc::clone(&progress));
        Watched { attempts: Arc::clone(self), key, progress }
    }

    /// Whether the request may be taken from an attempt by a person from now on.
    pub(crate) fn doubt(&self, request: RequestId, fence: Fence, doubted: bool) {
        if let Some(progress) = self.running.lock().get(&(request, fence)) {
            progress.doubted.store(doubted, Ordering::Release);
        }
    }

    /// The attempts that have not got on for so long, or longer.
    pub(crate) fn standing_for(&self, least: Duration) -> Vec<Standstill> {
        let running = self.running.lock();
        running.iter().filter_map(|((request, fence), progress)| progress.stands(*request, *fence, least)).collect()
    }
}

impl Progress {
    /// The attempt gets on.
    pub(crate) fn moved(&self) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    /// Whether nothing is under way but waits that the flow asked for.
    pub(crate) fn only_waits(&self, only_waits: bool) {
        self.only_waits.store(only_waits, Ordering::Relaxed);
    }

    /// Whether the request may have been taken from the attempt by a person.
    pub(crate) fn is_doubted(&self) -> bool {
        self.doubted.load(Ordering::Acquire)
    }

    /// A component begins to run.
    pub(crate) fn runs(self: &Arc<Self>, plan: &Arc<Plan>, component: usize) -> Runs {
        let mut running = self.running.lock();
        let number = running.last().map_or(0, |last| last.number + 1);
        running.push(Begun { number, plan: Arc::clone(plan), component });
        Runs { progress: Arc::clone(self), number }
    }

    /// To be called for each batch that moves.
    pub(crate) fn ear(self: &Arc<Self>) -> Arc<dyn Fn() + Send + Sync> {
        let this = Arc::clone(self);
        Arc::new(move || this.moved())
    }

    fn stands(&self, request: RequestId, fence: Fence, least: Duration) -> Option<Standstill> {
        if self.only_waits.load(Ordering::Relaxed) {
            return None;
        }
        let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
        let lasts = self.begun.elapsed().saturating_sub(last);
        if lasts < least {
            return None;
        }
        let named = |begun: &Begun| {
            let planned = &begun.plan.components[begun.component];
            (planned.id.clone(), planned.name.clone())
        };
        let running = self.running.lock().iter().map(named).collect();
        Some(Standstill { request, fence, attempt: self.attempt, lasts, may_last: self.may_last, running })
    }
}

/// Records that pass get the attempt on.
impl Tap for Progress {
    fn rows(&self, _: u64) {
        self.moved();
    }

    fn failed(&self, _: &DataError) {}

    fn ended(&self) {}
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.attempts.running.lock().remove(&self.key);
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        self.progress.running.lock().retain(|begun| begun.number != self.number);
    }
}
