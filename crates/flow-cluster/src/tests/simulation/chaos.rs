//! What happens to a simulated cluster.

use super::firing;
use super::lives::{Locks, Network};
use super::server::Server;
use super::time;
use super::world::World;
use flow_store::{Limit, Limited, NewRequest, ProjectName, RequestSettings, ServerStore as _, VersionId};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const NAMES: [&str; 4] = ["one", "two", "three", "four"];
/// At most so many of the requests under a limit run at once.
const LIMIT: u32 = 2;
/// How long a caller waits for an answer.
const ANSWER: Duration = Duration::from_secs(3);
/// After the last fault everything must have ended by then.
const QUIET: Duration = Duration::from_secs(600);

struct Chaos {
    world: Arc<World>,
    servers: Vec<Arc<Server>>,
    network: Arc<Network>,
    over: AtomicBool,
}

/// One story, from the first server to the end of the last request.
pub(super) async fn run(world: &Arc<World>) {
    let (locks, network) = (Arc::<Locks>::default(), Arc::<Network>::default());
    let count = usize::try_from(world.draw(2..5)).unwrap_or(2);
    let servers: Vec<_> = NAMES[..count].iter().map(|name| Server::new(name, world, &locks, &network)).collect();
    let chaos = Arc::new(Chaos { world: Arc::clone(world), servers, network, over: AtomicBool::new(false) });
    chaos.servers.iter().for_each(Server::start);
    while chaos.servers.iter().any(|server| server.owner().is_none()) {
        crate::time::sleep(Duration::from_millis(10)).await;
    }
    let begun = firing::begin(world, &NAMES[..count]).await;
    chaos.network.slow.store(chaos.world.draw(1..40), Ordering::SeqCst);
    let callers: Vec<_> = (0..2).map(|caller| tokio::spawn(call(Arc::clone(&chaos), caller))).collect();
    for _ in 0..world.draw(2..9) {
        world.pause(50..2_000).await;
        chaos.fault().await;
    }
    world.pause(500..3_000).await;
    chaos.over.store(true, Ordering::SeqCst);
    chaos.heal().await;
    for caller in callers {
        let _ = caller.await;
    }
    firing::end(world).await;
    let healed = time::now().unwrap_or_default();
    while !world.is_quiet().await && time::now().unwrap_or_default() - healed < QUIET {
        crate::time::sleep(Duration::from_millis(500)).await;
    }
    world.judge().await;
    firing::judge(world, begun).await;
}

impl Chaos {
    fn one(&self) -> &Arc<Server> {
        let place = self.world.draw(0..self.servers.len() as u64);
        &self.servers[usize::try_from(place).unwrap_or_default()]
    }

    async fn fault(self: &Arc<Self>) {
        self.world.counted.lock().faults += 1;
        let server = Arc::clone(self.one());
        match self.world.draw(0..11) {
            0..=2 => {
                server.kill();
                self.later(0..4_000, move |_| server.start());
            }
            3..=5 if !server.is_stopped() => {
                server.stop(true);
                let from = time::now().unwrap_or_default();
                self.later(100..6_000, move |world| {
                    if server.is_stopped() {
                        server.stop(false);
                        world.was_silent(server.name, from);
                    }
                });
            }
            6 => {
                self.world.tell("the database is away");
                self.network.out.store(true, Ordering::SeqCst);
                let network = Arc::clone(&self.network);
                self.later(50..6_000, move |world| {
                    world.tell("the database is back");
                    network.out.store(false, Ordering::SeqCst);
                });
            }
            7 => {
                self.world.tell("the network is bad");
                self.network.loses.store(self.world.draw(10..300), Ordering::SeqCst);
                self.network.slow.store(self.world.draw(20..400), Ordering::SeqCst);
                let network = Arc::clone(&self.network);
                self.later(100..4_000, move |world| {
                    world.tell("the network is good");
                    network.loses.store(0, Ordering::SeqCst);
                    network.slow.store(20, Ordering::SeqCst);
                });
            }
            8 => {
                let (world, name) = (Arc::clone(&self.world), server.name);
                let time = Duration::from_millis(world.draw(500..6_000));
                maintain(&world, name, true).await;
                tokio::spawn(async move {
                    crate::time::sleep(time).await;
                    maintain(&world, name, false).await;
                });
            }
            9 => {
                let chaos = Arc::clone(self);
                tokio::spawn(async move {
                    server.leave().await;
                    chaos.world.pause(0..3_000).await;
                    server.start();
                });
            }
            _ => {
                let requests = self.world.requests();
                let Some(last) = requests.len().checked_sub(1) else { return };
                let back = usize::try_from(self.world.draw(0..6)).unwrap_or_default();
                let (id, what) = (requests[last.saturating_sub(back)], self.world.draw(0..3));
                let again = self.world.happens(700);
                let other = Arc::clone(self.one());
                tokio::spawn(async move {
                    server.change(id, what).await;
                    if what == 0 && again {
                        other.change(id, 2).await;
                    }
                });
            }
        }
    }

