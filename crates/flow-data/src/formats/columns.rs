//! Fields with the types that were asked for.

use crate::arrow::datatypes::{DataType, Field, Schema};
use crate::{DataError, nearby_names};
use std::collections::{HashMap, HashSet};

/// A field of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
    /// Fixed length: the first character, from 1; without it, behind the column before.
    pub start: Option<usize>,
    /// Fixed length: how many characters.
    pub length: Option<usize>,
}

impl Column {
    /// A field without a place.
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Self { name: name.into(), data_type, start: None, length: None }
    }
}

/// The type asked for `name`.
pub(super) fn asked<'a>(columns: &'a [Column], name: &str) -> Option<&'a DataType> {
    columns.iter().find(|column| column.name == name).map(|column| &column.data_type)
}

/// The fields found, with the types asked for: in the order in which they were found, and those not found last; or as
/// they were asked for, if all of them were.
pub(super) fn with_asked(found: &Schema, columns: &[Column]) -> Schema {
    let of_column = |column: &Column| Field::new(&column.name, column.data_type.clone(), true);
    if found.fields().iter().all(|field| asked(columns, field.name()).is_some()) {
        return Schema::new(columns.iter().map(of_column).collect::<Vec<_>>());
    }
    let typed = found.fields().iter().map(|field| match asked(columns, field.name()) {
        Some(data_type) => Field::new(field.name(), data_type.clone(), true),
        None => field.as_ref().clone(),
    });
    let missing = columns.iter().filter(|column| found.field_with_name(&column.name).is_err());
    Schema::new(typed.chain(missing.map(of_column)).collect::<Vec<_>>())
}

/// Refuses columns that are asked for and not there.
pub(super) fn check_asked(names: &[String], columns: &[Column]) -> Result<(), DataError> {
    match columns.iter().find(|column| !names.contains(&column.name)) {
        None => Ok(()),
        Some(missing) => {
            let near = nearby_names(&missing.name, names.iter().map(String::as_str));
            Err(DataError::UnknownField { field: missing.name.clone(), near, all: names.to_vec() })
        }
    }
}

/// Names that are each there once: a second one gets `_2`, an empty one becomes `column_N`.
pub(super) fn unique_names<S: AsRef<str>>(names: &[S]) -> Vec<String> {
    let mut taken = HashSet::new();
    // Where to go on counting, so that thousands of equal names take no time.
    let mut counted: HashMap<String, u64> = HashMap::new();
    let names = names.iter().enumerate().map(|(index, name)| {
        let name = match name.as_ref().trim() {
            "" => format!("column_{}", index + 1),
            name => name.to_owned(),
        };
        let count = counted.entry(name.clone()).or_default();
        loop {
            *count += 1;
            let unique = if *count == 1 { name.clone() } else { format!("{name}_{count}") };
            if taken.insert(unique.clone()) {
                return unique;
            }
        }
    });
    names.collect()
}
