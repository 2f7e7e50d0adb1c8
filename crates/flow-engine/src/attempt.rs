//! One attempt: starts what may start, takes in what has finished, writes what must be durable, until nothing is left
//! to run or something ends it.

mod begin;
mod end;
mod finish;
mod launch;
mod wait;

use crate::engine::Inner;
use crate::journal::{AfterCommit, Journal, NewPoint};
use crate::plan::{Plan, Role};
use crate::resume::{Resumption, Wait};
use crate::schedule::{Arrived, Delivery, Schedule};
use crate::services::AttemptServices;
use crate::streams::Saving;
use crate::{EngineError, RunEventKind};
use flow_components::{ComponentError, Outcome, Services};
use flow_data::{Stream, Variables};
use flow_model::ERROR_OUTLET;
use flow_store::{Level, Request, RequestError, SavedData, SavedKind, StoreError, Timestamp, event};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use std::collections::HashSet;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// Log entries are written after this time at the latest, so that what takes long can be watched.
const LOG_DELAY: Duration = Duration::from_millis(500);
/// How long components may take to come to a safe end once they were told to.
const GRACE: Duration = if cfg!(test) { Duration::from_millis(200) } else { Duration::from_secs(10) };
/// What a timer is set to that has nothing to wait for.
const FAR: Duration = Duration::from_secs(24 * 60 * 60);

/// One attempt of a request.
pub(crate) struct Attempt {
    engine: Arc<Inner>,
    request: Request,
    plan: Arc<Plan>,
    services: Arc<AttemptServices>,
    schedule: Schedule,
    journal: Journal,
    waits: Vec<Wait>,
    /// The choices of outlets that earlier attempts recorded for components which run again.
    choices: Vec<Option<Vec<String>>>,
    saved_outlets: HashSet<(usize, usize)>,
    /// The streams of the End components that have finished.
    replies: Vec<(usize, Stream)>,
    settled: Vec<bool>,
    /// The components whose own stream, or whose input, is a saved point.
    saved_streams: Vec<bool>,
    /// What is under way: components, writes, streams on their way into the storage.
    under_way: FuturesUnordered<BoxFuture<'static, Done>>,
    /// How many components run.
    running: usize,
    /// Fires when running components are to come to an end.
    stop: CancellationToken,
    ending: Ending,
    deadlines: Deadlines,
}

/// Why an attempt starts nothing more.
#[derive(Debug, Default)]
struct Ending {
    /// The first error that nothing handled.
    failure: Option<Failure>,
    /// The request is given back: the server stops, or the store failed.
    released: bool,
    /// A write failed, so what was to be saved is lost and nothing more can be saved.
    broken: Option<StoreError>,
    /// A component that had started did not come to its end.
    interrupted: bool,
}

#[derive(Debug)]
struct Failure {
    error: RequestError,
    retryable: bool,
    /// The Fail component that it comes from, if one did it.
    fail: Option<usize>,
}

/// When something is to happen by itself.
#[derive(Debug)]
struct Deadlines {
    /// The attempt's `Timeout`.
    timeout: Option<Instant>,
    /// When components that were told to end are left behind.
    grace: Option<Instant>,
    /// When pending log entries are written even if nothing else is.
    log: Instant,
}

/// Something that was under way is done.
enum Done {
    /// A component has run.
    Ran(Box<Ran>),
    /// A large stream is in the checkpoint storage.
    Stored { save: Save, data: Result<SavedData, ComponentError> },
    /// A write has been committed, or not.
    Written(Result<(), StoreError>),
}

/// A run of a component.
struct Ran {
    component: usize,
    arrived: Arrived,
    result: Result<Outcome, ComponentError>,
    elapsed: Duration,
}

/// A stream that becomes a saved point.
struct Save {
    component: usize,
    kind: SavedKind,
    delivery: Delivery,
    /// When the wait that it records is over.
    due: Option<Timestamp>,
}

impl Attempt {
    pub(crate) fn new(
        engine: Arc<Inner>,
        request: Request,
        plan: Arc<Plan>,
        resumption: Resumption,
        services: AttemptServices,
    ) -> Self {
        let now = Instant::now();
        let timeout = request.settings.timeout_ms.map(|timeout| now + Duration::from_millis(timeout).min(FAR * 365));
        Self {
            journal: Journal::new(Arc::clone(&plan), request.attempt, Arc::clone(&engine.server_name)),
            engine,
            request,
            plan,
            services: Arc::new(services),
            schedule: resumption.schedule,
            waits: resumption.waits,
            choices: resumption.choices,
            saved_outlets: resumption.saved_outlets,
            replies: resumption.replies,
            settled: resumption.settled,
            saved_streams: resumption.saved_streams,
            under_way: FuturesUnordered::new(),
            running: 0,
            stop: CancellationToken::new(),
            ending: Ending::default(),
            deadlines: Deadlines { timeout, grace: None, log: now + LOG_DELAY },
        }
    }