    fn later(&self, milliseconds: std::ops::Range<u64>, then: impl FnOnce(&World) + Send + 'static) {
        let world = Arc::clone(&self.world);
        let time = Duration::from_millis(self.world.draw(milliseconds));
        tokio::spawn(async move {
            crate::time::sleep(time).await;
            then(&world);
        });
    }

    /// Whatever is wrong ends: the last faults within some seconds, and every server is there again.
    async fn heal(&self) {
        crate::time::sleep(Duration::from_secs(7)).await;
        self.world.tell("all is well");
        self.network.out.store(false, Ordering::SeqCst);
        self.network.loses.store(0, Ordering::SeqCst);
        for server in &self.servers {
            if server.is_stopped() {
                server.stop(false);
            }
            server.start();
        }
        let begun = time::now().unwrap_or_default();
        while let Some(absent) = self.servers.iter().find(|server| server.owner().is_none()) {
            if time::now().unwrap_or_default() - begun > QUIET {
                return self.world.wrong(format!("{} does not come back", absent.name));
            }
            self.servers.iter().for_each(Server::start);
            crate::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// An operator puts a server into maintenance, or ends that.
async fn maintain(world: &World, server: &str, on: bool) {
    // One that has never joined is not known.
    if world.store.set_maintenance(&super::super::id(server), on).await.is_ok() {
        world.tell(format!("maintenance of {server}: {on}"));
    }
}

fn limits() -> Vec<Limit> {
    vec![Limit { of: Limited::Flow("flow".to_owned()), most: LIMIT }]
}

/// Makes requests and does not give up before each is confirmed.
async fn call(chaos: Arc<Chaos>, caller: u64) {
    let mut number = 0;
    while !chaos.over.load(Ordering::SeqCst) {
        number += 1;
        let new = NewRequest {
            project: ProjectName::parse("simulated").unwrap(),
            version: VersionId::parse("v1").unwrap(),
            flow: "flow".to_owned(),
            trigger: "test".to_owned(),
            requested_by: "test".to_owned(),
            inputs: serde_json::json!({}),
            settings: RequestSettings {
                other_server_retry: chaos.world.happens(800),
                retry_count: 3,
                retry_interval_ms: 100,
                priority: i32::try_from(chaos.world.draw(0..3)).unwrap_or_default(),
                limits: if chaos.world.happens(150) { limits() } else { Vec::new() },
                ..RequestSettings::default()
            },
            idempotency_key: Some(format!("{caller}/{number}")),
        };
        // Whoever has died meanwhile never answers.
        while crate::time::timeout(ANSWER, chaos.one().create(new.clone())).await != Some(true) {
            chaos.world.pause(10..200).await;
        }
        chaos.world.pause(20..400).await;
    }
}
