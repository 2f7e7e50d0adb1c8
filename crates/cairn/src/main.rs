//! The command `cairn`: everything Cairn can do, from a terminal.

mod checkpoint_database;
mod commands;
mod design;
mod inputs;
mod logging;
mod moment;
mod outcome;
mod output;
mod password;
mod project_files;
mod remote;
mod repository;
mod secret_input;
mod server_process;

use clap::Parser;
use flow_trace::{Process, TraceError, Traces};
use outcome::{Failure, Outcome};
use output::Output;
use std::process::ExitCode;

/// Servers make and drop small streams and rows all the time, on several threads, and so does the database's C code.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Cairn runs flows that survive the loss of their server.
///
/// A flow is drawn in the designer and lives in a project: a folder under git. Servers share a checkpoint database;
/// when one of them dies, the others go on with its requests from the last checkpoint of each.
#[derive(Debug, Parser)]
#[command(name = "cairn", version, propagate_version = true, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Cli {
    /// Print JSON for programs instead of text for people.
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: commands::Command,
}

const AFTER_HELP: &str = "\
Examples:
  cairn tour                                   See it all at once: two servers, a loss, a takeover
  cairn check my-project                       Is anything wrong with the flows of a project?
  cairn run my-project order-import            Run a flow here and now, without a server
  cairn test my-project                        Do its flows still do what their tests expect?
  cairn serve --checkpoint-connection sqlite:/var/lib/cairn/cairn.db \\
              --checkpoint-storage /var/lib/cairn/storage
  cairn request list --state Running           What are the servers working on?

Exit status:
  0  done, and the answer is good
  1  done, and the answer is bad: the flow failed, a check found errors, something was lost
  2  the command line was not understood
  3  it could not be done: a file, the network or the database stood in the way

Every command has more to say: cairn COMMAND --help";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    logging::start(cli.command.log_level(), output);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(output, &Failure::new("cairn/runtime", error.to_string())),
    };
    let traces = match runtime.block_on(async { trace(&cli.command) }) {
        Ok(traces) => traces,
        Err(error) => return failed(output, &Failure::new(error.code(), error.to_string())),
    };
    let answer = runtime.block_on(cli.command.run(output));
    if let Some(traces) = traces {
        traces.close();
    }
    // A thread that waits for a peer's lock never ends by itself.
    runtime.shutdown_background();
    match answer {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Bad) => ExitCode::from(1),
        Err(failure) => failed(output, &failure),
    }
}

/// Lets the calls of servers be traced if the environment says so. A server sees to its own traces.
fn trace(command: &commands::Command) -> Result<Option<Traces>, TraceError> {
    if matches!(command, commands::Command::Serve(_)) {
        return Ok(None);
    }
    let traces = Traces::of_environment(&Process { service: "cairn", instance: None })?;
    if let Some(traces) = traces.clone() {
        flow_trace::trace_calls(traces);
    }
    Ok(traces)
}

fn failed(output: Output, failure: &Failure) -> ExitCode {
    output.failure(failure);
    ExitCode::from(3)
}
