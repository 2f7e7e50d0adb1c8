//! Connections: named endpoints that components use. A project keeps their kind and address, never their secrets.

mod check;
mod kinds;
mod secret;

#[cfg(test)]
mod tests;

pub use kinds::{ConnectionField, ConnectionKind, FieldValues, connection_kind, connection_kinds};
pub use secret::Secret;

use crate::DocumentError;
use crate::canonical::strict;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use ts_rs::TS;

/// The number of the format of connection files that this release writes; newer ones are refused.
const FORMAT: u32 = 1;

/// A named endpoint of a project, kept in `connections/NAME.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Connection {
    /// Its name, which components refer to. It is the file name without `.json`.
    pub name: String,
    /// What it leads to, one of [`connection_kinds`]: `sqlite`, `http`.
    pub kind: String,
    /// Where that is: the kind's fields that are no secrets.
    #[ts(type = "Record<string, unknown>")]
    pub settings: BTreeMap<String, Value>,
    /// The kind's secret fields, as far as whoever runs the flow has filled them in. They are in no file and in no JSON.
    #[serde(skip)]
    #[ts(skip)]
    pub secrets: BTreeMap<String, Secret>,
}

/// Why a text is not a connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// Its file cannot be read.
    #[error("connection “{name}”: {problem}")]
    Document {
        /// The connection.
        name: String,
        /// What is wrong with its file.
        problem: DocumentError,
    },
    /// No release that this one knows of has this kind.
    #[error("connection “{name}”: “{kind}” is no kind of connection that this release knows; it knows {known}")]
    UnknownKind {
        /// The connection.
        name: String,
        /// The kind in its file.
        kind: String,
        /// The kinds there are.
        known: String,
    },
    /// A setting is not one of its kind's fields.
    #[error("connection “{name}”: a connection of kind {kind} has no “{field}”; it has {known}")]
    UnknownField {
        /// The connection.
        name: String,
        /// Its kind.
        kind: String,
        /// The setting.
        field: String,
        /// The fields that the kind has.
        known: String,
    },
    /// A field has a value that it cannot have.
    #[error("connection “{name}”: “{field}” {expected}")]
    FieldType {
        /// The connection.
        name: String,
        /// The field.
        field: String,
        /// What it must be.
        expected: String,
    },
    /// A field that the kind cannot do without is not there.
    #[error("connection “{name}”: “{field}” is missing: {help}")]
    MissingField {
        /// The connection.
        name: String,
        /// The field.
        field: String,
        /// What it means.
        help: String,
    },
    /// A secret stands in the file, which is under git and read by everybody. The message does not repeat it.
    #[error(
        "connection “{name}”: “{field}” is a secret, which must not be in a project's files: take it out and keep it \
         with `cairn secret set {name} {field}`"
    )]
    SecretInFile {
        /// The connection.
        name: String,
        /// The field.
        field: String,
    },
}

impl ConnectionError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Document { problem: DocumentError::Syntax { .. }, .. } => "connection/syntax",
            Self::Document { problem: DocumentError::TooNew { .. }, .. } => "connection/too-new",
            Self::Document { problem: DocumentError::Shape { .. }, .. } => "connection/shape",
            Self::UnknownKind { .. } => "connection/unknown-kind",
            Self::UnknownField { .. } => "connection/unknown-field",
            Self::FieldType { .. } => "connection/field-type",
            Self::MissingField { .. } => "connection/missing-field",
            Self::SecretInFile { .. } => "connection/secret-in-file",
        }
    }

    /// The field it is about, if it is about one.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::UnknownField { field, .. }
            | Self::FieldType { field, .. }
            | Self::MissingField { field, .. }
            | Self::SecretInFile { field, .. } => Some(field),
            Self::Document { .. } | Self::UnknownKind { .. } => None,
        }
    }
}

impl Connection {
    /// A connection without settings.
    pub fn new(name: impl Into<String>, kind: impl Into<String>) -> Self {
        Self { name: name.into(), kind: kind.into(), settings: BTreeMap::new(), secrets: BTreeMap::new() }
    }

