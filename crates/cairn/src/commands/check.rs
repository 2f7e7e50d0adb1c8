//! `cairn check`: what is wrong with the flows of a project, and what the loss of a server means for them, without
//! running them.

mod failures;
mod meanings;
mod sarif;
mod source;
#[cfg(test)]
mod tests;
mod text;

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::project_files::ProjectFiles;
use bytes::Bytes;
use flow_components::Palette;
use flow_model::{
    Calendar, CalendarError, Calendars, Diagnostic, Flow, FlowName, Severity, Surroundings, Trigger, TriggerError,
    TriggerSurroundings, check_connections, check_structure, check_sub_flows, check_triggers, failure_report,
};
use flow_project::{Problem, Project};
use serde::Serialize;
use source::Source;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Check the flows of a project without running them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn check                          The project in this folder
  cairn check orders order-import      One flow of the project in the folder orders
  cairn check --failures               What runs again if a server dies, component by component
  cairn check --sarif > check.sarif    For code hosts and editors that show such findings
  cairn check --explain flow/cycle     What a finding means, and the way out; without a code, all of them
  cairn --json check orders | jq '.files[].diagnostics[] | select(.severity == \"error\")'

It finds broken files, missing and wrong properties, typing errors in expressions, unknown fields where the fields can be
known, flow tests that name what is not there, and what would break on another server. The exit status is 1 when there are errors; warnings do not count.")]
pub struct Args {
    /// The project's folder.
    #[arg(default_value = ".")]
    project: PathBuf,
    /// Only these flows.
    flows: Vec<String>,
    /// Print what runs again, what is settled and which effects may happen twice when a server dies.
    #[arg(long)]
    failures: bool,
    /// Print the findings as SARIF 2.1.0.
    #[arg(long, conflicts_with = "failures")]
    sarif: bool,
    /// Print what a finding means and the way out, by its code; without a code, all of them. Nothing is checked.
    #[arg(long, value_name = "CODE", num_args = 0..=1, conflicts_with_all = ["failures", "sarif"])]
    explain: Option<Option<String>>,
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
    #[serde(skip)]
    source: Source,
}

/// The files of a project that was opened to be checked.
struct Opened {
    project: Project,
    surroundings: ProjectFiles,
    /// Its flows that can be read.
    flows: BTreeMap<FlowName, Flow>,
    /// Its files that cannot be read.
    broken: Vec<CheckedFile>,
    /// The flows that were asked for.
    wanted: Vec<FlowName>,
    /// All flows of the project.
    names: Vec<FlowName>,
    /// Whether only some flows were asked for.
    only_some: bool,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    if let Some(code) = &args.explain {
        return explain(code.as_deref(), output);
    }
    let done = tokio::task::spawn_blocking(move || {
        let opened = Opened::read(&args)?;
        Ok(if args.failures { opened.failures(output) } else { opened.check(&args, output) })
    });
    done.await.map_err(|error| Failure::new("cairn/check", error.to_string()))?
}

fn explain(code: Option<&str>, output: Output) -> Result<Outcome, Failure> {
    match code {
        Some(code) => {
            let meaning = meanings::explain(code)?;
            output.answer(meaning, || meanings::text(meaning));
        }
        None => output.answer(&meanings::all().collect::<Vec<_>>(), meanings::markdown),
    }
    Ok(Outcome::Good)
}

impl CheckedFile {
    fn new(file: String, diagnostics: Vec<Diagnostic>, content: &[u8], flow: Option<&Flow>) -> Self {
        // Most files have nothing wrong with them, and then nobody asks for places in them.
        let source = if diagnostics.is_empty() { Source::default() } else { Source::new(content, flow.cloned()) };
        Self { file, diagnostics, source }
    }
}

