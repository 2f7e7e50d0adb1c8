//! `cairn check`: what is wrong with the flows of a project, without running them.

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::project_files::ProjectFiles;
use flow_components::Palette;
use flow_model::{Diagnostic, Flow, FlowName, Severity, check_connections, check_structure};
use flow_project::{FlowEntry, Problem, Project};
use serde::Serialize;
use std::path::PathBuf;

/// Check the flows of a project without running them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn check                          The project in this folder
  cairn check orders order-import      One flow of the project in the folder orders
  cairn --json check orders | jq '.files[].diagnostics[] | select(.severity == \"error\")'

It finds broken files, missing and wrong properties, typing errors in expressions, unknown fields where the fields can be
known, and what would break on another server. The exit status is 1 when there are errors; warnings do not count.")]
pub struct Args {
    /// The project's folder.
    #[arg(default_value = ".")]
    project: PathBuf,
    /// Only these flows.
    flows: Vec<String>,
    /// The folder that storage: paths lead to, to look at files there.
    #[arg(long, env = "CAIRN_CHECKPOINT_STORAGE", value_name = "FOLDER", default_value = "storage")]
    checkpoint_storage: PathBuf,
}

/// What was found in a project.
#[derive(Debug, Serialize)]
struct Checked {
    project: String,
    files: Vec<CheckedFile>,
    errors: usize,
    warnings: usize,
}

/// What was found in one of its files.
#[derive(Debug, Serialize)]
struct CheckedFile {
    file: String,
    diagnostics: Vec<Diagnostic>,
    /// Names of the components by their ids, for people.
    #[serde(skip)]
    flow: Option<Flow>,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let checked = tokio::task::spawn_blocking(move || check(&args)).await;
    let checked = checked.map_err(|error| Failure::new("cairn/check", error.to_string()))??;
    output.answer(&checked, || text(&checked));
    Ok(Outcome::good_if(checked.errors == 0))
}

fn check(args: &Args) -> Result<Checked, Failure> {
    let project = Project::open(&args.project)?;
    let surroundings = ProjectFiles::read(&project, args.checkpoint_storage.clone())?;
    let palette = Palette::standard();
    let mut files = broken_connections(&project)?;
    for entry in wanted(&project, &args.flows)? {
        files.push(check_flow(&project, entry, &palette, &surroundings));
    }
    let count =
        |severity| files.iter().flat_map(|file| &file.diagnostics).filter(|found| found.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    Ok(Checked { project: project.name().to_owned(), files, errors, warnings })
}

fn wanted(project: &Project, names: &[String]) -> Result<Vec<FlowEntry>, Failure> {
    let all = project.flows()?;
    if names.is_empty() {
        return Ok(all);
    }
    let find = |name: &String| {
        let name = FlowName::parse(name).map_err(|error| Failure::new("flow/name", error.to_string()))?;
        let entry = all.iter().find(|entry| entry.name == name).cloned();
        entry.ok_or_else(|| flow_project::ProjectError::NoSuchFlow { flow: name }.into())
    };
    names.iter().map(find).collect()
}

fn check_flow(project: &Project, entry: FlowEntry, palette: &Palette, surroundings: &ProjectFiles) -> CheckedFile {
    let file = entry.name.path();
    match project.load(&entry.name) {
        Ok(loaded) => {
            let flow = loaded.flow;
            let mut diagnostics = check_structure(&flow, palette);
            diagnostics.extend(check_connections(&flow, palette, surroundings.connections()));
            diagnostics.extend(palette.check_expressions(&flow, surroundings));
            CheckedFile { file, diagnostics, flow: Some(flow) }
        }
        Err(error) => broken(file, &error.problem()),
    }
}

fn broken_connections(project: &Project) -> Result<Vec<CheckedFile>, Failure> {
    let entries = project.connections()?.into_iter();
    Ok(entries
        .filter_map(|entry| {
            let problem = entry.connection.err()?;
            Some(broken(format!("connections/{}.json", entry.name), &problem))
        })
        .collect())
}

fn broken(file: String, problem: &Problem) -> CheckedFile {
    CheckedFile { file, diagnostics: vec![Diagnostic::error(&problem.code, &problem.message)], flow: None }
}

fn text(checked: &Checked) -> String {
    let mut lines = Vec::new();
    for file in &checked.files {
        for found in &file.diagnostics {
            lines.push(format!(
                "{}: {}{}: {} [{}]",
                file.file,
                place(found, file.flow.as_ref()),
                found.severity,
                found.message,
                found.code
            ));
        }
    }
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    lines.push(format!(
        "{}: {}, {}, {}",
        checked.project,
        count(checked.files.len(), "file"),
        count(checked.errors, "error"),
        count(checked.warnings, "warning")
    ));
    lines.join("\n")
}

fn place(found: &Diagnostic, flow: Option<&Flow>) -> String {
    let Some(id) = &found.place.component else { return String::new() };
    let name = flow.and_then(|flow| flow.components.get(id)).map_or("", |component| component.name.as_str());
    let property = found.place.property.as_ref().map(|property| format!(" {property}")).unwrap_or_default();
    format!("{name} ({id}){property}: ")
}
