//! What is outside of the cluster: the reference store, the effects that somebody has seen, and the rules that hold.

use super::firing::{self, Schedule};
use super::mistake::Mistake;
use super::time::{self, VirtualClock};
use flow_store::{
    AttemptOutcome, Clock as _, Fence, MemoryStore, NumberedLogEntry, Owner, Request, RequestFilter, RequestId,
    RequestState, RequestStore as _, SavedPoint, ServerId, Timestamp, event, transition,
};
use parking_lot::Mutex;
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// The person who changes requests.
pub(super) const SOMEBODY: &str = "somebody";

/// The components of every request here: what acts, and checkpoints between.
pub(super) const EFFECTS: usize = 3;

/// Whoever is stopped for so long may be taken for dead.
const SILENT: Duration = Duration::from_millis(1400);
const A_MOMENT_MS: u64 = 10_000;

/// How often what happened.
#[derive(Debug, Clone, Default)]
pub(super) struct Counted {
    pub(super) requests: usize,
    pub(super) finished: usize,
    pub(super) faults: usize,
    pub(super) takeovers: usize,
    pub(super) refused: usize,
    pub(super) effects: usize,
    pub(super) repeated: usize,
    /// Requests that the schedule made.
    pub(super) fired: usize,
    /// Takeovers that were committed when their victim had come back and been confirmed between the look at it and the
    /// commit: the window that docs/proofs.md names.
    pub(super) caught_up: usize,
}

impl Counted {
    pub(super) fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.finished += other.finished;
        self.faults += other.faults;
        self.takeovers += other.takeovers;
        self.refused += other.refused;
        self.effects += other.effects;
        self.repeated += other.repeated;
        self.fired += other.fired;
        self.caught_up += other.caught_up;
    }
}

/// What came of a story.
pub(super) struct Told {
    pub(super) trace: Vec<String>,
    pub(super) wrong: Vec<String>,
    pub(super) counted: Counted,
}

#[derive(Default)]
struct Seen {
    /// How often each effect of each request was seen.
    effects: BTreeMap<(RequestId, usize), usize>,
    /// Requests whose making was confirmed, by the keys that their callers gave them.
    made: BTreeMap<Option<String>, RequestId>,
    /// Requests whose end was told to whoever waited.
    replied: BTreeSet<RequestId>,
    /// For how long each server was silent the last time, because its process was stopped, and when it went on.
    silences: BTreeMap<ServerId, (Duration, Timestamp)>,
    /// Requests that a person had something to do with.
    touched: BTreeSet<RequestId>,
}

pub(super) struct World {
    pub(super) store: Arc<MemoryStore>,
    pub(super) schedule: Schedule,
    chance: Mutex<StdRng>,
    seen: Mutex<Seen>,
    trace: Mutex<Vec<String>>,
    wrong: Mutex<Vec<String>>,
    pub(super) counted: Mutex<Counted>,
    mistake: Option<Mistake>,
    /// Tells everything as it happens.
    aloud: bool,
}

impl World {
    pub(super) fn new(mut chance: StdRng, mistake: Option<Mistake>, aloud: bool) -> Self {
        Self {
            mistake,
            aloud,
            schedule: Schedule::drawn(&mut chance),
            store: Arc::new(MemoryStore::with_clock(Arc::new(VirtualClock))),
            chance: Mutex::new(chance),
            seen: Mutex::default(),
            trace: Mutex::default(),
            wrong: Mutex::default(),
            counted: Mutex::default(),
        }
    }

    pub(super) fn draw(&self, range: std::ops::Range<u64>) -> u64 {
        self.chance.lock().random_range(range)
    }

    /// Whether something happens that does in so many of a thousand cases.
    pub(super) fn happens(&self, of_thousand: u64) -> bool {
        self.draw(0..1000) < of_thousand
    }

