//! `cairn request re-execute`: one request, at its own version or at the newest; several, or all that a filter finds.

use super::change::{Chosen, many};
use super::show::request_line;
use super::{ended_answer, wait_for_end};
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::remote::Remote;
use clap::{Args, ValueEnum};
use flow_api::{
    BulkAction, FitComponent, ReExecution, ReExecutionPreview, ReExecutionQuery, RequestState, VersionChoice,
};

/// Begin a new attempt from the last saved points: of one request, of several, or of all that a filter finds.
#[derive(Debug, Args)]
// Its --version is another one than that of the program.
#[command(
    disable_version_flag = true,
    after_help = "\
Examples:
  cairn request re-execute 17 --wait
  cairn request re-execute 17 --from 2 --on north         From saved point 2, on the server north
  cairn request re-execute 17 --from 2 --dry-run          What would run then
  cairn request re-execute 17 --version newest --dry-run  What of it fits the newest version
  cairn request re-execute 17 --version newest
  cairn request re-execute 17 18 19
  cairn request re-execute --code http/status --since 2h --dry-run
  cairn request re-execute --code http/status --since 2h --yes
  cairn request re-execute --flow order-import --version newest --dry-run
                                                          How many of them fit, what of the others does not

A request can be re-executed when it ended in Error or was cancelled, or when it waits for its
retry. A filter without --state means those in Error. The server that is called becomes the owner,
unless --on names another; what waits for its retry at a server that lives goes on there, at once.
At the newest version it goes on only if what it has saved fits: what does not is named, and --from
or --from-start are the way out. Of several those go on that fit, and the others stay as they are."
)]
pub struct ReExecuteArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// Go on from the saved point with this number, as `cairn request show` counts them (from 0): later ones no longer
    /// count. For one request.
    #[arg(long, value_name = "NUMBER")]
    from: Option<u32>,
    /// Begin anew: nothing that was saved counts any more. For one request.
    #[arg(long, conflicts_with = "from")]
    from_start: bool,
    /// The server that shall be the owner, by name or id. For one request.
    #[arg(long, value_name = "SERVER")]
    on: Option<String>,
    /// At which version of its project: the one that it is pinned to, or the one that the cluster last updated to, to which
    /// it is pinned from then on.
    #[arg(long, value_name = "VERSION", default_value = "same")]
    version: Version,
    /// Wait until it has ended; the exit status tells whether it finished. For one request.
    #[arg(long)]
    wait: bool,
}

/// At which version a request is re-executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Version {
    /// The one that it is pinned to.
    Same,
    /// The one that the cluster last updated to.
    Newest,
}

impl Version {
    fn choice(self) -> VersionChoice {
        match self {
            Self::Same => VersionChoice::Same,
            Self::Newest => VersionChoice::Newest,
        }
    }
}

/// Runs the command.
pub async fn run(args: ReExecuteArgs, remote: &Remote, output: Output) -> Result<Outcome, Failure> {
    let from_elsewhere = args.version == Version::Newest || args.from.is_some() || args.from_start;
    if let (Some(id), true) = (args.chosen.named(), args.chosen.is_dry_run() && from_elsewhere) {
        return preview(id, &args, remote, output).await;
    }
    let Some(id) = args.chosen.only_one() else {
        if args.from.is_some() || args.from_start || args.on.is_some() || args.wait {
            let message = "--from, --from-start, --on and --wait are for one request: name one id, or leave them out";
            return Err(Failure::new("request/one-only", message));
        }
        let version = Some(args.version.choice());
        return many(args.chosen, BulkAction::ReExecute, version, &[RequestState::Error], remote, output).await;
    };
    let server = match &args.on {
        Some(server) => Some(remote.server(server).await?.id),
        None => None,
    };
    if args.wait {
        remote.servers().await?;
    }
    let version = Some(args.version.choice());
    let wish = &ReExecution { from: args.from, from_start: args.from_start, server, version };
    let request = remote.any(|client| async move { client.re_execute_from(id, wish).await }).await?;
    if args.wait {
        return ended_answer(&wait_for_end(remote, id).await?, output);
    }
    output.answer(&request, || request_line(&request));
    Ok(Outcome::Good)
}

/// Says what of a request fits the newest version, and what would run.
async fn preview(id: i64, args: &ReExecuteArgs, remote: &Remote, output: Output) -> Result<Outcome, Failure> {
    let version = Some(args.version.choice());
    let query = &ReExecutionQuery { version, from: args.from, from_start: args.from_start };
    let preview = remote.any(|client| async move { client.re_execution(id, query).await }).await?;
    output.answer(&preview, || preview_text(id, &preview));
    Ok(Outcome::good_if(preview.fits))
}

fn preview_text(id: i64, preview: &ReExecutionPreview) -> String {
    let (pinned, version) = (short(&preview.pinned), short(&preview.version));
    let mut text = match preview.pinned == preview.version {
        true => format!("request {id} would go on at version {version}, its own"),
        false => format!("request {id} would go on at version {version} instead of {pinned}"),
    };
    if let Some(problem) = &preview.problem {
        text = format!("request {id} cannot go on so at version {version}: {problem}");
    }
    for misfit in &preview.misfits {
        let more = if misfit.points > 1 { format!(" (and {} like it)", misfit.points - 1) } else { String::new() };
        text.push_str(&format!("\n  saved point {}{more}: {}", misfit.number, misfit.message));
    }
    for unknown in &preview.unknown {
        text.push_str(&format!("\n  the fields of “{}” are known only when it runs", unknown.name));
    }
    let mut list = |what: &str, is_in: &dyn Fn(&FitComponent) -> bool| {
        let names: Vec<&str> =
            preview.components.iter().filter(|one| is_in(one)).map(|one| one.name.as_str()).collect();
        if !names.is_empty() {
            text.push_str(&format!("\n  {what}: {}", names.join(", ")));
        }
    };
    list("would run", &|one| one.runs);
    list("of these change the world", &|one| one.runs && one.changes_world);
    list("new or changed, and yet never run, since they are settled", &|one| {
        !one.runs && (one.is_new || one.is_changed)
    });
    text
}

fn short(version: &str) -> &str {
    version.get(..7).unwrap_or(version)
}
