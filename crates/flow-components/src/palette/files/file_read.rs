//! File Read: a CSV file as a stream.

use crate::describe::{choice, optional, required};
use crate::wording::{delimiter, records};
use crate::{
    Component, ComponentError, ComponentType, Design, Outcome, Properties, ResolvedPath, RunContext, Template,
};
use async_trait::async_trait;
use bytes::Bytes;
use flow_data::{CsvOptions, DataError, Stream, read_csv};
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind};
use serde_json::json;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

const HELP: &str = "\
Reads a CSV file as a stream: one record a row.

**Where the file is.** `storage:inbox/orders.csv` is in the shared storage, which every server of the cluster sees; \
`project:data/orders.csv` is a file of the project, in the version that the request is pinned to; anything else is a \
path on the server's own disk, which another server does not see. `${name}` stands for a flow variable.

**Types** follow from all values of a column: boolean, integer, number, date (`2024-02-29`), time stamp, else text. \
Digits with leading zeros stay text, and an empty value is null. A row with too many or too few fields is an error that \
names the row; so are bytes that are not UTF-8.

Whatever starts the component (its inlet) only says when: its records are not used.";

/// How much of a file is looked at to know its fields before anything runs.
const SAMPLE: usize = 256 * 1024;

pub(super) struct FileRead;

impl ComponentType for FileRead {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "FileRead",
            title: "File Read",
            family: Family::File,
            icon: "file-input",
            summary: "Reads a CSV file",
            help: HELP,
            properties: vec![
                required(
                    "Path",
                    "Path",
                    PropertyKind::Path,
                    "The file: `storage:…`, `project:…`, or a path on the server. `${name}` stands for a flow variable.",
                ),
                optional(
                    "Header",
                    "Header",
                    PropertyKind::Boolean,
                    json!(true),
                    "Whether the first row holds the names of the fields.",
                ),
                optional(
                    "Delimiter",
                    "Delimiter",
                    choice(delimiter::CHOICES),
                    ",",
                    "The character between two fields.",
                ),
            ],
            effect: Effect::Reads,
            saves: false,
            line: "{Path}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared {
            path: properties.template("Path"),
            options: CsvOptions {
                header: properties.boolean("Header"),
                delimiter: properties.choice("Delimiter", delimiter::MEANINGS),
                ..CsvOptions::default()
            },
        })
    }
}

struct Prepared {
    path: Template,
    options: CsvOptions,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let path = run.fill(&self.path)?;
        let resolved = run.services.resolve(&path).map_err(|error| error.on("Path"))?;
        let options = self.options.clone();
        let reading = tokio::task::spawn_blocking(move || read(&resolved, &options, &path));
        let stream = reading.await.map_err(|error| ComponentError::new("file/read", error.to_string()))??;
        let note = records(stream.rows());
        Ok(Outcome::out(stream).with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        design.template(&self.path, "Path", false);
        let Some(path) = design.likely_text(&self.path) else { return };
        let sample = match design.services().resolve(&path) {
            Ok(ResolvedPath::ProjectFile { bytes, .. }) => bytes.slice(..bytes.len().min(SAMPLE)),
            // It may be there by the time the flow runs.
            Ok(ResolvedPath::File(file)) => match sample_of(&file) {
                Some(sample) => sample,
                None => return,
            },
            Err(error) if self.path.names().is_empty() => return design.problem(&error.code, "Path", &error.message),
            Err(error) => return design.warning(&error.code, "Path", &error.message),
        };
        match read_csv(whole_rows(&sample), &self.options) {
            Ok(stream) => design.outlet(OUT, Arc::clone(stream.schema())),
            Err(error) => design.warning(error.code(), "Path", &about(&path, error).message),
        }
    }
}

fn read(resolved: &ResolvedPath, options: &CsvOptions, path: &str) -> Result<Stream, ComponentError> {
    let failed = |error| about(path, error);
    match resolved {
        ResolvedPath::ProjectFile { bytes, .. } => read_csv(bytes.as_ref(), options).map_err(failed),
        ResolvedPath::File(file) => {
            let opened = File::open(file).map_err(|error| cannot_open(path, &error))?;
            read_csv(BufReader::with_capacity(1 << 16, opened), options).map_err(failed)
        }
    }
}

fn about(path: &str, error: DataError) -> ComponentError {
    ComponentError::from(error).about(path).on("Path")
}

fn cannot_open(path: &str, error: &std::io::Error) -> ComponentError {
    let (code, why) = match error.kind() {
        ErrorKind::NotFound => ("file/not-found", "there is no such file".to_owned()),
        ErrorKind::PermissionDenied => ("file/no-permission", "the server may not read it".to_owned()),
        _ => ("file/read", error.to_string()),
    };
    ComponentError::new(code, format!("{path}: {why}")).on("Path")
}

fn sample_of(file: &Path) -> Option<Bytes> {
    let metadata = std::fs::metadata(file).ok()?;
    if !metadata.is_file() {
        return None;
    }
    let mut sample = Vec::new();
    File::open(file).ok()?.take(SAMPLE as u64).read_to_end(&mut sample).ok()?;
    Some(sample.into())
}

/// A sample without the row that its end may have cut.
fn whole_rows(sample: &[u8]) -> &[u8] {
    if sample.len() < SAMPLE {
        return sample;
    }
    let end = sample.iter().rposition(|byte| *byte == b'\n').map_or(sample.len(), |at| at + 1);
    &sample[..end]
}
