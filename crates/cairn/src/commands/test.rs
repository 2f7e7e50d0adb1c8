//! `cairn test`: runs the flow tests of a project.

mod report;

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use bytes::Bytes;
use flow_components::Palette;
use flow_project::Project;
use flow_test::{ENDING, FOLDER, Suite};
use futures::StreamExt;
use report::Report;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

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

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let project = Project::open(&args.project)?;
    let suite = Arc::new(Suite {
        palette: Palette::standard(),
        files: project.files()?.into_iter().map(|(path, content)| (path, Bytes::from(content))).collect(),
        spool: designer::local_spool(&designer::default_config_folder()),
        keep: args.keep,
    });
    let names = wanted(suite.names(), &args.names)?;
    let jobs = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from)).max(1);
    let began = Instant::now();
    let run = |name: String| {
        let suite = Arc::clone(&suite);
        async move { suite.run(&name).await }
    };
    let mut running = futures::stream::iter(names.into_iter().map(run)).buffered(jobs);
    let mut tests = Vec::new();
    while let Some(tested) = running.next().await {
        output.line(report::lines(&tested).join("\n"));
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
fn wanted(all: Vec<String>, asked: &[String]) -> Result<Vec<String>, Failure> {
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