    /// Runs to an end of the attempt.
    pub(crate) async fn run(mut self, cancel: &CancellationToken) -> Result<Request, EngineError> {
        match self.drive(cancel).await {
            Ok(()) => self.end(cancel).await,
            Err(error) => {
                // What still runs on another thread must not act any more; it ends when this is dropped.
                self.services.fence_off();
                self.stop.cancel();
                Err(error)
            }
        }
    }

    async fn drive(&mut self, cancel: &CancellationToken) -> Result<(), EngineError> {
        self.note_start();
        let mut cancelled = pin!(cancel.cancelled());
        let mut timer = pin!(sleep_until(self.deadlines.log));
        loop {
            self.start_what_may_start()?;
            if self.under_way.is_empty() && (self.is_ending() || !self.journal.has_after()) {
                return Ok(());
            }
            self.write_if_wanted(false);
            self.set_timer(timer.as_mut());
            tokio::select! {
                biased;
                Some(done) = self.under_way.next() => self.take_in(done)?,
                () = &mut cancelled, if !self.ending.released => self.release(),
                () = &mut timer => {
                    if self.is_grace_over() {
                        return Ok(());
                    }
                    self.time_is_up(timer.as_mut());
                }
            }
        }
    }

    fn note_start(&mut self) {
        let message = format!("attempt {} on {}", self.request.attempt, self.engine.server_name);
        self.log(None, Level::Info, event::ATTEMPT_STARTED, message);
        let (plan, settled) = (&self.plan, &self.settled);
        self.engine.observe(&self.request, || RunEventKind::AttemptStarted {
            settled: (0..settled.len()).filter(|at| settled[*at]).map(|at| plan.components[at].id.clone()).collect(),
        });
    }

    /// Whether nothing more starts.
    fn is_ending(&self) -> bool {
        self.ending.failure.is_some() || self.ending.released || self.ending.broken.is_some()
    }

    fn start_what_may_start(&mut self) -> Result<(), EngineError> {
        while !self.is_ending() {
            if let Some(wait) = self.next_wait_over() {
                self.check_guard()?;
                self.go_on_after(wait);
            } else if let Some(component) = self.schedule.next_ready() {
                self.check_guard()?;
                self.start(component);
            } else {
                break;
            }
        }
        Ok(())
    }

    fn check_guard(&self) -> Result<(), EngineError> {
        if self.services.may_act() { Ok(()) } else { Err(EngineError::MayNotAct) }
    }

    fn start(&mut self, component: usize) {
        let planned = &self.plan.components[component];
        let role = planned.role;
        if planned.changes_world && self.journal.hold_for_choices(component) {
            return;
        }
        let arrived = if role == Role::Start { self.inputs() } else { self.schedule.take_arrived(component) };
        match arrived {
            Ok(arrived) if role == Role::Checkpoint => {
                self.save_stream(component, SavedKind::Checkpoint, arrived.delivery())
            }
            Ok(arrived) => self.launch(component, arrived, false),
            Err(error) => self.failed(component, error, Duration::ZERO, Variables::default()),
        }
    }

    /// Begins to save a stream; [`Self::saved`] goes on with it.
    fn save_stream(&mut self, component: usize, kind: SavedKind, delivery: Delivery) {
        self.save(Save { component, kind, delivery, due: None });
    }

    fn save(&mut self, save: Save) {
        match self.engine.streams.save(&save.delivery.stream) {
            Ok(Saving::Done(data)) => self.saved(save, data),
            Ok(Saving::Storing(storing)) => {
                self.under_way.push(Box::pin(async move { Done::Stored { save, data: storing.await } }));
            }
            Err(error) => self.unhandled(save.component, &error),
        }
    }

