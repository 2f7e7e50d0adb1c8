//! Random command sequences: each store must answer the same and end the same.

use super::{anywhere, checkpoint, log_entry, new_request, new_server};
use crate::{
    AttemptEnd, AttemptRecord, AttemptWrite, Fence, Firing, Keep, Limit, Limited, Limits, ManualClock, NewFiring,
    NewTrigger, NewVersion, NumberedLogEntry, Owner, ProjectName, ProjectVersion, ReExecution, Request, RequestError,
    RequestFilter, RequestId, RequestSettings, RequestState, RetentionPolicy, SavedKind, SavedPoint, Server, ServerId,
    ServerState, Store, StoreError, Timestamp, TriggerState, VersionId,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Servers that take part.
pub(super) const SERVERS: usize = 3;

/// One command. Servers and requests are given by number, modulo how many there are.
#[derive(Debug, Clone)]
pub enum Step {
    /// Time passes, in milliseconds.
    Wait(u16),
    /// A server starts.
    Register(usize),
    /// A request is made; with a server it is that one's.
    Create {
        /// Its owner.
        owner: Option<usize>,
        /// `OtherServerRetry`.
        anywhere: bool,
        /// `RetryCount`.
        retries: u8,
        /// Its idempotency key, from a few.
        key: Option<u8>,
        /// Its place in the queue: its priority, and which limits it is under.
        queue: u8,
    },
    /// A server claims.
    Claim(usize, usize),
    /// The current attempt of a request writes.
    Write {
        /// The request.
        request: usize,
        /// What it saves.
        kinds: Vec<SavedKind>,
        /// Log entries.
        log: u8,
        /// Whether it is an earlier attempt that writes.
        stale: bool,
    },
    /// The current attempt of a request ends: finished, failed, failed for good, waiting, released.
    End(usize, u8),
    /// A survivor takes over.
    TakeOver(usize, usize),
    /// A server drains, or works again.
    Drain(usize, bool),
    /// A server is put into maintenance, or it ends; during maintenance it hands over what waits.
    Maintain(usize, bool),
    /// An operator sets how many requests of a flow run at most, or no longer does.
    SetLimit(Option<u8>),
    /// A server stops.
    Terminate(usize),
    /// A request is re-executed at a server, from the newest saved point or an earlier one.
    ReExecute(usize, usize, Option<u8>),
    /// A request is re-executed at a server and at another version, as it was seen or as it was before that.
    Pin(usize, usize, bool),
    /// A request is marked as stalled and taken from its owner for a server.
    TakeFrom(usize, usize),
    /// A request is marked as stalled, or no longer so.
    Stall(usize, bool),
    /// Requests that ended some milliseconds ago are removed, or only their logs and saved points.
    Retain {
        /// How old they must be.
        age: u8,
        /// How many of a state are kept.
        number: Option<u8>,
        /// Whether only logs and saved points go.
        details: bool,
    },
    /// A request is cancelled.
    Cancel(usize),
    /// All servers but so many have a version, by which the triggers are to go from then on.
    Adopt(u8, usize),
    /// A trigger is switched on or off.
    Switch(u8, bool),
    /// A server comes with a firing.
    Fire {
        /// The trigger.
        trigger: u8,
        /// What it fires for, from a few.
        key: u8,
        /// Whose its request is to be.
        owner: Option<usize>,
        /// What it says beside that: whether it counts by time, makes a request, lasts and is fired by a person.
        how: u8,
    },
}

/// What can be seen of a store from outside.
#[derive(Debug, PartialEq)]
pub struct Observed {
    answers: Vec<String>,
    requests: Vec<Request>,
    saved: Vec<Vec<SavedPoint>>,
    logs: Vec<Vec<NumberedLogEntry>>,
    attempts: Vec<Vec<AttemptRecord>>,
    servers: Vec<Server>,
    filtered: Vec<(Vec<RequestId>, BTreeMap<RequestState, u64>)>,
    due: Vec<Result<Option<Duration>, StoreError>>,
    limits: Limits,
    triggers: Vec<(TriggerState, Vec<Firing>)>,
}

/// Runs the steps on a fresh store that goes by `clock`: every answer on the way, and all there is at the end.
pub async fn observe(store: Arc<dyn Store>, clock: Arc<ManualClock>, steps: &[Step]) -> Observed {
    let mut player = Player { store, clock, owners: vec![None; SERVERS], answers: Vec::new() };
    for step in steps {
        let answer = player.play(step).await;
        player.answers.push(answer);
    }
    player.observe().await
}

struct Player {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    /// The last life of each server.
    owners: Vec<Option<Owner>>,
    answers: Vec<String>,
}

/// Filters of every kind and some of several kinds.
fn filters(now: Timestamp) -> Vec<RequestFilter> {
    let all = RequestFilter::default();
    let text = |text: &str| Some(text.to_owned());
    let owner = Some(ServerId::parse("server-1").unwrap());
    vec![
        all.clone(),
        RequestFilter { before: Some(RequestId(4)), limit: 2, ..all.clone() },
        RequestFilter { flow: text("export"), ..all.clone() },
        RequestFilter { owner: owner.clone(), limit: 3, ..all.clone() },
        RequestFilter { code: text("x/y"), ..all.clone() },
        RequestFilter { text: text("EXP"), states: vec![RequestState::Error, RequestState::Queued], ..all.clone() },
        RequestFilter { text: text("3"), owner, ..all.clone() },
        RequestFilter { priority: Some(1), ..all.clone() },
        RequestFilter { priority: Some(0), from: Some(now.minus_ms(300)), limit: 3, ..all.clone() },
        RequestFilter { stalled: true, limit: 3, ..all.clone() },
        RequestFilter { stalled: true, flow: text("import"), from: Some(now.minus_ms(300)), ..all.clone() },
        RequestFilter { from: Some(now.minus_ms(200)), ..all.clone() },
        RequestFilter { to: Some(now.minus_ms(100)), from: Some(now.minus_ms(300)), text: text("imp"), ..all },
    ]
}

/// No limits, one of the flow, one of a connection, or both.
fn limits(which: u8) -> Vec<Limit> {
    let flow = Limit { of: Limited::Flow("import".to_owned()), most: 2 };
    let connection = Limit { of: Limited::Connection("warehouse".to_owned()), most: 1 + u32::from(which / 8) % 2 };
    match which % 8 {
        5 => vec![flow],
        6 => vec![connection],
        7 => vec![flow, connection],
        _ => Vec::new(),
    }
}

/// The project of all requests and triggers.
fn project() -> ProjectName {
    ProjectName::parse("orders").unwrap()
}

fn trigger_id(number: u8) -> String {
    format!("trigger-{}", number % 2)
}

fn told<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{} {error}", error.code()),
    }
}

