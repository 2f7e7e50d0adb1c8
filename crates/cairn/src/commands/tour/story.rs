//! The story, told by the designer's own commands: what a person would click.

use super::cluster::{Account, CLUSTER, TourCluster};
use super::workplace::Workplace;
use crate::outcome::Failure;
use crate::output::{Output, table};
use designer::{Designer, DesignerOptions, Event, PushUpdateProgress, TourPhase, TourProgress, TourReport, UpdateStep};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::broadcast::error::RecvError;

/// How long the tour may go on without a word.
const SILENCE: Duration = Duration::from_secs(120);
/// Time between two lines that only say how far it is.
const PACE: Duration = Duration::from_millis(500);

/// Signs the designer with its settings in `config` in to the cluster.
pub async fn sign_in(config: &Path, cluster: &TourCluster, account: &Account) -> Result<Arc<Designer>, Failure> {
    let designer = Designer::new(DesignerOptions::without_host(config));
    let url = cluster.addresses().next().unwrap_or_default();
    let input = json!({"cluster": CLUSTER, "url": url, "account": account.name, "password": account.password});
    call(&designer, "cluster_sign_in", input).await?;
    Ok(designer)
}

/// Plays the story, and gives the table at its end.
pub async fn play(
    place: &Workplace,
    cluster: &TourCluster,
    account: &Account,
    output: Output,
) -> Result<TourReport, Failure> {
    output.line("==> Signing the designer in");
    let designer = sign_in(&place.designer_config(), cluster, account).await?;
    call(&designer, "project_open", json!({"path": place.project()})).await?;

    output.line("==> Pushing the update to both servers");
    let mut events = designer.events();
    call(&designer, "push_update", json!({"cluster": CLUSTER, "leaveChanges": true})).await?;
    while let Ok(event) = events.try_recv() {
        if let Event::PushUpdateProgress(progress) = event
            && progress.done
        {
            check_pushed(&progress, output)?;
        }
    }

    // As in the monitor window; it is also how the designer learns of all servers, one of which will be gone soon.
    call(&designer, "cluster_overview", json!({"cluster": CLUSTER})).await?;
    output.line("==> Playing the Failover tour");
    let mut events = designer.events();
    call(&designer, "tour_start", Value::Null).await?;
    let mut told = Told::new(output);
    loop {
        match tokio::time::timeout(SILENCE, events.recv()).await {
            Ok(Ok(Event::TourProgress(progress))) => {
                told.tell(&progress);
                match (progress.phase, progress.report) {
                    (TourPhase::Done, Some(report)) => return Ok(report),
                    (TourPhase::Failed, _) => return Err(Failure::new("tour/failed", progress.message)),
                    _ => {}
                }
            }
            // Missed events only say less of how far it is.
            Ok(Ok(_) | Err(RecvError::Lagged(_))) => {}
            Ok(Err(RecvError::Closed)) => return Err(Failure::new("tour/failed", "the designer ended")),
            Err(_) => {
                let message = format!(
                    "nothing has happened for {} s; the servers' logs are in {}",
                    SILENCE.as_secs(),
                    place.cluster().display()
                );
                return Err(Failure::new("tour/stuck", message));
            }
        }
    }
}

/// Whether nothing was lost and nothing settled was repeated.
pub fn is_good(report: &TourReport) -> bool {
    report.requests > 0
        && report.finished == report.requests
        && report.lost == 0
        && report.settled_components_repeated == 0
}

/// The table at the end.
pub fn table_of(report: &TourReport, notices: usize) -> String {
    let resumed =
        report.kill_to_first_resumed_component.map_or("nothing was resumed".to_owned(), |ms| format!("{ms:.0} ms"));
    let rows = [
        ("requests", report.requests.to_string()),
        ("finished", report.finished.to_string()),
        ("lost", report.lost.to_string()),
        ("settled components repeated", report.settled_components_repeated.to_string()),
        ("kill to first resumed component", resumed),
    ];
    let mut text = table(["failover tour", ""], rows.map(|(name, value)| [name.to_owned(), value]));
    let again = notices.saturating_sub(usize::try_from(report.finished).unwrap_or(usize::MAX));
    if again > 0 {
        text.push_str(&format!(
            "\n({notices} notices came: {again} calls were under way at the kill, and what no checkpoint follows is done again)"
        ));
    }
    text
}

async fn call(designer: &Arc<Designer>, command: &str, input: Value) -> Result<Value, Failure> {
    designer.call(command, input).await.map_err(|error| Failure::new(&error.code, error.message))
}

fn check_pushed(progress: &PushUpdateProgress, output: Output) -> Result<(), Failure> {
    for server in &progress.servers {
        match &server.step {
            UpdateStep::Updated { took, .. } => {
                let commit = progress.commit.get(..8).unwrap_or(&progress.commit);
                output.line(format!("    {} has {commit} ({took:.0} ms)", server.name));
            }
            step => {
                let message = format!("the server {} was not updated: {step:?}", server.name);
                return Err(Failure::new("tour/push-update", message));
            }
        }
    }
    Ok(())
}

/// Tells people how far it is, without telling the same twice or too often.
struct Told {
    output: Output,
    begun: Instant,
    phase: Option<TourPhase>,
    last: Instant,
}

impl Told {
    fn new(output: Output) -> Self {
        let now = Instant::now();
        Self { output, begun: now, phase: None, last: now }
    }

    fn tell(&mut self, progress: &TourProgress) {
        let is_news = self.phase != Some(progress.phase);
        if !is_news && self.last.elapsed() < PACE {
            return;
        }
        (self.phase, self.last) = (Some(progress.phase), Instant::now());
        let seconds = self.begun.elapsed().as_secs_f64();
        self.output.line(format!(
            "    {seconds:5.1} s  {:>4} of {} finished   {}",
            progress.finished, progress.requests, progress.message
        ));
    }
}