    pub(super) async fn pause(&self, milliseconds: std::ops::Range<u64>) {
        let time = Duration::from_millis(self.draw(milliseconds));
        crate::time::sleep(time).await;
    }

    pub(super) fn tell(&self, what: impl std::fmt::Display) {
        let at = time::now().unwrap_or_default().as_millis();
        let line = format!("{at:>8} {what}");
        if self.aloud {
            println!("{line}");
        }
        self.trace.lock().push(line);
    }

    pub(super) fn wrong(&self, what: String) {
        self.tell(format!("WRONG: {what}"));
        self.wrong.lock().push(what);
    }

    pub(super) fn told(&self) -> Told {
        Told {
            trace: self.trace.lock().clone(),
            wrong: self.wrong.lock().clone(),
            counted: self.counted.lock().clone(),
        }
    }

    /// Somebody is told that the request under this key was made: it is the same one, however often it was asked for.
    pub(super) fn made(&self, key: Option<String>, request: RequestId) {
        let before = self.seen.lock().made.insert(key.clone(), request);
        if before.is_some_and(|before| before != request) {
            self.wrong(format!("requests {before:?} and {request} were made under the key {key:?}"));
        }
    }

    /// Whoever waited is told that it finished: by then it is so, unless a person has begun it anew.
    pub(super) async fn replied(&self, request: RequestId) {
        let is_so = self.store.get(request).await.is_ok_and(|request| request.state == RequestState::Finished);
        let is_touched = self.seen.lock().touched.contains(&request);
        if !is_so && !is_touched {
            self.wrong(format!("request {request} is told to have finished before it is durable"));
        }
        self.seen.lock().replied.insert(request);
    }

    pub(super) fn touched(&self, request: RequestId) {
        self.seen.lock().touched.insert(request);
    }

    pub(super) fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    /// Whether, by mistake, old fences may be taken for good.
    pub(super) fn overlooks_fences(&self) -> bool {
        matches!(self.mistake, Some(Mistake::FenceIsNotChecked | Mistake::TakesOverWithoutFence))
    }

    /// The fence under which the store takes a write of this attempt: its own, or by mistake that of the request as it is.
    pub(super) async fn fence_taken(&self, begun: &Request) -> Fence {
        let overlooked = self.makes(Mistake::FenceIsNotChecked) || self.lost_at(begun).await.is_some();
        match self.store.get(begun.id).await {
            Ok(request) if overlooked => request.fence,
            _ => begun.fence,
        }
    }

    /// Whether a person cancelled this attempt, or took the request from it: its server learns so with its next write.
    async fn was_ended_by_person(&self, begun: &Request) -> bool {
        let log = self.store.log(begun.id, 0, usize::MAX).await.unwrap_or_default();
        log.iter().any(|NumberedLogEntry { entry, .. }| {
            let taken = entry.event == event::TAKEN_OVER && entry.message.starts_with(SOMEBODY);
            entry.attempt == begun.attempt && (taken || entry.event == event::CANCELLED)
        })
    }

    /// When another server took this attempt's server for lost.
    async fn lost_at(&self, begun: &Request) -> Option<Timestamp> {
        let log = self.store.log(begun.id, 0, usize::MAX).await.unwrap_or_default();
        let taken = log.into_iter().map(|numbered| numbered.entry).find(|entry| {
            let taken = [event::TAKEN_OVER, event::OWNER_LOST].contains(&&*entry.event);
            entry.attempt == begun.attempt && taken && !entry.message.starts_with(SOMEBODY)
        });
        taken.map(|entry| entry.at)
    }

    pub(super) fn was_silent(&self, server: &str, from: Duration) {
        let silence = time::now().unwrap_or_default() - from;
        self.seen.lock().silences.insert(super::super::id(server), (silence, VirtualClock.now()));
    }

