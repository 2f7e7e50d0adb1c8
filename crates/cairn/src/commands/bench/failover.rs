//! How soon a survivor goes on after the owner was killed or hangs, with real servers.

use super::report::{Report, Samples};
use super::scratch::Scratch;
use super::yardstick;
use crate::commands::user;
use crate::outcome::Failure;
use crate::server_process::{ClusterFolder, ServerProcess};
use flow_api::{Client, NewProject, NewRequests, Request, RequestQuery, RequestState, Update};
use flow_store::Role;
use line::Line;
pub(super) use slow_service::SlowService;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

mod line;
mod project;
mod slow_service;

/// Requests under way at the moment of the kill.
const IN_FLIGHT: u32 = 32;
/// How old a survivor is at least: one that is younger than a lease of 2 s does not believe yet what it sees of others'
/// sessions on PostgreSQL.
const GROWN_UP: Duration = Duration::from_secs(4);
/// How long anything may take before the measurement is given up.
const GIVE_UP: Duration = Duration::from_secs(60);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// How an owner is lost.
#[derive(Clone, Copy)]
enum Loss {
    /// It is killed with SIGKILL.
    Kill,
    /// It hangs: SIGSTOP.
    Hang,
    /// Its line to the database is cut.
    Partition,
}

/// A server, and its line to the database where that can be cut.
struct Member {
    process: ServerProcess,
    line: Option<Line>,
}

/// Measures `runs` times; the two servers take turns at being lost.
pub async fn measure(scratch: &Scratch, runs: u32) -> Result<Report, Failure> {
    let (mut yardsticks, mut figures) = (Samples::default(), Samples::default());
    let mut pair = Pair::start(scratch, "straight", false).await?;
    for _ in 0..runs {
        let probed = yardstick::probe(scratch.path())?;
        yardsticks.add("F", "1/s", probed.f);
        yardsticks.add("S", "1/s", probed.s);
        let killed = pair.lose_the_owner(Loss::Kill).await?;
        figures.add("kill_to_resumed_ms", "ms", killed.to_resumed_ms);
        figures.add("kill_to_all_finished_ms", "ms", killed.to_all_finished_ms);
        figures.add("owner_resident_mib", "MiB", killed.owner_resident_mib);
        let hung = pair.lose_the_owner(Loss::Hang).await?;
        figures.add("hang_to_resumed_ms", "ms", hung.to_resumed_ms);
        figures.add("requests_in_flight", "requests", f64::from(IN_FLIGHT));
    }
    pair.stop().await;
    // Not before: its servers would take time from those that are measured.
    let mut parted = Pair::start(scratch, "parted", true).await?;
    if parted.has_lines() {
        for _ in 0..runs {
            let cut = parted.lose_the_owner(Loss::Partition).await?;
            figures.add("partition_to_resumed_ms", "ms", cut.to_resumed_ms);
        }
    }
    parted.stop().await;
    Ok(Report { bench: "failover", yardsticks: yardsticks.medians(), runs, figures: figures.figures() })
}

/// What one loss showed.
struct Measured {
    to_resumed_ms: f64,
    to_all_finished_ms: f64,
    owner_resident_mib: f64,
}

/// Two servers of one cluster. The first is the next owner, the second the next survivor.
struct Pair {
    folder: std::path::PathBuf,
    token: String,
    owner: Member,
    survivor: Member,
    /// Since when the survivor runs.
    survivor_since: Instant,
    service: SlowService,
}

impl Pair {
    /// `lines`: each server reaches the database over a line that can be cut, where it is one for that.
    async fn start(scratch: &Scratch, name: &str, lines: bool) -> Result<Self, Failure> {
        let folder = scratch.cluster(name).await?;
        let service = SlowService::start()?;
        let repository = project::make(&scratch.folder(&format!("{name}-project"))?, &service.url())?;
        let owner = Member::start(&folder, "one", lines).await?;
        let survivor = Member::start(&folder, "two", lines).await?;
        let token = make_token(&folder).await?;
        let pair = Self { folder, token, owner, survivor, survivor_since: Instant::now(), service };
        pair.publish(&repository).await?;
        Ok(pair)
    }

    async fn publish(&self, repository: &Path) -> Result<(), Failure> {
        let project = NewProject {
            name: project::NAME.to_owned(),
            repository: repository.to_string_lossy().into_owned(),
            branch: "main".to_owned(),
            folder: String::new(),
        };
        self.client(&self.owner)?.add_project(&project).await?;
        for server in [&self.owner, &self.survivor] {
            self.client(server)?.update(project::NAME, &Update::default()).await?;
        }
        Ok(())
    }

    fn has_lines(&self) -> bool {
        self.owner.line.is_some()
    }

    fn client(&self, server: &Member) -> Result<Client, Failure> {
        Ok(Client::new(&server.process.serving.address, self.token.clone())?)
    }

