//! `cairn request data`: the records that a request saved.

use crate::outcome::{Failure, Outcome};
use crate::output::{Output, records_table};
use crate::remote::Remote;
use clap::ValueEnum;
use flow_api::{SavedFormat, SavedQuery, SavedRows};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Show the records of a saved point, or download all of them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn request show 17                                      Which saved points are there?
  cairn request data 17 2                                    The first 20 records of saved point 2
  cairn request data 17 2 --format csv --write orders.csv    All of them, into a file
  cairn request data 17 2 --format arrow --write orders.arrow    For pandas, Polars or DuckDB
  cairn request data 17 2 --format json | jq .total          One JSON object a line")]
pub struct Args {
    /// The request.
    id: i64,
    /// The number of the saved point.
    number: u32,
    /// How many records to show.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000), conflicts_with = "format")]
    limit: u32,
    /// Download the whole stream in this format instead.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file to write it to; standard output unless given.
    #[arg(long, short, value_name = "FILE", requires = "format")]
    write: Option<PathBuf>,
}

/// The format of a download.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Arrow IPC.
    Arrow,
    /// CSV with a head.
    Csv,
    /// One JSON object a line.
    Json,
}

/// Runs the command.
pub async fn run(args: Args, remote: &Remote, output: Output) -> Result<Outcome, Failure> {
    let Args { id, number, limit, format, write } = args;
    let Some(format) = format else {
        let query = &SavedQuery { limit: Some(limit), ..SavedQuery::default() };
        let page = remote.any(|client| async move { client.saved_page(id, number, query).await }).await?;
        output.answer(&page, || page_text(&page));
        return Ok(Outcome::Good);
    };
    let format = match format {
        Format::Arrow => SavedFormat::Arrow,
        Format::Csv => SavedFormat::Csv,
        Format::Json => SavedFormat::Json,
    };
    let mut file = remote.any(|client| async move { client.saved_file(id, number, format).await }).await?;
    match &write {
        Some(path) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let failed = |error: std::io::Error| Failure::file("write", path, &error);
            // A download that breaks off leaves no file that looks whole.
            let mut into = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
            let mut bytes = 0;
            while let Some(chunk) = file.chunk().await? {
                into.write_all(&chunk).map_err(failed)?;
                bytes += chunk.len();
            }
            into.persist(path).map_err(|error| failed(error.error))?;
            let answer = serde_json::json!({ "file": path, "bytes": bytes });
            output.answer(&answer, || format!("wrote {bytes} bytes to {}", path.display()));
        }
        None => {
            let mut out = std::io::stdout().lock();
            while let Some(chunk) = file.chunk().await? {
                // A reader that has seen enough (`… | head`) ends the download.
                if out.write_all(&chunk).is_err() {
                    break;
                }
            }
        }
    }
    Ok(Outcome::Good)
}

fn page_text(page: &SavedRows) -> String {
    let rows = page.rows.iter().map(|row| page.fields.iter().map(|field| text(row.get(field))).collect());
    let mut told = records_table(&page.fields, rows);
    let shown = page.rows.len() as u64;
    if shown < page.total {
        told.push_str(&format!("\n{shown} of {} records; --format csv downloads all", page.total));
    }
    told
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}
