//! Files and texts in and out: CSV, JSON, JSON lines, XML, Parquet, fixed length, text, lines, bytes.
//!
//! Reading gives flowing streams: their fields are known at once, from what was asked for and from the beginning of the
//! file, and their records are read and decoded while the stream is. What does not fit is an error that names the record.

mod bad;
mod chunks;
mod columns;
mod csv;
mod fixed;
mod json;
mod output;
mod parquet;
mod reading;
mod source;
mod text;
mod writing;
mod xml;

pub use bad::{OnBadRecord, rejected_schema};
pub use columns::Column;
pub use csv::{CsvOptions, read_csv, write_csv};
pub use reading::Reading;
pub use source::{Compression, Encoding, Source};
pub use writing::Writing;
pub use xml::xml_to_json;

/// What is at the beginning of a file decides about types that nobody asked for: so many bytes of text.
const SAMPLE: usize = 4 << 20;
/// The most of what has to be in memory as a whole: one text, one JSON value, one XML record.
const MOST_AT_ONCE: u64 = 256 << 20;

/// What a file or text looks like.
#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    /// Values parted by a character, a record a line.
    Csv {
        /// Whether the first record holds the names of the fields. Without it they are `column_1`, `column_2`, …
        header: bool,
        /// The character between two values.
        delimiter: u8,
        /// The character around values that hold a delimiter, a line end or (twice) itself.
        quote: u8,
        /// Types of some fields; the others are found from the first records.
        columns: Vec<Column>,
        /// Whether lines are ended by carriage return and line feed when written.
        crlf: bool,
    },
    /// A JSON object a line.
    JsonLines {
        /// Types of some fields; the others are found from the first records.
        columns: Vec<Column>,
    },
    /// A JSON document.
    Json {
        /// The names that lead to the records, `data.items`; empty for the document itself. There is a list of records, or
        /// one.
        records: String,
        /// Types of some fields; the others are found from the first records.
        columns: Vec<Column>,
    },
    /// An XML document. Attributes are fields named `@name`, text beside them is `#text`, elements that repeat are lists.
    Xml {
        /// The elements that lead to the records, from the root: `orders/order`.
        records: String,
        /// Types of some fields; the others are found from the first records.
        columns: Vec<Column>,
    },
    /// Apache Parquet.
    Parquet,
    /// A record a line, each value at its place.
    FixedLength {
        /// The fields with their places.
        columns: Vec<Column>,
    },
    /// The whole text as the field `text` of one record.
    Text,
    /// A record a line, in the field `line`.
    Lines,
    /// All bytes as the field `bytes` of one record.
    Bytes,
}

#[cfg(test)]
mod tests;
