//! File Move: gives files another place or name.

use crate::describe::{choice, optional, required};
use crate::disk::{self, Found, PathTemplate, records_for};
use crate::{
    Component, ComponentError, ComponentType, Design, Outcome, Properties, ResolvedPath, RunContext, Template, wording,
};
use async_trait::async_trait;
use flow_data::Stream;
use flow_data::arrow::array::{ArrayRef, StringArray};
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind};
use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

const HELP: &str = "\
Moves files to another folder, or gives them another name. One record leaves for each file: its new `path`, and the old \
one as `from`.

| Path | To | does |
|---|---|---|
| `storage:inbox/a.csv` | `storage:done/a.csv` | moves one file |
| `storage:inbox/*.csv` | `storage:done/` | moves those that fit, under their names |
| `${path}` | `storage:done/${name}` | moves every file of a File List, one for each record |

A *To* that ends in `/` is a folder, and so is every *To* of a pattern. Folders that are missing are made. Each file is in \
its new place as a whole or not at all, also on another disk. With *Copy* on it stays in the old one too; that also \
works for files of the project.

**If it runs again** after a failure, files that were moved already are no longer in their old place. So a file that is \
missing there and present in its new place counts as moved; otherwise *IfMissing* decides. Before the first file is \
moved, all of them are looked at, so that an error that could be foreseen moves nothing.";

static FIELDS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![text("path"), text("from")]))
});

pub(super) struct FileMove;

impl ComponentType for FileMove {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "FileMove",
            title: "File Move",
            family: Family::File,
            icon: "file-symlink",
            summary: "Moves, copies or renames files",
            help: HELP,
            properties: vec![
                super::path(),
                required(
                    "To",
                    "To",
                    PropertyKind::Path,
                    "The new path; a folder if it ends in `/`. `${name}` stands for a field or a flow variable.",
                ),
                optional("Copy", "Copy", PropertyKind::Boolean, false, "Whether the file also stays where it is."),
                optional(
                    "IfExists",
                    "If exists",
                    choice(&[("Error", "An error"), ("Replace", "Replace it"), ("Skip", "Leave the file out")]),
                    "Error",
                    "What happens when there is a file in the new place already.",
                ),
                optional(
                    "IfMissing",
                    "If missing",
                    choice(&[("Error", "An error"), ("Nothing", "Nothing to do")]),
                    "Error",
                    "What a file that is not there means. A pattern that nothing fits is never an error.",
                ),
            ],
            effect: Effect::Changes,
            saves: false,
            line: "{Path} → {To}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared {
            path: PathTemplate::read(properties, "Path"),
            to: properties.template("To"),
            copies: properties.boolean("Copy"),
            if_exists: properties.choice(
                "IfExists",
                &[("Error", IfExists::Error), ("Replace", IfExists::Replace), ("Skip", IfExists::Skip)],
            ),
            may_miss: properties.choice("IfMissing", &[("Error", false), ("Nothing", true)]),
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum IfExists {
    Error,
    Replace,
    Skip,
}

struct Prepared {
    path: PathTemplate,
    to: Template,
    copies: bool,
    if_exists: IfExists,
    may_miss: bool,
}

/// A file to move.
struct Move {
    from: String,
    /// None if it is in its new place already.
    source: Option<ResolvedPath>,
    to: String,
    target: PathBuf,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let moves = self.plan(run).await?;
        let mut moved = 0;
        for file in &moves {
            let Some(source) = &file.source else { continue };
            run.before_effect().await?;
            self.perform(run, file, source.clone()).await?;
            moved += 1;
            run.progress(moved);
        }
        let note = format!("{} {}", wording::files(moves.len()), if self.copies { "copied" } else { "moved" });
        Ok(Outcome::out(list(&moves)?).with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        design.template(&self.path.template, "Path", true);
        design.template(&self.to, "To", true);
        let texts = [("Path", &self.path.template, self.copies), ("To", &self.to, false)];
        for (property, _, _) in texts.into_iter().filter(|(_, template, may_read)| {
            !may_read && template.texts().next().is_some_and(|text| text.trim_start().starts_with("project:"))
        }) {
            let message =
                "the files of the project are read only: use a storage: path, or Copy to take them from there";
            design.problem("file/read-only", property, message);
        }
        design.outlet(OUT, Arc::clone(&FIELDS));
    }
}

impl Prepared {
    /// What is to be moved, with everything looked at that can be looked at before.
    async fn plan(&self, run: &RunContext<'_>) -> Result<Vec<Move>, ComponentError> {
        let records = records_for(run, &[&self.path.template, &self.to]).await?;
        let mut moves = Vec::new();
        for row in 0..records.num_rows() {
            let to = run.fill_from(&self.to, &records, row).map_err(|error| error.on("To"))?;
            let search = self.path.search(run, &records, row).map_err(|error| error.on("Path"))?;
            match run.blocking(|| search.run()).await {
                Ok(files) => {
                    for file in files {
                        moves.push(self.planned(run, file, &to)?);
                    }
                }
                Err(error) if error.code == "file/not-found" && !self.path.is_pattern => {
                    let from = self.path.fill(run, &records, row)?;
                    moves.extend(self.moved_already(run, &from, &to).await?);
                    if !self.may_miss && moves.last().is_none_or(|last| last.from != from) {
                        return Err(error.on("Path"));
                    }
                }
                Err(error) if error.code == "file/not-found" && self.may_miss => {}
                Err(error) => return Err(error.on("Path")),
            }
        }
        let mut targets = HashSet::new();
        if let Some(twice) = moves.iter().find(|file| !targets.insert(&file.target)) {
            let message = format!("two files would become {}: use more of the old name in To", twice.to);
            return Err(ComponentError::new("file/same-target", message).on("To").for_good());
        }
        self.without_taken(run, moves).await
    }

