//! `cairn store backup`.

use super::manifest::{BackupFolder, Manifest};
use super::retention::Turn;
use super::{PlacesArgs, blocking, files};
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, counted};
use flow_store::CheckpointStorage;
use flow_store_sqlite::check::{NamedObject, check, check_release};
use flow_store_sqlite::{SqliteStore, back_up};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Copy everything into a new folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The copy is of one moment: the database first, then every object that it names, and the files of storage: paths as they
are found. Each is checked as it is copied. Meanwhile the servers remove nothing.

The backup holds the cluster's key, so whoever can read it can read the secrets of connections. It is made for the
account that runs this alone (folders 0700, files 0600): keep it so. With --without-key the key stays out; then keep it
elsewhere, since without it the secrets are lost.")]
pub struct Args {
    /// The folder to make.
    #[arg(value_name = "FOLDER")]
    to: PathBuf,
    #[command(flatten)]
    places: PlacesArgs,
    /// Leave the key file out.
    #[arg(long)]
    without_key: bool,
}

pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let (database, storage) = (args.places.existing_database()?, args.places.existing_storage()?);
    if !files::is_empty(&args.to) {
        let message = format!("“{}” is not empty: name a folder that does not exist yet", args.to.display());
        return Err(Failure::new("store/not-empty", message));
    }
    // Before anything is opened for writing, which would bring an older database up to date under its servers.
    let path = database.to_owned();
    blocking(move || Ok(check_release(&path)?)).await?;
    let store = SqliteStore::open(database)?;
    let storage = CheckpointStorage::open(storage)?;
    // Nothing may be removed while it is being copied.
    let turn = Turn::take(store, "backup").await?;
    let made = copy_all(&args, &storage).await;
    turn.end().await?;
    let manifest = made?;
    output.answer(&manifest, || {
        format!(
            "copied the database ({}), {} ({}) and {}{} into {}",
            files::size(manifest.database_bytes),
            counted(manifest.objects, "object"),
            files::size(manifest.object_bytes),
            counted(manifest.files, "file"),
            if manifest.has_key { " with the key" } else { " without the key" },
            args.to.display()
        )
    });
    Ok(Outcome::Good)
}

async fn copy_all(args: &Args, storage: &CheckpointStorage) -> Result<Manifest, Failure> {
    let to = BackupFolder::new(args.to.clone());
    let (database, key) = (args.places.database()?.to_owned(), args.places.key_file()?);
    let root = storage.folder().unwrap_or(args.places.existing_storage()?).to_owned();
    let with_key = !args.without_key;
    blocking(move || {
        // Each row and each object may hold what not everybody is to see, and the key opens the rest.
        files::make_secret_folder(to.path())?;
        back_up(&database, &to.database())?;
        let found = check(&to.database())?;
        if let Some(problem) = found.problems.first() {
            let message = format!(
                "the database is not whole ({}: {}), so no backup was made: see `cairn store check`",
                problem.place, problem.message
            );
            return Err(Failure::new("store/corrupt", message));
        }
        let mut manifest = Manifest::now(found.schema);
        copy_objects(&root, &to, &found.objects, &mut manifest)?;
        manifest.files = copy_files(&root, &to.storage(), Marker::Copied)?;
        manifest.has_key = with_key && key.is_file();
        if manifest.has_key {
            files::copy_secret(&key, &to.key())?;
        }
        (manifest.database_bytes, manifest.database_hash) = hash(&to.database())?;
        files::sync_folders(to.path())?;
        to.finish(&manifest)?;
        Ok(manifest)
    })
    .await
}

fn copy_objects(root: &Path, to: &BackupFolder, objects: &[NamedObject], all: &mut Manifest) -> Result<(), Failure> {
    let mut done = HashSet::new();
    for object in objects.iter().filter(|object| done.insert(object.key.as_str())) {
        let (bytes, hash) = files::copy_secret(&root.join(&object.key), &to.storage().join(&object.key))?;
        if hash != object.hash {
            let message = format!(
                "object {} of request {} is damaged, so no backup was made: see `cairn store check`",
                object.key, object.request
            );
            return Err(Failure::new("storage/corrupt", message));
        }
        all.objects += 1;
        all.object_bytes += bytes;
    }
    Ok(())
}

/// What becomes of the storage's marker.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// The copy stands for the storage itself, in a backup, which is for its owner alone.
    Copied,
    /// The copy is another storage.
    Left,
}

/// Copies what flows keep at `storage:` paths, and the marker perhaps. Logs of servers and files that are being written stay
/// out. How many files.
pub fn copy_files(root: &Path, to: &Path, marker: Marker) -> Result<u64, Failure> {
    let is_left_out = |path: &Path| {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let is_marker = marker == Marker::Left && path == Path::new("cairn-storage.json");
        path == Path::new("objects") || path == Path::new("logs") || hidden || is_marker
    };
    let copy = match marker {
        Marker::Copied => files::copy_secret,
        Marker::Left => files::copy,
    };
    let mut copied = 0;
    for file in files::below(root, &is_left_out)? {
        let target = to.join(&file);
        // Of a copy that was stopped.
        if marker == Marker::Left && target.exists() {
            std::fs::remove_file(&target).map_err(|error| Failure::file("replace", &target, &error))?;
        }
        match copy(&root.join(&file), &target) {
            Ok(_) => copied += 1,
            // A flow has removed it since it was listed.
            Err(_) if !root.join(&file).exists() => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(copied)
}

/// Size and BLAKE3 of a file.
pub fn hash(path: &Path) -> Result<(u64, String), Failure> {
    let read = || -> std::io::Result<(u64, String)> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(std::fs::File::open(path)?)?;
        Ok((hasher.count(), hasher.finalize().to_hex().to_string()))
    };
    read().map_err(|error| Failure::file("read", path, &error))
}
