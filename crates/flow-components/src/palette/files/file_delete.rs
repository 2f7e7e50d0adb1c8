//! File Delete: removes files.

use crate::describe::{choice, optional};
use crate::disk::{self, PathTemplate, records_for};
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, ResolvedPath, RunContext, wording};
use async_trait::async_trait;
use flow_data::arrow::array::StringArray;
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use flow_model::{ComponentDescription, Effect, Family, OUT};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

const HELP: &str = "\
Removes files. One record leaves for each of them, with its `path`.

| Path | removes |
|---|---|
| `storage:inbox/a.csv` | one file |
| `storage:inbox/*.csv` | those that fit the pattern |
| `${path}` | every file of a File List, one for each record |

What is filled in for `${name}` is never a pattern: a file that is called `*` takes no others with it. Folders stay.

A file that is not there counts as removed, so it does no harm when the component runs again after a failure; set \
*IfMissing* to Error where it must be there.";

static FIELDS: LazyLock<SchemaRef> =
    LazyLock::new(|| Arc::new(Schema::new(vec![Field::new("path", DataType::Utf8, true)])));

pub(super) struct FileDelete;

impl ComponentType for FileDelete {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "FileDelete",
            title: "File Delete",
            family: Family::File,
            icon: "file-x",
            summary: "Removes files",
            help: HELP,
            properties: vec![
                super::path(),
                optional(
                    "IfMissing",
                    "If missing",
                    choice(&[("Nothing", "Nothing to do"), ("Error", "An error")]),
                    "Nothing",
                    "What a file that is not there means. A pattern that nothing fits is never an error.",
                ),
            ],
            effect: Effect::Changes,
            saves: false,
            line: "{Path}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared {
            path: PathTemplate::read(properties, "Path"),
            may_miss: properties.choice("IfMissing", &[("Nothing", true), ("Error", false)]),
        })
    }
}

struct Prepared {
    path: PathTemplate,
    may_miss: bool,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let files = self.find(run).await?;
        let mut deleted = 0;
        for (path, file) in &files {
            run.before_effect().await?;
            let (path, file) = (path.clone(), file.clone());
            run.blocking(move || match disk::delete_file(&file) {
                // Somebody else removed it since.
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                other => other.map_err(|error| disk::cannot_write(&path, &error).on("Path")),
            })
            .await?;
            deleted += 1;
            run.progress(deleted);
        }
        let paths = StringArray::from_iter_values(files.iter().map(|(path, _)| path));
        let deleted = super::listed(&FIELDS, vec![Arc::new(paths)])?;
        Ok(Outcome::out(deleted).with_note(format!("{} deleted", wording::files(files.len()))))
    }

    fn design(&self, design: &mut Design<'_>) {
        design.template(&self.path.template, "Path", true);
        if self.path.template.texts().next().is_some_and(|text| text.trim_start().starts_with("project:")) {
            design.problem("file/read-only", "Path", "the files of the project are read only");
        }
        design.outlet(OUT, Arc::clone(&FIELDS));
    }
}

impl Prepared {
    /// All that is to be removed, by path.
    async fn find(&self, run: &RunContext<'_>) -> Result<Vec<(String, PathBuf)>, ComponentError> {
        let records = records_for(run, &[&self.path.template]).await?;
        let mut files = Vec::new();
        for row in 0..records.num_rows() {
            let search = self.path.search(run, &records, row).map_err(|error| error.on("Path"))?;
            let found = match run.blocking(|| search.run()).await {
                Err(error) if error.code == "file/not-found" && self.may_miss => continue,
                found => found.map_err(|error| error.on("Path"))?,
            };
            for file in found {
                match file.place {
                    ResolvedPath::File(place) => files.push((file.path, place)),
                    ResolvedPath::InBucket(place) => return Err(place.only_read().on("Path")),
                    ResolvedPath::ProjectFile { path, .. } => return Err(disk::read_only(&path).on("Path")),
                }
            }
        }
        Ok(files)
    }
}
