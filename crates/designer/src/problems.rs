//! The problems of all flows of a project, open or not.

use crate::background::blocking;
use crate::flow::check_references;
use crate::project::OpenProject;
use crate::{Command, CommandError, Designer};
use flow_components::Palette;
use flow_model::{Diagnostic, Flow, FlowName, check_structure};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::sync::Arc;
use ts_rs::TS;

/// The problems of every flow of the project: of the open ones as they are in the designer, of the others as they are
/// saved. All is looked at anew, which takes its time in a large project.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectProblems {}

/// The problems of one flow.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct FlowProblems {
    /// The flow.
    pub flow: FlowName,
    /// Its problems, the serious ones first. Flows without any are left out.
    pub diagnostics: Vec<Diagnostic>,
}

impl Command for ProjectProblems {
    const NAME: &'static str = "project_problems";
    type Output = Vec<FlowProblems>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<FlowProblems>, CommandError> {
        let project = designer.project()?;
        let palette = Arc::clone(designer.palette());
        blocking(move || all_problems(&project, &palette)).await
    }
}

fn all_problems(project: &OpenProject, palette: &Palette) -> Result<Vec<FlowProblems>, CommandError> {
    let mut flows = project.flows_now();
    let mut found = Vec::new();
    for entry in project.files().flows()? {
        let diagnostics = match (flows.remove(&entry.name), entry.problem) {
            (Some(flow), _) => problems_of(&entry.name, &flow, project, palette),
            (None, Some(problem)) => vec![Diagnostic::error(&problem.code, problem.message)],
            (None, None) => Vec::new(),
        };
        if !diagnostics.is_empty() {
            found.push(FlowProblems { flow: entry.name, diagnostics });
        }
    }
    Ok(found)
}

fn problems_of(name: &FlowName, flow: &Flow, project: &OpenProject, palette: &Palette) -> Vec<Diagnostic> {
    let mut all = check_structure(flow, palette);
    all.extend(palette.check_expressions(flow, &*project.design_services()));
    all.extend(check_references(name, flow, project, palette));
    // What stands in the way of a run comes first.
    all.sort_by_key(|problem| Reverse(problem.severity));
    all
}
