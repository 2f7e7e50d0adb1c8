//! `cairn components`: what component types there are.

mod reference;

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use flow_components::Palette;
use flow_data::nearby_names;
use flow_model::Catalogue;

/// Print what component types there are, what each does, and its properties.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn components SqlPut                   One of them
  cairn components > docs/components.md     All of them, in Markdown
  cairn --json components | jq '.[].kind'")]
pub struct Args {
    /// Only these types, by their names in flow files.
    types: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args, output: Output) -> Result<Outcome, Failure> {
    let palette = Palette::standard();
    let mut chosen = palette.all();
    if !args.types.is_empty() {
        if let Some(unknown) = args.types.iter().find(|name| palette.describe(name).is_none()) {
            let near = nearby_names(unknown, chosen.iter().map(|description| description.kind));
            let hint = near.first().map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            let message = format!("there is no component type “{unknown}”{hint}");
            return Err(Failure::new("component/unknown-type", message));
        }
        chosen.retain(|description| args.types.iter().any(|name| name == description.kind));
    }
    output.answer(&chosen, || reference::markdown(&chosen, palette.as_ref(), args.types.is_empty()));
    Ok(Outcome::Good)
}