impl Player {
    async fn play(&mut self, step: &Step) -> String {
        match step.clone() {
            Step::Wait(ms) => {
                self.clock.advance_ms(i64::from(ms));
                String::new()
            }
            Step::Register(server) => {
                let owner = self.store.register(new_server(&format!("server-{}", server % SERVERS))).await;
                if let Ok(owner) = &owner {
                    self.owners[server % SERVERS] = Some(owner.clone());
                }
                told(owner)
            }
            Step::Create { owner, anywhere, retries, key, queue } => {
                let mut new = new_request(RequestSettings {
                    other_server_retry: anywhere,
                    retry_count: u32::from(retries),
                    retry_interval_ms: 100,
                    priority: i32::from(queue % 3) - 1,
                    limits: limits(queue / 3),
                    ..RequestSettings::default()
                });
                new.idempotency_key = key.map(|key| format!("key-{}", key % 4));
                new.flow = if key.is_some_and(|key| key % 8 == 0) { "export" } else { "import" }.to_owned();
                let owner = owner.map(|owner| self.owner(owner));
                told(self.store.create_request(new, owner).await)
            }
            Step::Claim(server, limit) => told(self.store.claim(&self.owner(server), limit % 4).await),
            Step::Write { request, kinds, log, stale } => self.write(request, &kinds, log, stale).await,
            Step::End(request, how) => self.end(request, how).await,
            Step::TakeOver(survivor, dead) => {
                told(self.store.take_over(&self.owner(survivor), &self.owner(dead)).await)
            }
            Step::Drain(server, drain) => {
                let state = if drain { ServerState::Draining } else { ServerState::Running };
                told(self.store.set_server_state(&self.owner(server), state).await)
            }
            Step::Maintain(server, on) => {
                let owner = self.owner(server);
                let set = told(self.store.set_maintenance(&owner.server, on).await);
                let handed_over = if on { told(self.store.hand_over(&owner).await) } else { String::new() };
                format!("{set} {handed_over}")
            }
            Step::SetLimit(most) => {
                let key = Limited::Flow("import".to_owned()).setting(&project());
                match most {
                    Some(most) => told(self.store.set_setting(&key, (most % 4).into(), "ann", None).await),
                    None => told(self.store.remove_setting(&key, "ann", None).await),
                }
            }
            Step::Terminate(server) => told(self.store.terminate(&self.owner(server)).await),
            Step::ReExecute(request, server, from) => match self.request(request).await {
                Some(request) => {
                    let from = from.map(|from| u32::from(from) % (request.saved_points + 2));
                    told(self.store.re_execute(request.id, &self.owner(server), "ann", from).await)
                }
                None => String::new(),
            },
            Step::Pin(request, server, stale) => match self.request(request).await {
                Some(request) => {
                    let version = VersionId::parse(&format!("v{}", request.fence)).unwrap();
                    let settings = RequestSettings { retry_count: 1, ..request.settings };
                    let seen = Fence(request.fence.0 - i64::from(stale));
                    let version = Some(NewVersion { version, settings, seen });
                    let how = ReExecution { keep: None, version };
                    told(self.store.re_execute_with(request.id, &self.owner(server), "ann", how).await)
                }
                None => String::new(),
            },
            Step::TakeFrom(request, server) => match self.request(request).await {
                Some(request) => {
                    let (since, entry) = (Some(request.updated), log_entry(request.attempt, "stalled", 1));
                    let marked = told(self.store.mark_stalled(request.id, request.fence, since, entry).await);
                    marked + &told(self.store.take_from(request.id, &self.owner(server), "ann").await)
                }
                None => String::new(),
            },
            Step::Stall(request, stalls) => match self.request(request).await {
                Some(request) => {
                    let (since, entry) = (stalls.then_some(request.updated), log_entry(request.attempt, "stalled", 1));
                    told(self.store.mark_stalled(request.id, request.fence, since, entry).await)
                }
                None => String::new(),
            },
            Step::Retain { age, number, details } => {
                let age = Some(u64::from(age));
                let keep = match details {
                    true => Keep { details_ms: age, ..Keep::default() },
                    false => Keep { age_ms: age, number: number.map(u64::from), ..Keep::default() },
                };
                let policy = RetentionPolicy { finished: keep, error: keep, cancelled: keep };
                let preview = self.store.retention_preview(&policy).await;
                format!("{} {}", told(preview), told(self.store.apply_retention(&policy, 3).await))
            }
            Step::Cancel(request) => match self.request(request).await {
                Some(request) => told(self.store.cancel(request.id, "ann").await),
                None => String::new(),
            },
            Step::Adopt(which, without) => self.adopt(which, without).await,
            Step::Switch(trigger, on) => {
                told(self.store.switch_trigger(&project(), &trigger_id(trigger), on, "ann").await)
            }
            Step::Fire { trigger, key, owner, how } => {
                let due = self.store.now().minus_ms(u64::from(key));
                let firing = NewFiring {
                    project: project(),
                    trigger: trigger_id(trigger),
                    key: format!("key-{}", key % 4),
                    due,
                    reached: (how % 2 == 0).then_some(due),
                    missed: u64::from(how % 3),
                    lasting: how % 5 == 0,
                    by_hand: how % 7 == 0,
                    here_only: how % 11 == 0,
                    request: (how % 4 != 3).then(|| new_request(RequestSettings { limits: limits(how), ..anywhere() })),
                };
                told(self.store.fire(firing, owner.map(|owner| self.owner(owner))).await)
            }
        }
    }

