//! `cairn design`: the designer in a browser.

use crate::design::{DesignSettings, serve};
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio_util::sync::CancellationToken;

/// Open the designer in a browser, on this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn design my-project                          Prints an address: open it in a browser
  cairn design my-project --listen 127.0.0.1:7480  At an address that stays the same

The address holds a token that lets in the first browser that opens it, and no other. Everything else is as in the
desktop designer. Ctrl-C ends it; changes that are not saved are kept and come back when the flow is opened again.")]
pub struct Args {
    /// The project's folder; without it the designer asks.
    #[arg(value_name = "PROJECT")]
    project: Option<PathBuf>,
    /// Where to listen: an address of this machine alone. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// The folder of the designer's settings: recent projects, clusters, unsaved changes.
    #[arg(long, env = "CAIRN_CONFIG", value_name = "FOLDER")]
    config: Option<PathBuf>,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let settings = DesignSettings {
        project: args.project,
        config: args.config.unwrap_or_else(designer::default_config_folder),
        listen: args.listen,
    };
    let shutdown = CancellationToken::new();
    let interrupted = shutdown.clone();
    tokio::spawn(async move {
        // Without a signal handler Ctrl-C ends the process all the same.
        let _ = tokio::signal::ctrl_c().await;
        interrupted.cancel();
    });
    serve(settings, shutdown, |at| {
        output.answer(at, || format!("Open the designer in a browser: {}\nCtrl-C ends it.", at.address));
    })
    .await?;
    Ok(Outcome::Good)
}
