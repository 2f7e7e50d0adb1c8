//! `cairn run`: a flow of a project, here and now, without a server.

mod progress;

use crate::inputs::InputArgs;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::project_files::ProjectFiles;
use flow_components::Palette;
use flow_engine::LocalRun;
use flow_model::{FlowName, StartSettings};
use flow_project::Project;
use flow_store::{CheckpointStorage, Request, RequestState};
use progress::Progress;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Run a flow of a project here and now, without a server.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn run orders order-import --input month=1997-03
  cairn run . order-import --quiet && echo imported
  cairn --json run orders order-import | jq -s '.[-1].reply'

It really runs: files are written, rows inserted, calls made. Retries and waits are carried out as on a server; saved points
are kept in memory. With --json every event is a line, and the last line is the result. The exit status is 0 when the flow
finished, else 1. Ctrl-C lets what runs come to a safe end.")]
pub struct Args {
    /// The project's folder.
    project: PathBuf,
    /// The flow.
    flow: String,
    #[command(flatten)]
    inputs: InputArgs,
    /// The folder that storage: paths lead to; without it the one that the designer uses for this project.
    #[arg(long, value_name = "FOLDER")]
    storage: Option<PathBuf>,
    /// The folder for what does not fit into memory, on a real disk; without it one beside the designer's settings.
    #[arg(long, env = "CAIRN_SPOOL_PATH", value_name = "FOLDER")]
    spool_path: Option<PathBuf>,
    /// Print the result only.
    #[arg(long, short)]
    quiet: bool,
    /// Also print the first records of every stream.
    #[arg(long, conflicts_with = "quiet")]
    trace: bool,
}

/// How a local run ended, for programs.
#[derive(Debug, Serialize)]
struct Ended<'a> {
    event: &'static str,
    state: RequestState,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<&'a serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a flow_store::RequestError>,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let project = Project::open(&args.project)?;
    let name = FlowName::parse(&args.flow).map_err(|error| Failure::new("flow/name", error.to_string()))?;
    let flow = project.load(&name)?.flow;
    let inputs = args.inputs.values(&StartSettings::of(&flow).map(|start| start.inputs).unwrap_or_default())?;
    let storage =
        args.storage.unwrap_or_else(|| designer::local_storage(&designer::default_config_folder(), project.root()));
    let surroundings = ProjectFiles::read(&project, storage.clone())?;
    let progress = (!args.quiet).then(|| Arc::new(Progress::new(&flow, args.trace, output)) as Arc<_>);
    let local = LocalRun {
        palette: Palette::standard(),
        files: Arc::clone(surroundings.files()),
        folder: project.root().to_owned(),
        storage: CheckpointStorage::open(storage)?,
        spool_folder: args.spool_path.unwrap_or_else(|| designer::local_spool(&designer::default_config_folder())),
        secrets: Arc::new(super::secret::of(&project)),
        observer: progress,
    };
    let request = local.run(&name, &inputs, cancelled_by_ctrl_c()).await?;
    print_end(&request, output);
    Ok(Outcome::good_if(request.state == RequestState::Finished))
}

fn cancelled_by_ctrl_c() -> CancellationToken {
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            token.cancel();
        }
    });
    cancel
}

fn print_end(request: &Request, output: Output) {
    let ended = Ended {
        event: "ended",
        state: request.state,
        attempts: request.attempt,
        reply: request.reply.as_ref(),
        error: request.error.as_ref(),
    };
    output.answer(&ended, || {
        let mut text = request.state.to_string();
        if let Some(error) = &request.error {
            text.push_str(&format!(": {} [{}]", error.message, error.code));
        }
        if let Some(reply) = &request.reply {
            text.push_str(&format!("\n{}", serde_json::to_string_pretty(reply).unwrap_or_default()));
        }
        text
    });
}
