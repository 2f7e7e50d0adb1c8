//! One attempt: starts what may start, takes in what has finished, writes what must be durable, until nothing is left
//! to run or something ends it. What runs are the scopes of the request: its flow, and inside of that iterations and calls
//! (see `scope`).

mod end;
mod fail;
mod finish;
mod inside;
mod launch;
mod save;
mod start;
mod tell;
mod timers;
mod wait;

use crate::EngineError;
use crate::engine::{Beginning, Inner};
use crate::iterations::ReadResults;
use crate::journal::{AfterCommit, Journal};
use crate::plan::Plan;
use crate::progress::Watched;
use crate::resume::{Held, Resumption};
use crate::schedule::Arrived;
use crate::scope::{At, Failure, Given, Owner, Scope, ScopeId, Scopes};
use crate::services::AttemptServices;
use crate::streams::Kept;
use flow_components::{ComponentError, Outcome, Services};
use flow_data::arrow::record_batch::RecordBatch;
use flow_data::{Batches, DataError, Stream};
use flow_model::ComponentId;
use flow_store::{Durability, Request, StoreError};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use save::Save;
use std::collections::{HashMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use timers::Deadlines;
use tokio_util::sync::CancellationToken;
use wait::Wait;

/// One attempt of a request.
pub(crate) struct Attempt {
    engine: Arc<Inner>,
    request: Request,
    services: Arc<AttemptServices>,
    scopes: Scopes,
    journal: Journal,
    waits: Vec<Wait>,
    /// Scopes in which something may be ready to start.
    awake: VecDeque<ScopeId>,
    /// Scopes in which everything may have ended.
    over: VecDeque<ScopeId>,
    /// How many iterations of each ForEach were told of, by its id.
    told: HashMap<ComponentId, u64>,
    /// Components whose next iteration may begin.
    hungry: VecDeque<At>,
    /// Those that wait until what was saved is written.
    stalled: Vec<At>,
    /// What is under way: components, writes, streams on their way into the storage or out of it.
    under_way: FuturesUnordered<BoxFuture<'static, Done>>,
    /// Fires when running components are to come to an end.
    stop: CancellationToken,
    ending: Ending,
    deadlines: Deadlines,
    /// What is told to those who watch over it.
    watched: Watched,
    /// Whether the request itself is durable.
    made: Durability,
    /// How many waits are under way that keep the attempt so, since nothing of them is recorded.
    waiting: usize,
}

/// Why an attempt starts nothing more.
#[derive(Debug, Default)]
struct Ending {
    /// The error that nothing handled.
    failure: Option<Failure>,
    /// The request is given back: the server stops, or the store failed.
    released: bool,
    /// A write failed, so what was to be saved is lost and nothing more can be saved.
    broken: Option<StoreError>,
    /// A component that had started did not come to its end.
    interrupted: bool,
}

/// Something that was under way is done. All but a write belong to a scope.
enum Done {
    /// A component has run.
    Ran(Box<Ran>),
    /// Streams are in the checkpoint storage.
    Stored(Box<Save>, Result<Vec<Kept>, ComponentError>),
    /// A write has been committed, or not.
    Written(Result<(), StoreError>),
    /// What earlier attempts left of an iteration or a call is known.
    Resumed(Owner, Given, Box<Result<Resumption, EngineError>>),
    /// The result of an iteration that an earlier attempt finished is here, and those that had to be read with it.
    Loaded(Owner, Result<(Stream, Option<ReadResults>), EngineError>),
    /// A batch of the input of a ForEach has been read.
    Read(At, Batches, Result<Option<RecordBatch>, DataError>),
    /// A wait is over that was not recorded.
    Waited(At, Arrived),
}

/// A run of a component.
struct Ran {
    at: At,
    arrived: Arrived,
    result: Result<Outcome, ComponentError>,
    begun: std::time::Instant,
    from: From,
}

/// What a run of a component goes on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    /// What its links delivered.
    Links,
    /// Its input, which is saved.
    SavedInput,
    /// The wait that it asked for.
    Wait,
}

