//! `cairn request take-over`.

use super::show::request_line;
use super::{ended_answer, wait_for_end};
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::remote::Remote;
use flow_api::TakeOver;

/// Take a stalled request from its server, which lives and gets nowhere with it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn request list --stalled
  cairn request take-over 17
  cairn request take-over 17 --on north --wait

Another server goes on from the last saved points. What the server before still writes is refused,
and its attempt ends. What ran since the last saved point runs again, so look first whether the
component that hangs has done its work outside.")]
pub struct Args {
    /// The request.
    id: i64,
    /// The server that shall be the owner, by name or id; else the one that answers, or another one if it is that one's.
    #[arg(long, value_name = "SERVER")]
    on: Option<String>,
    /// Wait until it has ended; the exit status tells whether it finished.
    #[arg(long)]
    wait: bool,
}

/// Runs the command.
pub async fn run(args: Args, remote: &Remote, output: Output) -> Result<Outcome, Failure> {
    let server = match &args.on {
        Some(server) => Some(remote.server(server).await?.id),
        None => None,
    };
    if args.wait {
        remote.servers().await?;
    }
    let wish = &TakeOver { server };
    let request = remote.any(|client| async move { client.take_over(args.id, wish).await }).await?;
    if args.wait {
        return ended_answer(&wait_for_end(remote, args.id).await?, output);
    }
    output.answer(&request, || request_line(&request));
    Ok(Outcome::Good)
}
