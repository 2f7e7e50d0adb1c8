//! What a local run needs before it begins: the part of the flow that runs, checked, and the files of its project.

use super::part::{changing, up_to, without};
use crate::CommandError;
use crate::flow::check_references;
use crate::project::OpenProject;
use flow_components::Palette;
use flow_engine::ProjectFiles;
use flow_model::{ComponentId, Flow, FlowName, Place, Severity, StartSettings, check_structure};
use flow_store::CheckpointStorage;
use serde_json::{Map, Value};
use std::sync::Arc;

/// What runs.
pub(super) struct Prepared {
    pub(super) document: Flow,
    pub(super) files: Arc<ProjectFiles>,
    /// The folder that `storage:` stands for.
    pub(super) storage: CheckpointStorage,
    /// What changes the world and is left out, with what waits for it.
    pub(super) left_out: Vec<ComponentId>,
}

/// The files that run: those of the project as they are in the designer, with the part of the flow that is asked for in
/// place of the flow. Refuses a part that cannot run; what is wrong with the rest of the flow is in nobody's way.
pub(super) fn prepare(
    project: &OpenProject,
    flow: &FlowName,
    palette: &Arc<Palette>,
    document: Flow,
    to: Option<&ComponentId>,
    without_effects: bool,
) -> Result<Prepared, CommandError> {
    let wanted = to.map_or_else(|| document.clone(), |to| up_to(&document, to));
    let part = match without_effects {
        true => without(&wanted, &changing(&wanted, &**palette, &project.flows_now())),
        false => wanted.clone(),
    };
    if to.is_some_and(|to| !document.components.contains_key(to)) {
        return Err(CommandError::new("run/no-such-component", "the component is not in the flow any more"));
    }
    let mut problems = check_structure(&part, &**palette);
    problems.extend(check_references(flow, &part, project, palette));
    if let Some(problem) = problems.into_iter().find(|problem| problem.severity == Severity::Error) {
        return Err(CommandError::new("run/not-runnable", problem.message).at(problem.place));
    }
    let mut files: ProjectFiles = project.files_now()?;
    let left_out = wanted.components.keys().filter(|id| !part.components.contains_key(*id)).cloned().collect();
    files.insert(flow.path(), part.to_json().into());
    let storage = CheckpointStorage::open(project.storage())
        .map_err(|error| CommandError::new(error.code(), error.to_string()))?;
    Ok(Prepared { document: part, files: Arc::new(files), storage, left_out })
}

/// Refuses inputs that do not fit, before anything runs.
pub(super) fn check_inputs(
    files: &ProjectFiles,
    flow: &FlowName,
    inputs: &Map<String, Value>,
) -> Result<(), CommandError> {
    let document = files.get(&flow.path()).and_then(|content| std::str::from_utf8(content).ok()).unwrap_or_default();
    let parsed =
        flow_model::Flow::from_json(document).map_err(|error| CommandError::new(error.code(), error.to_string()))?;
    let Some(settings) = StartSettings::of(&parsed) else { return Ok(()) };
    settings.check_inputs(inputs).map(drop).map_err(|error| {
        let start = parsed.start().map(|(id, _)| id.clone());
        CommandError::new(error.code, error.message).at(Place { component: start, ..Place::default() })
    })
}
