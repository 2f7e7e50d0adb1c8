//! `cairn store`: the checkpoint database and storage of a cluster, for those who look after it.

mod backup;
mod check;
mod compact;
mod copy;
mod files;
mod manifest;
mod restore;
mod retention;

use crate::checkpoint_database::CheckpointConnection;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use clap::Subcommand;
use flow_store::StoragePlace;
use std::path::{Path, PathBuf};

/// Look after the checkpoint database and storage.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn store check --checkpoint-connection sqlite:/var/lib/cairn/cairn.db --checkpoint-storage /var/lib/cairn/storage
  cairn store backup /backup/monday --checkpoint-connection sqlite:/var/lib/cairn/cairn.db \\
      --checkpoint-storage /var/lib/cairn/storage
  cairn store restore /backup/monday --checkpoint-connection sqlite:/var/lib/cairn/cairn.db \\
      --checkpoint-storage /var/lib/cairn/storage
  cairn store retention --checkpoint-connection sqlite:/var/lib/cairn/cairn.db --finished-days 30
  cairn store compact --checkpoint-connection sqlite:/var/lib/cairn/cairn.db
  cairn store copy --from sqlite:/var/lib/cairn/cairn.db --to postgres://cairn@db.example.org/cairn \
      --storage /var/lib/cairn/storage

check, backup, retention and compact may run while servers work. The key file, which opens the secrets of connections, stands
beside the database (cairn.db.key) unless --key-file says otherwise; it is part of the backup, so keep that safe.")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Is everything whole: the database file, its rows, and every object of the storage that a row names?
    Check(check::Args),
    /// Copy the database, the storage and the key file into a new folder, as they are at one moment.
    Backup(backup::Args),
    /// Bring a backup to a place where there is no database and no storage yet.
    Restore(restore::Args),
    /// Show what a retention policy would remove, or remove it.
    Retention(retention::Args),
    /// Move everything to another checkpoint database, of either kind.
    Copy(copy::Args),
    /// Let servers work again on a database that was copied elsewhere.
    Reopen(copy::ReopenArgs),
    /// Give the room back that retention has made in the file of the database.
    Compact(compact::Args),
}

/// Which database, storage and key.
#[derive(Debug, clap::Args)]
struct PlacesArgs {
    /// The checkpoint database: sqlite:PATH.
    #[arg(long, env = "CAIRN_CHECKPOINT_CONNECTION", value_name = "CONNECTION")]
    checkpoint_connection: CheckpointConnection,
    /// The checkpoint storage.
    #[arg(long, env = "CAIRN_CHECKPOINT_STORAGE", value_name = "FOLDER")]
    checkpoint_storage: StoragePlace,
    /// The file with the cluster's key; beside the database unless given.
    #[arg(long, env = "CAIRN_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl PlacesArgs {
    /// The file of the embedded database. A PostgreSQL database has programs of its own for what is done here.
    fn database(&self) -> Result<&Path, Failure> {
        self.checkpoint_connection.file().ok_or_else(|| {
            let message =
                "this works on the file of an SQLite database. Back up a PostgreSQL database with pg_dump or \
                           pg_basebackup before its storage, restore it with pg_restore or psql, and check it with \
                           pg_amcheck; the operations guide says how"
                    .to_owned();
            Failure::new("store/postgres", message)
        })
    }

    fn key_file(&self) -> Result<PathBuf, Failure> {
        if let Some(file) = &self.key_file {
            return Ok(file.clone());
        }
        let mut name = self.database()?.as_os_str().to_owned();
        name.push(".key");
        Ok(name.into())
    }

    /// Refuses a database that is not there: a mistyped path shall not make a new one.
    fn existing_database(&self) -> Result<&Path, Failure> {
        let path = self.database()?;
        if path.is_file() {
            return Ok(path);
        }
        let message = format!("there is no checkpoint database “{}”: check --checkpoint-connection", path.display());
        Err(Failure::new("cairn/no-database", message))
    }

    /// Refuses a storage that is not there.
    fn existing_storage(&self) -> Result<&Path, Failure> {
        let folder = self.storage_folder()?;
        if folder.is_dir() { Ok(folder) } else { Err(no_storage(folder, "--checkpoint-storage")) }
    }

    /// The folder of the storage. A bucket has other ways to be kept safe.
    fn storage_folder(&self) -> Result<&Path, Failure> {
        self.checkpoint_storage.folder().ok_or_else(|| {
            let message = "this works on a storage in a folder. Keep a bucket safe by its versioning and replication; the \
                           operations guide says how";
            Failure::new("storage/no-folder", message.to_owned())
        })
    }
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    match args.action {
        Action::Check(args) => check::run(args, output).await,
        Action::Backup(args) => backup::run(args, output).await,
        Action::Restore(args) => restore::run(args, output).await,
        Action::Retention(args) => retention::run(args, output).await,
        Action::Copy(args) => copy::run(args, output).await,
        Action::Reopen(args) => copy::reopen(args, output).await,
        Action::Compact(args) => compact::run(args, output).await,
    }
}

fn no_storage(folder: &Path, option: &str) -> Failure {
    Failure::new("cairn/no-storage", format!("there is no folder “{}”: check {option}", folder.display()))
}

/// Runs something that blocks for long.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Failure::new("cairn/runtime", error.to_string())))
}
