//! How the Failover tour goes.

use super::repeated::settled_components_repeated;
use super::{TourFile, TourPhase, TourPlanView, TourProgress, TourReport, TourServer};
use crate::cluster::{Cluster, new_key};
use crate::push_update::PushUpdate;
use crate::{Command, CommandError, Designer, Event};
use flow_api::{NewRequests, Request, RequestQuery, RequestState, Server, ServerState};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the requests are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// The tour gives up when nothing has changed for this long.
const PATIENCE: Duration = Duration::from_secs(120);
/// A cluster lists no more requests at once.
const MOST: u32 = 1000;

/// Whether the tour is under way.
#[derive(Default)]
pub(crate) struct Tour {
    is_running: AtomicBool,
}

/// What the tour needs: the cluster, its servers, and what it may do with them.
pub(super) struct Stage {
    cluster: Arc<Cluster>,
    file: TourFile,
    /// The servers that are up, and that the tour's supervisor started.
    servers: Vec<(Server, TourServer)>,
}

impl Stage {
    pub(super) fn plan(&self) -> TourPlanView {
        TourPlanView {
            possible: true,
            reason: None,
            cluster: Some(self.file.cluster.clone()),
            flow: Some(format!("{} / {}", self.file.project, self.file.flow)),
            requests: self.file.requests,
            servers: self.servers.iter().map(|(server, _)| server.name.clone()).collect(),
        }
    }
}

impl Stage {
    /// Pushes the update if a server has no version of the project yet.
    async fn bring_up(&self, telling: &mut Telling) -> Result<(), CommandError> {
        let has_it = |server: &Server| server.versions.iter().any(|version| version.project == self.file.project);
        if self.servers.iter().all(|(server, _)| has_it(server)) {
            return Ok(());
        }
        telling.tell(
            TourPhase::Starting,
            "Pushing the update to the servers, which do not have the project yet".to_owned(),
        );
        let (cluster, confirm) = (self.file.cluster.clone(), Some(self.file.cluster.clone()));
        let update = PushUpdate { cluster, leave_changes: true, confirm };
        update.run(Arc::clone(&telling.designer)).await.map(drop)
    }
}

impl Designer {
    /// Makes sure that the tour can start.
    pub(super) async fn tour_stage(&self) -> Result<Stage, CommandError> {
        let file = TourFile::read(&self.config().path(""))?;
        let cluster = self.clusters.cluster(&file.cluster).await?;
        let servers = cluster.servers().await?;
        let started = |server: Server| {
            let ours = file.servers.iter().find(|ours| ours.id == server.id && ours.pid == server.pid)?.clone();
            (server.state == ServerState::Running).then_some((server, ours))
        };
        let servers: Vec<(Server, TourServer)> = servers.into_iter().filter_map(started).collect();
        if servers.len() < 2 {
            let message = "the Failover tour needs two servers of its own that run: wait until they have started";
            return Err(CommandError::new("tour/not-possible", message));
        }
        if !(1..=MOST).contains(&file.requests) {
            let message = format!("the tour can start 1 to {MOST} requests, not {}", file.requests);
            return Err(CommandError::new("tour/not-possible", message));
        }
        Ok(Stage { cluster, file, servers })
    }

    /// Starts the tour, which goes on by itself.
    pub(super) async fn start_tour(self: &Arc<Self>) -> Result<TourProgress, CommandError> {
        let stage = self.tour_stage().await?;
        if self.tour.is_running.swap(true, Ordering::AcqRel) {
            return Err(CommandError::new("tour/running", "the Failover tour is under way already"));
        }
        let mut telling = Telling::new(self, &stage);
        telling.tell(TourPhase::Starting, "Looking at the servers".to_owned());
        let began = telling.progress.clone();
        let designer = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = play(&stage, &mut telling).await {
                telling.tell(TourPhase::Failed, error.message);
            }
            designer.tour.is_running.store(false, Ordering::Release);
        });
        Ok(began)
    }
}

/// The tour as it is told to the windows.
struct Telling {
    designer: Arc<Designer>,
    progress: TourProgress,
}

