//! What the loss of a server means, component by component.

use crate::output::table;
use flow_model::{ComponentId, FailureAt, FailureReport, Flow, FlowName, Resumes};
use serde::Serialize;

/// What the loss of a server means for the flows of a project.
#[derive(Debug, Serialize)]
pub(super) struct Reports {
    pub(super) project: String,
    pub(super) flows: Vec<FlowReport>,
    /// The files that cannot be read.
    pub(super) broken: Vec<String>,
}

/// The same for one flow.
#[derive(Debug, Serialize)]
pub(super) struct FlowReport {
    pub(super) flow: FlowName,
    #[serde(flatten)]
    pub(super) report: FailureReport,
    #[serde(skip)]
    pub(super) document: Flow,
}

/// A table a flow, for people.
pub(super) fn text(reports: &Reports) -> String {
    let mut parts: Vec<String> = reports.flows.iter().map(one).collect();
    parts.extend(reports.broken.iter().map(|file| format!("{file}: cannot be read; `cairn check` says why")));
    parts.join("\n\n")
}

fn one(flow: &FlowReport) -> String {
    let head = ["If the server dies in", "goes on", "runs again", "settled", "effects that may happen twice"];
    let rows = flow.report.components.iter().map(|at| row(at, &flow.document));
    format!("{}\n{}", flow.flow, table(head, rows))
}

fn row(at: &FailureAt, flow: &Flow) -> [String; 5] {
    let indent = "  ".repeat(flow.for_each_path(&at.component).len());
    let goes_on = match at.resumes {
        Resumes::AnyServer => "on any server",
        Resumes::SameServer => "on the same server",
        Resumes::Nobody => "never: ends in error",
    };
    [
        format!("{indent}{}", name(&at.component, flow)),
        goes_on.to_owned(),
        names(&at.runs_again, flow),
        names(&at.settled, flow),
        names(&at.unprotected, flow),
    ]
}

fn names(ids: &[ComponentId], flow: &Flow) -> String {
    match ids {
        [] => "-".to_owned(),
        ids => ids.iter().map(|id| name(id, flow)).collect::<Vec<_>>().join(", "),
    }
}

fn name(id: &ComponentId, flow: &Flow) -> String {
    flow.components.get(id).map_or_else(|| id.to_string(), |component| component.name.clone())
}