    /// Whether this server came back from a silence of a lease, and a takeover that somebody had begun meanwhile was
    /// committed only then (docs/proofs.md names this window). Before it came back, it would have known.
    async fn was_caught_up(&self, owner: &Owner, begun: &Request) -> bool {
        let Some((silence, until)) = self.seen.lock().silences.get(&owner.server).copied() else { return false };
        let taken = self.lost_at(begun).await;
        let in_the_window = |taken: Timestamp| until <= taken && taken <= until.plus_ms(A_MOMENT_MS);
        silence >= SILENT && taken.is_some_and(in_the_window)
    }

    /// How many checkpoints are saved.
    pub(super) fn saved(points: &[SavedPoint]) -> usize {
        points
            .iter()
            .filter_map(|point| point.component.parse::<usize>().ok())
            .map(|number| number + 1)
            .max()
            .unwrap_or(0)
    }

    /// A server acts on the world: what everybody must keep to.
    pub(super) async fn act(&self, owner: &Owner, begun: &Request, effect: usize) {
        let (id, fence) = (begun.id, begun.fence);
        // The reference store answers at once where no line is between.
        let (Ok(request), Ok(points)) = (self.store.get(id).await, self.store.saved_points(id).await) else {
            return self.wrong(format!("request {id} is lost"));
        };
        self.tell(format!("{owner} does {effect} of request {id} with fence {fence}"));
        self.check_limits(&request).await;
        let valid = request.state == RequestState::Running && request.fence == fence;
        let excused = {
            let by_person = !valid && self.was_ended_by_person(begun).await;
            let caught_up = !valid && !by_person && self.was_caught_up(owner, begun).await;
            self.counted.lock().caught_up += usize::from(caught_up);
            by_person || caught_up
        };
        if !valid && !excused {
            self.wrong(format!("{owner} acts for request {id} with fence {fence}, which is {} by now", request.fence));
        }
        let saved = Self::saved(&points);
        if valid && saved > effect {
            self.wrong(format!(
                "{owner} does {effect} of request {id} again, though checkpoint {} is saved",
                saved - 1
            ));
        }
        if valid && saved < effect {
            self.wrong(format!("{owner} does {effect} of request {id} with only {saved} checkpoints durable"));
        }
        let seen = {
            let mut seen = self.seen.lock();
            let times = seen.effects.entry((id, effect)).or_default();
            *times += 1;
            *times
        };
        let mut counted = self.counted.lock();
        counted.effects += 1;
        counted.repeated += usize::from(seen > 1);
    }

    /// Never more than agreed of the requests under a limit run, whoever was lost.
    async fn check_limits(&self, request: &Request) {
        if request.settings.limits.is_empty() {
            return;
        }
        let now = self.store.limits().await.unwrap_or_default();
        for limit in &request.settings.limits {
            let running = now.running(&request.project, &limit.of);
            if running > limit.most {
                self.wrong(format!("{running} requests run under a limit of {}", limit.most));
            }
        }
    }

    /// All requests, the oldest first.
    async fn all(&self) -> Vec<Request> {
        let filter = RequestFilter { limit: usize::MAX, ..RequestFilter::default() };
        let mut all = self.store.list(&filter).await.unwrap_or_default();
        all.reverse();
        all
    }

    /// All is quiet: every request that was confirmed is there, there is no other, and each has ended as it may.
    pub(super) async fn judge(&self) {
        let all = self.all().await;
        let asked_for: BTreeSet<RequestId> =
            all.iter().filter(|request| !firing::made(request)).map(|request| request.id).collect();
        let made: BTreeSet<RequestId> = self.seen.lock().made.values().copied().collect();
        if asked_for != made {
            self.wrong(format!("requests {made:?} were confirmed, and there are {asked_for:?}"));
        }
        for request in &all {
            self.counted.lock().requests += 1;
            self.judge_end(request).await;
            self.judge_history(request).await;
        }
    }

