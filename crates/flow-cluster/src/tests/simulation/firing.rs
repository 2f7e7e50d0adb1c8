//! A schedule of the simulated cluster. As in `cairn serve`, every server looks what is due and comes with it; the store lets
//! one of them make each firing, with its request, in one write.

use super::lives::{LineOf, Process};
use super::mistake::Mistake;
use super::time::VirtualClock;
use super::world::World;
use crate::{Dispatcher, Due, Guard, MissedRuns, Planned, plan};
use flow_store::{
    Clock as _, Durability, Fired, Line as _, NewFiring, NewRequest, NewTrigger, Owner, ProjectName, ProjectStore as _,
    ProjectVersion, Request, RequestFilter, RequestSettings, RequestState, RequestStore as _, StoreError, Timestamp,
    TriggerState, TriggerStore as _, VersionId,
};
use rand::RngExt;
use rand::rngs::StdRng;
use std::sync::Arc;
use std::time::Duration;

const TRIGGER: &str = "trigger-tick";
/// A server looks at least so often, and at most so often.
const LOOKS: [Duration; 2] = [Duration::from_millis(1_000), Duration::from_millis(50)];
/// Once all is well, what was due is dealt with within so many milliseconds.
const CATCHES_UP_MS: u64 = 10_000;

/// When it is due, and what becomes of what nobody could fire in time.
pub(super) struct Schedule {
    period: i64,
    missed: MissedRuns,
}

impl Schedule {
    pub(super) fn drawn(chance: &mut StdRng) -> Self {
        let missed = [MissedRuns::Skip, MissedRuns::Once, MissedRuns::All][chance.random_range(0..3_usize)];
        Self { period: chance.random_range(800..4_000), missed }
    }
}

impl Due for Schedule {
    fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        Some(Timestamp((moment.0.div_euclid(self.period) + 1) * self.period))
    }

    fn delay_ms(&self, due: Timestamp) -> u64 {
        (due.0 / self.period).unsigned_abs() % 3 * 150
    }

    fn grace_ms(&self) -> u64 {
        2_000
    }

    fn missed_runs(&self) -> MissedRuns {
        self.missed
    }
}

fn project() -> ProjectName {
    ProjectName::parse("simulated").unwrap()
}

/// What a firing asks for.
fn request() -> NewRequest {
    NewRequest {
        project: project(),
        version: VersionId::parse("v1").unwrap(),
        flow: "tick".to_owned(),
        trigger: TRIGGER.to_owned(),
        requested_by: "trigger".to_owned(),
        inputs: serde_json::json!({}),
        settings: RequestSettings {
            other_server_retry: true,
            retry_count: 3,
            retry_interval_ms: 100,
            ..RequestSettings::default()
        },
        idempotency_key: None,
    }
}

/// Whether a schedule made this request.
pub(super) fn made(request: &Request) -> bool {
    request.trigger == TRIGGER
}

/// All servers have the version with the schedule; since when it counts.
pub(super) async fn begin(world: &World, servers: &[&str]) -> Timestamp {
    let version = ProjectVersion { version: VersionId::parse("v1").unwrap(), commit: "c1".to_owned() };
    for server in servers {
        world.store.set_server_version(&super::super::id(server), &project(), &version).await.unwrap();
    }
    let tick = NewTrigger { trigger: TRIGGER.to_owned(), mark: "1".to_owned(), on: true };
    assert!(world.store.adopt_triggers(&project(), &version, vec![tick]).await.unwrap(), "all servers have it");
    VirtualClock.now()
}

/// All is well again: what was due is dealt with. Then it is switched off.
pub(super) async fn end(world: &World) {
    crate::time::sleep(Duration::from_millis(CATCHES_UP_MS)).await;
    world.store.switch_trigger(&project(), TRIGGER, false, "test").await.unwrap();
    let reached = reached(world).await;
    let late = world.schedule.next_after(reached).filter(|due| due.plus_ms(CATCHES_UP_MS / 2) < VirtualClock.now());
    if let Some(due) = late {
        world.wrong(format!("nobody has fired what was due at {due}"));
    }
}

async fn reached(world: &World) -> Timestamp {
    world.store.trigger_states().await.unwrap().into_iter().map(|known| known.reached).max().unwrap()
}

