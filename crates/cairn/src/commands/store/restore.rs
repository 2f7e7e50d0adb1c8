//! `cairn store restore`.

use super::check::check;
use super::manifest::{BackupFolder, Manifest};
use super::{PlacesArgs, backup, blocking, files};
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, counted};
use flow_store::{CheckpointStorage, ServerState, ServerStore};
use flow_store_sqlite::{SqliteStore, is_there};
use std::path::{Path, PathBuf};

/// Bring a backup to a place where there is nothing yet.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is ever replaced: the database, the storage and the key file must not be there yet. Start the servers afterwards,
with the same settings. Those that the backup knows count as stopped in good order when it was made: what they ran goes
on from what was saved, at any server where OtherServerRetry allows it, else at the next start of the same server. What
happened after the backup is not known: components that ran since then run again.")]
pub struct Args {
    /// The folder that `cairn store backup` has made.
    #[arg(value_name = "FOLDER")]
    from: PathBuf,
    #[command(flatten)]
    places: PlacesArgs,
}

pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let from = BackupFolder::new(args.from.clone());
    let manifest = from.read()?;
    refuse_what_is_there(&args.places, &manifest)?;
    let (database, storage) = (args.places.database()?.to_owned(), args.places.storage_folder()?.to_owned());
    let key = manifest.has_key.then(|| args.places.key_file()).transpose()?;
    let hash = manifest.database_hash.clone();
    blocking(move || copy_all(&from, &hash, &database, &storage, key.as_deref())).await?;
    stop_servers(args.places.database()?).await?;
    let report = check(args.places.database()?, &CheckpointStorage::open(args.places.storage_folder()?)?).await?;
    output.answer(&report, || {
        let problems: String =
            report.problems.iter().map(|trouble| format!("\n{}: {}", trouble.place, trouble.message)).collect();
        format!(
            "brought back {} and {} of {}{problems}",
            counted(report.requests, "request"),
            counted(report.objects as u64, "object"),
            manifest.made
        )
    });
    Ok(Outcome::good_if(report.problems.is_empty()))
}

fn refuse_what_is_there(places: &PlacesArgs, manifest: &Manifest) -> Result<(), Failure> {
    let refused = |what: &str, path: &Path| {
        let message = format!(
            "there is {what} “{}” already, and a restore replaces nothing: name another place, or move it away",
            path.display()
        );
        Err(Failure::new("store/not-empty", message))
    };
    let (database, key) = (places.database()?, places.key_file()?);
    if is_there(database) {
        return refused("a database", database);
    }
    let storage = places.storage_folder()?;
    if !files::is_empty(storage) {
        return refused("something in the storage", storage);
    }
    if manifest.has_key && key.exists() {
        return refused("a key", &key);
    }
    Ok(())
}

/// The database comes last: as long as it is missing, no server starts on half of a backup.
fn copy_all(
    from: &BackupFolder,
    hash: &str,
    database: &Path,
    storage: &Path,
    key: Option<&Path>,
) -> Result<(), Failure> {
    if backup::hash(&from.database())?.1 != hash {
        let message = format!("the database in “{}” is damaged: take another backup", from.path().display());
        return Err(Failure::new("store/corrupt", message));
    }
    let stored = from.storage();
    if stored.is_dir() {
        for file in files::below(&stored, &|_| false)? {
            files::copy(&stored.join(&file), &storage.join(&file))?;
        }
        files::sync_folders(storage)?;
    }
    if let Some(key) = key {
        files::copy_secret(&from.key(), key)?;
    }
    let mut part = database.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    files::copy(&from.database(), &part)?;
    std::fs::rename(&part, database).map_err(|error| Failure::file("make", database, &error))?;
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| Failure::file("make durable", folder, &error))
}

/// The servers that were alive when the backup was made are not any more, and their lock files may by now be held by the
/// servers of the cluster that the backup was made of.
async fn stop_servers(database: &Path) -> Result<(), Failure> {
    let store = SqliteStore::open(database)?;
    for server in store.servers().await? {
        if server.state != ServerState::Terminated {
            store.terminate(&server.owner()).await?;
        }
    }
    Ok(())
}
