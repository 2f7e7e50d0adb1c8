//! What a crash left of unsaved changes: shown in words, brought back or dropped.

use crate::background::blocking;
use crate::flow::words;
use crate::{Command, CommandError, Designer};
use flow_model::FlowName;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::SystemTime;
use ts_rs::TS;

/// Unsaved changes of a flow that a crash left behind.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LeftChanges {
    /// The flow.
    pub flow: FlowName,
    /// What they change, in words.
    pub words: Vec<String>,
    /// When the last of them was made, in milliseconds since 1970.
    pub at: Option<i64>,
    /// Whether another program changed the file since. Both are merged then when the changes are brought back.
    pub file_changed: bool,
}

/// The flows of which a crash left unsaved changes. Opening such a flow brings them back. Empty when no project is open.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectLeftChanges {}

impl Command for ProjectLeftChanges {
    const NAME: &'static str = "project_left_changes";
    type Output = Vec<LeftChanges>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<LeftChanges>, CommandError> {
        let Some(project) = designer.current_project() else { return Ok(Vec::new()) };
        blocking(move || {
            let names = project.files().flow_names()?.into_iter().filter(|flow| project.session(flow).is_err());
            let left = names.filter_map(|flow| project.files().left_edits(&flow, project.state_folder()));
            let view = |left: flow_project::LeftEdits| LeftChanges {
                words: words(&left.changes),
                at: left.at.and_then(milliseconds),
                file_changed: left.file_changed,
                flow: left.flow,
            };
            Ok(left.map(view).collect())
        })
        .await
    }
}

/// Drops what a crash left of a flow's unsaved changes.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectDropLeftChanges {
    /// The flow.
    pub flow: FlowName,
}

impl Command for ProjectDropLeftChanges {
    const NAME: &'static str = "project_drop_left_changes";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        let project = designer.project()?;
        blocking(move || Ok(project.files().drop_left_edits(&self.flow, project.state_folder())?)).await?;
        designer.tell_project();
        Ok(())
    }
}

fn milliseconds(at: SystemTime) -> Option<i64> {
    i64::try_from(at.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_millis()).ok()
}
