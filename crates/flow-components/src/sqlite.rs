//! SQLite databases that components write to: connections kept open, and values in SQLite's types.

use crate::ComponentError;
use flow_data::arrow::array::{Array, ArrayRef, AsArray};
use flow_data::arrow::compute::cast;
use flow_data::arrow::datatypes::{DataType, Float64Type, Int64Type};
use flow_data::{Numbers, value_at};
use parking_lot::Mutex;
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::collections::HashMap;
use std::fs::metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a statement waits for another program's lock on the database.
const BUSY: Duration = Duration::from_secs(10);
/// Connections kept open for each database.
const KEPT: usize = 4;

/// Open connections by the database's path.
#[derive(Clone, Default)]
pub(crate) struct Databases {
    idle: Arc<Mutex<HashMap<PathBuf, Vec<Open>>>>,
}

/// An open connection, with the identity of the file it leads to: the path may lead to another file by now.
pub(crate) struct Open {
    pub(crate) connection: Connection,
    path: PathBuf,
    file: Option<(u64, u64)>,
}

impl Databases {
    /// A connection to the database at `path`; `create` makes the file if it is missing. Blocks.
    pub(crate) fn open(&self, path: &Path, create: bool) -> Result<Open, ComponentError> {
        let file = identity(path);
        let idle = self.idle.lock().get_mut(path).and_then(|open| {
            open.retain(|kept| kept.file == file);
            open.pop()
        });
        if let Some(idle) = idle.filter(|_| file.is_some()) {
            return Ok(idle);
        }
        if file.is_none() && !create {
            let message = format!(
                "there is no database {}: create it, correct the connection, or set CreateTable to make it",
                path.display()
            );
            return Err(ComponentError::new("sql/no-database", message).on("Connection"));
        }
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
        let connection = Connection::open_with_flags(path, flags).map_err(|error| problem(&error))?;
        connection.busy_timeout(BUSY).map_err(|error| problem(&error))?;
        Ok(Open { connection, path: path.to_owned(), file: identity(path) })
    }

    /// Keeps a connection for the next one who asks, if there are not enough already.
    pub(crate) fn keep(&self, open: Open) {
        let mut idle = self.idle.lock();
        let kept = idle.entry(open.path.clone()).or_default();
        if open.file.is_some() && kept.len() < KEPT {
            kept.push(open);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// SQLite's error in our words.
pub(crate) fn problem(error: &rusqlite::Error) -> ComponentError {
    let code = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "sql/busy",
        Some(ErrorCode::ConstraintViolation) => "sql/constraint",
        Some(ErrorCode::CannotOpen | ErrorCode::NotADatabase) => "sql/no-database",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "sql/read-only",
        Some(ErrorCode::DiskFull) => "sql/disk-full",
        _ => "sql/failed",
    };
    let text = match error {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    };
    ComponentError::new(code, text)
}

/// The name as SQL takes it, whatever its characters.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The type of a column that holds such values.
pub(crate) fn column_type(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "INTEGER",
        integer if integer.is_integer() => "INTEGER",
        number if number.is_floating() => "REAL",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "BLOB",
        _ => "TEXT",
    }
}

/// The values of a field in SQLite's types: dates, times and decimals as text, lists and records as JSON.
pub(crate) enum Values {
    Integers(ArrayRef),
    Numbers(ArrayRef),
    Booleans(ArrayRef),
    Texts(ArrayRef),
    Bytes(ArrayRef),
    Others(ArrayRef),
}

impl Values {
    pub(crate) fn of(column: &ArrayRef) -> Self {
        let as_type = |data_type| cast(column, &data_type).ok();
        let typed = match column.data_type() {
            DataType::Boolean => Some(Self::Booleans(Arc::clone(column))),
            // What does not fit 64 bits with a sign stays out and is written as text.
            DataType::UInt64 => None,
            integer if integer.is_integer() => as_type(DataType::Int64).map(Self::Integers),
            number if number.is_floating() => as_type(DataType::Float64).map(Self::Numbers),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => as_type(DataType::Utf8).map(Self::Texts),
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
                as_type(DataType::Binary).map(Self::Bytes)
            }
            _ => None,
        };
        typed.unwrap_or_else(|| Self::Others(Arc::clone(column)))
    }

    pub(crate) fn at(&self, row: usize) -> Value {
        let (Self::Integers(column)
        | Self::Numbers(column)
        | Self::Booleans(column)
        | Self::Texts(column)
        | Self::Bytes(column)
        | Self::Others(column)) = self;
        if column.is_null(row) {
            return Value::Null;
        }
        match self {
            Self::Integers(column) => Value::Integer(column.as_primitive::<Int64Type>().value(row)),
            Self::Numbers(column) => Value::Real(column.as_primitive::<Float64Type>().value(row)),
            Self::Booleans(column) => Value::Integer(i64::from(column.as_boolean().value(row))),
            Self::Texts(column) => Value::Text(column.as_string::<i32>().value(row).to_owned()),
            Self::Bytes(column) => Value::Blob(column.as_binary::<i32>().value(row).to_vec()),
            Self::Others(column) => match value_at(column, row, Numbers::AsText) {
                serde_json::Value::Null => Value::Null,
                serde_json::Value::String(text) => Value::Text(text),
                other => Value::Text(other.to_string()),
            },
        }
    }
}
