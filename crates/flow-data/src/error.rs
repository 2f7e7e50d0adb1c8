//! What can go wrong with streams and expressions.

/// A problem with data or with an expression. The message names the place and, where there is one, the way out;
/// programs go by [`DataError::code`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// The text is no SQL expression.
    #[error("syntax error{}: {message}", at(*line, *column))]
    ExpressionSyntax {
        /// Line of the text, from 1; 0 when the place is unknown.
        line: u64,
        /// Character in that line, from 1.
        column: u64,
        /// What was wrong there.
        message: String,
    },
    /// The expression names a field that the stream does not have.
    #[error("there is no field “{field}”{}", known("field", near, all))]
    UnknownField {
        /// The name used.
        field: String,
        /// Fields with a similar name, the most similar first.
        near: Vec<String>,
        /// Every field of the stream.
        all: Vec<String>,
    },
    /// The expression names a flow variable that is not set.
    #[error("there is no flow variable “${variable}”{}", known("flow variable", near, all))]
    UnknownVariable {
        /// The name used, without `$`.
        variable: String,
        /// Variables with a similar name, the most similar first.
        near: Vec<String>,
        /// Every flow variable.
        all: Vec<String>,
    },
    /// The expression does not fit the types of its fields, or uses what a record at a time cannot have (aggregates,
    /// subqueries).
    #[error("{message}")]
    Type {
        /// What does not fit.
        message: String,
    },
    /// The expression failed on a record.
    #[error("{}{message}", row_prefix(*row))]
    Evaluate {
        /// The record it failed on, counted from 1 within the stream or batch that was evaluated.
        row: Option<u64>,
        /// What happened.
        message: String,
    },
    /// Streams to be appended have different fields.
    #[error("the streams that arrive have different fields: {message}")]
    DifferentFields {
        /// The difference.
        message: String,
    },
    /// The stream cannot be written in the checkpoint format.
    #[error("the stream cannot be encoded: {message}")]
    Encode {
        /// Why.
        message: String,
    },
    /// The bytes are no saved stream, or a damaged one.
    #[error("the saved data cannot be read: {message}")]
    Decode {
        /// Why.
        message: String,
    },
    /// A row of a CSV file has more or fewer fields than the first one.
    #[error("row {row} (line {line}) has {found} fields, {expected} are expected")]
    CsvRagged {
        /// The row, from 1, not counting the header.
        row: u64,
        /// The line of the file, from 1.
        line: u64,
        /// How many fields the header (or the first row) has.
        expected: usize,
        /// How many this row has.
        found: usize,
    },
    /// A record of a file holds bytes that are not UTF-8.
    #[error("row {row} (line {line}), field “{field}”: not UTF-8 text; save the file as UTF-8")]
    NotUtf8 {
        /// The row, from 1, not counting the header; 0 for the header.
        row: u64,
        /// The line of the file, from 1.
        line: u64,
        /// The field.
        field: String,
    },
    /// The quotes of a CSV file are in disorder.
    #[error("row {row} (line {line}): {message}")]
    CsvQuotes {
        /// The row, from 1, not counting the header.
        row: u64,
        /// The line of the file, from 1.
        line: u64,
        /// What is wrong.
        message: String,
    },
    /// A value of a file does not have the type of its field.
    #[error("row {row}, field “{field}”: “{value}” is no {expected}{}", inferred_hint(*inferred))]
    WrongValue {
        /// The row, from 1, not counting the header.
        row: u64,
        /// The field.
        field: String,
        /// The text found.
        value: String,
        /// The type of the field, in words.
        expected: String,
        /// Whether that type was found from the first records, and not asked for.
        inferred: bool,
    },
    /// A CSV file cannot be read or written for another reason.
    #[error("{message}")]
    Csv {
        /// Why.
        message: String,
    },
    /// The bytes of a text are not in the encoding that they should have.
    #[error("{message}; choose the encoding that the file has")]
    Encoding {
        /// Where and why.
        message: String,
    },
    /// A record is longer than records may be, which mostly means that the file is of another kind.
    #[error("line {line}: the record that begins here is longer than {} MiB", most >> 20)]
    RecordTooLong {
        /// The line of the file where it begins, from 1.
        line: u64,
        /// The most bytes that a record may have.
        most: usize,
    },
    /// Something does not fit into the memory that it may take.
    #[error("{message}")]
    TooLarge {
        /// What, and the limit.
        message: String,
    },
    /// A document or a line is not in its format.
    #[error("{}{message}", record_place(*row, *line))]
    Malformed {
        /// The record, from 1, where there is one.
        row: Option<u64>,
        /// The line of the file, from 1, where it is known.
        line: Option<u64>,
        /// What is wrong.
        message: String,
    },
    /// A file cannot be read or written: the disk is full, the file is gone.
    #[error("{message}")]
    File {
        /// Why.
        message: String,
    },
    /// Cairn itself is at fault.
    #[error("{message}")]
    Internal {
        /// What happened.
        message: String,
    },
    /// An error with the place where it happened: `field “price”: record 3: division by zero`.
    #[error("{place}: {error}")]
    About {
        /// The place.
        place: String,
        /// The error.
        error: Box<DataError>,
    },
    /// An error of a stream on the way that was told to the [`crate::Tap`] there. Whoever reads the stream is not at fault.
    #[error("{error}")]
    Upstream {
        /// The error.
        error: Box<DataError>,
    },
}