impl Telling {
    fn new(designer: &Arc<Designer>, stage: &Stage) -> Self {
        let progress = TourProgress {
            cluster: stage.file.cluster.clone(),
            phase: TourPhase::Starting,
            message: String::new(),
            requests: stage.file.requests,
            finished: 0,
            killed: None,
            survivor: None,
            report: None,
        };
        Self { designer: Arc::clone(designer), progress }
    }

    fn tell(&mut self, phase: TourPhase, message: String) {
        self.progress.phase = phase;
        self.progress.message = message;
        self.designer.emit(Event::TourProgress(self.progress.clone()));
    }

    /// Counts what has finished, and tells it if that is news.
    fn count(&mut self, batch: &Batch) {
        let finished = number(batch.requests.iter().filter(|request| request.state == RequestState::Finished).count());
        if finished != self.progress.finished {
            self.progress.finished = finished;
            self.designer.emit(Event::TourProgress(self.progress.clone()));
        }
    }
}

async fn play(stage: &Stage, telling: &mut Telling) -> Result<(), CommandError> {
    let (victim, ours) = &stage.servers[0];
    stage.bring_up(telling).await?;
    telling.tell(TourPhase::Starting, format!("Starting {} requests of {}", stage.file.requests, stage.file.flow));
    let mut batch = Batch::start(stage, victim).await?;
    telling.tell(TourPhase::Running, format!("{} works on the requests", victim.name));
    batch.wait_for_the_middle(stage, telling, &victim.id).await?;

    telling.progress.killed = Some(victim.name.clone());
    let killed = jiff::Timestamp::now();
    kill(ours)?;
    telling.tell(TourPhase::Killed, format!("{} was killed (SIGKILL, process {})", victim.name, ours.pid));
    batch.wait_for_the_end(stage, telling, &victim.id).await?;

    let report = batch.report(stage, telling.progress.finished, killed).await?;
    telling.progress.report = Some(report.clone());
    let survivor = telling.progress.survivor.as_deref().unwrap_or("no survivor");
    let message = match report.lost + report.settled_components_repeated {
        0 => format!("{survivor} finished what {} had begun: nothing was lost, nothing settled ran again", victim.name),
        _ => format!(
            "{} requests were lost, {} settled components ran again",
            report.lost, report.settled_components_repeated
        ),
    };
    telling.tell(TourPhase::Done, message);
    Ok(())
}

/// The requests of the tour, as they were seen last.
struct Batch {
    ids: BTreeSet<i64>,
    requests: Vec<Request>,
}

impl Batch {
    /// Starts the requests on `server`, which makes it their owner.
    async fn start(stage: &Stage, server: &Server) -> Result<Self, CommandError> {
        let wish = &NewRequests {
            project: stage.file.project.clone(),
            flow: stage.file.flow.clone(),
            inputs: stage.file.inputs.clone(),
            count: Some(stage.file.requests),
            priority: None,
            trigger: Some("tour".to_owned()),
        };
        let made = stage.cluster.client(&server.address)?.create_requests(wish, Some(&new_key())).await?;
        Ok(Self { ids: made.requests.iter().map(|request| request.id).collect(), requests: made.requests })
    }

