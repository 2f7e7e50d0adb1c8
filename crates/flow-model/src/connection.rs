//! Connections: named endpoints that components use. A project keeps their kind and address, never their secrets.

use crate::canonical::strict;
use crate::{DocumentError, FORMAT};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use ts_rs::TS;

/// A named endpoint of a project, kept in `connections/NAME.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Connection {
    /// Its name, which components refer to. It is the file name without `.json`.
    pub name: String,
    /// What it leads to: `sqlite` or `http`.
    pub kind: String,
    /// Where that is: `path` for `sqlite`, `url` for `http`.
    #[ts(type = "Record<string, unknown>")]
    pub settings: BTreeMap<String, Value>,
}

/// Why a text is not a connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("connection “{name}”: {problem}")]
pub struct ConnectionError {
    /// The connection.
    pub name: String,
    /// What is wrong with its file.
    pub problem: DocumentError,
}

impl ConnectionError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self.problem {
            DocumentError::Syntax { .. } => "connection/syntax",
            DocumentError::TooNew { .. } => "connection/too-new",
            DocumentError::Shape { .. } => "connection/shape",
        }
    }
}

impl Connection {
    /// Reads the connection `name` from the text of its file:
    /// `{"format": 1, "kind": "sqlite", "settings": {"path": "storage:warehouse.db"}}`.
    pub fn from_json(name: &str, text: &str) -> Result<Self, ConnectionError> {
        let (kind, settings) = read(text).map_err(|problem| ConnectionError { name: name.to_owned(), problem })?;
        Ok(Self { name: name.to_owned(), kind, settings })
    }

    /// The canonical text of its file, ending with a line break.
    pub fn to_json(&self) -> String {
        let mut file = Map::new();
        file.insert("format".to_owned(), Value::from(FORMAT));
        file.insert("kind".to_owned(), Value::from(self.kind.as_str()));
        let settings = self.settings.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        file.insert("settings".to_owned(), Value::Object(settings));
        format!("{:#}\n", Value::Object(file))
    }

    /// The setting `key`, if it is there and a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.settings.get(key).and_then(Value::as_str)
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
