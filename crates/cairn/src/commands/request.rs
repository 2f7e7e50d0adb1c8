//! `cairn request`: requests of a cluster, through the API of its servers.

mod change;
mod data;
mod filter;
mod log;
mod re_execute;
mod show;
mod start;
mod take_over;

pub use show::list_text;

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::remote::{Remote, RemoteArgs};
use clap::Subcommand;
use flow_api::{Request, RequestState};
use show::{detail_text, request_line};
use std::time::Duration;

/// How long one call for a request's end lasts; it is repeated.
const ONE_WAIT: Duration = Duration::from_secs(30);

/// Start, list, show, follow, re-execute, take over and cancel requests of a cluster.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn request start orders order-import --input month=1997-03 --wait
  cairn request list --state Running,Waiting --limit 20
  cairn request list --state Error --since 2h --code http/status
  cairn request list --stalled
  cairn request show 17
  cairn request log 17 --follow
  cairn request data 17 2 --format csv --write orders.csv
  cairn request re-execute --state Error --flow order-import --dry-run
  cairn --json request show 17 | jq .savedPoints

Sign in first (`cairn login`), or set CAIRN_TOKEN. When the server that is called dies, the
command goes on with another one of the cluster: what waits or follows does not break off.")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    Start(start::Args),
    List(ListArgs),
    /// Show one request with its attempts and saved points.
    Show {
        /// The request.
        id: i64,
    },
    Log(log::Args),
    Data(data::Args),
    /// Wait until a request has ended; the exit status tells whether it finished.
    Wait {
        /// The request.
        id: i64,
    },
    ReExecute(re_execute::ReExecuteArgs),
    TakeOver(take_over::Args),
    Cancel(change::CancelArgs),
}

/// List requests, the newest first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn request list                                   The 50 newest
  cairn request list --state Running --owner north
  cairn request list --since 2026-03-01 --until 2026-03-02 --text import
  cairn --json request list --state Error --limit 1000 | jq -r '.items[].id'")]
struct ListArgs {
    #[command(flatten)]
    filter: filter::FilterArgs,
    /// Read on: only those older than the request with this id.
    #[arg(long, value_name = "ID")]
    before: Option<i64>,
    /// At most so many, 1 to 1,000.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let remote = args.remote.cluster().await?;
    match args.action {
        Action::Start(args) => start::run(args, &remote, output).await,
        Action::List(args) => list(args, &remote, output).await,
        Action::Show { id } => {
            let detail = remote.any(|client| async move { client.request(id).await }).await?;
            output.answer(&detail, || detail_text(&detail));
            Ok(Outcome::Good)
        }
        Action::Log(args) => log::run(args, &remote, output).await,
        Action::Data(args) => data::run(args, &remote, output).await,
        Action::Wait { id } => {
            remote.servers().await?;
            ended_answer(&wait_for_end(&remote, id).await?, output)
        }
        Action::ReExecute(args) => re_execute::run(args, &remote, output).await,
        Action::TakeOver(args) => take_over::run(args, &remote, output).await,
        Action::Cancel(args) => change::cancel(args, &remote, output).await,
    }
}

async fn list(args: ListArgs, remote: &Remote, output: Output) -> Result<Outcome, Failure> {
    let mut query = args.filter.query(remote).await?;
    query.after = args.before.map(|id| id.to_string());
    query.limit = Some(args.limit);
    let query = &query;
    let listed = remote.any(|client| async move { client.requests(query).await }).await?;
    output.answer(&listed, || {
        let mut text = list_text(&listed.items);
        if let Some(next) = &listed.next {
            text.push_str(&format!("\nmore: --before {next}"));
        }
        text
    });
    Ok(Outcome::Good)
}

/// Waits for the end of a request, whichever server it belongs to by then.
async fn wait_for_end(remote: &Remote, id: i64) -> Result<Request, Failure> {
    loop {
        let request = remote.any(|client| async move { client.wait(id, ONE_WAIT).await }).await?;
        if request.state.has_ended() {
            return Ok(request);
        }
    }
}

fn ended_answer(request: &Request, output: Output) -> Result<Outcome, Failure> {
    output.answer(request, || request_line(request));
    Ok(Outcome::good_if(request.state == RequestState::Finished))
}
