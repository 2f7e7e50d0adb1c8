//! File Write: a stream as a CSV file, all or nothing.

use crate::describe::{choice, optional, required};
use crate::wording::{delimiter, records};
use crate::{
    Component, ComponentError, ComponentType, Design, Outcome, Properties, ResolvedPath, RunContext, Template,
};
use async_trait::async_trait;
use flow_data::{CsvOptions, Stream, write_csv};
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind};
use serde_json::json;
use std::fs::{File, Permissions, create_dir_all};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;

const HELP: &str = "\
Writes the stream as a CSV file, and passes it on.

The file appears as a whole or not at all: it is written beside its place under another name, brought safely to the \
disk, and then renamed. A file that is there already is replaced. Folders that are missing are made.

Since writing the same file twice leaves the same file, it does no harm when the component runs again after a failure. \
Use a `storage:` path if another server may go on with the request.";

pub(super) struct FileWrite;

impl ComponentType for FileWrite {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "FileWrite",
            title: "File Write",
            family: Family::File,
            icon: "file-output",
            summary: "Writes a CSV file, all or nothing",
            help: HELP,
            properties: vec![
                required(
                    "Path",
                    "Path",
                    PropertyKind::Path,
                    "The file: `storage:…`, or a path on the server. `${name}` stands for a flow variable.",
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
            effect: Effect::Changes,
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
        let file = match run.services.resolve(&path).map_err(|error| error.on("Path"))? {
            ResolvedPath::File(file) => file,
            ResolvedPath::ProjectFile { path, .. } => return Err(read_only(&path)),
        };
        let failed =
            move |error: std::io::Error| ComponentError::new("file/write", format!("{path}: {error}")).on("Path");
        let stream = run.input().clone();
        let (written, options, target) = (stream.clone(), self.options.clone(), file.clone());
        let write = move || write_beside(&written, &options, &target);
        let beside =
            tokio::task::spawn_blocking(write).await.map_err(|error| failed(error.into()))?.map_err(&failed)?;

        run.before_effect().await?;
        let put = move || put_in_place(beside, &file);
        tokio::task::spawn_blocking(put).await.map_err(|error| failed(error.into()))?.map_err(&failed)?;
        let note = records(stream.rows());
        Ok(Outcome::out(stream).with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        design.template(&self.path, "Path", false);
        if design.likely_text(&self.path).is_some_and(|path| path.trim_start().starts_with("project:")) {
            design.problem(
                "file/read-only",
                "Path",
                "the files of the project are read only: write to a storage: path",
            );
        }
        design.passes_on(OUT);
    }
}

fn read_only(path: &str) -> ComponentError {
    let message = format!(
        "project:{path} is a file of the pinned project version, which never changes: write to a storage: path"
    );
    ComponentError::new("file/read-only", message).on("Path").for_good()
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Makes a folder and those above it that are missing, durably: a folder is safe once the one above it is on the disk.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    let missing = folder.ancestors().take_while(|above| !above.as_os_str().is_empty() && !above.exists()).count();
    create_dir_all(folder)?;
    for made in folder.ancestors().take(missing) {
        File::open(folder_of(made))?.sync_all()?;
    }
    Ok(())
}

/// Writes the whole file under another name in the same folder, and brings it to the disk. If nothing further happens
/// it is removed again.
fn write_beside(stream: &Stream, options: &CsvOptions, file: &Path) -> std::io::Result<NamedTempFile> {
    let folder = folder_of(file);
    make_folder(&folder)?;
    let beside =
        tempfile::Builder::new().prefix(".writing-").permissions(Permissions::from_mode(0o666)).tempfile_in(&folder)?;
    let mut writer = BufWriter::with_capacity(1 << 16, beside.as_file());
    write_csv(stream, &mut writer, options).map_err(std::io::Error::other)?;
    writer.flush()?;
    drop(writer);
    beside.as_file().sync_all()?;
    Ok(beside)
}

/// Gives the file its name, durably.
fn put_in_place(beside: NamedTempFile, file: &Path) -> std::io::Result<()> {
    beside.persist(file).map_err(|error| error.error)?;
    File::open(folder_of(file))?.sync_all()
}
