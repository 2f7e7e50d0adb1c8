//! `cairn connection`: what the connections of a project lead to.

use super::secret;
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, table};
use crate::project_files::ProjectFiles;
use clap::Subcommand;
use flow_components::{Column, ComponentError, Databases, Table, inspect_tables, test_connection};
use flow_model::Connection;
use flow_project::Project;
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;

/// Test what the connections of a project lead to, and read their schemas.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn connection test warehouse            Does the database answer?
  cairn connection schema warehouse          Which tables and columns are there?
  cairn --json connection schema warehouse | jq '.[].name'

Secrets come from your own secret store: `cairn secret set NAME FIELD`. The exit status of `test` is 1 when nothing answers.")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    /// The project's folder.
    #[arg(long, default_value = ".", value_name = "FOLDER", global = true)]
    project: PathBuf,
    /// The folder that storage: paths lead to; without it the one that the designer uses for this project.
    #[arg(long, value_name = "FOLDER", global = true)]
    storage: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say whether what a connection leads to answers.
    Test {
        /// The connection.
        name: String,
    },
    /// Show the tables and views of a database.
    Schema {
        /// The connection.
        name: String,
    },
}

/// How a test came out.
#[derive(Debug, Serialize)]
struct Tested {
    connection: String,
    address: String,
    answers: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    milliseconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let project = Project::open(&args.project)?;
    let storage =
        args.storage.unwrap_or_else(|| designer::local_storage(&designer::default_config_folder(), project.root()));
    let surroundings = ProjectFiles::read(&project, storage)?;
    let (Action::Test { name } | Action::Schema { name }) = &args.action;
    let connection = secret::of(&project).fill(connection_of(&project, name)?)?;
    match args.action {
        Action::Test { .. } => test(&connection, &surroundings, output).await,
        Action::Schema { .. } => {
            let tables = inspect_tables(&Databases::default(), &connection, &surroundings).await.map_err(failure)?;
            output.answer(&tables, || schema(&tables));
            Ok(Outcome::Good)
        }
    }
}

async fn test(connection: &Connection, surroundings: &ProjectFiles, output: Output) -> Result<Outcome, Failure> {
    let begun = Instant::now();
    let answer = test_connection(&Databases::default(), connection, surroundings).await;
    let tested = Tested {
        connection: connection.name.clone(),
        address: connection.address(),
        answers: answer.is_ok(),
        server: answer.as_ref().ok().cloned(),
        milliseconds: (begun.elapsed().as_secs_f64() * 1e4).round() / 10.0,
        error: answer.err().map(failure),
    };
    output.answer(&tested, || match (&tested.server, &tested.error) {
        (Some(server), _) => {
            format!("{} answers: {server} at {}, {} ms", tested.connection, tested.address, tested.milliseconds)
        }
        (None, Some(error)) => format!("{} does not answer: {error}", tested.connection),
        (None, None) => String::new(),
    });
    Ok(Outcome::good_if(tested.answers))
}

fn schema(tables: &[Table]) -> String {
    if tables.is_empty() {
        return "there are no tables".to_owned();
    }
    let row = |table: &Table, column: &Column| {
        let is_key = table.unique.first().is_some_and(|key| key.contains(&column.name));
        let words = if is_key {
            "key"
        } else if column.nullable {
            "may be null"
        } else {
            ""
        };
        [table.name.clone(), column.name.clone(), column.kind.clone(), words.to_owned()]
    };
    let rows = tables.iter().flat_map(|table| table.columns.iter().map(move |column| row(table, column)));
    self::table(["table", "column", "type", ""], rows)
}

/// A connection of the project, or the error that names those there are.
pub fn connection_of(project: &Project, name: &str) -> Result<Connection, Failure> {
    project.connection(name).map_err(|error| match error {
        flow_project::ProjectError::NoSuchConnection { .. } => {
            let known: Vec<String> =
                project.connections().unwrap_or_default().into_iter().map(|entry| entry.name).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Failure::new("connection/not-found", format!("the project has no connection “{name}”; it has {known}"))
        }
        other => other.into(),
    })
}

fn failure(error: ComponentError) -> Failure {
    Failure::new(&error.code, error.message)
}