impl Attempt {
    pub(crate) fn new(
        engine: Arc<Inner>,
        (request, made): (Request, Durability),
        plan: Arc<Plan>,
        Beginning { from, inputs }: Beginning,
        services: AttemptServices,
    ) -> Self {
        let deadlines = Deadlines::of(&request);
        let watched = engine.attempts.begin(&request, &plan);
        let mut attempt = Self {
            journal: Journal::new(request.attempt, engine.server_name()),
            engine,
            request,
            services: Arc::new(services),
            scopes: Scopes::default(),
            waits: Vec::new(),
            awake: VecDeque::new(),
            over: VecDeque::new(),
            told: HashMap::new(),
            hungry: VecDeque::new(),
            stalled: Vec::new(),
            under_way: FuturesUnordered::new(),
            stop: CancellationToken::new(),
            ending: Ending::default(),
            deadlines,
            watched,
            made,
            waiting: 0,
        };
        attempt.begin_before_durable();
        attempt.note_start(&plan, &from.settled);
        let given = Given { base: inputs.clone(), variables: inputs, records: None };
        attempt.open(plan, None, true, given, from);
        attempt
    }

    /// Lets what the request comes from be a write under way, until it is durable.
    fn begin_before_durable(&mut self) {
        if self.made.is_already() {
            return;
        }
        let (made, request, fence) = (self.made.clone(), self.request.id, self.request.fence);
        self.journal.begin_before_durable();
        self.under_way.push(Box::pin(async move {
            let is_durable = made.wait().await;
            // A request that was not made belongs to nobody, and the next one may get its number.
            Done::Written(if is_durable { Ok(()) } else { Err(StoreError::StaleFence { request, fence }) })
        }));
    }

    /// Begins a scope.
    fn open(
        &mut self,
        plan: Arc<Plan>,
        owner: Option<Owner>,
        records: bool,
        given: Given,
        mut from: Resumption,
    ) -> ScopeId {
        let held = std::mem::take(&mut from.held);
        let told = owner.is_none_or(|owner| self.tells_of_next(owner.at));
        let scope = self.scopes.add(Scope::new(plan, owner, (records, told), given, from));
        for Held { component, arrived, due } in held {
            match due {
                Some(due) => self.wait_until(Wait { at: At { scope, component }, due, arrived }),
                None => self.scopes[scope].held.push_back((component, arrived)),
            }
        }
        self.awake.push_back(scope);
        self.over.push_back(scope);
        scope
    }

    /// Runs to an end of the attempt.
    pub(crate) async fn run(mut self, cancel: &CancellationToken) -> Result<Request, EngineError> {
        match self.drive(cancel).await {
            Ok(()) => self.end(cancel).await,
            Err(error) => {
                // What still runs on another thread must not act any more; it ends when this is dropped.
                self.services.fence_off();
                self.stop.cancel();
                if matches!(error, EngineError::MayNotAct) {
                    self.await_write().await?;
                }
                Err(error)
            }
        }
    }

    /// Waits for the write that is under way. Whoever goes on with the request under the same fence goes by what is saved,
    /// and a write that came later would settle what he has begun again.
    async fn await_write(&mut self) -> Result<(), EngineError> {
        while self.journal.is_writing() {
            match self.under_way.next().await {
                Some(Done::Written(written)) => return Ok(written?),
                Some(_) => {}
                None => return Ok(()),
            }
        }
        Ok(())
    }