impl DataError {
    /// The stable code that programs go by.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ExpressionSyntax { .. } => "data/expression-syntax",
            Self::UnknownField { .. } => "data/unknown-field",
            Self::UnknownVariable { .. } => "data/unknown-variable",
            Self::Type { .. } => "data/type",
            Self::Evaluate { .. } => "data/evaluate",
            Self::DifferentFields { .. } => "data/different-fields",
            Self::Encode { .. } => "data/encode",
            Self::Decode { .. } => "data/decode",
            Self::CsvRagged { .. } => "data/csv-ragged",
            Self::WrongValue { .. } => "data/value",
            Self::CsvQuotes { .. } => "data/csv-quotes",
            Self::Encoding { .. } | Self::NotUtf8 { .. } => "data/encoding",
            Self::RecordTooLong { .. } => "data/record-too-long",
            Self::TooLarge { .. } => "data/too-large",
            Self::Malformed { .. } => "data/malformed",
            Self::Csv { .. } => "data/csv",
            Self::File { .. } => "data/file",
            Self::Internal { .. } => "data/internal",
            Self::About { error, .. } | Self::Upstream { error } => error.code(),
        }
    }

    /// The record it is about, from 1, where that is known.
    pub fn row(&self) -> Option<u64> {
        match self {
            Self::Evaluate { row, .. } => *row,
            Self::CsvRagged { row, .. }
            | Self::NotUtf8 { row, .. }
            | Self::CsvQuotes { row, .. }
            | Self::WrongValue { row, .. } => Some(*row),
            Self::Malformed { row, .. } => *row,
            Self::About { error, .. } | Self::Upstream { error } => error.row(),
            _ => None,
        }
    }

    /// The same error with its place before the message; code and record stay.
    #[must_use]
    pub fn about(self, place: impl Into<String>) -> Self {
        Self::About { place: place.into(), error: Box::new(self) }
    }

    /// Whether it happened in a stream on the way and was told there; see [`Self::Upstream`].
    pub fn is_upstream(&self) -> bool {
        match self {
            Self::Upstream { .. } => true,
            Self::About { error, .. } => error.is_upstream(),
            _ => false,
        }
    }

    /// The same error when `rows` records came before those that were evaluated.
    #[must_use]
    pub fn after(self, rows: u64) -> Self {
        self.later(rows, 0)
    }

    /// The same error when so many records and lines came before those that it counted.
    #[must_use]
    pub(crate) fn later(mut self, rows: u64, lines: u64) -> Self {
        match &mut self {
            Self::About { place, error } => {
                let (place, error) = (std::mem::take(place), error.as_ref().clone());
                return error.later(rows, lines).about(place);
            }
            Self::Evaluate { row, .. } => *row = row.map(|row| row + rows),
            Self::CsvRagged { row, line, .. } | Self::NotUtf8 { row, line, .. } | Self::CsvQuotes { row, line, .. } => {
                *row += rows;
                *line += lines;
            }
            Self::Malformed { row, line, .. } => {
                *row = row.map(|row| row + rows);
                *line = line.map(|line| line + lines);
            }
            Self::WrongValue { row, .. } => *row += rows,
            // The others name no record, and those from upstream counted from the start of their own stream.
            _ => {}
        }
        self
    }
}

fn at(line: u64, column: u64) -> String {
    match (line, column) {
        (0, _) => String::new(),
        (1, column) => format!(" at character {column}"),
        (line, column) => format!(" at line {line}, character {column}"),
    }
}

fn row_prefix(row: Option<u64>) -> String {
    row.map(|row| format!("record {row}: ")).unwrap_or_default()
}

fn record_place(row: Option<u64>, line: Option<u64>) -> String {
    match (row, line) {
        (Some(row), Some(line)) => format!("record {row} (line {line}): "),
        (Some(row), None) => format!("record {row}: "),
        (None, Some(line)) => format!("line {line}: "),
        (None, None) => String::new(),
    }
}

fn inferred_hint(inferred: bool) -> &'static str {
    if inferred { "; its type was found from the first records, so give the field a type" } else { "" }
}

/// The end of a message about an unknown name: what was probably meant, else what there is.
fn known(what: &str, near: &[String], all: &[String]) -> String {
    const SHOWN: usize = 20;
    let quote = |names: &[String]| names.iter().map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ");
    match (near, all) {
        ([], []) => format!("; there is no {what} at all here"),
        ([], all) if all.len() > SHOWN => {
            format!("; there are {} and {} more", quote(&all[..SHOWN]), all.len() - SHOWN)
        }
        ([], all) => format!("; there are {}", quote(all)),
        (near, _) => format!("; did you mean {}?", quote(near)),
    }
}
