//! What files changed since the last commit, in words.

use super::{FileChange, changed};
use crate::background::blocking;
use crate::flow::words;
use crate::{Command, CommandError, Designer};
use flow_components::counted;
use flow_model::{Flow, FlowName, diff};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use ts_rs::TS;

/// Of so many changed flows it is told what changed in words.
const TOLD: usize = 100;

/// A changed file of the project, and what changed in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct FlowWords {
    /// Its path within the repository.
    pub path: String,
    /// The flow, if it is a flow's file.
    pub flow: Option<FlowName>,
    /// How the file changed.
    pub change: FileChange,
    /// What changed in the flow, in words.
    pub words: Vec<String>,
}

/// The files that differ from the last commit, with what changed in the flows among them.
#[derive(Debug, Deserialize, TS)]
pub struct VcsChanges {}

impl Command for VcsChanges {
    const NAME: &'static str = "vcs_changes";
    type Output = Vec<FlowWords>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<FlowWords>, CommandError> {
        let project = designer.project()?;
        blocking(move || {
            let repository = project.repository()?;
            let root = repository.folder().to_owned();
            let mut told = 0;
            let mut all = Vec::new();
            for file in changed(&project, &repository)? {
                let mut words = Vec::new();
                if file.flow.is_some() && told < TOLD {
                    told += 1;
                    let now = std::fs::read(root.join(&file.path)).ok();
                    words = file_words(repository.committed(&file.path)?.as_deref(), now.as_deref());
                }
                all.push(FlowWords { path: file.path, flow: file.flow, change: file.change, words });
            }
            Ok(all)
        })
        .await
    }
}

/// What changed of a flow's file in words.
pub(crate) fn file_words(before: Option<&[u8]>, after: Option<&[u8]>) -> Vec<String> {
    let flow = |content: &[u8]| Flow::from_json(std::str::from_utf8(content).ok()?).ok();
    let components = |flow: &Flow| counted(flow.components.len() as u64, "component");
    match (before, after) {
        (Some(before), Some(after)) => match (flow(before), flow(after)) {
            (Some(before), Some(after)) => match words(&diff(&before, &after)) {
                told if told.is_empty() => vec!["wrote the same in another way".to_owned()],
                told => told,
            },
            (_, None) => vec!["it cannot be read as a flow now".to_owned()],
            (None, Some(_)) => vec!["it can be read as a flow again".to_owned()],
        },
        (None, Some(after)) => {
            flow(after).map(|flow| vec![format!("a new flow of {}", components(&flow))]).unwrap_or_default()
        }
        (Some(before), None) => {
            flow(before).map(|flow| vec![format!("deleted the flow of {}", components(&flow))]).unwrap_or_default()
        }
        (None, None) => Vec::new(),
    }
}