    async fn adopt(&self, which: u8, without: usize) -> String {
        let version = VersionId::parse(&format!("v{}", which % 3)).unwrap();
        let version = ProjectVersion { version, commit: format!("c{}", which % 3) };
        let mut answers = String::new();
        for server in 0..SERVERS.saturating_sub(without) {
            let server = self.owner(server).server;
            answers.push_str(&told(self.store.set_server_version(&server, &project(), &version).await));
        }
        let trigger =
            |number| NewTrigger { trigger: trigger_id(number), mark: format!("{}", which % 5), on: number == 0 };
        let triggers = (0..1 + which % 2).map(trigger).collect();
        answers + &told(self.store.adopt_triggers(&project(), &version, triggers).await)
    }

    fn owner(&self, server: usize) -> Owner {
        let never_started = || Owner {
            server: ServerId::parse(&format!("server-{}", server % SERVERS)).unwrap(),
            epoch: crate::Epoch(0),
        };
        self.owners[server % SERVERS].clone().unwrap_or_else(never_started)
    }

    async fn request(&self, number: usize) -> Option<Request> {
        let all = self.all().await;
        (!all.is_empty()).then(|| all[number % all.len()].clone())
    }

    async fn all(&self) -> Vec<Request> {
        self.store.list(&RequestFilter { limit: 10_000, ..RequestFilter::default() }).await.unwrap()
    }

