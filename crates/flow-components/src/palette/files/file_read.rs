//! File Read: files as a stream.

use crate::describe::required;
use crate::disk::{self, Found, PathTemplate, Search, records_for};
use crate::formats::{self, BadRecords, Kind, Look};
use crate::wording::records;
use crate::{
    Component, ComponentError, ComponentType, Design, Folder, Outcome, Properties, ResolvedPath, RunContext, Services,
};
use async_trait::async_trait;
use flow_data::formats::{Column, Compression, Encoding, Format, Reading, Source, rejected_schema};
use flow_data::{DataError, Spool, Stream};
use flow_model::{ComponentDescription, ERROR_OUTLET, Effect, Family, IN, OUT, Ports, PropertyKind};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

const HELP: &str = "\
Reads a file as a stream: CSV, JSON, JSON lines, XML, Parquet, fixed length, text or bytes. Files may be larger than \
memory: records are read as they are needed.

**Where the file is.** `storage:inbox/orders.csv` is in the shared storage, which every server of the cluster sees; \
`project:data/orders.csv` is a file of the project, in the version that the request is pinned to; anything else is a \
path on the server's own disk, which another server does not see. `${name}` stands for a field or a flow variable.

**Several files.** The path may be a pattern, `storage:inbox/*.csv`: the files that fit are read one after another, \
in the order of their names. And if it names a field, every record that arrives stands for a file: behind a File List the \
path `${path}` reads them all. The files must have the same fields. If there is no file, what follows does not run.

| Format | gives |
|---|---|
| CSV | a record a row |
| JSON lines | a record a line, each a JSON object |
| JSON | the objects of a list; *Records* leads to it: `data.items` |
| XML | the elements that *Records* leads to, from the root: `orders/order`. Attributes are fields `@name`, repeated elements lists |
| Parquet | its records |
| Fixed length | a record a line, with the fields of *Layout* |
| Text, bytes | one record with the field `text` or `bytes`; or a record a line with the field `line` |

**Types** are those of *Columns*; the others follow from the beginning of the file. In CSV that is boolean, integer, \
number, date (`2024-02-29`), time stamp, else text: digits with leading zeros stay text, and an empty value is null. A \
value further on that does not fit is a bad record: set the type in *Columns*.

**Bad records** are those with too few or too many values, or one of a wrong type. *OnBadRecord* says whether they are an \
error that names row, field and value, are left out, or leave at `rejected` with their text and what is wrong.";

/// How much of a file is looked at to know its fields before anything runs.
const SAMPLE: usize = 256 * 1024;
/// So many files are kept open; of more, each is opened when it is its turn.
const KEPT_OPEN: usize = 64;
const REJECTED: &str = "rejected";

pub(super) struct FileRead;

impl ComponentType for FileRead {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "FileRead",
            title: "File Read",
            family: Family::File,
            icon: "file-input",
            summary: "Reads files as a stream",
            help: HELP,
            properties: vec![
                required(
                    "Path",
                    "Path",
                    PropertyKind::Path,
                    "The file, or a pattern: `storage:…`, `project:…`, or a path on the server. `${name}` stands for a \
                     field or a flow variable.",
                ),
                formats::format(&Kind::all(), "What the file looks like."),
                formats::header(),
                formats::delimiter(),
                formats::records(
                    "JSON: the names that lead to the records, `data.items`; empty for the whole document. XML: the \
                     elements that lead to a record, from the root: `orders/order`.",
                ),
                formats::columns(),
                formats::layout(),
                formats::encoding(),
                formats::compression("How the file is packed."),
                formats::on_bad_record(),
            ],
            effect: Effect::Reads,
            saves: false,
            line: "{Path}",
        }
    }

    fn ports(&self, component: &flow_model::Component) -> Ports {
        match BadRecords::rejects(component) {
            true => Ports::named(&[IN], &[OUT, REJECTED, ERROR_OUTLET]),
            false => Ports::ordinary(),
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared {
            path: PathTemplate::read(properties, "Path"),
            look: Look::read(properties),
            bad: BadRecords::read(properties),
        })
    }
}

