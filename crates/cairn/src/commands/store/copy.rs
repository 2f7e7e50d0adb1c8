//! `cairn store copy` and `cairn store reopen`: a cluster moves to another checkpoint database.

mod objects;
mod progress;
mod secrets;

use super::retention::Turn;
use super::{blocking, files};
use crate::checkpoint_database::{CheckpointConnection, CheckpointDatabase};
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use flow_store::copy::{CopiedTable, Copy, CopyEnd, CopyMark, mark_of};
use flow_store::{CheckpointStorage, Owner, Server, ServerState, StoragePlace};
use objects::CopiedStorage;
use progress::Bar;
use serde::Serialize;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Move everything to another checkpoint database.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn store copy --from sqlite:/var/lib/cairn/cairn.db --to postgres://cairn@db.example.org/cairn \\
      --storage /var/lib/cairn/storage --to-storage /mnt/cairn
  cairn store copy --from postgres://cairn@db.example.org/cairn --to sqlite:/var/lib/cairn/cairn.db \\
      --storage /mnt/cairn --key-file /var/lib/cairn/key

Stop the servers first. Requests with their history and saved points, projects and their versions, accounts, tokens, secrets,
settings and the audit trail are copied; then both databases are read again and compared. A copy that is stopped goes on where
it was when the command is run again; until it is complete, no server starts on the target, and nothing has changed for the
source. Then the source is marked, so that no server starts there by mistake; `cairn store reopen` takes that back.

Servers go on where they were: give them the new connection and the same --state, --key-file and storage as before (or the
one of --to-storage).")]
pub struct Args {
    /// The checkpoint database that is copied.
    #[arg(long, value_name = "CONNECTION")]
    from: CheckpointConnection,
    /// The one that it is copied into, which is made or is empty.
    #[arg(long, value_name = "CONNECTION")]
    to: CheckpointConnection,
    /// The checkpoint storage of the source.
    #[arg(long, env = "CAIRN_CHECKPOINT_STORAGE", value_name = "FOLDER|s3://BUCKET/PREFIX")]
    storage: StoragePlace,
    /// Another storage for the target: what the source names there is copied, too.
    #[arg(long, value_name = "FOLDER|s3://BUCKET/PREFIX")]
    to_storage: Option<StoragePlace>,
    /// The file with the cluster's key, to see that it opens the secrets; beside an SQLite database unless given.
    #[arg(long, env = "CAIRN_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Copy as it is at this moment, although servers work on the source, and let them go on there: to try something out.
    /// Needs --to-storage, and cannot go on when it was stopped.
    #[arg(long, requires = "to_storage")]
    live: bool,
}

/// What was copied.
#[derive(Debug, Serialize)]
struct Report {
    from: String,
    to: String,
    tables: Vec<CopiedTable>,
    storage: CopiedStorage,
    secrets: usize,
    key_file: Option<PathBuf>,
}

pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let (source, target) = (args.from.to_string(), args.to.to_string());
    if source == target {
        return Err(Failure::new("store/conflict", "--from and --to are the same database".to_owned()));
    }
    let storages = args.storages().await?;
    let source_before = refuse_live_servers(&args).await?;
    let mut from = args.from.copy_source().await?;
    let key_file = args.key_file();
    let secrets = secrets::check(from.as_mut(), key_file.as_deref()).await?;
    let mut to = args.to.copy_target().await?;
    let bar = Bar::new(output);
    let mut copy = Copy::begin(from.as_mut(), to.as_mut(), (&source, &target)).await?;
    if copy.goes_on() {
        if args.live {
            let message = "a copy of a live database cannot go on when it was stopped: empty the target and copy again";
            return Err(Failure::new("store/copy-incomplete", message.to_owned()));
        }
        output.remark("going on with the copy that was stopped");
    }
    copy.copy_rows(&mut |progress| bar.rows(progress)).await?;
    let named = copy.objects().await?;
    let storage = objects::copy(&storages.0, storages.1.as_ref(), &named, &bar).await?;
    let tables = copy.compare(&mut |progress| bar.rows(progress)).await?;
    source_before.refuse_servers_since(&args.from).await?;
    copy.finish((!args.live).then_some(target.as_str()), storage.same_id.as_deref()).await?;
    drop((from, to));
    bar.end();
    let key_file = args.keep_key(key_file)?;
    stop_servers(&args.to).await?;
    let report = Report { from: source, to: target, tables, storage, secrets, key_file };
    output.answer(&report, || report.text());
    Ok(Outcome::Good)
}