impl Opened {
    fn read(args: &Args) -> Result<Self, Failure> {
        let project = Project::open(&args.project)?;
        let surroundings = ProjectFiles::read(&project, args.checkpoint_storage.clone())?;
        let mut broken = broken_connections(&project)?;
        let files: Vec<(FlowName, &Bytes)> = surroundings
            .files()
            .iter()
            .filter_map(|(path, content)| Some((FlowName::from_path(path)?, content)))
            .collect();
        let read = on_all_cores(&files, |(_, content)| Flow::from_json(&String::from_utf8_lossy(content)));
        let names: Vec<FlowName> = files.iter().map(|(name, _)| name.clone()).collect();
        let mut flows = BTreeMap::new();
        for ((name, content), read) in files.iter().zip(read) {
            match read {
                Ok(flow) => drop(flows.insert(name.clone(), flow)),
                Err(error) => {
                    let found = vec![Diagnostic::error(error.code(), error.to_string())];
                    broken.push(CheckedFile::new(name.path(), found, content, None));
                }
            }
        }
        drop(files);
        let wanted = wanted(&names, &args.flows)?;
        if !args.flows.is_empty() {
            broken
                .retain(|file| wanted.iter().any(|name| name.path() == file.file) || !file.file.starts_with("flows/"));
        }
        Ok(Self { project, surroundings, flows, broken, wanted, names, only_some: !args.flows.is_empty() })
    }

    fn check(self, args: &Args, output: Output) -> Outcome {
        let checked = self.checked();
        if args.sarif {
            output.document(&sarif::log(&checked, &args.project));
        } else {
            output.answer(&checked, || text::findings(&checked));
        }
        Outcome::good_if(checked.errors == 0)
    }