/// Each due time was fired once or given up, as the schedule says, and each firing has its one request.
pub(super) async fn judge(world: &World, begun: Timestamp) {
    let mut firings = world.store.firings(&project(), TRIGGER, usize::MAX).await.unwrap();
    firings.reverse();
    let mut before = begun;
    for firing in &firings {
        let mut due_times = 0;
        while let Some(due) = world.schedule.next_after(before).filter(|due| *due <= firing.due) {
            (before, due_times) = (due, due_times + 1);
        }
        let told = firing.missed + u64::from(firing.request.is_some());
        if told != due_times || before != firing.due {
            world.wrong(format!("the firing for {} stands for {told} of {due_times} due times", firing.due));
        }
        if firing.missed > 0 && world.schedule.missed == MissedRuns::All {
            world.wrong(format!("{} due times are given up at {}", firing.missed, firing.due));
        }
    }
    if before != reached(world).await && !firings.is_empty() {
        world.wrong(format!("the last firing is for {before}"));
    }
    let filter = RequestFilter { limit: usize::MAX, ..RequestFilter::default() };
    let mut requests: Vec<_> =
        world.store.list(&filter).await.unwrap().iter().filter(|request| made(request)).map(|one| one.id).collect();
    requests.sort_unstable();
    let mut fired: Vec<_> = firings.iter().filter_map(|firing| firing.request).collect();
    fired.sort_unstable();
    if requests != fired {
        world.wrong(format!("the schedule has made requests {requests:?}, its firings {fired:?}"));
    }
    world.counted.lock().fired += fired.len();
}

/// What a server needs to fire.
pub(super) struct Firing {
    pub(super) world: Arc<World>,
    pub(super) process: Arc<Process>,
    pub(super) dispatcher: Dispatcher,
    pub(super) guard: Arc<Guard>,
    pub(super) owner: Owner,
}

impl Firing {
    /// Fires what is due until the server's life in the cluster has ended.
    pub(super) async fn fire_for_ever(self) {
        let [longest, shortest] = LOOKS;
        while !self.guard.has_ended() {
            let wait = match self.look().await {
                Ok(Some(next)) => VirtualClock.now().until(next).clamp(shortest, longest),
                Ok(None) | Err(_) => longest,
            };
            crate::time::sleep(wait).await;
            self.process.runs().await;
        }
    }

    /// Fires what is due; when the next is.
    async fn look(&self) -> Result<Option<Timestamp>, StoreError> {
        let line = LineOf(Arc::clone(&self.process));
        line.there().await?;
        let states = self.world.store.trigger_states().await;
        line.back().await?;
        let Some(known) = states?.into_iter().find(TriggerState::is_active) else { return Ok(None) };
        let plan = plan(&self.world.schedule, known.reached, VirtualClock.now());
        for planned in plan.now {
            self.fire(planned).await?;
        }
        Ok(plan.next)
    }

    async fn fire(&self, planned: Planned) -> Result<(), StoreError> {
        let (due, missed, request) = match planned {
            Planned::Fire { due, missed } => (due, missed, Some(request())),
            Planned::Miss { due, missed } => (due, missed, None),
        };
        let slot = if request.is_some() { self.dispatcher.reserve() } else { None };
        let owner = slot.is_some().then(|| self.owner.clone());
        let key = due.to_string();
        let firing = NewFiring {
            project: project(),
            trigger: TRIGGER.to_owned(),
            key,
            due,
            reached: Some(due),
            missed,
            lasting: false,
            by_hand: false,
            here_only: false,
            request,
        };
        let line = LineOf(Arc::clone(&self.process));
        line.there().await?;
        let fired = self.make(firing, owner).await;
        line.back().await?;
        match (fired?, slot) {
            (Fired::New(Some(request)), Some(slot)) if request.state == RequestState::Running => {
                slot.run(*request, Durability::ALREADY);
            }
            _ => self.dispatcher.wake(),
        }
        Ok(())
    }

    async fn make(&self, firing: NewFiring, owner: Option<Owner>) -> Result<Fired, StoreError> {
        let due = firing.due;
        // By mistake, a request is made for each server that comes with the firing.
        let twice = if self.world.makes(Mistake::FiresByItself) { firing.request.clone() } else { None };
        let fired = self.world.store.fire(firing, owner).await?;
        if let (Fired::Before(_), Some(request)) = (&fired, twice) {
            self.world.store.create_request(request, None).await?;
        }
        if let Fired::New(Some(request)) = &fired {
            self.world.tell(format!("{} fires what is due at {due}: request {}", self.owner, request.id));
        }
        Ok(fired)
    }
}