impl Args {
    /// The storage of the source, and another one for the target.
    async fn storages(&self) -> Result<(CheckpointStorage, Option<CheckpointStorage>), Failure> {
        let other = self.to_storage.as_ref().filter(|place| **place != self.storage);
        if self.live && other.is_none() {
            let message = "--to-storage must be another storage than --storage: servers of the two databases would each \
                           remove what the others saved";
            return Err(Failure::new("store/conflict", message.to_owned()));
        }
        if let Some(folder) = self.storage.folder().filter(|folder| !folder.is_dir()) {
            return Err(super::no_storage(folder, "--storage"));
        }
        let spool = std::env::temp_dir();
        let from = CheckpointStorage::open_at(&self.storage, &spool).await?;
        Ok(match other {
            Some(other) => (from, Some(CheckpointStorage::open_at(other, &spool).await?)),
            None => (from, None),
        })
    }

    fn key_file(&self) -> Option<PathBuf> {
        let beside = |connection: &CheckpointConnection| connection.file().map(key_beside);
        let given = self.key_file.clone().or_else(|| beside(&self.from));
        given.filter(|file| self.key_file.is_some() || file.is_file())
    }

    /// Puts the key beside an SQLite database, where its servers look for it. Where the key is then.
    fn keep_key(&self, key: Option<PathBuf>) -> Result<Option<PathBuf>, Failure> {
        let (Some(key), Some(database)) = (&key, self.to.file()) else { return Ok(key) };
        let beside = key_beside(database);
        if !beside.exists() {
            files::copy_secret(key, &beside)?;
        }
        Ok(Some(beside))
    }
}

fn key_beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".key");
    name.into()
}

impl CheckpointConnection {
    async fn copy_source(&self) -> Result<Box<dyn CopyEnd>, Failure> {
        self.refuse_missing()?;
        match self {
            Self::Sqlite(path) => {
                let path = path.clone();
                Ok(Box::new(blocking(move || Ok(flow_store_sqlite::SqliteCopyEnd::source(&path)?)).await?))
            }
            Self::Postgres(_) => Ok(Box::new(flow_store_postgres::PostgresCopyEnd::source(&self.postgres()?).await?)),
        }
    }

    async fn copy_target(&self) -> Result<Box<dyn CopyEnd>, Failure> {
        match self {
            Self::Sqlite(path) => {
                let path = path.clone();
                Ok(Box::new(blocking(move || Ok(flow_store_sqlite::SqliteCopyEnd::target(&path)?)).await?))
            }
            Self::Postgres(_) => Ok(Box::new(flow_store_postgres::PostgresCopyEnd::target(&self.postgres()?).await?)),
        }
    }
}

/// Whether a server of a database runs: whether it holds its lock.
fn is_alive(database: &CheckpointDatabase, server: &Server) -> bool {
    if server.state == ServerState::Terminated {
        return false;
    }
    match database.store.liveness() {
        // What cannot be found has nobody who could hold it.
        Some(liveness) => liveness.look(&server.lock_path).is_ok_and(|life| !life.is_over()),
        None => File::open(&server.lock_path).is_ok_and(|file| file.try_lock_shared().is_err()),
    }
}

/// The source as it was before the copy.
#[derive(Default)]
struct SourceBefore {
    /// Nothing is removed there while servers work on it.
    _turn: Option<Turn>,
    /// The lives of its servers, where none of them may go on.
    lives: Option<Vec<Owner>>,
}

