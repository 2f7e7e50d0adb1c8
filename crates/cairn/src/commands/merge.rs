//! `cairn merge`: three versions of a flow into one, by component; also for git.

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use flow_model::{Conflict, Flow};
use flow_project::{FileMerge, merge_flows};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Merge three versions of a flow by component.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The merged flow is written to OURS. What both sides changed differently is named, is in OURS as ours has it, and makes
the exit status 1.

As git's merge driver for flows:
  git config merge.cairn.name 'flows by component'
  git config merge.cairn.driver 'cairn merge %O %A %B'
  echo '*.flow.json merge=cairn' >> .gitattributes")]
pub struct Args {
    /// The version that both sides come from; an empty file when both added the flow.
    base: PathBuf,
    /// Our version, and where the merged flow goes.
    ours: PathBuf,
    /// Their version.
    theirs: PathBuf,
    /// Print the merged flow, and leave OURS as it is.
    #[arg(long, short)]
    print: bool,
}

/// What came of it.
#[derive(Debug, Serialize)]
struct Merged {
    conflicts: Vec<Conflict>,
}

/// Runs the command.
pub fn run(args: &Args, output: Output) -> Result<Outcome, Failure> {
    let (base, ours, theirs) = (read_base(&args.base)?, read(&args.ours)?, read(&args.theirs)?);
    let (text, conflicts) = match merge_flows(&base, &ours, &theirs) {
        FileMerge::Merged(text) => (text, Vec::new()),
        FileMerge::Conflicts { conflicts, text } => (text, conflicts),
        // Flows that have been read are flows that can be read.
        FileMerge::Unreadable(_) | FileMerge::NotAFlow => (ours.to_json(), Vec::new()),
    };
    if args.print {
        output.text(&text);
    } else {
        fs::write(&args.ours, &text).map_err(|error| Failure::file("write", &args.ours, &error))?;
    }
    let outcome = Outcome::good_if(conflicts.is_empty());
    let merged = Merged { conflicts };
    if args.print {
        output.remark(&in_words(&merged));
    } else {
        output.answer(&merged, || in_words(&merged));
    }
    Ok(outcome)
}

fn in_words(merged: &Merged) -> String {
    let line = |conflict: &Conflict| format!("conflict: {} (ours is kept)", conflict.what);
    match merged.conflicts.as_slice() {
        [] => "merged without conflicts".to_owned(),
        conflicts => conflicts.iter().map(line).collect::<Vec<_>>().join("\n"),
    }
}

/// Git gives an empty file when there is no common version.
fn read_base(path: &Path) -> Result<Flow, Failure> {
    let content = fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    if content.trim_ascii().is_empty() { Ok(Flow::default()) } else { read(path) }
}

fn read(path: &Path) -> Result<Flow, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    Flow::from_json(&text).map_err(|error| Failure::new(error.code(), format!("{}: {error}", path.display())))
}
