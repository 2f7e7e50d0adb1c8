//! Resume at every failure place: random flows are run undisturbed, and then again and again with the server struck
//! dead at each place in turn (before and after every store write, before and after every component), to be resumed by
//! another server. Whatever happens, the result must be the same, settled components must never run again, and nothing
//! that was saved may be lost.
//!
//! Every other flow is run by engines that speculate.
//!
//! `CAIRN_SEED=17` runs the flow of that seed alone, `CAIRN_SEEDS=1000` runs so many.

use super::cluster::{Cluster, Server, Went};
use super::generator::{CALLED, Generated, generate};
use super::oracle::{at_top, behind, is_settled, settled, settled_with, top};
use flow_model::{ComponentId, Flow};
use flow_store::{Request, RequestId, RequestState, SavedKind, SavedPoint, event};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn seeds() -> Vec<u64> {
    seeds_or(8)
}

/// The seeds to run, so many unless the environment says otherwise.
pub(super) fn seeds_or(usual: u64) -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match number("CAIRN_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("CAIRN_SEEDS").unwrap_or(usual)).collect(),
    }
}

/// What is the same, however often the request was struck.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Result {
    state: RequestState,
    /// Why it failed.
    code: Option<String>,
    /// What each component saw. When the request fails, how far parallel paths came is chance.
    seen: BTreeSet<(String, String)>,
    reply: Option<Value>,
}

/// A run of a flow under the eyes of the oracle.
pub(super) struct Watched<'a> {
    seed: u64,
    place: Option<(usize, usize)>,
    cluster: &'a Cluster,
    generated: &'a Generated,
    saved: Vec<SavedPoint>,
    /// What had been saved when an attempt began, with the number of that attempt.
    begun: BTreeMap<u32, Vec<SavedPoint>>,
}

impl<'a> Watched<'a> {
    /// Runs the request to its end; the server dies where the world strikes, and another one goes on.
    async fn run(&mut self) -> Request {
        let cluster: &'a Cluster = self.cluster;
        let mut server = cluster.server().await;
        let mut request = server.trigger().await;
        let mut second_strike = self.place.map(|(_, second)| second);
        if let Some((first, _)) = self.place {
            self.cluster.world.strike_at(first);
        }
        for _ in 0..30 {
            let id = request.id;
            self.begin(&request).await;
            let went = server.attempt_or_die(request).await;
            self.check_log(id).await;
            request = match went {
                Went::Stopped(error) => panic!("{}: {error}", self.name()),
                Went::Died => {
                    let (survivor, taken) = self.survive(&server).await;
                    server = survivor;
                    if let Some(place) = second_strike.take() {
                        self.cluster.world.strike_at(place);
                    }
                    match taken {
                        Some(taken) => taken,
                        // It died after the end had been written.
                        None => {
                            let ended = self.cluster.request(id).await;
                            self.note_saved(&ended).await;
                            return ended;
                        }
                    }
                }
                Went::Ended(ended) if ended.state.is_ended() => {
                    self.note_saved(&ended).await;
                    return *ended;
                }
                Went::Ended(ended) => {
                    self.note_retry(&ended);
                    server.claim_when_due(&ended).await
                }
            };
        }
        panic!("{}: the request does not come to an end", self.name())
    }

    async fn survive(&self, dead: &Server<'a>) -> (Server<'a>, Option<Request>) {
        let cluster: &'a Cluster = self.cluster;
        let survivor = cluster.server().await;
        let requests = flow_store::RequestStore::list(self.cluster.store.as_ref(), &Default::default()).await.unwrap();
        let request = requests.into_iter().next().unwrap();
        self.note_retry(&request);
        let ended = request.state.is_ended();
        let taken = if ended { None } else { Some(survivor.take_over(&dead.owner).await) };
        (survivor, taken)
    }

    fn note_retry(&self, request: &Request) {
        if request.retries_used > 0 {
            self.cluster.world.retried();
        }
    }

    /// Notes what is saved as an attempt begins.
    async fn begin(&mut self, request: &Request) {
        self.note_saved(request).await;
        self.begun.insert(request.attempt, self.saved.clone());
    }

    /// Checks that all that was saved before is still there.
    async fn note_saved(&mut self, request: &Request) {
        let saved = self.cluster.saved(request.id).await;
        assert_eq!(saved[..self.saved.len()], self.saved[..], "{}: saved points were lost", self.name());
        self.saved = saved;
    }