    /// Looks at the requests anew; whether any of them changed.
    async fn look(&mut self, stage: &Stage) -> Result<bool, CommandError> {
        // Newer requests may be in between, so pages are read until all of the batch were seen.
        let mut seen: Vec<Request> = Vec::with_capacity(self.ids.len());
        let mut after = None;
        while seen.len() < self.ids.len() {
            let query = &RequestQuery {
                project: Some(stage.file.project.clone()),
                flow: Some(stage.file.flow.clone()),
                after,
                limit: Some(MOST),
                attempts: true,
                ..RequestQuery::default()
            };
            let page = stage.cluster.any(|client| async move { client.requests(query).await }).await?;
            seen.extend(page.items.into_iter().filter(|request| self.ids.contains(&request.id)));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let changed = seen != self.requests;
        self.requests = seen;
        Ok(changed)
    }

    /// Waits until some requests have passed a Checkpoint and are not at their end.
    async fn wait_for_the_middle(
        &mut self,
        stage: &Stage,
        telling: &mut Telling,
        owner: &str,
    ) -> Result<(), CommandError> {
        let wanted = (self.ids.len() / 5).max(1);
        let mut patience = Patience::new();
        loop {
            let changed = self.look(stage).await?;
            telling.count(self);
            let belongs = |request: &Request| request.owner.as_ref().is_some_and(|of| of.server == owner);
            let is_in_the_middle = |request: &&Request| {
                belongs(request) && request.state == RequestState::Running && request.saved_points > 0
            };
            let open = self.requests.iter().filter(|request| !has_ended(request)).count();
            let in_the_middle = self.requests.iter().filter(is_in_the_middle).count();
            if in_the_middle >= wanted.min(open.max(1)) {
                return Ok(());
            }
            if open == 0 {
                let message = "every request ended before the server could be killed: start more of them";
                return Err(CommandError::new("tour/too-fast", message));
            }
            patience.check(changed)?;
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until every request has ended.
    async fn wait_for_the_end(&mut self, stage: &Stage, telling: &mut Telling, dead: &str) -> Result<(), CommandError> {
        let mut patience = Patience::new();
        loop {
            // The server that was asked until now is the one that was killed: others answer, perhaps not at once.
            let changed = self.look(stage).await.unwrap_or(false);
            telling.count(self);
            if telling.progress.survivor.is_none()
                && let Some(survivor) = self.survivor(dead)
            {
                telling.progress.survivor = Some(survivor.clone());
                telling.tell(TourPhase::TakenOver, format!("{survivor} took over and goes on from the checkpoints"));
            }
            if self.requests.iter().all(has_ended) {
                return Ok(());
            }
            // What does not end is lost, and the table says so.
            if patience.check(changed).is_err() {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The name of the server that owns a request which was the dead server's.
    fn survivor(&self, dead: &str) -> Option<String> {
        let owners = self.requests.iter().filter_map(|request| request.owner.as_ref());
        owners.filter(|owner| owner.server != dead).map(|owner| owner.name.clone()).next()
    }

    async fn report(&self, stage: &Stage, finished: u32, killed: jiff::Timestamp) -> Result<TourReport, CommandError> {
        let ids: Vec<i64> = self.ids.iter().copied().collect();
        let resumed = self
            .requests
            .iter()
            .flat_map(|request| request.attempts.iter().flatten())
            .filter(|attempt| attempt.attempt > 1 && attempt.started.0 >= killed)
            .filter_map(|attempt| attempt.first_component_at)
            .min();
        Ok(TourReport {
            requests: number(self.ids.len()),
            finished,
            lost: number(self.ids.len()).saturating_sub(finished),
            settled_components_repeated: settled_components_repeated(&stage.cluster, &ids).await?,
            kill_to_first_resumed_component: resumed.map(|at| at.0.duration_since(killed).as_secs_f64() * 1000.0),
        })
    }
}

/// Waits as long as something changes now and then.
struct Patience(Instant);

impl Patience {
    fn new() -> Self {
        Self(Instant::now())
    }

    fn check(&mut self, changed: bool) -> Result<(), CommandError> {
        if changed {
            self.0 = Instant::now();
        }
        if self.0.elapsed() < PATIENCE {
            return Ok(());
        }
        let message = format!("nothing has happened for {} s: look at the requests in the monitor", PATIENCE.as_secs());
        Err(CommandError::new("tour/stuck", message))
    }
}

/// Kills a server of the tour, as a power failure would.
fn kill(server: &TourServer) -> Result<(), CommandError> {
    let failed = |why: String| {
        CommandError::new(
            "tour/cannot-kill",
            format!("{} (process {}) cannot be killed: {why}", server.name, server.pid),
        )
    };
    let pid =
        i32::try_from(server.pid).ok().and_then(Pid::from_raw).ok_or_else(|| failed("no such process".to_owned()))?;
    kill_process(pid, Signal::KILL).map_err(|error| failed(error.to_string()))
}

fn has_ended(request: &Request) -> bool {
    matches!(request.state, RequestState::Finished | RequestState::Error | RequestState::Cancelled)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
