//! The properties that say what a file or a text looks like: the same in every component that reads or writes one.

use crate::describe::{choice, optional};
use crate::wording::delimiter;
use crate::{ComponentError, Properties};
use flow_data::formats::{Column, Compression, Encoding, Format, OnBadRecord, Reading, Writing};
use flow_data::nearby_names;
use flow_model::{PropertyDescription, PropertyKind};
use serde::Deserialize;
use serde_json::json;

/// The formats that components know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Csv,
    JsonLines,
    Json,
    Xml,
    Parquet,
    FixedLength,
    Text,
    Lines,
    Bytes,
}

impl Kind {
    /// All of them; files have any.
    pub(crate) fn all() -> [Self; 9] {
        KINDS.map(|(_, _, kind)| kind)
    }
}

/// As the document and the inspector name them.
const KINDS: [(&str, &str, Kind); 9] = [
    ("Csv", "CSV", Kind::Csv),
    ("JsonLines", "JSON lines", Kind::JsonLines),
    ("Json", "JSON", Kind::Json),
    ("Xml", "XML", Kind::Xml),
    ("Parquet", "Parquet", Kind::Parquet),
    ("FixedLength", "Fixed length", Kind::FixedLength),
    ("Text", "Text as one record", Kind::Text),
    ("Lines", "Text, a record a line", Kind::Lines),
    ("Bytes", "Bytes as one record", Kind::Bytes),
];

/// Encodings to choose from; the labels are those of the web.
const ENCODINGS: [(&str, &str); 10] = [
    ("UTF-8", "UTF-8"),
    ("windows-1252", "Windows 1252, Latin 1 (western)"),
    ("ISO-8859-15", "ISO 8859-15, Latin 9 (western with €)"),
    ("windows-1250", "Windows 1250 (central European)"),
    ("windows-1251", "Windows 1251 (Cyrillic)"),
    ("UTF-16LE", "UTF-16, low byte first"),
    ("UTF-16BE", "UTF-16, high byte first"),
    ("Shift_JIS", "Shift JIS (Japanese)"),
    ("GB18030", "GB 18030 (Chinese)"),
    ("EUC-KR", "EUC-KR (Korean)"),
];

/// The property *Format* over some of the formats; the first is the default.
pub(crate) fn format(kinds: &[Kind], help: &'static str) -> PropertyDescription {
    let choices: Vec<(&'static str, &'static str)> =
        KINDS.iter().filter(|(_, _, kind)| kinds.contains(kind)).map(|(value, title, _)| (*value, *title)).collect();
    let default = kinds.first().and_then(|first| KINDS.iter().find(|(_, _, kind)| kind == first));
    optional("Format", "Format", choice(&choices), default.map_or("Csv", |(value, _, _)| value), help)
}

pub(crate) fn header() -> PropertyDescription {
    let help = "CSV: whether the first row holds the names of the fields.";
    optional("Header", "Header", PropertyKind::Boolean, json!(true), help).when("Format", &["Csv"])
}

pub(crate) fn delimiter() -> PropertyDescription {
    let help = "CSV: the character between two fields.";
    optional("Delimiter", "Delimiter", choice(delimiter::CHOICES), ",", help).when("Format", &["Csv"])
}

pub(crate) fn records(help: &'static str) -> PropertyDescription {
    optional("Records", "Records", PropertyKind::Text, "", help).when("Format", &["Json", "Xml"])
}

pub(crate) fn columns() -> PropertyDescription {
    let help = "The types that some fields must have: Text, Integer, Number, Decimal(10,2), Boolean, Date, Time, \
                Timestamp, TimestampTz. The types of the others follow from the beginning of the data.";
    let formats = ["Csv", "JsonLines", "Json", "Xml"];
    optional("Columns", "Columns", PropertyKind::Columns { fixed: false }, json!([]), help).when("Format", &formats)
}

pub(crate) fn layout() -> PropertyDescription {
    let help = "Fixed length: every field with its type and its length in characters. Without a start, it stands right \
                behind the one before.";
    optional("Layout", "Layout", PropertyKind::Columns { fixed: true }, json!([]), help)
        .when("Format", &["FixedLength"])
}

pub(crate) fn encoding() -> PropertyDescription {
    let help = "How the text is written in bytes. A byte order mark at the beginning of a file comes first.";
    let texts = ["Csv", "JsonLines", "Json", "Xml", "FixedLength", "Text", "Lines"];
    optional("Encoding", "Encoding", choice(&ENCODINGS), "UTF-8", help).when("Format", &texts)
}

pub(crate) fn compression(help: &'static str) -> PropertyDescription {
    let choices = [("Auto", "By the name of the file"), ("None", "None"), ("Gzip", "gzip"), ("Zstd", "zstd")];
    optional("Compression", "Compression", choice(&choices), "Auto", help)
}

pub(crate) fn on_bad_record() -> PropertyDescription {
    let choices = [
        ("Fail", "Fail: an error with its place"),
        ("Skip", "Skip: leave it out"),
        ("Reject", "Reject: to the outlet rejected"),
    ];
    let help = "What happens to a record that cannot be read: too few or too many values, or one of a wrong type.";
    optional("OnBadRecord", "On bad record", choice(&choices), "Fail", help)
}