    fn planned(&self, run: &RunContext<'_>, file: Found, to: &str) -> Result<Move, ComponentError> {
        match &file.place {
            ResolvedPath::ProjectFile { path, .. } if !self.copies => return Err(disk::read_only(path).on("Path")),
            ResolvedPath::InBucket(place) if !self.copies => return Err(place.only_read().on("Path")),
            _ => {}
        }
        let to = self.target_path(to, file.name());
        let target = target(run, &to)?;
        Ok(Move { from: file.path, source: Some(file.place), to, target })
    }

    fn target_path(&self, to: &str, name: &str) -> String {
        match to {
            folder if folder.ends_with(['/', ':']) => format!("{folder}{name}"),
            folder if self.path.is_pattern => format!("{folder}/{name}"),
            file => file.to_owned(),
        }
    }

    /// A file that is missing in its old place and present in the new one.
    async fn moved_already(&self, run: &RunContext<'_>, from: &str, to: &str) -> Result<Option<Move>, ComponentError> {
        if self.copies {
            return Ok(None);
        }
        let name = from.rsplit(['/', ':']).next().unwrap_or_default();
        let to = self.target_path(to, name);
        let target = target(run, &to)?;
        let place = target.clone();
        let is_there = run.blocking(move || Ok(place.is_file())).await?;
        Ok(is_there.then(|| Move { from: from.to_owned(), source: None, to, target }))
    }

    /// The moves whose new place is free, or may be taken.
    async fn without_taken(&self, run: &RunContext<'_>, mut moves: Vec<Move>) -> Result<Vec<Move>, ComponentError> {
        let if_exists = self.if_exists;
        run.blocking(move || {
            let is_taken = |file: &Move| file.source.is_some() && file.target.exists();
            match if_exists {
                IfExists::Replace => {}
                IfExists::Skip => moves.retain(|file| !is_taken(file)),
                IfExists::Error => {
                    if let Some(file) = moves.iter().find(|file| is_taken(file)) {
                        return Err(exists(&file.to));
                    }
                }
            }
            Ok(moves)
        })
        .await
    }

    async fn perform(&self, run: &RunContext<'_>, file: &Move, source: ResolvedPath) -> Result<(), ComponentError> {
        let (target, replace, copies) = (file.target.clone(), self.if_exists == IfExists::Replace, self.copies);
        let (from, to) = (file.from.clone(), file.to.clone());
        run.blocking(move || {
            let done = match &source {
                ResolvedPath::ProjectFile { bytes, .. } => disk::copy_file(&mut bytes.as_ref(), &target, replace),
                ResolvedPath::InBucket(place) => match place.open() {
                    Ok(mut open) => disk::copy_file(&mut open, &target, replace),
                    Err(error) => return Err(disk::cannot_read(&from, &error).on("Path")),
                },
                ResolvedPath::File(file) if copies => match std::fs::File::open(file) {
                    Ok(mut open) => disk::copy_file(&mut open, &target, replace),
                    Err(error) => return Err(disk::cannot_read(&from, &error).on("Path")),
                },
                ResolvedPath::File(file) => disk::move_file(file, &target, replace),
            };
            done.map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => exists(&to),
                _ => disk::cannot_write(&to, &error).on("To"),
            })
        })
        .await
    }
}

fn target(run: &RunContext<'_>, to: &str) -> Result<PathBuf, ComponentError> {
    match run.services.resolve(to).map_err(|error| error.on("To"))? {
        ResolvedPath::File(target) => Ok(target),
        ResolvedPath::InBucket(place) => Err(place.only_read().on("To")),
        ResolvedPath::ProjectFile { path, .. } => Err(disk::read_only(&path).on("To")),
    }
}

fn exists(to: &str) -> ComponentError {
    let message = format!("{to}: there is a file already; set IfExists to replace it or to leave the new one out");
    ComponentError::new("file/exists", message).on("To")
}

fn list(moves: &[Move]) -> Result<Stream, ComponentError> {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(moves.iter().map(|file| &file.to))),
        Arc::new(StringArray::from_iter_values(moves.iter().map(|file| &file.from))),
    ];
    super::listed(&FIELDS, columns)
}
