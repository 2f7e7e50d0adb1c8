//! `cairn store check`.

use super::{PlacesArgs, blocking};
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, counted};
use flow_store::{CheckpointStorage, StorageError};
use flow_store_sqlite::check::{NamedObject, Problem};
use serde::Serialize;
use std::collections::HashSet;
use std::path::Path;

/// Objects of which it is told that something is wrong with them.
const TOLD: usize = 20;

/// Is everything whole?
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It reads the whole database and every object of the storage that a saved point names, and compares each with its hash.
Exit status 1 says that something is wrong; orphans (objects that no saved point names) are nothing wrong: the servers
collect those that are older than an hour.

An object that is damaged or missing costs its request only what was saved from it on: bring it back from a backup, or
re-execute the request from an earlier saved point.")]
pub struct Args {
    #[command(flatten)]
    places: PlacesArgs,
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The database's schema.
    pub schema: i64,
    /// Requests.
    pub requests: u64,
    /// Saved points that hold.
    pub saved_points: u64,
    /// Log entries.
    pub log_entries: u64,
    /// Objects that saved points name.
    pub objects: usize,
    /// Their size.
    pub object_bytes: u64,
    /// Objects that no saved point names, and their size.
    pub orphans: usize,
    /// The size of those.
    pub orphan_bytes: u64,
    /// What is wrong.
    pub problems: Vec<Trouble>,
}

/// Something that is wrong.
#[derive(Debug, Serialize)]
pub struct Trouble {
    /// Where.
    pub place: String,
    /// What, and the way out.
    pub message: String,
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Self { place: problem.place, message: problem.message }
    }
}

pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let storage = CheckpointStorage::open(args.places.existing_storage()?)?;
    let report = check(args.places.existing_database()?, &storage).await?;
    output.answer(&report, || report.text());
    Ok(Outcome::good_if(report.problems.is_empty()))
}

/// Checks a database and its storage.
pub async fn check(database: &Path, storage: &CheckpointStorage) -> Result<Report, Failure> {
    // The objects that are there are listed first: one that is written meanwhile is neither missing nor an orphan.
    let there = storage.objects().await?;
    let path = database.to_owned();
    let found = blocking(move || Ok(flow_store_sqlite::check::check(&path)?)).await?;
    let mut problems: Vec<Trouble> = found.problems.into_iter().map(Trouble::from).collect();
    problems.extend(marker(storage).await);
    problems.extend(damaged(storage, &found.objects).await);
    let named: HashSet<&str> = found.objects.iter().map(|object| object.key.as_str()).collect();
    let orphans: Vec<_> = there.iter().filter(|object| !named.contains(object.key.as_str())).collect();
    Ok(Report {
        schema: found.schema,
        requests: found.requests,
        saved_points: found.saved_points,
        log_entries: found.log_entries,
        objects: found.objects.len(),
        object_bytes: found.objects.iter().map(|object| object.bytes).sum(),
        orphans: orphans.len(),
        orphan_bytes: orphans.iter().map(|object| object.bytes).sum(),
        problems,
    })
}

async fn marker(storage: &CheckpointStorage) -> Option<Trouble> {
    let error = storage.marker().await.err()?;
    Some(Trouble { place: "storage".to_owned(), message: error.to_string() })
}

/// Reads every object; those that are not whole.
async fn damaged(storage: &CheckpointStorage, objects: &[NamedObject]) -> Vec<Trouble> {
    let mut damaged = Vec::new();
    for object in objects {
        if let Err(error) = storage.open_object(&object.key, &object.hash).await {
            let message = match &error {
                StorageError::Missing { .. } => format!("{error} [{}]", error.code()),
                _ => error.to_string(),
            };
            damaged.push(Trouble { place: format!("request {}", object.request), message });
        }
        if damaged.len() == TOLD {
            let message = format!("{TOLD} objects are not whole; the others were not looked at");
            damaged.push(Trouble { place: "storage".to_owned(), message });
            break;
        }
    }
    damaged
}

impl Report {
    fn text(&self) -> String {
        let Self { requests, saved_points, log_entries, objects, object_bytes, orphans, orphan_bytes, .. } = self;
        let mut lines: Vec<String> =
            self.problems.iter().map(|trouble| format!("{}: {}", trouble.place, trouble.message)).collect();
        lines.push(format!(
            "{}, {}, {log_entries} log entries",
            counted(*requests, "request"),
            counted(*saved_points, "saved point")
        ));
        lines.push(format!(
            "{} ({}), {} ({})",
            counted(*objects as u64, "object"),
            super::files::size(*object_bytes),
            counted(*orphans as u64, "orphan"),
            super::files::size(*orphan_bytes)
        ));
        lines.push(match self.problems.len() as u64 {
            0 => "everything is whole".to_owned(),
            problems => counted(problems, "problem"),
        });
        lines.join("\n")
    }
}