struct Prepared {
    path: PathTemplate,
    look: Look,
    bad: BadRecords,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let records_in = records_for(run, &[&self.path.template]).await?;
        let mut files = Vec::new();
        for row in 0..records_in.num_rows() {
            let search = self.path.search(run, &records_in, row).map_err(|error| error.on("Path"))?;
            files.extend(run.blocking(|| search.run()).await.map_err(|error| error.on("Path"))?);
        }
        if files.is_empty() {
            return Ok(Outcome::none().with_note("no files"));
        }
        let (count, look, bad, spool) = (files.len(), self.look.clone(), self.bad, run.spool().clone());
        let read = run.blocking(move || match bad {
            BadRecords::Reject => parted(files, &look, &spool),
            BadRecords::Fail | BadRecords::Skip => Ok((whole(files, &look, bad)?, None)),
        });
        let (stream, rejected) = read.await.map_err(|error| error.on("Path"))?;
        let number = stream.rows().map(records);
        let number = number.map(|number| match rejected.as_ref().and_then(Stream::rows) {
            Some(rejected) => format!("{number}, {rejected} rejected"),
            None => number,
        });
        let note = match (number, count) {
            (number, 1) => number,
            (None, count) => Some(format!("{count} files")),
            (Some(number), count) => Some(format!("{number} of {count} files")),
        };
        let outlets = [Some((OUT.to_owned(), stream)), rejected.map(|rejected| (REJECTED.to_owned(), rejected))];
        Ok(Outcome { outlets: outlets.into_iter().flatten().collect(), note, ..Outcome::none() })
    }

    fn design(&self, design: &mut Design<'_>) {
        design.template(&self.path.template, "Path", true);
        if self.bad == BadRecords::Reject {
            design.outlet(REJECTED, Arc::clone(rejected_schema()));
        }
        let likely = design.likely_text(&self.path.template);
        if likely.as_ref().is_some_and(|path| is_in_bucket(design.services(), path)) {
            return self.design_without_file(design);
        }
        let found = likely.as_ref().map(|path| match self.path.is_pattern {
            true => Search::for_pattern(design.services(), path).and_then(Search::run),
            false => Search::for_file(design.services(), path).and_then(Search::run),
        });
        let file = match found {
            Some(Ok(files)) => files.into_iter().next(),
            // It may be there by the time the flow runs.
            Some(Err(error)) if error.code == "file/not-found" && !is_of_project(likely.as_deref()) => None,
            Some(Err(error)) if self.path.template.names().is_empty() => {
                return design.problem(&error.code, "Path", &error.message);
            }
            Some(Err(error)) => return design.warning(&error.code, "Path", &error.message),
            None => None,
        };
        let Some(file) = file else { return self.design_without_file(design) };
        let reading = self.look.reading(&file.path, self.bad);
        let schema = source(&file, true).and_then(|source| Ok(reading.schema(&source, SAMPLE)?));
        match schema {
            Ok(schema) => {
                design.outlet(OUT, schema);
                if let Some(error) = first_bad_record(&file, &reading) {
                    design.warning(error.code(), "Path", &error.about(&file.path).to_string());
                }
            }
            Err(error) => {
                let error = error.about(&file.path);
                design.warning(&error.code, "Path", &error.message);
            }
        }
    }
}

impl Prepared {
    /// Some formats have the same fields whatever the file.
    fn design_without_file(&self, design: &mut Design<'_>) {
        let reading = self.look.reading("", self.bad);
        let fixed =
            matches!(self.look.format, Format::FixedLength { .. } | Format::Text | Format::Lines | Format::Bytes);
        if let Some(Ok(schema)) = fixed.then(|| reading.schema(&Source::bytes(Vec::new()), SAMPLE)) {
            design.outlet(OUT, schema);
        }
    }
}

