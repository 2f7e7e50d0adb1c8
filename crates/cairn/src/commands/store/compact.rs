//! `cairn store compact`.

use super::blocking;
use crate::checkpoint_database::CheckpointConnection;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use serde::Serialize;

/// Write the database's file anew without the room that retention has made in it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Servers go on meanwhile: reads as ever, writes once it is done (about a second for each 100 MB that stay). As much room as
stays is needed once more for that time. Worth it when `cairn store retention` has removed much that will not come again;
else the room is used for what comes.")]
pub struct Args {
    /// The checkpoint database: sqlite:PATH.
    #[arg(long, env = "CAIRN_CHECKPOINT_CONNECTION", value_name = "CONNECTION")]
    checkpoint_connection: CheckpointConnection,
}

/// How long the file was and is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    before_bytes: u64,
    after_bytes: u64,
}

pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let Some(file) = args.checkpoint_connection.file() else {
        let message = "this works on the file of an SQLite database; PostgreSQL does it by itself (VACUUM)".to_owned();
        return Err(Failure::new("store/postgres", message));
    };
    let file = file.to_owned();
    if !file.is_file() {
        let message = format!("there is no checkpoint database “{}”: check --checkpoint-connection", file.display());
        return Err(Failure::new("cairn/no-database", message));
    }
    let compacted = blocking(move || Ok(flow_store_sqlite::compact(&file)?)).await?;
    let report = Report { before_bytes: compacted.before, after_bytes: compacted.after };
    output.answer(&report, || {
        let mb = |bytes: u64| bytes as f64 / 1e6;
        format!("{:.1} MB became {:.1} MB", mb(report.before_bytes), mb(report.after_bytes))
    });
    Ok(Outcome::Good)
}
