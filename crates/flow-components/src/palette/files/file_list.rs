//! File List: which files there are.

use crate::describe::{choice, optional, required};
use crate::disk::{Found, PathTemplate, Search, records_for};
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext, wording};
use async_trait::async_trait;
use flow_data::Stream;
use flow_data::arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray};
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind};
use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

const HELP: &str = "\
Says which files there are: one record for each, with `path`, `name`, `size` (bytes) and `modified`, ordered by path.

| Path | finds |
|---|---|
| `storage:inbox` | every file in that folder |
| `storage:inbox/*.csv` | those whose names end in `.csv` |
| `storage:**/2024-*.{csv,txt}` | such names in any folder |
| `project:data/*.csv` | files of the project |

`*` stands for any characters of a name, `?` for one, `[a-z]` for one of several, `**` for any folders. `${name}` stands \
for a field or a flow variable; if it is a field, every record that arrives is searched for.

The `path` is what the other file components take: link the list to a File Read, File Move or File Delete with the path \
`${path}`, or to a ForEach to treat every file by itself. Files that are being written are left out.";

static FIELDS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let field = |name: &str, data_type| Field::new(name, data_type, true);
    Arc::new(Schema::new(vec![
        field("path", DataType::Utf8),
        field("name", DataType::Utf8),
        field("size", DataType::Int64),
        field("modified", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
    ]))
});

pub(super) struct FileList;

impl ComponentType for FileList {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "FileList",
            title: "File List",
            family: Family::File,
            icon: "files",
            summary: "Says which files there are",
            help: HELP,
            properties: vec![
                required(
                    "Path",
                    "Path",
                    PropertyKind::Path,
                    "A folder, or a pattern: `storage:inbox/*.csv`. `${name}` stands for a field or a flow variable.",
                ),
                optional(
                    "IfMissing",
                    "If missing",
                    choice(&[("Error", "An error"), ("Nothing", "An empty list")]),
                    "Error",
                    "What a folder or file that is not there means.",
                ),
            ],
            effect: Effect::Reads,
            saves: false,
            line: "{Path}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared {
            path: PathTemplate::read(properties, "Path"),
            may_miss: properties.choice("IfMissing", &[("Error", false), ("Nothing", true)]),
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
        let records = records_for(run, &[&self.path.template]).await?;
        let mut searches = Vec::new();
        for row in 0..records.num_rows() {
            let path = self.path.fill(run, &records, row)?;
            let search = match self.path.is_pattern {
                true => Search::for_pattern(run.services, &path),
                false => Search::for_file_or_folder(run.services, &path),
            };
            match search {
                Ok(search) => searches.push(search),
                Err(error) if self.forgives(&error) => {}
                Err(error) => return Err(error.on("Path")),
            }
        }
        let mut found = Vec::new();
        for search in searches {
            match run.blocking(|| search.run()).await {
                Ok(files) => found.extend(files),
                Err(error) if self.forgives(&error) => {}
                Err(error) => return Err(error.on("Path")),
            }
        }
        Ok(Outcome::out(list(&found)?).with_note(wording::files(found.len())))
    }

    fn design(&self, design: &mut Design<'_>) {
        design.template(&self.path.template, "Path", true);
        if let Some(path) = design.likely_text(&self.path.template)
            && self.path.is_pattern
            && let Err(error) = Search::for_pattern(design.services(), &path)
            && error.code == "file/bad-pattern"
        {
            design.problem(&error.code, "Path", &error.message);
        }
        design.outlet(OUT, Arc::clone(&FIELDS));
    }
}

impl Prepared {
    fn forgives(&self, error: &ComponentError) -> bool {
        self.may_miss && error.code == "file/not-found"
    }
}

fn list(found: &[Found]) -> Result<Stream, ComponentError> {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(found.iter().map(|file| &file.path))),
        Arc::new(StringArray::from_iter_values(found.iter().map(Found::name))),
        Arc::new(Int64Array::from_iter_values(found.iter().map(|file| i64::try_from(file.size).unwrap_or(i64::MAX)))),
        Arc::new(
            found
                .iter()
                .map(|file| file.modified.map(micros))
                .collect::<TimestampMicrosecondArray>()
                .with_timezone("UTC"),
        ),
    ];
    super::listed(&FIELDS, columns)
}

/// Microseconds since 1970; before it they are negative.
fn micros(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
    }
}