    /// Everything that is wrong, file by file.
    fn checked(mut self) -> Checked {
        let palette = Palette::standard();
        let readable: Vec<(&FlowName, &Flow)> =
            self.wanted.iter().filter_map(|name| Some((name, self.flows.get(name)?))).collect();
        let mut files = std::mem::take(&mut self.broken);
        if !self.only_some {
            let (calendars, of_calendars) = self.check_calendars();
            files.extend(of_calendars);
            files.extend(self.check_triggers(&calendars));
            files.extend(self.check_tests());
        }
        files.extend(on_all_cores(&readable, |(name, flow)| self.check_flow(name, flow, &palette)));
        files.sort_by(|one, other| one.file.cmp(&other.file));
        let count = |severity| {
            files.iter().flat_map(|file| &file.diagnostics).filter(|found| found.severity == severity).count()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        Checked { project: self.project.name().to_owned(), files, errors, warnings }
    }

    fn check_flow(&self, name: &FlowName, flow: &Flow, palette: &Palette) -> CheckedFile {
        let mut diagnostics = check_structure(flow, palette);
        let connections = self.surroundings.connections();
        diagnostics.extend(check_connections(flow, palette, connections));
        let around = Surroundings { flows: &self.flows, connections, catalogue: palette };
        diagnostics.extend(check_sub_flows(name, flow, around));
        diagnostics.extend(palette.check_expressions(flow, &self.surroundings));
        let file = name.path();
        let content = self.surroundings.files().get(&file).cloned().unwrap_or_default();
        CheckedFile::new(file, diagnostics, &content, Some(flow))
    }

    /// The calendars that can be read, and what is wrong with calendars, file by file.
    fn check_calendars(&self) -> (Calendars, Vec<CheckedFile>) {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
        let (mut good, mut files) = (Calendars::new(), Vec::new());
        let all = self.surroundings.files();
        for (name, read) in Calendar::all_in(all.iter().map(|(path, content)| (path, &content[..]))) {
            let found = read.as_ref().map_or_else(|error| Some(error.clone()), |calendar| calendar.past(now));
            let path = Calendar::path_of(name);
            let content = all.get(&path).cloned().unwrap_or_default();
            let diagnostics = found.iter().map(of_calendar).collect();
            files.push(CheckedFile::new(path, diagnostics, &content, None));
            good.extend(read.ok().map(|calendar| (name.to_owned(), calendar)));
        }
        (good, files)
    }

    /// What is wrong with the triggers, file by file.
    fn check_triggers(&self, calendars: &Calendars) -> Vec<CheckedFile> {
        let read = self.surroundings.files().iter().filter_map(|(path, content)| {
            let name = Trigger::name_in(path)?;
            Some((name.to_owned(), content, Trigger::from_json(name, &String::from_utf8_lossy(content))))
        });
        let (mut triggers, mut found, mut contents) =
            (Vec::new(), BTreeMap::<String, Vec<Diagnostic>>::new(), BTreeMap::new());
        for (name, content, read) in read {
            let diagnostics = found.entry(name.clone()).or_default();
            match read {
                Ok(trigger) => triggers.push(trigger),
                Err(error) => diagnostics.push(diagnostic(&error)),
            }
            contents.insert(name, content);
        }
        let connections = self.surroundings.connections();
        let around = TriggerSurroundings { flows: &self.flows, names: &self.names, connections, calendars };
        for (name, error) in check_triggers(&triggers, around) {
            found.entry(name).or_default().push(diagnostic(&error));
        }
        let file = |(name, diagnostics): (String, Vec<Diagnostic>)| {
            let content: &[u8] = contents.get(&name).map_or(&[][..], |content| &content[..]);
            CheckedFile::new(Trigger::path_of(&name), diagnostics, content, None)
        };
        found.into_iter().map(file).collect()
    }

    /// What is wrong with the flow tests, file by file.
    fn check_tests(&self) -> Vec<CheckedFile> {
        let tests = self.surroundings.files().iter().filter(|(path, _)| flow_test::name_of(path).is_some());
        let check = |(path, content): (&String, &Bytes)| {
            let diagnostics = flow_test::check(content, &self.names, &self.flows);
            CheckedFile::new(path.clone(), diagnostics, content, None)
        };
        tests.map(check).collect()
    }

    /// Prints what the loss of a server means for each flow.
    fn failures(self, output: Output) -> Outcome {
        let palette = Palette::standard();
        let readable: Vec<(&FlowName, &Flow)> =
            self.wanted.iter().filter_map(|name| Some((name, self.flows.get(name)?))).collect();
        let reports = on_all_cores(&readable, |(name, flow)| failures::FlowReport {
            flow: (*name).clone(),
            report: failure_report(flow, palette.as_ref(), &self.flows),
            document: (*flow).clone(),
        });
        let answer = failures::Reports {
            project: self.project.name().to_owned(),
            flows: reports,
            broken: self.broken.iter().map(|file| file.file.clone()).collect(),
        };
        output.answer(&answer, || failures::text(&answer));
        Outcome::good_if(answer.broken.is_empty())
    }
}

fn diagnostic(error: &TriggerError) -> Diagnostic {
    finding(error.code(), error.is_warning(), error.to_string(), error.member().as_deref())
}

fn of_calendar(error: &CalendarError) -> Diagnostic {
    finding(error.code(), error.is_warning(), error.to_string(), error.member())
}

fn finding(code: &'static str, is_warning: bool, message: String, member: Option<&str>) -> Diagnostic {
    let found = match is_warning {
        true => Diagnostic::warning(code, message),
        false => Diagnostic::error(code, message),
    };
    match member {
        Some(member) => found.on(member),
        None => found,
    }
}

fn wanted(all: &[FlowName], names: &[String]) -> Result<Vec<FlowName>, Failure> {
    if names.is_empty() {
        return Ok(all.to_vec());
    }
    let find = |name: &String| {
        let name = FlowName::parse(name).map_err(|error| Failure::new("flow/name", error.to_string()))?;
        let known = all.contains(&name).then(|| name.clone());
        known.ok_or_else(|| flow_project::ProjectError::NoSuchFlow { flow: name }.into())
    };
    names.iter().map(find).collect()
}

fn broken_connections(project: &Project) -> Result<Vec<CheckedFile>, Failure> {
    let entries = project.connections()?.into_iter();
    Ok(entries
        .filter_map(|entry| {
            let problem: Problem = entry.connection.err()?;
            let diagnostics = vec![Diagnostic::error(&problem.code, &problem.message)];
            Some(CheckedFile::new(format!("connections/{}.json", entry.name), diagnostics, &[], None))
        })
        .collect())
}

/// Does the same with each of `things`, several at a time; the answers are in the order of the things.
fn on_all_cores<T: Sync, R: Send>(things: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(thing) = things.get(at) else { return done };
            done.push((at, each(thing)));
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(things.len().max(1));
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, done)| done).collect()
}
