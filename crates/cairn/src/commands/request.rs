//! `cairn request`: requests of a cluster, through the API of one of its servers.

mod show;

use crate::inputs::InputArgs;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::remote::RemoteArgs;
use clap::Subcommand;
use flow_api::{Client, LogEntry, LogQuery, NewRequests, Request, RequestQuery, RequestState, Requests};
use show::{detail_text, list_text, log_line, request_line};
use std::time::Duration;

/// How long one call for a request's end lasts; it is repeated.
const ONE_WAIT: Duration = Duration::from_secs(30);
/// Time between two looks at a log that is followed.
const FOLLOW: Duration = Duration::from_millis(500);

/// Requests of a cluster.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn request start orders order-import --input month=1997-03 --wait
  cairn request list --state Running,Waiting --limit 20
  cairn request log 17 --follow
  cairn --json request show 17 | jq .savedPoints

The token is taken from CAIRN_TOKEN or a file that only you can read; `cairn user token` makes one.")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start requests of a flow.
    Start {
        /// The project, as it is named on the cluster.
        project: String,
        /// The flow.
        flow: String,
        #[command(flatten)]
        inputs: InputArgs,
        /// How many requests to start, 1 to 1,000.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
        count: u32,
        /// A key that makes it safe to say this twice: the same key starts nothing new.
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
        /// Wait until they have ended; the exit status tells whether all finished.
        #[arg(long)]
        wait: bool,
    },
    /// List requests, the newest first.
    List {
        /// Only those in these states, separated by commas.
        #[arg(long, value_name = "STATES")]
        state: Option<String>,
        /// Only those of this project.
        #[arg(long)]
        project: Option<String>,
        /// Only those of this flow.
        #[arg(long)]
        flow: Option<String>,
        /// Only those that belong to the server with this id.
        #[arg(long, value_name = "SERVER")]
        owner: Option<String>,
        /// Only those older than the request with this id.
        #[arg(long, value_name = "ID")]
        before: Option<i64>,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Show one request with its attempts and saved points.
    Show {
        /// The request.
        id: i64,
    },
    /// Show the log of one request.
    Log {
        /// The request.
        id: i64,
        /// Go on until the request has ended.
        #[arg(long, short)]
        follow: bool,
    },
    /// Wait until a request has ended; the exit status tells whether it finished.
    Wait {
        /// The request.
        id: i64,
    },
    /// Begin a new attempt from the last saved points, on the server that is called.
    ReExecute {
        /// The request.
        id: i64,
        /// Wait until it has ended; the exit status tells whether it finished.
        #[arg(long)]
        wait: bool,
    },
    /// End a request.
    Cancel {
        /// The request.
        id: i64,
    },
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let client = args.remote.client()?;
    match args.action {
        Action::Start { project, flow, inputs, count, idempotency_key, wait } => {
            let declared = client.flows(&project).await?.into_iter().find(|entry| entry.name == flow);
            let inputs = inputs.values(&declared.map(|entry| entry.inputs).unwrap_or_default())?;
            let wish = NewRequests { project, flow, inputs, count: Some(count), trigger: None };
            let started = client.create_requests(&wish, idempotency_key.as_deref()).await?;
            started_answer(&client, started, wait, output).await
        }
        Action::List { state, project, flow, owner, before, limit } => {
            let query = RequestQuery { state, project, flow, owner, before, limit: Some(limit), attempts: false };
            let listed = client.requests(&query).await?;
            output.answer(&listed, || list_text(&listed));
            Ok(Outcome::Good)
        }
        Action::Show { id } => {
            let detail = client.request(id).await?;
            output.answer(&detail, || detail_text(&detail));
            Ok(Outcome::Good)
        }
        Action::Log { id, follow } => log(&client, id, follow, output).await,
        Action::Wait { id } => ended_answer(&wait_for_end(&client, id).await?, output),
        Action::ReExecute { id, wait } => {
            let request = client.re_execute(id).await?;
            if wait {
                return ended_answer(&wait_for_end(&client, id).await?, output);
            }
            output.answer(&request, || request_line(&request));
            Ok(Outcome::Good)
        }
        Action::Cancel { id } => {
            let request = client.cancel(id).await?;
            output.answer(&request, || request_line(&request));
            Ok(Outcome::Good)
        }
    }
}

async fn started_answer(
    client: &Client,
    mut started: Requests,
    wait: bool,
    output: Output,
) -> Result<Outcome, Failure> {
    if !wait {
        output.answer(&started, || list_text(&started));
        return Ok(Outcome::Good);
    }
    for request in &mut started.requests {
        *request = wait_for_end(client, request.id).await?;
    }
    output.answer(&started, || list_text(&started));
    Ok(Outcome::good_if(started.requests.iter().all(|request| request.state == RequestState::Finished)))
}

fn ended_answer(request: &Request, output: Output) -> Result<Outcome, Failure> {
    output.answer(request, || request_line(request));
    Ok(Outcome::good_if(request.state == RequestState::Finished))
}

async fn wait_for_end(client: &Client, id: i64) -> Result<Request, Failure> {
    loop {
        let request = client.wait(id, ONE_WAIT).await?;
        if request.state.has_ended() {
            return Ok(request);
        }
    }
}

async fn log(client: &Client, id: i64, follow: bool, output: Output) -> Result<Outcome, Failure> {
    let mut query = LogQuery::default();
    loop {
        // Asked before the log is read: what is written up to the end is then read for certain.
        let ended = !follow || client.request(id).await?.request.state.has_ended();
        while let Some(last) = next_entries(client, id, &query, output).await? {
            query.after = Some(last);
        }
        if ended {
            return Ok(Outcome::Good);
        }
        tokio::time::sleep(FOLLOW).await;
    }
}

/// Prints the next entries and gives the number of the last; `None` when there are no more.
async fn next_entries(client: &Client, id: i64, query: &LogQuery, output: Output) -> Result<Option<u64>, Failure> {
    let entries: Vec<LogEntry> = client.request_log(id, query).await?;
    for entry in &entries {
        output.answer(entry, || log_line(entry));
    }
    Ok(entries.last().map(|entry| entry.number))
}