    async fn write(&self, request: usize, kinds: &[SavedKind], log: u8, stale: bool) -> String {
        let Some(mut request) = self.request(request).await else {
            return String::new();
        };
        if stale {
            request.fence.0 -= 1;
        }
        let point = |kind: &SavedKind| SavedPoint { kind: *kind, ..checkpoint(&request, &format!("{kind:?}")) };
        let write = AttemptWrite {
            saved: kinds.iter().map(point).collect(),
            log: (0..log).map(|number| log_entry(request.attempt, "component-started", i64::from(number))).collect(),
        };
        told(self.store.write(request.id, request.fence, write).await)
    }

    async fn end(&self, request: usize, how: u8) -> String {
        let Some(request) = self.request(request).await else {
            return String::new();
        };
        let error = RequestError { code: "x/y".to_owned(), message: "no".to_owned(), component: None };
        let end = match how % 5 {
            0 => AttemptEnd::Finished { reply: Some(serde_json::json!({"n": how})) },
            1 => AttemptEnd::Failed { error, retryable: true },
            2 => AttemptEnd::Failed { error, retryable: false },
            3 => AttemptEnd::Waiting { due: self.store.now().plus_ms(50), component: "wait-1".to_owned() },
            _ => AttemptEnd::Released,
        };
        let write = AttemptWrite { saved: vec![], log: vec![log_entry(request.attempt, "end", 1)] };
        told(self.store.end_attempt(request.id, request.fence, end, write).await)
    }

    async fn observe(self) -> Observed {
        let requests = self.all().await;
        let (mut saved, mut logs, mut attempts) = (Vec::new(), Vec::new(), Vec::new());
        for request in &requests {
            saved.push(self.store.saved_points(request.id).await.unwrap());
            logs.push(self.store.log(request.id, 0, 10_000).await.unwrap());
            attempts.push(self.store.attempts(request.id, None, 100).await.unwrap());
        }
        let mut due = Vec::new();
        for server in 0..SERVERS {
            due.push(self.store.next_due(&self.owner(server)).await);
        }
        let mut filtered = Vec::new();
        for filter in filters(self.store.now()) {
            let listed = self.store.list(&filter).await.unwrap().iter().map(|request| request.id).collect();
            filtered.push((listed, self.store.counts(&filter).await.unwrap()));
        }
        let mut triggers = Vec::new();
        for state in self.store.trigger_states().await.unwrap() {
            let firings = self.store.firings(&state.project, &state.trigger, 100).await.unwrap();
            triggers.push((state, firings));
        }
        Observed {
            triggers,
            servers: self.store.servers().await.unwrap(),
            filtered,
            answers: self.answers,
            requests,
            saved,
            logs,
            attempts,
            due,
            limits: self.store.limits().await.unwrap(),
        }
    }
}