    /// The same with one setting more.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.settings.insert(field.to_owned(), value.into());
        self
    }

    /// The same with one secret more.
    #[must_use]
    pub fn with_secret(mut self, field: &str, secret: impl Into<Secret>) -> Self {
        self.secrets.insert(field.to_owned(), secret.into());
        self
    }

    /// Reads the connection `name` from the text of its file, and checks it against its kind:
    /// `{"format": 1, "kind": "sqlite", "settings": {"path": "storage:warehouse.db"}}`.
    pub fn from_json(name: &str, text: &str) -> Result<Self, ConnectionError> {
        let (kind, settings) =
            read(text).map_err(|problem| ConnectionError::Document { name: name.to_owned(), problem })?;
        let connection = Self { settings, ..Self::new(name, kind) };
        connection.check()?;
        Ok(connection)
    }

    /// The canonical text of its file, ending with a line break. Secrets are not in it.
    pub fn to_json(&self) -> String {
        let mut file = Map::new();
        file.insert("format".to_owned(), Value::from(FORMAT));
        file.insert("kind".to_owned(), Value::from(self.kind.as_str()));
        let settings = self.settings.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        file.insert("settings".to_owned(), Value::Object(settings));
        format!("{:#}\n", Value::Object(file))
    }

    /// The setting `field`, if it is there and a text that is not empty.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.settings.get(field).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    }

    /// The setting `field`, if it is there and a number.
    pub fn number(&self, field: &str) -> Option<f64> {
        self.settings.get(field).and_then(Value::as_f64)
    }

    /// How many requests whose flows use it run at once in a cluster; none means any number.
    pub fn limit(&self) -> Option<u32> {
        self.settings.get("limit").and_then(Value::as_u64).and_then(|most| u32::try_from(most).ok())
    }

    /// The secret `field`, if it is filled in.
    pub fn secret(&self, field: &str) -> Option<&str> {
        self.secrets.get(field).map(Secret::expose)
    }

    /// The names of the secrets that its kind has.
    pub fn secret_fields(&self) -> impl Iterator<Item = &'static str> + use<> {
        let fields = connection_kind(&self.kind).map(|kind| kind.fields).unwrap_or_default();
        fields.iter().filter(|field| field.secret).map(|field| field.name)
    }

    /// Where it leads, for people: a path, a URL, `host:port/database`.
    pub fn address(&self) -> String {
        if let Some(place) = self.text("path").or_else(|| self.text("url")) {
            return place.to_owned();
        }
        let host = self.text("host").unwrap_or("localhost");
        let port = self.number("port").map(|port| format!(":{port}")).unwrap_or_default();
        let database = self.text("database").map(|database| format!("/{database}")).unwrap_or_default();
        format!("{host}{port}{database}")
    }
}

fn read(text: &str) -> Result<(String, BTreeMap<String, Value>), DocumentError> {
    let Value::Object(mut file) = strict::parse(text)? else {
        return Err(DocumentError::shape("the file", "expected an object"));
    };
    match file.shift_remove("format").map(|format| (format.as_u64(), format)) {
        None => {}
        Some((Some(found), _)) if found > u64::from(FORMAT) => {
            return Err(DocumentError::TooNew { found, supported: FORMAT });
        }
        Some((Some(1..), _)) => {}
        Some((_, format)) => {
            return Err(DocumentError::shape("format", format!("expected a whole number from 1, found {format}")));
        }
    }
    let kind = match file.shift_remove("kind") {
        Some(Value::String(kind)) if !kind.is_empty() => kind,
        Some(other) => return Err(DocumentError::shape("kind", format!("expected a text, found {other}"))),
        None => return Err(DocumentError::shape("kind", "is missing: say what it leads to, such as \"sqlite\"")),
    };
    let settings = match file.shift_remove("settings") {
        None => BTreeMap::new(),
        Some(Value::Object(settings)) => settings.into_iter().collect(),
        Some(other) => return Err(DocumentError::shape("settings", format!("expected an object, found {other}"))),
    };
    if let Some(member) = file.keys().next() {
        return Err(DocumentError::shape(
            member.as_str(),
            "is not a member of a connection; what belongs to its kind goes into “settings”",
        ));
    }
    Ok((kind, settings))
}
