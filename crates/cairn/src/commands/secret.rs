//! `cairn secret`: the secrets of connections, on this machine or on a cluster.

use super::connection::connection_of;
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, table};
use crate::remote::{RemoteArgs, use_keyring};
use crate::secret_input::ask;
use clap::Subcommand;
use designer::{LocalSecrets, SecretPlace, SecretStore, default_config_folder};
use flow_api::NewSecrets;
use flow_project::Project;
use serde::Serialize;
use std::path::PathBuf;

/// The secrets of connections: passwords, tokens, keys.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn secret set warehouse password                 Asks for the password of the connection “warehouse”
  printf %s \"$TOKEN\" | cairn secret set api token      Takes the secret from standard input
  cairn secret list                                   Which secrets do the connections have, and which are set?
  cairn secret set warehouse password --cluster orders --server http://127.0.0.1:7401

A project's files hold where connections lead, never their secrets. `cairn run`, `cairn test` and the designer take those from
your own secret store: the system's keyring, or where there is none a file that only you can read. They belong to the folder
that the project is in. With --cluster PROJECT they are set on a cluster, for all of its servers, where they are kept
encrypted; nobody can read them there, only set and remove them.")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    /// The project's folder.
    #[arg(long, default_value = ".", value_name = "FOLDER", global = true)]
    project: PathBuf,
    /// Not on this machine, but on the cluster of --server, for its project of this name.
    #[arg(long, value_name = "PROJECT", global = true)]
    cluster: Option<String>,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Set a secret. It is asked for, or read from standard input; never given as an argument, where others could see it.
    Set {
        /// The connection.
        connection: String,
        /// Its field: password, token, key …
        field: String,
    },
    /// Say which secrets are set. Their values are never shown.
    List {
        /// The connection; all of the project's without it.
        connection: Option<String>,
    },
    /// Forget a secret.
    Remove {
        /// The connection.
        connection: String,
        /// Its field.
        field: String,
    },
}

/// A secret that a connection has.
#[derive(Debug, Serialize)]
struct Entry {
    connection: String,
    field: String,
    set: bool,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    match &args.action {
        Action::Set { connection, field } => set(&args, connection, field, output).await,
        Action::List { connection } => list(&args, connection.as_deref(), output).await,
        Action::Remove { connection, field } => remove(&args, connection, field, output).await,
    }
}

async fn set(args: &Args, name: &str, field: &str, output: Output) -> Result<Outcome, Failure> {
    if let Some(project) = &args.cluster {
        let secrets = [(field.to_owned(), ask(&format!("{field} of {name}"))?)].into_iter().collect();
        args.remote.client().await?.set_secrets(project, name, &NewSecrets { secrets }).await?;
        output.answer(&entry(name, field, true), || format!("{name}.{field} is set on the cluster"));
        return Ok(Outcome::Good);
    }
    let project = Project::open(&args.project)?;
    let connection = connection_of(&project, name)?;
    let secret = ask(&format!("{field} of {name}"))?;
    let place = of(&project).set(&connection, field, &secret)?;
    output.answer(&entry(name, field, true), || match place {
        SecretPlace::Keyring => format!("{name}.{field} is set, in the system's keyring"),
        SecretPlace::File => format!("{name}.{field} is set, in a file that only you can read"),
    });
    Ok(Outcome::Good)
}

async fn list(args: &Args, only: Option<&str>, output: Output) -> Result<Outcome, Failure> {
    let project = Project::open(&args.project)?;
    let mut entries = Vec::new();
    for connection in project.good_connections()?.into_values() {
        if only.is_some_and(|only| only != connection.name) {
            continue;
        }
        let set: Vec<String> = match &args.cluster {
            Some(cluster) => {
                let secrets = args.remote.client().await?.secrets(cluster, &connection.name).await?;
                secrets.into_iter().map(|secret| secret.field).collect()
            }
            None => of(&project).names(&connection)?.into_iter().map(str::to_owned).collect(),
        };
        for field in connection.secret_fields() {
            entries.push(entry(&connection.name, field, set.iter().any(|set| set == field)));
        }
    }
    if let Some(only) = only {
        connection_of(&project, only)?;
    }
    output.answer(&entries, || {
        let words = |entry: &Entry| if entry.set { "set" } else { "not set" };
        let rows = entries.iter().map(|entry| [entry.connection.clone(), entry.field.clone(), words(entry).to_owned()]);
        table(["connection", "field", "secret"], rows)
    });
    Ok(Outcome::Good)
}

async fn remove(args: &Args, name: &str, field: &str, output: Output) -> Result<Outcome, Failure> {
    let was_set = match &args.cluster {
        Some(project) => {
            let client = args.remote.client().await?;
            let known = client.secrets(project, name).await?;
            client.remove_secrets(project, name, Some(field)).await?;
            known.iter().any(|secret| secret.field == field)
        }
        None => of(&Project::open(&args.project)?).remove(name, field)?,
    };
    output.answer(&entry(name, field, false), || match was_set {
        true => format!("{name}.{field} is forgotten"),
        false => format!("{name}.{field} was not set"),
    });
    Ok(Outcome::Good)
}

fn entry(connection: &str, field: &str, set: bool) -> Entry {
    Entry { connection: connection.to_owned(), field: field.to_owned(), set }
}

/// The secrets of a project on this machine.
pub fn of(project: &Project) -> LocalSecrets {
    SecretStore::new(default_config_folder(), use_keyring()).of_project(project.root())
}
