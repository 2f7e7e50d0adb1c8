//! `cairn top`: a cluster, live in the terminal.

mod feed;
mod keys;
mod model;
mod once;
mod picture;
mod screen;
mod view;

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::remote::RemoteArgs;
use std::time::Duration;

/// Watch a cluster live in the terminal: servers, requests, throughput, takeovers.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn top
  cairn top --server production --interval 5
  cairn top --once                                    One look as text, for a mail or a log
  cairn top --once --json | jq .endedPerSecond        One look for scripts; see below

Keys: q quits, Tab goes from part to part, ↑ ↓ choose, Enter opens a request, Esc closes it, ← →
choose which requests are listed (under way, waiting, failed, all), c cancels and r re-executes
the chosen request after a question, p holds the view still, ? helps. When the server that is
asked dies, another one of the cluster is.

--once looks twice, one interval apart, so that it can tell how many requests ended a second.
Its JSON has the members at, address, servers, counts (by state), endedPerSecond, requests
(those under way, the newest first), takeovers; they are as in the API. The exit status is 1
when no server works.")]
pub struct Args {
    /// Seconds between two looks.
    #[arg(long, short, default_value_t = 1.0, value_parser = parse_interval, value_name = "SECONDS")]
    interval: f64,
    /// Look once, print what there is, and end.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let remote = args.remote.cluster().await?;
    let interval = Duration::from_secs_f64(args.interval);
    if args.once {
        return once::run(&remote, interval, output).await;
    }
    if output.is_json() || !output.is_terminal() {
        return Err(Failure::new("top/no-terminal", "there is no terminal to draw in: say --once"));
    }
    screen::run(remote, interval).await
}

fn parse_interval(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.2..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("give 0.2 to 3600 seconds".to_owned()),
    }
}
