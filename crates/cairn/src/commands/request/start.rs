//! `cairn request start`.

use super::show::list_text;
use super::{ONE_WAIT, wait_for_end};
use crate::inputs::InputArgs;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::remote::Remote;
use flow_api::{NewRequests, RequestState};

/// Start requests of a flow.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn request start orders order-import --input month=1997-03
  cairn request start orders order-import -i month=1997-03 --wait    Status 1 unless it finishes
  cairn --json request start orders order-import -i month=1997-03 --wait | jq '.requests[0].reply'
  cairn request start orders order-import -i month=1997-03 --priority 5
  cairn request start orders nightly --idempotency-key \"nightly-$(date +%F)\"    Once a day")]
pub struct Args {
    /// The project, as it is named on the cluster.
    project: String,
    /// The flow.
    flow: String,
    #[command(flatten)]
    inputs: InputArgs,
    /// How many requests to start, 1 to 1,000.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    count: u32,
    /// Who comes first where several wait: from -9 to 9, higher ones. Without it, what the flow's start says.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-9..=9))]
    priority: Option<i32>,
    /// A key that makes it safe to say this twice: the same key starts nothing new.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Wait until they have ended; the exit status tells whether all finished.
    #[arg(long)]
    wait: bool,
}

/// Runs the command.
pub async fn run(args: Args, remote: &Remote, output: Output) -> Result<Outcome, Failure> {
    let project = args.project.as_str();
    let flows = remote.any(|client| async move { client.flows(project).await }).await?;
    let declared = flows.into_iter().find(|entry| entry.name == args.flow).map(|entry| entry.inputs);
    let inputs = args.inputs.values(&declared.unwrap_or_default())?;
    // With a key, a start whose answer was lost with its server can be asked of another one.
    let key = args.idempotency_key.unwrap_or_else(|| format!("cairn-{:032x}", rand::random::<u128>()));
    let (key, wait) = (Some(key.as_str()), args.wait);
    let wish = &NewRequests {
        project: args.project.clone(),
        flow: args.flow,
        inputs,
        count: Some(args.count),
        priority: args.priority,
        trigger: Some("command".to_owned()),
    };
    if wait {
        remote.servers().await?;
    }
    let mut started = remote
        .any(|client| async move {
            match wait {
                true => client.create_requests_and_wait(wish, key, ONE_WAIT).await,
                false => client.create_requests(wish, key).await,
            }
        })
        .await?;
    if wait {
        for request in &mut started.requests {
            if !request.state.has_ended() {
                *request = wait_for_end(remote, request.id).await?;
            }
        }
    }
    output.answer(&started, || list_text(&started.requests));
    let all_finished = started.requests.iter().all(|request| request.state == RequestState::Finished);
    Ok(Outcome::good_if(!wait || all_finished))
}