/// What becomes of records that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadRecords {
    Fail,
    Skip,
    Reject,
}

impl BadRecords {
    pub(crate) fn read(properties: &mut Properties<'_>) -> Self {
        properties.choice("OnBadRecord", &[("Fail", Self::Fail), ("Skip", Self::Skip), ("Reject", Self::Reject)])
    }

    /// Whether a component with this property has the outlet `rejected`.
    pub(crate) fn rejects(component: &flow_model::Component) -> bool {
        component.properties.get("OnBadRecord").and_then(serde_json::Value::as_str) == Some("Reject")
    }
}

/// A field as the document declares it.
#[derive(Deserialize)]
struct Placed {
    name: String,
    start: Option<usize>,
    length: Option<usize>,
}

/// What a file or a text looks like, as the properties say. Those that a component does not have count as not set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Look {
    pub(crate) format: Format,
    /// None: by the name of the file.
    compression: Option<Compression>,
    encoding: Encoding,
}

impl Look {
    pub(crate) fn read(properties: &mut Properties<'_>) -> Self {
        let names: Vec<(&str, Kind)> = KINDS.iter().map(|(value, _, kind)| (*value, *kind)).collect();
        let kind = properties.choice("Format", &names);
        let format = match kind {
            Kind::Csv => Format::Csv {
                header: properties.boolean("Header"),
                delimiter: properties.choice("Delimiter", delimiter::MEANINGS),
                quote: b'"',
                columns: typed(properties),
                crlf: false,
            },
            Kind::JsonLines => Format::JsonLines { columns: typed(properties) },
            Kind::Json => Format::Json { records: properties.text("Records"), columns: typed(properties) },
            Kind::Xml => {
                let records = properties.text("Records");
                if records.split('/').all(|element| element.trim().is_empty()) {
                    let message =
                        "is missing: for XML it names the elements that lead to a record, such as orders/order";
                    properties.problem("Records", message);
                }
                Format::Xml { records, columns: typed(properties) }
            }
            Kind::Parquet => Format::Parquet,
            Kind::FixedLength => Format::FixedLength { columns: placed(properties) },
            Kind::Text => Format::Text,
            Kind::Lines => Format::Lines,
            Kind::Bytes => Format::Bytes,
        };
        let compression = match properties.has("Compression") {
            true => properties.choice(
                "Compression",
                &[
                    ("Auto", None),
                    ("None", Some(Compression::None)),
                    ("Gzip", Some(Compression::Gzip)),
                    ("Zstd", Some(Compression::Zstd)),
                ],
            ),
            false => Some(Compression::None),
        };
        Self { format, compression, encoding: chosen_encoding(properties) }
    }

    /// How the file called `name` is read.
    pub(crate) fn reading(&self, name: &str, bad: BadRecords) -> Reading {
        let on_bad = if bad == BadRecords::Skip { OnBadRecord::Skip } else { OnBadRecord::Fail };
        let (format, compression) = (self.format.clone(), self.compression_of(name));
        Reading { format, compression, encoding: self.encoding, on_bad }
    }

    /// How the file called `name` is written.
    pub(crate) fn writing(&self, name: &str) -> Writing {
        Writing { format: self.format.clone(), compression: self.compression_of(name), encoding: self.encoding }
    }

    fn compression_of(&self, name: &str) -> Compression {
        self.compression.unwrap_or_else(|| Compression::of_name(name))
    }
}

fn chosen_encoding(properties: &mut Properties<'_>) -> Encoding {
    if !properties.has("Encoding") {
        return Encoding::default();
    }
    let label = properties.text("Encoding");
    Encoding::for_label(&label).unwrap_or_else(|| {
        let near = nearby_names(&label, ENCODINGS.iter().map(|(label, _)| *label));
        let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
        properties.problem("Encoding", &format!("is “{label}”, which is no encoding{hint}"));
        Encoding::default()
    })
}

fn typed(properties: &mut Properties<'_>) -> Vec<Column> {
    if !properties.has("Columns") {
        return Vec::new();
    }
    let fields = properties.columns("Columns");
    fields.into_iter().map(|field| Column::new(field.name().clone(), field.data_type().clone())).collect()
}

fn placed(properties: &mut Properties<'_>) -> Vec<Column> {
    let fields = properties.columns("Layout");
    let places: Vec<Placed> = properties.list("Layout");
    if fields.is_empty() {
        properties
            .problem("Layout", "is missing: for a fixed length it says which fields there are, and how long each is");
    }
    let place = |name: &str| places.iter().find(|place| place.name == name);
    let columns = fields.into_iter().map(|field| {
        let found = place(field.name());
        let column = Column::new(field.name().clone(), field.data_type().clone());
        Column { start: found.and_then(|place| place.start), length: found.and_then(|place| place.length), ..column }
    });
    columns.collect()
}

/// The problem of a `Look` with a stream that is to be written.
pub(crate) fn unfit(error: flow_data::DataError) -> ComponentError {
    ComponentError::from(error).on("Format").for_good()
}
