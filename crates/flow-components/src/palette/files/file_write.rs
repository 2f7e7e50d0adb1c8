//! File Write: a stream as a file, all or nothing.

use crate::describe::required;
use crate::disk::{self, Beside, names_fields};
use crate::formats::{self, Kind, Look};
use crate::wording::records;
use crate::{
    Component, ComponentError, ComponentType, Design, Outcome, Properties, ResolvedPath, RunContext, Template,
};
use async_trait::async_trait;
use flow_data::Stream;
use flow_data::formats::Writing;
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind};
use std::path::Path;
use std::sync::Arc;

const HELP: &str = "\
Writes the stream as a file, and passes it on: CSV, JSON, JSON lines, XML, Parquet, fixed length, text or bytes. The \
stream may be larger than memory.

The file appears as a whole or not at all: it is written beside its place under another name, brought safely to the \
disk, and then renamed. A file that is there already is replaced. Folders that are missing are made. What a server that \
died has left unfinished in the folder is removed.

Since writing the same file twice leaves the same file, it does no harm when the component runs again after a failure. \
Use a `storage:` path if another server may go on with the request.

| Format | writes |
|---|---|
| CSV | a row for each record; null is empty, lists and records are JSON |
| JSON | a list of objects; with *Records* `data.items` within the objects of these names |
| JSON lines | an object a line |
| XML | with *Records* `orders/order` the root `orders` and an element `order` for each record. Fields `@name` become attributes |
| Parquet | the records with their types |
| Fixed length | a line for each record, with the fields of *Layout*; a value that is too long is an error |
| Text, bytes | what is in the field `text`, `line` or `bytes`, or in the only field |

`${name}` in the path stands for a flow variable or for a field, whose value in the first record counts.";

pub(super) struct FileWrite;

impl ComponentType for FileWrite {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "FileWrite",
            title: "File Write",
            family: Family::File,
            icon: "file-output",
            summary: "Writes a file, all or nothing",
            help: HELP,
            properties: vec![
                required(
                    "Path",
                    "Path",
                    PropertyKind::Path,
                    "The file: `storage:…`, or a path on the server. `${name}` stands for a field or a flow variable.",
                ),
                formats::format(&Kind::all(), "What the file looks like."),
                formats::header(),
                formats::delimiter(),
                formats::records(
                    "JSON: names to put the list within, `data.items`. XML: the root and the element of a record: \
                     `orders/order`.",
                ),
                formats::layout(),
                formats::encoding(),
                formats::compression("How the file is packed."),
            ],
            effect: Effect::Changes,
            saves: false,
            line: "{Path}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared { path: properties.template("Path"), look: Look::read(properties) })
    }
}

struct Prepared {
    path: Template,
    look: Look,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let (input, spool, passes_on) = (run.input().clone(), run.spool().clone(), run.wants(OUT));
        // What is read twice is computed once.
        let names_fields = names_fields(&self.path, input.schema());
        let input = match input.is_flowing() && (passes_on || names_fields) {
            true => run.blocking(move || Ok(input.hold(&spool)?)).await?,
            false => input,
        };
        let path = if names_fields { self.path_of_first(run, &input).await? } else { run.fill(&self.path)? };
        let file = match run.services.resolve(&path).map_err(|error| error.on("Path"))? {
            ResolvedPath::File(file) => file,
            ResolvedPath::InBucket(place) => return Err(place.only_read().on("Path")),
            ResolvedPath::ProjectFile { path, .. } => return Err(disk::read_only(&path).on("Path")),
        };
        let writing = self.look.writing(&path);
        writing.check(input.schema()).map_err(formats::unfit)?;

        let (stream, shown) = (input.clone(), path.clone());
        let (beside, rows) = run.blocking(move || write_beside(&stream, &writing, &file, &shown)).await?;
        run.before_effect().await?;
        let failed = move |error| disk::cannot_write(&path, &error).on("Path");
        run.blocking(move || beside.put_in_place().map_err(failed)).await?;
        let note = records(usize::try_from(rows).ok());
        Ok(Outcome::out(input).with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        design.template(&self.path, "Path", true);
        if design.likely_text(&self.path).is_some_and(|path| path.trim_start().starts_with("project:")) {
            design.problem(
                "file/read-only",
                "Path",
                "the files of the project are read only: write to a storage: path",
            );
        }
        let unfit = design.input().and_then(|schema| self.look.writing("").check(schema).err());
        if let Some(error) = unfit {
            design.problem(error.code(), "Format", &error.to_string());
        }
        design.passes_on(OUT);
    }
}

impl Prepared {
    async fn path_of_first(&self, run: &RunContext<'_>, input: &Stream) -> Result<String, ComponentError> {
        let input = input.clone();
        let first = run.blocking(move || Ok(input.first(1)?.to_batch()?)).await?;
        if first.num_rows() == 0 {
            let message = "no record arrived, and the path names a field of it: use flow variables, or a Branch before";
            return Err(ComponentError::new("file/no-record", message).on("Path"));
        }
        run.fill_from(&self.path, &first, 0)
    }
}

/// Writes the whole file under another name in the same folder, and brings it to the disk. If nothing further happens
/// it is removed again.
fn write_beside(stream: &Stream, writing: &Writing, file: &Path, path: &str) -> Result<(Beside, u64), ComponentError> {
    let failed = |error| disk::cannot_write(path, &error).on("Path");
    let beside = Beside::create(file).map_err(failed)?;
    let mut writer = beside.writer();
    let rows = writing.write(stream, &mut writer).map_err(|error| match error.is_upstream() {
        true => error.into(),
        false => ComponentError::from(error).about(path),
    })?;
    Beside::sync(writer).map_err(failed)?;
    Ok((beside, rows))
}
