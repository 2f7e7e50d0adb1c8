//! The same with servers that are processes of their own, and are really killed: SIGKILL at a place, over an SQLite
//! database, with the world in a file. The process is this test program, which runs one test of itself.

use super::cluster::{Cluster, scratch};
use super::generator::{Generated, Random, generate};
use super::resume::{Watched, run, seeds_or, that_runs};
use super::world::World;
use flow_store::{Request, RequestStore};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the process is told, by the environment.
const TOLD: &str = "CAIRN_KILLED_SERVER";
/// How the test that is the process is called.
const SERVER: &str = "tests::killed::a_server";

/// One life of a server.
struct Life {
    folder: PathBuf,
    seed: u64,
    /// How many servers lived before.
    before: usize,
    /// The place at which it is killed, if at all.
    killed_at: Option<usize>,
}

impl Life {
    fn to_text(&self) -> String {
        let place = self.killed_at.map(|place| place.to_string()).unwrap_or_default();
        format!("{}\n{}\n{}\n{place}", self.folder.display(), self.seed, self.before)
    }

    fn from_text(text: &str) -> Self {
        let lines: Vec<&str> = text.split('\n').collect();
        let [folder, seed, before, place] = lines.as_slice() else { panic!("{text:?}") };
        Self {
            folder: folder.into(),
            seed: seed.parse().unwrap(),
            before: before.parse().unwrap(),
            killed_at: place.parse().ok(),
        }
    }

    /// Lives it in a process. The answer is whether the process was killed.
    fn lived(&self) -> bool {
        let mut process = Command::new(std::env::current_exe().unwrap());
        process.args([SERVER, "--exact", "--ignored", "--nocapture"]).env(TOLD, self.to_text());
        let ended = process.output().unwrap();
        let killed = ended.status.signal() == Some(9);
        let told = || String::from_utf8_lossy(&[ended.stdout.clone(), ended.stderr.clone()].concat()).into_owned();
        assert!(killed || ended.status.success(), "CAIRN_SEED={}: {}\n{}", self.seed, ended.status, told());
        killed
    }
}

fn cluster(generated: &Generated, folder: &Path, seed: u64) -> Cluster {
    let world = World::kept_in(&folder.join("world"));
    that_runs(Cluster::in_folder(generated.flow.clone(), folder, world), generated, seed)
}

async fn only_request(cluster: &Cluster) -> Option<Request> {
    cluster.store.list(&Default::default()).await.unwrap().pop()
}

#[tokio::test]
#[ignore = "it is a process that the other tests start and kill"]
async fn a_server() {
    let Ok(told) = std::env::var(TOLD) else { return };
    let life = Life::from_text(&told);
    let generated = generate(life.seed);
    let cluster = cluster(&generated, &life.folder, life.seed).after(life.before);
    let server = cluster.server().await;
    let request = match only_request(&cluster).await {
        None => server.trigger().await,
        Some(request) if request.state.is_ended() => return,
        Some(request) => {
            if request.retries_used > 0 {
                cluster.world.retried();
            }
            match &request.owner {
                Some(dead) => server.take_over(&dead.clone()).await,
                None => server.claim_when_due(&request).await,
            }
        }
    };
    if let Some(place) = life.killed_at {
        cluster.world.kill_at(place);
    }
    server.run_to_end(request).await;
}

#[tokio::test]
async fn a_request_survives_processes_that_are_killed() {
    let mut kills = 0;
    for seed in seeds_or(4) {
        let generated = generate(seed);
        let (undisturbed, _) = run(seed, None).await;
        let mut random = Random::new(seed ^ 0x51_6411);
        for _ in 0..4 {
            let scratch = scratch();
            let places = (random.below(40), random.below(20));
            let mut life = Life { folder: scratch.path().to_path_buf(), seed, before: 0, killed_at: Some(places.0) };
            while life.lived() {
                let next = if life.before == 0 { Some(places.1) } else { None };
                life = Life { before: life.before + 1, killed_at: next, ..life };
            }
            kills += life.before;
            let cluster = cluster(&generated, scratch.path(), seed);
            let request = only_request(&cluster).await.unwrap();
            assert!(request.state.is_ended(), "CAIRN_SEED={seed}: {}", request.state);
            let watched = Watched::of_the_past(&cluster, &generated, (seed, Some(places)), &request).await;
            assert_eq!(watched.check(&request), undisturbed, "CAIRN_SEED={seed} killed at {places:?}");
        }
    }
    println!("{kills} processes were killed");
    assert!(kills > 0);
}