    async fn judge_end(&self, request: &Request) {
        let id = request.id;
        let (replied, touched) = {
            let seen = self.seen.lock();
            (seen.replied.contains(&id), seen.touched.contains(&id))
        };
        if replied && request.state != RequestState::Finished {
            self.wrong(format!("request {id} was answered and is {} now", request.state));
        }
        match request.state {
            RequestState::Finished => {
                self.counted.lock().finished += 1;
                let missing = (0..EFFECTS).find(|effect| !self.seen.lock().effects.contains_key(&(id, *effect)));
                if let Some(effect) = missing {
                    self.wrong(format!("request {id} finished without {effect}"));
                }
            }
            RequestState::Cancelled if touched => {}
            RequestState::Error => {
                let code = request.error.as_ref().map(|error| error.code.as_str()).unwrap_or_default();
                let settings = &request.settings;
                let deserved = match code {
                    "request/takeover-limit" => request.takeovers_without_progress >= transition::TAKEOVER_LIMIT,
                    "request/owner-lost" => !settings.other_server_retry && request.saved_points == 0,
                    "simulated/failure" => request.retries_used == settings.retry_count,
                    _ => false,
                };
                if !deserved {
                    self.wrong(format!("request {id} ended with {code}: {request:?}"));
                }
            }
            state => self.wrong(format!("request {id} is {state} at the end")),
        }
    }

    /// Nothing was saved twice or out of turn, it ended once, and only failures have spent retries.
    async fn judge_history(&self, request: &Request) {
        let id = request.id;
        let log = self.store.log(id, 0, usize::MAX).await.unwrap_or_default();
        let taken = |entry: &&NumberedLogEntry| {
            entry.entry.event == event::TAKEN_OVER && !entry.entry.message.starts_with(SOMEBODY)
        };
        self.counted.lock().takeovers += log.iter().filter(taken).count();
        let points = self.store.saved_points(id).await.unwrap_or_default();
        let numbers: Vec<&str> = points.iter().map(|point| point.component.as_str()).collect();
        let in_order = (0..numbers.len()).map(|number| number.to_string()).collect::<Vec<_>>();
        if numbers != in_order || usize::try_from(request.saved_points) != Ok(points.len()) {
            self.wrong(format!("request {id} has saved {numbers:?} and counts {}", request.saved_points));
        }
        let attempts = self.store.attempts(id, None, usize::MAX).await.unwrap_or_default();
        let ends: Vec<_> = attempts.iter().map(|attempt| attempt.end).collect();
        let how_often = |end| ends.iter().filter(|one| **one == Some(end)).count();
        let (finished, failed) = (how_often(AttemptOutcome::Finished), how_often(AttemptOutcome::Failed));
        let is_finished = request.state == RequestState::Finished;
        let last = ends.last().copied().flatten();
        if finished != usize::from(is_finished) || is_finished && last != Some(AttemptOutcome::Finished) {
            self.wrong(format!("request {id} is {} after attempts that ended as {ends:?}", request.state));
        }
        if ends.contains(&None) || usize::try_from(request.attempt) != Ok(ends.len()) {
            self.wrong(format!("request {id} is in attempt {} of {ends:?}", request.attempt));
        }
        // A failure that found no retry left has spent none; who is re-executed after it may fail so again.
        let spent = usize::try_from(request.retries_used).unwrap_or(usize::MAX);
        let allowed = usize::try_from(request.settings.retry_count).unwrap_or(usize::MAX);
        if spent != failed.min(allowed) {
            self.wrong(format!("request {id} has spent {spent} retries on attempts that ended as {ends:?}"));
        }
    }

    /// Whether every request has ended.
    pub(super) async fn is_quiet(&self) -> bool {
        self.all().await.iter().all(|request| request.state.is_ended())
    }

    /// Those that callers made.
    pub(super) fn requests(&self) -> Vec<RequestId> {
        let made: BTreeSet<RequestId> = self.seen.lock().made.values().copied().collect();
        made.into_iter().collect()
    }
}
