//! The commands on local runs.

use super::{RunId, RunView, StreamView};
use crate::{Command, CommandError, Designer};
use flow_model::{ComponentId, FlowName};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use ts_rs::TS;

/// Runs an open flow here as it is now, saved or not, with the other open flows as they are now, too. What happens comes in `run-changed` events. A run of the same flow that is
/// still going on is stopped first. Errors: `run/not-runnable` with the place of the first problem, `input/…`.
#[derive(Debug, Deserialize, TS)]
pub struct RunStart {
    /// The flow.
    pub flow: FlowName,
    /// Values for the inputs that its start component declares; the others have their defaults.
    #[serde(default)]
    #[ts(optional, as = "Option<BTreeMap<String, Value>>")]
    pub inputs: Map<String, Value>,
    /// Run only up to this component: what is before it, and it.
    #[serde(default)]
    #[ts(optional)]
    pub to: Option<ComponentId>,
    /// Leave out what changes the world, and what waits for that.
    #[serde(default, rename = "withoutEffects")]
    #[ts(optional, as = "Option<bool>")]
    pub without_effects: bool,
}

impl Command for RunStart {
    const NAME: &'static str = "run_start";
    type Output = RunView;

    async fn run(self, designer: Arc<Designer>) -> Result<RunView, CommandError> {
        designer.start_run(self).await
    }
}

/// Stops a local run: components that run come to a safe end, no other starts.
#[derive(Debug, Deserialize, TS)]
pub struct RunStop {
    /// The run.
    pub run: RunId,
}

impl Command for RunStop {
    const NAME: &'static str = "run_stop";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        designer.runs.find(self.run)?.stop();
        Ok(())
    }
}

/// The last local run of a flow, or null.
#[derive(Debug, Deserialize, TS)]
pub struct RunLast {
    /// The flow.
    pub flow: FlowName,
}

impl Command for RunLast {
    const NAME: &'static str = "run_last";
    type Output = Option<RunView>;

    async fn run(self, designer: Arc<Designer>) -> Result<Option<RunView>, CommandError> {
        Ok(designer.runs.last(&self.flow).map(|run| run.view()))
    }
}

/// The first records (at most 100) that an outlet delivered in a local run. Errors: `run/unknown`, `run/no-stream`.
#[derive(Debug, Deserialize, TS)]
pub struct RunStream {
    /// The run.
    pub run: RunId,
    /// The component.
    pub component: ComponentId,
    /// Its outlet.
    pub outlet: String,
}

impl Command for RunStream {
    const NAME: &'static str = "run_stream";
    type Output = StreamView;

    async fn run(self, designer: Arc<Designer>) -> Result<StreamView, CommandError> {
        designer.runs.find(self.run)?.stream(&self.component, &self.outlet)
    }
}
