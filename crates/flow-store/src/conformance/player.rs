//! Random command sequences: each store must answer the same and end the same.

use super::observed::Observed;
use super::steps::{SERVERS, Step};
use super::{anywhere, checkpoint, log_entry, new_request, new_server};
use crate::{
    AttemptEnd, AttemptWrite, AuditEntry, Fence, Figures, Keep, Limit, Limited, ManualClock, NewFiring, NewRequest,
    NewTrigger, NewVersion, Owner, ProjectName, ProjectVersion, ReExecution, Request, RequestError, RequestFilter,
    RequestSettings, RequestState, RetentionPolicy, SavedKind, SavedPoint, ServerId, ServerReport, ServerState, Store,
    StoreError, VersionId,
};
use std::sync::Arc;

/// Plays each step at one of the `stores`, by its number modulo how many there are: what several processes have opened, all
/// the same and fresh, that goes by `clock`. Every answer on the way, and all there is at the end.
pub async fn observe(stores: &[Arc<dyn Store>], clock: Arc<ManualClock>, steps: &[(usize, Step)]) -> Observed {
    let mut player = Player { store: Arc::clone(&stores[0]), clock, owners: vec![None; SERVERS], answers: Vec::new() };
    for (at, step) in steps {
        player.store = Arc::clone(&stores[at % stores.len()]);
        let answer = player.play(step).await;
        player.answers.push(answer);
    }
    player.observe().await
}

pub(super) struct Player {
    /// Where the next step is played.
    pub(super) store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    /// The last life of each server.
    owners: Vec<Option<Owner>>,
    pub(super) answers: Vec<String>,
}

/// No limits, one of the flow, one of a connection, or both.
fn limits(which: u8) -> Vec<Limit> {
    let flow = Limit { of: the_flow(), most: 2 };
    let connection = Limit { of: the_connection(), most: 1 + u32::from(which / 8) % 2 };
    match which % 8 {
        5 => vec![flow],
        6 => vec![connection],
        7 => vec![flow, connection],
        _ => Vec::new(),
    }
}

fn the_flow() -> Limited {
    Limited::Flow("import".to_owned())
}

fn the_connection() -> Limited {
    Limited::Connection("warehouse".to_owned())
}

/// Gives a request one of a few keys. Some ask for something else under a key of others.
fn give_key(new: &mut NewRequest, key: Option<u8>) {
    new.idempotency_key = key.map(|key| format!("key-{}", key % 4));
    new.flow = if key.is_some_and(|key| key % 8 == 0) { "export" } else { "import" }.to_owned();
}

/// How many saved points of a request stay, now and then more than there are.
fn earlier(request: &Request, from: Option<u8>) -> Option<u32> {
    from.map(|from| u32::from(from) % (request.saved_points + 2))
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
                give_key(&mut new, key);
                let owner = owner.map(|owner| self.owner(owner));
                told(self.store.create_request(new, owner).await)
            }
            Step::CreateMany { owner, keys, limits: which, audited } => {
                let mut new = vec![new_request(RequestSettings { limits: limits(which), ..anywhere() }); keys.len()];
                new.iter_mut().zip(keys).for_each(|(new, key)| give_key(new, key));
                let (owner, audit) = (owner.map(|owner| self.owner(owner)), audited.then(|| self.audit_entry()));
                told(self.store.create_requests(new, owner, audit).await)
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
            Step::SetLimit { connection, most } => {
                let of = if connection { the_connection() } else { the_flow() };
                let key = of.setting(&project());
                match most {
                    Some(most) => told(self.store.set_setting(&key, (most % 4).into(), "ann", None).await),
                    None => told(self.store.remove_setting(&key, "ann", None).await),
                }
            }
            Step::Terminate(server) => told(self.store.terminate(&self.owner(server)).await),
            Step::ReExecute(request, server, from) => match self.request(request).await {
                Some(request) => {
                    let keep = earlier(&request, from);
                    told(self.store.re_execute(request.id, &self.owner(server), "ann", keep).await)
                }
                None => String::new(),
            },
            Step::Pin { request, server, stale, from } => match self.request(request).await {
                Some(request) => {
                    let version = VersionId::parse(&format!("v{}", request.fence)).unwrap();
                    let settings = RequestSettings { retry_count: 1, ..request.settings.clone() };
                    let seen = Fence(request.fence.0 - i64::from(stale));
                    let version = Some(NewVersion { version, settings, seen });
                    let how = ReExecution { keep: earlier(&request, from), version };
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
            Step::Reach(trigger, ago) => {
                let reached = self.store.now().minus_ms(u64::from(ago));
                told(self.store.trigger_reached(&project(), &trigger_id(trigger), reached).await)
            }
            Step::NoteFired(trigger, more, request) => match self.request(request).await {
                Some(request) => {
                    told(self.store.note_fired(&project(), &trigger_id(trigger), more.into(), request.id).await)
                }
                None => String::new(),
            },
            Step::Ended(ago, limit) => {
                let (from, states) =
                    (self.store.now().minus_ms(u64::from(ago)), [RequestState::Finished, RequestState::Error]);
                told(self.store.ended_requests(&project(), "import", &states, from, limit).await)
            }
            Step::Report(server, created) => {
                let report = ServerReport { version: "1.2.3".to_owned(), resident_bytes: created.into() };
                let figures = Figures { created: created.into(), ..Figures::default() };
                told(self.store.report(&self.owner(server), report, figures).await)
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

    /// An entry that no other is like: stores may tell of several in one.
    fn audit_entry(&self) -> AuditEntry {
        AuditEntry {
            account: "ann".to_owned(),
            action: "requests-created".to_owned(),
            subject: format!("command {}", self.answers.len()),
            detail: String::new(),
            address: "127.0.0.1".to_owned(),
        }
    }

    pub(super) fn owner(&self, server: usize) -> Owner {
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

    pub(super) async fn all(&self) -> Vec<Request> {
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
}
