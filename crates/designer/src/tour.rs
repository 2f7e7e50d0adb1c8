//! The Failover tour: requests run on a cluster, their server is killed, a survivor takes over.

mod file;
mod repeated;
mod story;

pub use file::{TourFile, TourServer};
pub(crate) use story::Tour;

use crate::{Command, CommandError, Designer};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use ts_rs::TS;

/// What the Failover tour would do on the chosen cluster, or why it cannot: it kills a server, so it only does that
/// to servers that `cairn tour` started for it.
#[derive(Debug, Deserialize, TS)]
pub struct TourPlan {}

/// The answer of `tour_plan`.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct TourPlanView {
    /// Whether the tour can start.
    pub possible: bool,
    /// Why it cannot; null when it can.
    pub reason: Option<String>,
    /// The cluster.
    pub cluster: Option<String>,
    /// The project and flow whose requests it starts.
    pub flow: Option<String>,
    /// How many requests it starts.
    pub requests: u32,
    /// The names of the servers.
    pub servers: Vec<String>,
}

impl Command for TourPlan {
    const NAME: &'static str = "tour_plan";
    type Output = TourPlanView;

    async fn run(self, designer: Arc<Designer>) -> Result<TourPlanView, CommandError> {
        Ok(match designer.tour_stage().await {
            Ok(stage) => stage.plan(),
            Err(error) => TourPlanView {
                possible: false,
                reason: Some(error.message),
                cluster: designer.clusters.chosen(),
                flow: None,
                requests: 0,
                servers: Vec::new(),
            },
        })
    }
}

/// Starts the Failover tour; it goes on by itself and tells of itself in `tour-progress` events. Errors:
/// `tour/not-possible`, `tour/running`.
#[derive(Debug, Deserialize, TS)]
pub struct TourStart {}

impl Command for TourStart {
    const NAME: &'static str = "tour_start";
    type Output = TourProgress;

    async fn run(self, designer: Arc<Designer>) -> Result<TourProgress, CommandError> {
        designer.start_tour().await
    }
}

/// The Failover tour as far as it has come.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct TourProgress {
    /// The cluster.
    pub cluster: String,
    /// Where it is.
    pub phase: TourPhase,
    /// One sentence about it.
    pub message: String,
    /// How many requests it started.
    pub requests: u32,
    /// How many of them have finished.
    pub finished: u32,
    /// The name of the server that is killed, once it is known.
    pub killed: Option<String>,
    /// The name of the survivor, once it is known.
    pub survivor: Option<String>,
    /// The table at the end.
    pub report: Option<TourReport>,
}

/// Where the Failover tour is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TourPhase {
    /// It starts the requests.
    Starting,
    /// It waits until some requests are in the middle of their flow.
    Running,
    /// The owner has been killed; no survivor has taken over yet.
    Killed,
    /// A survivor goes on with the requests.
    TakenOver,
    /// Every request has ended.
    Done,
    /// It could not go on.
    Failed,
}

/// The table at the end of the Failover tour.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TourReport {
    /// Requests that were started.
    pub requests: u32,
    /// Requests that finished.
    pub finished: u32,
    /// Requests that ended otherwise, or not at all.
    pub lost: u32,
    /// Components that ran again although they were settled. Must be 0.
    pub settled_components_repeated: u32,
    /// Milliseconds from the kill to the first component that ran on the survivor.
    pub kill_to_first_resumed_component: Option<f64>,
}