/// What is wrong with the first records of a text with a record a line.
fn first_bad_record(file: &Found, reading: &Reading) -> Option<DataError> {
    let by_line = matches!(
        reading.format,
        Format::Csv { .. } | Format::JsonLines { .. } | Format::FixedLength { .. } | Format::Lines
    );
    if !by_line || reading.compression != Compression::None || reading.encoding != Encoding::default() {
        return None;
    }
    let sample = match &file.place {
        ResolvedPath::ProjectFile { bytes, .. } => bytes.slice(..bytes.len().min(SAMPLE)),
        ResolvedPath::InBucket(_) => return None,
        ResolvedPath::File(path) => {
            let mut sample = Vec::new();
            File::open(path).ok()?.take(SAMPLE as u64).read_to_end(&mut sample).ok()?;
            sample.into()
        }
    };
    // The end may have cut a row.
    let whole = match sample.iter().rposition(|byte| *byte == b'\n') {
        Some(end) if sample.len() == SAMPLE => sample.slice(..end + 1),
        _ => sample,
    };
    let stream = reading.read(&Source::bytes(whole));
    stream.and_then(|stream| stream.batches()?.try_for_each(|batch| batch.map(drop))).err()
}

/// Whether a path leads into a bucket, of which nothing is asked while a flow is looked through: that is no place to wait.
fn is_in_bucket(services: &dyn Services, path: &str) -> bool {
    path.trim_start().starts_with("storage:") && matches!(services.folder("storage:"), Ok(Folder::Bucket(_)))
}

fn is_of_project(path: Option<&str>) -> bool {
    path.is_some_and(|path| path.trim_start().starts_with("project:"))
}

/// All files one after another.
fn whole(files: Vec<Found>, look: &Look, bad: BadRecords) -> Result<Stream, ComponentError> {
    let keep_open = files.len() <= KEPT_OPEN;
    let mut streams: Vec<Stream> = Vec::with_capacity(files.len());
    for file in files {
        let reading = like_the_first(look.reading(&file.path, bad), streams.first());
        let stream = reading.read(&source(&file, keep_open)?).map_err(|error| about(&file, error))?;
        streams.push(stream.about(&file.path));
    }
    Ok(Stream::append(&streams)?)
}

/// The good records of all files, and the bad ones.
fn parted(files: Vec<Found>, look: &Look, spool: &Spool) -> Result<(Stream, Option<Stream>), ComponentError> {
    let (mut good, mut rejected): (Vec<Stream>, Vec<Stream>) = (Vec::new(), Vec::new());
    for file in files {
        let reading = like_the_first(look.reading(&file.path, BadRecords::Reject), good.first());
        let read = reading.read_parted(&source(&file, true)?, spool);
        let (records, bad) = read.map_err(|error| about(&file, error))?;
        good.push(records);
        rejected.push(bad);
    }
    Ok((Stream::append(&good)?, Some(Stream::append(&rejected)?)))
}

/// What was found out about the fields of the first file holds for the others.
fn like_the_first(mut reading: Reading, first: Option<&Stream>) -> Reading {
    if let (
        Some(first),
        Format::Csv { columns, .. }
        | Format::JsonLines { columns }
        | Format::Json { columns, .. }
        | Format::Xml { columns, .. },
    ) = (first, &mut reading.format)
    {
        let fields = first.schema().fields();
        *columns = fields.iter().map(|field| Column::new(field.name(), field.data_type().clone())).collect();
    }
    reading
}

/// What a file is read from. One that is kept open stays the same file, whatever happens to its name.
fn source(file: &Found, keep_open: bool) -> Result<Source, ComponentError> {
    let open = |path: &PathBuf| File::open(path);
    match &file.place {
        ResolvedPath::ProjectFile { bytes, .. } => Ok(Source::bytes(bytes.clone())),
        ResolvedPath::InBucket(place) if keep_open => {
            let fetched = place.open().map_err(|error| disk::cannot_read(&file.path, &error))?;
            Ok(Source::file(fetched))
        }
        ResolvedPath::InBucket(place) => {
            let place = place.clone();
            Ok(Source::opening(move || Ok(Box::new(place.open()?))))
        }
        ResolvedPath::File(path) => {
            let opened = open(path).map_err(|error| disk::cannot_read(&file.path, &error))?;
            if keep_open {
                return Ok(Source::file(opened));
            }
            let path = path.clone();
            Ok(Source::opening(move || Ok(Box::new(File::open(&path)?))))
        }
    }
}

fn about(file: &Found, error: flow_data::DataError) -> ComponentError {
    ComponentError::from(error).about(&file.path)
}
