//! `cairn schema`: the JSON Schema of flow files.

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use flow_components::Palette;

/// Print the JSON Schema of flow files, for editors and other programs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  cairn schema > flow.schema.json      In Visual Studio Code, name it under \"json.schemas\" for *.flow.json")]
pub struct Args {}

/// Runs the command.
pub fn run(_: &Args, output: Output) -> Result<Outcome, Failure> {
    output.document(&flow_model::json_schema(Palette::standard().as_ref()));
    Ok(Outcome::Good)
}