    async fn drive(&mut self, cancel: &CancellationToken) -> Result<(), EngineError> {
        let mut cancelled = pin!(cancel.cancelled());
        let mut timer = pin!(self.deadlines.timer());
        loop {
            self.start_what_may_start()?;
            if self.under_way.is_empty() && (self.is_ending() || !self.journal.has_after() && self.stalled.is_empty()) {
                return Ok(());
            }
            if self.journal.wants_company()
                && let Some(Some(done)) = self.under_way.next().now_or_never()
            {
                // What is done at once shares the next write.
                self.take_in(done)?;
                continue;
            }
            self.write_if_wanted(false);
            self.watched.progress.only_waits(self.under_way.len() <= self.waiting);
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

    /// Whether nothing more starts.
    fn is_ending(&self) -> bool {
        self.ending.failure.is_some() || self.ending.released || self.ending.broken.is_some()
    }

    fn start_what_may_start(&mut self) -> Result<(), EngineError> {
        loop {
            self.end_what_is_over();
            if self.is_ending() {
                return Ok(());
            }
            if let Some(wait) = self.next_wait_over() {
                self.check_guard()?;
                self.go_on_after(wait);
            } else if let Some((at, held)) = self.next_ready() {
                self.check_guard()?;
                match held {
                    Some(arrived) => self.start_with_saved(at, arrived),
                    None => self.start(at),
                }
            } else if let Some(at) = self.hungry.pop_front() {
                self.feed(at);
            } else if !self.end_what_fails() {
                return Ok(());
            }
        }
    }

    fn check_guard(&self) -> Result<(), EngineError> {
        if self.services.may_act() { Ok(()) } else { Err(EngineError::MayNotAct) }
    }

    /// The next component that may start, with its input if that is saved.
    fn next_ready(&mut self) -> Option<(At, Option<Arrived>)> {
        while let Some(id) = self.awake.front().copied() {
            while let Some(scope) = self.scopes.get_mut(id) {
                let (component, held) = match scope.held.pop_front() {
                    Some((component, arrived)) => (component, Some(arrived)),
                    None => match scope.schedule.next_ready() {
                        Some(component) => (component, None),
                        None => break,
                    },
                };
                let at = At { scope: id, component };
                if self.scopes.may_start(at) {
                    return Some((at, held));
                }
            }
            self.awake.pop_front();
        }
        None
    }

    /// Lets something be under way in a scope.
    fn push(&mut self, scope: ScopeId, done: impl Future<Output = Done> + Send + 'static) {
        self.scopes.begin(scope);
        self.under_way.push(Box::pin(done));
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
        self.watched.progress.moved();
        let scope = match &done {
            Done::Ran(ran) => Some(ran.at.scope),
            Done::Stored(save, _) => Some(save.at.scope),
            Done::Resumed(owner, ..) | Done::Loaded(owner, _) => Some(owner.at.scope),
            Done::Read(at, ..) | Done::Waited(at, _) => Some(at.scope),
            Done::Written(_) => None,
        };
        if let Some(scope) = scope {
            self.scopes.end(scope);
        }
        match done {
            Done::Ran(ran) => self.ran(*ran)?,
            Done::Stored(save, Ok(kept)) => self.saved(*save, kept),
            Done::Stored(save, Err(error)) => self.not_saved(save.at, &error),
            Done::Resumed(owner, given, from) => self.resumed(owner, given, *from),
            Done::Loaded(owner, result) => self.loaded(owner, result),
            Done::Read(at, batches, batch) => self.read(at, batches, batch),
            Done::Waited(at, arrived) => {
                self.waiting -= 1;
                self.launch(at, arrived, From::Wait);
            }
            Done::Written(Ok(())) => self.committed(),
            Done::Written(Err(error)) if error.is_stale() => return Err(error.into()),
            Done::Written(Err(error)) => self.break_off(error),
        }
        self.over.extend(scope);
        Ok(())
    }

    fn committed(&mut self) {
        self.hungry.extend(self.stalled.drain(..));
        let (after, events) = self.journal.committed();
        self.engine.observe(&events);
        for next in after {
            let at = next.at();
            self.scopes.end(at.scope);
            let may_start = !self.is_ending() && self.scopes.may_start(at);
            match next {
                AfterCommit::Deliver(at, delivery) => self.go_on_from(at, delivery),
                AfterCommit::Start(at) if may_start => self.start_after(at, true),
                AfterCommit::Run(at, arrived) if may_start => self.launch(at, arrived, From::SavedInput),
                AfterCommit::Start(_) | AfterCommit::Run(..) => self.ending.interrupted |= self.is_ending(),
            }
            self.over.push_back(at.scope);
        }
    }

    /// The store failed, so nothing more can be saved.
    fn break_off(&mut self, error: StoreError) {
        self.ending.broken.get_or_insert(error);
        self.stop_running();
    }

    fn release(&mut self) {
        self.ending.released = true;
        self.stop_running();
    }

    /// Whether what a component does is recorded.
    fn records(&self, at: At) -> bool {
        self.scopes.records(at)
    }
}