    /// What settles a component is durable together with the log that tells of its start, and what the log tells of
    /// outlets not taken is recorded with it.
    async fn check_log(&self, id: RequestId) {
        let log = self.cluster.log(id).await;
        let told = |event: &str| -> BTreeSet<String> {
            let lines = log.iter().filter(|line| line.entry.event == event);
            lines.filter_map(|line| line.entry.component.as_deref().map(str::to_owned)).collect()
        };
        let flow = &self.generated.flow;
        let points = self.cluster.saved(id).await;
        let settled = settled(flow, &points);
        let started = told(event::COMPONENT_STARTED);
        for component in self.cluster.world.done().iter().filter(|component| settled.contains(*component)) {
            assert!(
                started.contains(component),
                "{}: {component} is settled, and the log does not tell of its start",
                self.name()
            );
        }
        if !points.iter().any(|point| point.kind == SavedKind::Withdrawn) {
            let not_taken = told(event::COMPONENT_FINISHED).into_iter().map(|id| (id, "error".to_owned())).collect();
            let known = settled_with(&top(flow), &at_top(&points), &not_taken);
            assert_eq!(settled, known, "{}: the choice of an outlet is not recorded", self.name());
        }
    }

    /// What came of a request that was run by processes which are gone.
    pub(super) async fn of_the_past(
        cluster: &'a Cluster,
        generated: &'a Generated,
        (seed, place): (u64, Option<(usize, usize)>),
        request: &Request,
    ) -> Self {
        let saved = cluster.saved(request.id).await;
        let before = |attempt: u32| saved.iter().filter(|point| point.attempt < attempt).cloned().collect();
        let begun = (1..=request.attempt).map(|attempt| (attempt, before(attempt))).collect();
        Self { seed, place, cluster, generated, saved, begun }
    }

    /// Checks what must hold of a request that has ended, and says what came of it.
    pub(super) fn check(&self, request: &Request) -> Result {
        self.check_settled_never_ran_again();
        self.check_saved_once();
        self.check_done_once();
        self.result(request)
    }

    /// No component ran in an attempt that began with it settled.
    fn check_settled_never_ran_again(&self) {
        let Generated { flow, called, .. } = self.generated;
        for entry in self.cluster.world.ledger() {
            let saved = self.begun.get(&entry.attempt);
            assert!(
                !saved.is_some_and(|saved| is_settled(flow, called, saved, &entry.component)),
                "{}: {} was settled and ran again in attempt {}",
                self.name(),
                entry.component,
                entry.attempt
            );
        }
    }

    /// No Checkpoint, Wait or input was saved twice, unless a handled error before it was withdrawn.
    fn check_saved_once(&self) {
        let withdrawn = self.saved.iter().any(|point| point.kind == SavedKind::Withdrawn);
        let mut seen = BTreeSet::new();
        for point in &self.saved {
            let saves = !matches!(point.kind, SavedKind::Stream | SavedKind::Outlets | SavedKind::Withdrawn);
            let place = (&point.iteration, &point.component, point.kind, &point.outlets);
            assert!(
                !saves || withdrawn || seen.insert(place),
                "{}: {} was saved twice: {point:?}",
                self.name(),
                point.component
            );
        }
    }

    /// What is to happen exactly once has one idempotency key, and the world has seen one set of data with it; unless a
    /// handled error before it was withdrawn, or it follows an error that nothing handled.
    fn check_done_once(&self) {
        let again = self.generated.fails_once.is_some();
        let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (key, entry) in self.cluster.world.once() {
            keys.entry(entry.component).or_default().insert(key);
        }
        for (component, keys) in keys {
            assert!(again || keys.len() == 1, "{}: {component} was done under several keys: {keys:?}", self.name());
        }
    }

    /// What must be the same as in other runs. When a handled error is withdrawn, how much of what is behind it had run
    /// by then depends on the order of parallel paths.
    fn result(&self, request: &Request) -> Result {
        let chance = match &self.generated.fails_once {
            Some(id) => self.behind_failure(id),
            None => BTreeSet::new(),
        };
        let is_by_chance = |path: &str| path.split('/').any(|step| chance.contains(step.split('[').next().unwrap()));
        let seen = self.cluster.world.ledger().into_iter().filter(|entry| !is_by_chance(&entry.component));
        let is_chance = |id: &ComponentId| chance.contains(id.as_str());
        let ends = self.generated.flow.components.iter().filter(|(_, component)| component.kind == "End");
        let reply_is_chance = ends.into_iter().any(|(id, _)| is_chance(id));
        Result {
            state: request.state,
            code: request.error.as_ref().map(|error| error.code.clone()),
            seen: seen
                .filter(|_| request.state == RequestState::Finished)
                .map(|entry| (entry.component, entry.seen))
                .collect(),
            reply: request.reply.clone().filter(|_| !reply_is_chance),
        }
    }

