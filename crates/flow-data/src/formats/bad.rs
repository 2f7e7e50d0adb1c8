//! Records that cannot be read, and what becomes of them.

use crate::DataError;
use crate::arrow::array::{ArrayRef, Int64Array, StringArray};
use crate::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use crate::arrow::record_batch::RecordBatch;
use crate::stream::flow::Computed;
use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

/// What happens when a record cannot be read: it has too few values, or one of a wrong type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnBadRecord {
    /// Reading fails with the record's number, field and value.
    #[default]
    Fail,
    /// The record is left out.
    Skip,
}

/// A record that cannot be read.
#[derive(Debug)]
pub(super) struct BadRecord {
    pub(super) row: u64,
    pub(super) line: u64,
    pub(super) text: String,
    pub(super) error: DataError,
}

/// What came of a piece of a file. Records and lines count from its start.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) batch: RecordBatch,
    /// How many records the piece has, with the bad ones.
    pub(super) rows: u64,
    pub(super) lines: u64,
    pub(super) bad: Vec<BadRecord>,
}

impl Decoded {
    pub(super) fn computed(self, on_bad: OnBadRecord) -> Computed {
        let Self { batch, rows, lines, bad } = self;
        let failed = bad.into_iter().next().map(|bad| bad.error).filter(|_| on_bad == OnBadRecord::Fail);
        let batches = if failed.is_some() { Vec::new() } else { vec![batch] };
        Computed { batches, rows, lines, failed }
    }
}

static REJECTED: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name| Field::new(name, DataType::Utf8, true);
    let number = |name| Field::new(name, DataType::Int64, true);
    Arc::new(Schema::new(vec![number("row"), number("line"), text("text"), text("code"), text("message")]))
});

/// The fields of records that cannot be read: `row` and `line` (from 1), `text`, `code` and `message`.
pub fn rejected_schema() -> &'static SchemaRef {
    &REJECTED
}

/// Bad records as records, behind so many records and lines.
pub(super) fn rejected(bad: Vec<BadRecord>, rows: u64, lines: u64) -> Result<RecordBatch, DataError> {
    let bad: Vec<BadRecord> = bad
        .into_iter()
        .map(|bad| BadRecord {
            row: bad.row + rows,
            line: bad.line + lines,
            error: bad.error.later(rows, lines),
            text: bad.text,
        })
        .collect();
    let number = |of: fn(&BadRecord) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(bad.iter().map(|bad| i64::try_from(of(bad)).unwrap_or(i64::MAX))))
    };
    let text = |texts: Vec<String>| -> ArrayRef { Arc::new(StringArray::from(texts)) };
    let columns = vec![
        number(|bad| bad.row),
        number(|bad| bad.line),
        text(bad.iter().map(|bad| bad.text.clone()).collect()),
        text(bad.iter().map(|bad| bad.error.code().to_owned()).collect()),
        text(bad.iter().map(|bad| bad.error.to_string()).collect()),
    ];
    RecordBatch::try_new(Arc::clone(&REJECTED), columns)
        .map_err(|error| DataError::Internal { message: error.to_string() })
}

/// The most of a value or a record that messages and rejects show, in characters.
const SHOWN: usize = 2_000;

/// A text of bearable length.
pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}