    /// Takes a saved stream into the next write.
    fn saved(&mut self, save: Save, data: SavedData) {
        let Save { component, kind, delivery, due } = save;
        let at = self.engine.store.now();
        let point = NewPoint::of(kind, &delivery, data);
        match kind {
            SavedKind::Wait => {
                let due = due.unwrap_or(at);
                self.saved_streams[component] = true;
                self.journal.save(component, at, point.due(due));
                self.wait_until(Wait { component, due, arrived: Arrived::at_in(delivery) });
            }
            SavedKind::Outlets => {
                self.journal.save(component, at, point.outlets(vec![ERROR_OUTLET.to_owned()]));
                self.deliver(component, &[(ERROR_OUTLET.to_owned(), delivery.stream)], &delivery.variables);
            }
            SavedKind::Completed => {
                self.journal.save(component, at, point);
                self.replies.push((component, delivery.stream));
                self.deliver(component, &[], &delivery.variables);
            }
            _ => {
                self.saved_streams[component] = true;
                let rows = delivery.stream.rows();
                let message = format!(
                    "{}: saved {rows} {}",
                    self.plan.components[component].name,
                    if rows == 1 { "record" } else { "records" }
                );
                self.log(Some(component), Level::Info, event::CHECKPOINT_SAVED, message);
                self.journal.save(component, at, point);
                self.journal.then(AfterCommit::Deliver(component, delivery));
            }
        }
    }

    fn write_if_wanted(&mut self, even_if_unwanted: bool) {
        if self.ending.broken.is_some() {
            return;
        }
        if let Some(write) = self.journal.next_write(even_if_unwanted) {
            let (store, id, fence) = (Arc::clone(&self.engine.store), self.request.id, self.request.fence);
            self.under_way.push(Box::pin(async move { Done::Written(store.write(id, fence, write).await) }));
        }
    }

    fn take_in(&mut self, done: Done) -> Result<(), EngineError> {
        match done {
            Done::Ran(ran) => {
                self.running -= 1;
                self.ran(*ran)?;
            }
            Done::Stored { save, data: Ok(data) } => self.saved(save, data),
            Done::Stored { save, data: Err(error) } => self.unhandled(save.component, &error),
            Done::Written(Ok(())) => self.committed(),
            Done::Written(Err(error)) if error.is_stale() => return Err(error.into()),
            Done::Written(Err(error)) => {
                self.ending.broken = Some(error);
                self.stop_running();
            }
        }
        Ok(())
    }

    fn committed(&mut self) {
        for next in self.journal.committed() {
            match next {
                AfterCommit::Deliver(component, delivery) => self.go_on_from(component, delivery),
                AfterCommit::Start(component) if !self.is_ending() => self.start(component),
                AfterCommit::Start(_) => self.ending.interrupted = true,
            }
        }
    }

    fn release(&mut self) {
        self.ending.released = true;
        self.stop_running();
    }

    /// Tells what runs to come to a safe end.
    fn stop_running(&mut self) {
        self.stop.cancel();
        self.deadlines.grace.get_or_insert(Instant::now() + GRACE);
    }

    fn set_timer(&self, mut timer: Pin<&mut Sleep>) {
        let wait = self.waits.iter().map(|wait| Instant::now() + self.engine.store.now().until(wait.due)).min();
        let wait = wait.filter(|_| !self.is_ending());
        let next = [self.deadlines.timeout, self.deadlines.grace, wait].into_iter().flatten().min();
        let next = next.map_or(self.deadlines.log, |next| next.min(self.deadlines.log));
        if next < timer.deadline() {
            timer.as_mut().reset(next);
        }
    }

    fn is_grace_over(&self) -> bool {
        self.deadlines.grace.is_some_and(|grace| grace <= Instant::now())
    }

    /// Does what is due. Waits that are over start by themselves.
    fn time_is_up(&mut self, timer: Pin<&mut Sleep>) {
        let now = Instant::now();
        if self.deadlines.timeout.is_some_and(|timeout| timeout <= now) {
            self.deadlines.timeout = None;
            self.timed_out();
        }
        if self.deadlines.log <= now {
            self.deadlines.log = now + LOG_DELAY;
            self.write_if_wanted(true);
        }
        timer.reset(now + FAR);
    }

    fn timed_out(&mut self) {
        let seconds = Duration::from_millis(self.request.settings.timeout_ms.unwrap_or(0)).as_secs_f64();
        let message = format!(
            "the attempt took longer than its Timeout of {seconds} s: raise Timeout of Start, or find what is slow in the log"
        );
        let error = RequestError { code: "engine/timeout".to_owned(), message, component: None };
        self.ending.failure.get_or_insert(Failure { error, retryable: true, fail: None });
        self.stop_running();
    }

    fn log(&mut self, component: Option<usize>, level: Level, event: &str, message: String) {
        let entry = self.journal.log(component, self.engine.store.now(), level, event, message);
        self.engine.observe(&self.request, || RunEventKind::Logged(entry.clone()));
    }
}
