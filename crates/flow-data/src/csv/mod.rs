//! CSV in and out.

mod infer;
mod read;
mod write;

use crate::arrow::datatypes::DataType;
pub use read::read_csv;
use std::collections::BTreeMap;
pub use write::write_csv;

/// How a CSV file is written.
#[derive(Debug, Clone, PartialEq)]
pub struct CsvOptions {
    /// Whether the first row holds the names of the fields. Without it they are `column_1`, `column_2`, …
    pub header: bool,
    /// The character between two fields.
    pub delimiter: u8,
    /// Types that some fields must have. The others get the narrowest type that all their values have.
    pub types: BTreeMap<String, DataType>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { header: true, delimiter: b',', types: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests;
