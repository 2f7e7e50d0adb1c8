//! `cairn serve`: one flow service process.

mod configuration;
mod options;

use crate::logging;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::server_process::Serving;
use configuration::Configuration;
use flow_server::{FirstAdministrator, LogFiles, ServerConfig, TlsFiles};
use options::{LogFormat, Options, Switch};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use std::io::{IsTerminal as _, Write as _};
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
  A cluster over several machines, on PostgreSQL; the storage is a folder that all of them see (the password comes from
  PGPASSWORD, ~/.pgpass, or the address in CAIRN_CHECKPOINT_CONNECTION, where the process list does not show it):
    cairn serve --listen 10.0.0.1:7401 --address https://one.example.org --state /var/lib/cairn --key-file /var/lib/cairn/key \\
        --checkpoint-connection postgres://cairn@db.example.org/cairn --checkpoint-storage /mnt/cairn
  The same from a file, with what holds in the end and where it was said:
    cairn serve --config /etc/cairn/cairn.toml --print-config

Every option can also stand in the file of --config, under its name without the dashes (listen = \"0.0.0.0:7401\"), and in
the environment (CAIRN_LISTEN). The command line wins over the environment, and that over the file.

Where no person is at a terminal and the cluster has no account at all, the first one is made and its password printed.

The console is at the address that the server listens on. SIGTERM or Ctrl-C lets what runs end or gives it to the other
servers; a server that is killed loses nothing: the others go on from the last checkpoints.
CAIRN_LOG chooses what is logged (info, debug, flow_cluster=debug), to standard error and into the checkpoint storage.")]
pub struct Args {
    /// The configuration file (TOML).
    #[arg(long, env = "CAIRN_CONFIG_FILE", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the effective configuration with the source of each part, and do nothing else.
    #[arg(long)]
    print_config: bool,
    #[command(flatten)]
    options: Options,
    /// End when the process with this id ends, which must be the one that started this server.
    #[arg(long, value_name = "PID", hide = true)]
    die_with: Option<i32>,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let environment = |name: &str| std::env::var(name).ok();
    let configuration = Configuration::read(args.config.as_deref(), environment, &args.options)?;
    if args.print_config {
        output.answer(&configuration.json(), || configuration.text());
        return Ok(Outcome::Good);
    }
    if let Some(parent) = args.die_with {
        die_with(parent)?;
    }
    use_small_pages();
    let shutdown = CancellationToken::new();
    cancel_on_signals(shutdown.clone())?;
    // Whoever starts servers for a while makes accounts by other means.
    let first_administrator = args.die_with.is_none() && !std::io::stdin().is_terminal();
    let config = ServerConfig { first_administrator, ..server_config(configuration).await? };
    flow_server::serve(config, shutdown, |at| {
        let serving = Serving {
            address: at.address.clone(),
            server: at.id.to_string(),
            name: at.name.clone(),
            epoch: at.epoch.0,
        };
        output.answer(&serving, || format!("{} serves at {}", serving.name, serving.address));
        if let Some(FirstAdministrator { name, password }) = &at.first_administrator {
            // Not by the log, which is kept in files.
            let shown = writeln!(
                std::io::stderr(),
                "The first account: {name}, password {password}. It must be changed at the first sign-in, and is not shown again."
            );
            // Who sees nothing makes an account with `cairn user`.
            let _ = shown;
        }
    })
    .await?;
    Ok(Outcome::Good)
}

async fn server_config(configuration: Configuration) -> Result<ServerConfig, Failure> {
    let given = configuration.given();
    let options = configuration.options;
    if options.log_format == Some(LogFormat::Json) {
        logging::as_json();
    }
    let connection = needed("checkpoint-connection", options.checkpoint_connection)?;
    if connection.file().is_none() && options.key_file.is_none() {
        return Err(Failure::new(
            "serve/config",
            "--key-file is missing: on a PostgreSQL database every server needs the same key, which the secrets of \
             connections are encrypted with. Name a file on each machine; the first server makes it, the others are \
             given a copy"
                .to_owned(),
        ));
    }
    let storage = needed("checkpoint-storage", options.checkpoint_storage)?;
    let state = needed("state", options.state)?;
    let tls = match (options.tls_cert, options.tls_key) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (None, None) => None,
        _ => return Err(Failure::new("serve/config", "give both --tls-cert and --tls-key, or neither".to_owned())),
    };
    let (log, layer) = LogFiles::new();
    logging::also_to(layer);
    let database = connection.open().await?;
    let lock_folder = database.lock_folder.unwrap_or_else(|| state.clone());
    let config = ServerConfig::new(database.store, lock_folder, storage, state);
    Ok(ServerConfig {
        listen: options.listen.unwrap_or(config.listen),
        address: options.address,
        name: options.name,
        key_file: options.key_file.unwrap_or(config.key_file),
        concurrency: options.concurrency.map_or(config.concurrency, usize::from),
        spool: options.spool_path,
        speculation: options.speculation != Some(Switch::Off),
        clock_check: options.clock_check != Some(Switch::Off),
        tls,
        trusted_proxies: options.trusted_proxy,
        metrics_public: options.metrics_public == Some(Switch::On),
        log: Some(log),
        given,
        ..config
    })
}

fn needed<T>(name: &str, option: Option<T>) -> Result<T, Failure> {
    let missing = || {
        Failure::new(
            "serve/config",
            format!("--{name} is missing: give it here, in the environment or in the file of --config"),
        )
    };
    option.ok_or_else(missing)
}

/// Keeps the kernel from giving this process pages of 2 MB: the allocator asks for them, but an idle server would hold
/// dozens of them for a few kilobytes each.
fn use_small_pages() {
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "the server may hold more memory than it needs");
    }
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
