//! `cairn schema`: the JSON Schema of flow, trigger and calendar files.

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use flow_components::Palette;

/// Print the JSON Schema of flow files, or of trigger or calendar files, for editors and other programs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  cairn schema > flow.schema.json      In Visual Studio Code, name it under \"json.schemas\" for *.flow.json
  cairn schema trigger > trigger.schema.json      The same for *.trigger.json
  cairn schema calendar > calendar.schema.json    The same for calendars/*.json")]
pub struct Args {
    /// What the files hold.
    #[arg(value_enum, default_value_t = Of::Flow)]
    of: Of,
}

/// A kind of file of a project.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Of {
    Flow,
    Trigger,
    Calendar,
}

/// Runs the command.
pub fn run(args: &Args, output: Output) -> Result<Outcome, Failure> {
    output.document(&match args.of {
        Of::Flow => flow_model::json_schema(Palette::standard().as_ref()),
        Of::Trigger => flow_model::trigger_schema(),
        Of::Calendar => flow_model::calendar_schema(),
    });
    Ok(Outcome::Good)
}