    async fn lose_the_owner(&mut self, loss: Loss) -> Result<Measured, Failure> {
        tokio::time::sleep_until((self.survivor_since + GROWN_UP).into()).await;
        self.service.slow();
        let wish = NewRequests {
            project: project::NAME.to_owned(),
            flow: project::FLOW.to_owned(),
            inputs: serde_json::Map::new(),
            count: Some(IN_FLIGHT),
            priority: None,
            trigger: Some("bench".to_owned()),
        };
        let started = self.client(&self.owner)?.create_requests(&wish, None).await?.requests;
        self.wait_until_in_flight().await?;
        let owner_resident_mib = self.owner.process.resident_mib().unwrap_or(f64::NAN);

        let lost_at = now_ms();
        match loss {
            Loss::Kill => self.owner.process.kill()?,
            Loss::Hang => self.owner.process.freeze()?,
            Loss::Partition => self.owner.line.iter().for_each(Line::cut),
        }
        // The calls that were under way are lost with their owner; those of the survivor need not wait.
        self.service.quick();
        let finished_at = self.wait_until_finished(&started).await?;
        let resumed_at = self.first_resumed(&started).await?;
        self.replace_the_owner().await?;
        Ok(Measured {
            to_resumed_ms: resumed_at - lost_at,
            to_all_finished_ms: finished_at - lost_at,
            owner_resident_mib,
        })
    }

    /// Every request has passed its checkpoint and waits for the slow service.
    async fn wait_until_in_flight(&self) -> Result<(), Failure> {
        until("the requests are not under way", || async {
            Ok((self.service.waiting() >= IN_FLIGHT as usize).then_some(()))
        })
        .await
    }

    /// When the first component of these requests ran on the survivor, by the database's log.
    async fn first_resumed(&self, started: &[Request]) -> Result<f64, Failure> {
        let survivor = &self.survivor.process.serving.server;
        let listed = self.listed(started, true).await?;
        let attempts = listed.iter().flat_map(|request| request.attempts.iter().flatten());
        let resumed = attempts.filter(|attempt| attempt.owner.server == *survivor && attempt.attempt > 1);
        let first = resumed.filter_map(|attempt| attempt.first_component_at).min();
        let first = first.ok_or_else(|| Failure::new("bench/failover", "the survivor did not go on"))?;
        Ok(first.0.as_microsecond() as f64 / 1000.0)
    }

    /// When the last of these requests ended. It does not look at their attempts: that is a query for each of them, which
    /// would take time from what is measured.
    async fn wait_until_finished(&self, started: &[Request]) -> Result<f64, Failure> {
        let ended = until("the requests do not end", || async {
            let listed = self.listed(started, false).await?;
            Ok(listed.iter().all(|request| request.state.has_ended()).then_some(listed))
        })
        .await?;
        if let Some(bad) = ended.iter().find(|request| request.state != RequestState::Finished) {
            let message =
                format!("request {} ended as {} after the takeover: {:?}", bad.id, bad.state.as_str(), bad.error);
            return Err(Failure::new("bench/failover", message));
        }
        let last = ended.iter().filter_map(|request| request.ended).max();
        Ok(last.map_or_else(now_ms, |last| last.0.as_microsecond() as f64 / 1000.0))
    }

    /// The requests as they are now.
    async fn listed(&self, started: &[Request], attempts: bool) -> Result<Vec<Request>, Failure> {
        let query = RequestQuery { limit: Some(IN_FLIGHT), attempts, ..RequestQuery::default() };
        let mut listed = self.client(&self.survivor)?.requests(&query).await?.items;
        listed.retain(|request| started.iter().any(|one| one.id == request.id));
        Ok(listed)
    }

    /// Starts the lost server anew; the survivor is the next owner.
    async fn replace_the_owner(&mut self) -> Result<(), Failure> {
        self.owner.process.kill()?;
        self.owner.process.ended().await;
        let anew = Member::start(&self.folder, &self.owner.process.serving.name, self.has_lines()).await?;
        self.owner = std::mem::replace(&mut self.survivor, anew);
        self.survivor_since = Instant::now();
        Ok(())
    }

    async fn stop(self) {
        self.owner.process.stop().await;
        self.survivor.process.stop().await;
    }
}

impl Member {
    async fn start(folder: &Path, name: &str, by_line: bool) -> Result<Self, Failure> {
        let cluster = ClusterFolder(folder);
        let straight = cluster.connection();
        let line = if by_line { Line::to(&straight).await? } else { None };
        let connection = line.as_ref().map_or(&straight, |line| &line.connection);
        let process = ServerProcess::start_by(connection, cluster, name, "127.0.0.1:0", &[]).await?;
        Ok(Self { process, line })
    }
}

pub(super) async fn make_token(folder: &Path) -> Result<String, Failure> {
    let database = ClusterFolder(folder).connection().open_existing().await?;
    let store = database.store.as_ref();
    let password: String = (0..32).map(|_| char::from(rand::random_range(b'a'..=b'z'))).collect();
    user::add(store, "bench", Role::Administrator, &password).await?;
    user::make_token(store, "bench", "bench", None).await
}

async fn until<T, Look>(what: &str, mut look: impl FnMut() -> Look) -> Result<T, Failure>
where
    Look: Future<Output = Result<Option<T>, Failure>>,
{
    let begin = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if begin.elapsed() > GIVE_UP {
            return Err(Failure::new("bench/failover", format!("{what}, even after {} s", GIVE_UP.as_secs())));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The database's clock is this machine's.
fn now_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0
}
