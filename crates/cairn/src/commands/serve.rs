//! `cairn serve`: one flow service process.

use crate::checkpoint_database::CheckpointConnection;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::server_process::Serving;
use flow_server::ServerConfig;
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Run a server of a cluster, until SIGTERM or Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  A cluster of two servers on this machine shares the database and the storage; each has its own state folder:
    cairn serve --listen 127.0.0.1:7401 --state /var/lib/cairn/one \\
        --checkpoint-connection sqlite:/var/lib/cairn/cairn.db --checkpoint-storage /var/lib/cairn/storage
    cairn serve --listen 127.0.0.1:7402 --state /var/lib/cairn/two \\
        --checkpoint-connection sqlite:/var/lib/cairn/cairn.db --checkpoint-storage /var/lib/cairn/storage
  The first account, so that somebody can sign in:
    cairn user add admin --role Administrator --checkpoint-connection sqlite:/var/lib/cairn/cairn.db

The console is at the address that the server listens on. SIGTERM or Ctrl-C lets what runs end or gives it to the other
servers; a server that is killed loses nothing: the others go on from the last checkpoints.
CAIRN_LOG chooses what is logged (info, debug, flow_cluster=debug); --json logs as JSON.")]
pub struct Args {
    /// The checkpoint database: sqlite:PATH. Every server of the cluster is given the same one.
    #[arg(long, env = "CAIRN_CHECKPOINT_CONNECTION", value_name = "CONNECTION")]
    checkpoint_connection: CheckpointConnection,
    /// The checkpoint storage: a folder for large checkpoints and for `storage:` paths, the same for every server.
    #[arg(long, env = "CAIRN_CHECKPOINT_STORAGE", value_name = "FOLDER")]
    checkpoint_storage: PathBuf,
    /// Where to listen. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:7401", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// The name shown to people; the server's id unless given, and kept from then on.
    #[arg(long)]
    name: Option<String>,
    /// This server's own folder: its id and its working copies of projects.
    #[arg(long, value_name = "FOLDER")]
    state: PathBuf,
    /// Where what does not fit into memory is put: a folder on a real disk, emptied when the server ends; without it
    /// `spool` in the folder of --state.
    #[arg(long, env = "CAIRN_SPOOL_PATH", value_name = "FOLDER")]
    spool_path: Option<PathBuf>,
    /// How many attempts run here at once; what is more waits for its turn or for another server.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// End when the process with this id ends, which must be the one that started this server.
    #[arg(long, value_name = "PID", hide = true)]
    die_with: Option<i32>,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    if let Some(parent) = args.die_with {
        die_with(parent)?;
    }
    let shutdown = CancellationToken::new();
    cancel_on_signals(shutdown.clone())?;
    let database = args.checkpoint_connection.open()?;
    let config = ServerConfig {
        listen: args.listen,
        name: args.name,
        concurrency: args.concurrency.into(),
        spool: args.spool_path,
        ..ServerConfig::new(database.store, database.lock_folder, args.checkpoint_storage, args.state)
    };
    flow_server::serve(config, shutdown, |at| {
        let serving = Serving {
            address: at.address.clone(),
            server: at.id.to_string(),
            name: at.name.clone(),
            epoch: at.epoch.0,
        };
        output.answer(&serving, || format!("{} serves at {}", serving.name, serving.address));
    })
    .await?;
    Ok(Outcome::Good)
}

/// Has the kernel end this process when its parent ends, so that nothing is left behind by whoever started it.
fn die_with(parent: i32) -> Result<(), Failure> {
    let failed = |error: rustix::io::Errno| Failure::new("serve/die-with", error.to_string());
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(failed)?;
    // The parent may have ended before that call.
    if getppid().map(Pid::as_raw_pid) != Some(parent) {
        return Err(Failure::new("serve/die-with", format!("process {parent}, which started this server, has ended")));
    }
    Ok(())
}

fn cancel_on_signals(shutdown: CancellationToken) -> Result<(), Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::new("serve/signal", error.to_string()));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        shutdown.cancel();
    });
    Ok(())
}
