//! `cairn test`: runs the flow tests of a project.

mod answers;
mod compare;
mod document;
mod expect;
mod report;
mod surroundings;
mod trial;
mod watch;

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use bytes::Bytes;
use flow_components::Palette;
use flow_engine::ProjectFiles;
use flow_project::Project;
use futures::StreamExt;
use report::{Report, Tested};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use trial::Trial;

/// Where a project keeps its flow tests, and how their names end.
const FOLDER: &str = "tests/";
const ENDING: &str = ".test.json";

/// Run the flow tests of a project.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn test orders                          All tests of the project in the folder orders
  cairn test . import                        Those whose name holds “import”
  cairn test --junit report.xml              With a report for a build server

A flow test is a file tests/NAME.test.json: the flow, its inputs, what stands in for connections and files, and what is
expected of it: its state, its reply, the records at components, the requests it sends, the files it writes. See
docs/testing-flows.md. Each test runs in folders of its own, several at once. The exit status is 1 when a test fails.")]
pub struct Args {
    /// The project's folder.
    #[arg(default_value = ".")]
    project: PathBuf,
    /// Only tests whose name holds one of these texts.
    names: Vec<String>,
    /// How many tests run at once; without it, as many as there are processors.
    #[arg(long, short, value_name = "NUMBER")]
    jobs: Option<usize>,
    /// Also write the results as JUnit XML, which build servers read.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Keep the folders that tests ran in, and say where they are.
    #[arg(long)]
    keep: bool,
}

/// What all tests of a project share.
struct Shared {
    palette: Arc<Palette>,
    files: BTreeMap<String, Bytes>,
    keep: bool,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let project = Project::open(&args.project)?;
    let files: ProjectFiles =
        project.files()?.into_iter().map(|(path, content)| (path, Bytes::from(content))).collect();
    let names = wanted(&files, &args.names)?;
    let shared = Arc::new(Shared { palette: Palette::standard(), files, keep: args.keep });
    let jobs = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from)).max(1);
    let began = Instant::now();
    let mut running =
        futures::stream::iter(names.into_iter().map(|name| one(Arc::clone(&shared), name))).buffered(jobs);
    let mut tests = Vec::new();
    while let Some(tested) = running.next().await {
        output.line(tested.lines().join("\n"));
        tests.push(tested);
    }
    let report = Report::new(project.name(), tests, began.elapsed());
    if let Some(path) = &args.junit {
        std::fs::write(path, report.junit()).map_err(|error| Failure::file("write", path, &error))?;
    }
    output.answer(&report, || report.summary());
    Ok(Outcome::good_if(report.failed == 0))
}

/// The names of the tests that were asked for.
fn wanted(files: &ProjectFiles, asked: &[String]) -> Result<Vec<String>, Failure> {
    let name = |path: &String| Some(path.strip_prefix(FOLDER)?.strip_suffix(ENDING)?.to_owned());
    let all: Vec<String> = files.keys().filter_map(name).collect();
    if let Some(none) = asked.iter().find(|text| !all.iter().any(|name| name.contains(text.as_str()))) {
        let message = format!("no test's name holds “{none}”; the project has {}", listed(&all));
        return Err(Failure::new("test/not-found", message));
    }
    let is_wanted = |name: &String| asked.is_empty() || asked.iter().any(|text| name.contains(text.as_str()));
    Ok(all.into_iter().filter(is_wanted).collect())
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { format!("none ({FOLDER}NAME{ENDING})") } else { names.join(", ") }
}

/// Runs one test. A test that brings something down brings down itself only.
async fn one(shared: Arc<Shared>, name: String) -> Tested {
    let began = Instant::now();
    let trial = tokio::spawn({
        let name = name.clone();
        async move { Trial::run(&shared, &name).await }
    });
    let ended = trial.await.unwrap_or_else(|error| trial::Ended::broken("the test", &error.to_string()));
    Tested::new(name, ended, began.elapsed())
}