impl SourceBefore {
    /// Refuses a source on which a server was started meanwhile: what was read is of the moment before.
    async fn refuse_servers_since(&self, source: &CheckpointConnection) -> Result<(), Failure> {
        let Some(lives) = &self.lives else { return Ok(()) };
        let servers = source.open_existing().await?.store.servers().await?;
        let started = servers.iter().filter(|server| !lives.contains(&server.owner()));
        let started: Vec<String> = started.map(|server| server.name.clone()).collect();
        if started.is_empty() {
            return Ok(());
        }
        let message = format!(
            "servers were started on the source while it was copied ({}), and what they did is not in the copy: stop them, \
             empty the target and copy again",
            started.join(", ")
        );
        Err(Failure::new("store/live-servers", message))
    }
}

/// Refuses a source that servers work on, unless that is wanted.
async fn refuse_live_servers(args: &Args) -> Result<SourceBefore, Failure> {
    args.from.refuse_missing()?;
    // Not opened for writing, which would bring an older database up to date, before its release is known.
    let mark = mark_of(args.from.copy_source().await?.as_mut()).await?;
    if matches!(mark, Some(CopyMark::Moved { .. })) {
        return Ok(SourceBefore::default());
    }
    let database = args.from.open_existing().await?;
    if args.live {
        return Ok(SourceBefore { _turn: Some(Turn::take(database.store, "copy").await?), lives: None });
    }
    let servers = database.store.servers().await?;
    let lives = servers.iter().map(Server::owner).collect();
    let alive = blocking(move || {
        let alive = servers.iter().filter(|server| is_alive(&database, server));
        Ok(alive.map(|server| server.name.clone()).collect::<Vec<_>>())
    });
    let alive = alive.await?;
    if alive.is_empty() {
        return Ok(SourceBefore { _turn: None, lives: Some(lives) });
    }
    let message = format!(
        "servers work on the source ({}): stop them first, so that what they do is not lost; or copy what is there at this \
         moment with --live",
        alive.join(", ")
    );
    Err(Failure::new("store/live-servers", message))
}

/// The servers were stopped, or lost, on the source: here nobody can see that by their locks.
async fn stop_servers(target: &CheckpointConnection) -> Result<(), Failure> {
    let store = target.open().await?.store;
    for server in store.servers().await? {
        if server.state != ServerState::Terminated {
            store.terminate(&server.owner()).await?;
        }
    }
    Ok(())
}

impl Report {
    fn text(&self) -> String {
        let rows = |name: &str| self.tables.iter().find(|table| table.table == name).map_or(0, |table| table.rows);
        let all: u64 = self.tables.iter().map(|table| table.rows).sum();
        let key = match &self.key_file {
            Some(file) => format!("\nThe {} secrets open with the key in {}.", self.secrets, file.display()),
            None => String::new(),
        };
        format!(
            "copied {} to {}: {} requests, {} rows of their history, {} projects, {} accounts, {} entries of the audit \
             trail; {all} rows in all, the same at both ends\n{}{key}",
            self.from,
            self.to,
            rows("request"),
            rows("history"),
            rows("project"),
            rows("account"),
            rows("audit"),
            self.storage.text()
        )
    }
}

/// Let servers work again on a database that was copied elsewhere.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
After `cairn store copy` no server starts on the source, since the cluster goes on at the target. This takes that back: what
happened at the target since then is not known here, so see that no server runs there.")]
pub struct ReopenArgs {
    /// The checkpoint database.
    #[arg(long, env = "CAIRN_CHECKPOINT_CONNECTION", value_name = "CONNECTION")]
    checkpoint_connection: CheckpointConnection,
}

pub async fn reopen(args: ReopenArgs, output: Output) -> Result<Outcome, Failure> {
    let mut database = args.checkpoint_connection.copy_source().await?;
    match mark_of(database.as_mut()).await? {
        Some(CopyMark::Moved { to }) => {
            database.note(&[(flow_store::copy::MARK, None)]).await?;
            output.answer(&serde_json::json!({ "reopened": true }), || {
                format!("servers may work here again; see that none runs on {to}")
            });
            Ok(Outcome::Good)
        }
        Some(incomplete) => Err(incomplete.refusal().into()),
        None => {
            output.answer(&serde_json::json!({ "reopened": false }), || "it is open".to_owned());
            Ok(Outcome::Good)
        }
    }
}
