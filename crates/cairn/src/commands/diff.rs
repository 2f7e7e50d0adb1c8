//! `cairn diff`: what changed between two versions of a flow, as an author thinks of it.

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use flow_model::{Change, ChangeKind, Flow, diff};
use flow_vcs::Repository;
use serde::Serialize;
use std::fs;
use std::path::Path;

/// Tell what changed between two versions of a flow.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn diff flows/import.flow.json                        Since the last commit
  cairn diff old.flow.json new.flow.json                   Between two files
  cairn diff HEAD~3:flows/import.flow.json flows/import.flow.json
                                                           Since a commit; REVISION:PATH as in git, the path from here")]
pub struct Args {
    /// The version before: a file, or REVISION:PATH.
    before: String,
    /// The version after; when left out, BEFORE is a file and compared with the last commit.
    after: Option<String>,
    /// Tell of boxes that were moved on the canvas too.
    #[arg(long)]
    layout: bool,
}

/// What changed.
#[derive(Debug, Serialize)]
struct Changes {
    changes: Vec<Change>,
}

/// Runs the command.
pub fn run(args: &Args, output: Output) -> Result<Outcome, Failure> {
    let (before, after) = match &args.after {
        Some(after) => (version(&args.before)?, version(after)?),
        None => (committed("HEAD", &args.before)?, version(&args.before)?),
    };
    let mut changes = diff(&before, &after);
    changes.retain(|change| args.layout || change.kind != ChangeKind::Moved);
    let changes = Changes { changes };
    output.answer(&changes, || in_words(&changes));
    Ok(Outcome::Good)
}

fn in_words(changes: &Changes) -> String {
    match changes.changes.as_slice() {
        [] => "no changes".to_owned(),
        changes => changes.iter().map(|change| change.words.as_str()).collect::<Vec<_>>().join("\n"),
    }
}

/// A file, or what `REVISION:PATH` names.
fn version(named: &str) -> Result<Flow, Failure> {
    if !Path::new(named).exists()
        && let Some((revision, path)) = named.split_once(':')
    {
        return committed(revision, path);
    }
    let text = fs::read_to_string(named).map_err(|error| Failure::file("read", Path::new(named), &error))?;
    parse(named, &text)
}

/// The flow at `path` (from the current folder) as it was in `revision`. One that was not there is empty.
fn committed(revision: &str, path: &str) -> Result<Flow, Failure> {
    let path = Path::new(path);
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let repository = Repository::open(parent)?;
    let folder = repository.relative(parent).unwrap_or_default();
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let files = match repository.files_at(revision, &folder) {
        Err(flow_vcs::VcsError::NoSuchFolder { .. }) => Vec::new(),
        files => files?,
    };
    match files.into_iter().find(|(path, _)| *path == name) {
        None => Ok(Flow::default()),
        Some((_, content)) => parse(&format!("{revision}:{}", path.display()), &String::from_utf8_lossy(&content)),
    }
}

fn parse(named: &str, text: &str) -> Result<Flow, Failure> {
    Flow::from_json(text).map_err(|error| Failure::new(error.code(), format!("{named}: {error}")))
}