    /// What is behind an error that comes once, in its own scope and behind what that is inside of.
    fn behind_failure(&self, id: &ComponentId) -> BTreeSet<String> {
        let flow = &self.generated.flow;
        let mut behind = behind(flow, id, &["error", "always"]);
        let mut next = flow.components[id].parent.clone();
        while let Some(around) = next {
            behind.extend(super::oracle::behind(flow, &around, &["error", "always"]));
            next = flow.components[&around].parent.clone();
        }
        behind
    }

    fn name(&self) -> String {
        format!("CAIRN_SEED={} struck at {:?}", self.seed, self.place)
    }
}

pub(super) async fn run(seed: u64, place: Option<(usize, usize)>) -> (Result, bool) {
    run_over(Cluster::new, seed, place).await
}

async fn run_over(cluster: fn(Flow) -> Cluster, seed: u64, place: Option<(usize, usize)>) -> (Result, bool) {
    let generated = generate(seed);
    let cluster = that_runs(cluster(generated.flow.clone()), &generated, seed);
    let mut watched =
        Watched { seed, place, cluster: &cluster, generated: &generated, saved: Vec::new(), begun: BTreeMap::new() };
    let request = watched.run().await;
    let result = watched.check(&request);
    if let Some(error) = &request.error {
        assert!(!error.code.starts_with("data/"), "CAIRN_SEED={seed}: the generated flow is wrong: {error:?}");
    }
    (result, cluster.world.has_struck())
}

/// A cluster for the generated flow of a seed.
pub(super) fn that_runs(cluster: Cluster, generated: &Generated, seed: u64) -> Cluster {
    let cluster = cluster.with_flow(CALLED, generated.called.clone()).with_inputs(generated.inputs.clone());
    cluster.speculating(seed.is_multiple_of(2))
}

#[tokio::test]
async fn a_request_survives_the_loss_of_its_server_at_every_place() {
    let (mut kinds, mut struck, mut inside) = (BTreeMap::new(), 0, BTreeMap::new());
    for seed in seeds() {
        let (undisturbed, _) = run(seed, None).await;
        for (path, _) in &undisturbed.seen {
            let what = match (path.contains('['), path.contains("subflow")) {
                (false, false) => "at the top",
                (true, false) => "in iterations",
                (false, true) => "in calls",
                (true, true) => "in both",
            };
            *inside.entry(what).or_insert(0) += 1;
        }
        let ended = undisturbed.code.clone().unwrap_or_else(|| undisturbed.state.to_string());
        *kinds.entry(ended).or_insert(0) += 1;
        for place in 0.. {
            let (result, has_struck) = run(seed, Some((place, usize::MAX / 2))).await;
            assert_eq!(result, undisturbed, "CAIRN_SEED={seed} struck at {place}");
            if !has_struck {
                break;
            }
            struck += 1;
        }
    }
    println!("{} seeds, ended {kinds:?}, components {inside:?}, struck {struck} times", seeds().len());
}

#[tokio::test]
async fn a_request_on_disk_survives_the_loss_of_its_server_at_every_place() {
    for seed in seeds_or(2) {
        let (undisturbed, _) = run(seed, None).await;
        for place in 0.. {
            let (result, has_struck) = run_over(Cluster::on_sqlite, seed, Some((place, usize::MAX / 2))).await;
            assert_eq!(result, undisturbed, "CAIRN_SEED={seed} struck at {place}, on disk");
            if !has_struck {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_request_survives_the_loss_of_its_server_on_several_threads() {
    for seed in seeds() {
        let (undisturbed, _) = run(seed, None).await;
        let mut random = super::generator::Random::new(seed ^ 0x7ead);
        for _ in 0..4 {
            let place = (random.below(40), usize::MAX / 2);
            let (result, _) = run(seed, Some(place)).await;
            assert_eq!(result, undisturbed, "CAIRN_SEED={seed} struck at {place:?}");
        }
    }
}

#[tokio::test]
async fn a_request_survives_the_loss_of_two_servers() {
    for seed in seeds() {
        let (undisturbed, _) = run(seed, None).await;
        let mut random = super::generator::Random::new(seed ^ 0xdead);
        for _ in 0..8 {
            let places = (random.below(30), random.below(20));
            let (result, _) = run(seed, Some(places)).await;
            assert_eq!(result, undisturbed, "CAIRN_SEED={seed} struck at {places:?}");
        }
    }
}
