//! Where the records and values of a piece of CSV are.

use crate::DataError;
use std::borrow::Cow;

/// Where a value is, without its quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    start: u32,
    /// With the marks of quoting in the highest bits.
    end: u32,
}

const QUOTED: u32 = 1 << 31;
/// Holds doubled quotes.
const DOUBLED: u32 = 1 << 30;

impl Span {
    fn plain(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    pub(super) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.end & !(QUOTED | DOUBLED)) as usize
    }

    pub(super) fn is_quoted(self) -> bool {
        self.end & QUOTED != 0
    }

    pub(super) fn has_doubled_quotes(self) -> bool {
        self.end & DOUBLED != 0
    }
}

/// The records of a piece: those with as many values as there are columns, and the others.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The values of the good records, one record after another.
    pub(super) spans: Vec<Span>,
    /// Where the good records are, in the order of `spans`.
    pub(super) records: Vec<Record>,
    pub(super) bad: Vec<(Record, Flaw)>,
    /// How many records there are.
    pub(super) count: u64,
}

/// Where a record is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    /// Its number in the piece, from 0.
    pub(super) number: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// What is wrong with a record as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It has so many values.
    Ragged(usize),
    /// Something is behind a closing quote.
    BehindQuote,
    /// A quote is never closed.
    Unclosed,
}

impl Flaw {
    /// The error, without the line.
    pub(super) fn error(self, row: u64, expected: usize) -> DataError {
        let quotes = |message: &str| DataError::CsvQuotes { row, line: 0, message: message.to_owned() };
        match self {
            Self::Ragged(found) => DataError::CsvRagged { row, line: 0, expected, found },
            Self::BehindQuote => quotes(
                "something is between a closing quote and the end of its value; write a quote inside a value twice",
            ),
            Self::Unclosed => quotes("a quote that opens here is never closed"),
        }
    }
}

/// The characters that part values and enclose them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    pub(super) delimiter: u8,
    pub(super) quote: u8,
}

impl Marks {
    /// Finds the records of a piece, each of which should have `columns` values; `None` for as many as the first has.
    pub(super) fn index(self, bytes: &[u8], columns: Option<usize>) -> Index {
        let mut index = Index::default();
        index.spans.reserve(bytes.len() / 8);
        let mut columns = columns;
        let mut at = 0;
        while at < bytes.len() {
            if matches!(bytes[at], b'\n' | b'\r') {
                at += 1;
                continue;
            }
            let (start, first_span) = (at, index.spans.len());
            let mut flaw = None;
            loop {
                let span;
                (span, at) = if bytes.get(at) == Some(&self.quote) {
                    self.quoted(bytes, at, &mut flaw)
                } else {
                    let end = self.value_end(bytes, at);
                    (Span::plain(at, end), end)
                };
                index.spans.push(span);
                if bytes.get(at) != Some(&self.delimiter) {
                    break;
                }
                at += 1;
            }
            let found = index.spans.len() - first_span;
            let expected = *columns.get_or_insert(found);
            if found != expected {
                flaw = flaw.or(Some(Flaw::Ragged(found)));
            }
            let record = Record { number: index.count as u32, start: start as u32, end: at as u32 };
            index.count += 1;
            match flaw {
                None => index.records.push(record),
                Some(flaw) => {
                    index.spans.truncate(first_span);
                    index.bad.push((record, flaw));
                }
            }
        }
        index
    }

    /// Where the value that begins at `at` without a quote ends: at a delimiter, a line end, or the end.
    fn value_end(self, bytes: &[u8], mut at: usize) -> usize {
        // Eight bytes at once: each byte that is one of the three leaves its highest bit.
        while let Some(eight) = bytes.get(at..at + 8).and_then(|eight| <[u8; 8]>::try_from(eight).ok()) {
            let word = u64::from_le_bytes(eight);
            let found = zero_bytes(word ^ repeated(self.delimiter))
                | zero_bytes(word ^ repeated(b'\n'))
                | zero_bytes(word ^ repeated(b'\r'));
            if found != 0 {
                return at + (found.trailing_zeros() / 8) as usize;
            }
            at += 8;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == self.delimiter || matches!(byte, b'\n' | b'\r'));
        at + end.unwrap_or(rest.len())
    }

    /// The value that begins at `at` with a quote, and the place behind it.
    fn quoted(self, bytes: &[u8], at: usize, flaw: &mut Option<Flaw>) -> (Span, usize) {
        let start = at + 1;
        let mut doubled = 0;
        let mut from = start;
        loop {
            let Some(found) = bytes.get(from..).and_then(|rest| rest.iter().position(|byte| *byte == self.quote))
            else {
                *flaw = Some(Flaw::Unclosed);
                return (Span::plain(start, bytes.len()), bytes.len());
            };
            let end = from + found;
            if bytes.get(end + 1) == Some(&self.quote) {
                doubled = DOUBLED;
                from = end + 2;
                continue;
            }
            let behind = self.value_end(bytes, end + 1);
            if behind > end + 1 {
                *flaw = Some(Flaw::BehindQuote);
            }
            return (Span { start: start as u32, end: end as u32 | QUOTED | doubled }, behind);
        }
    }

    /// The border behind the last record that is whole, in bytes that begin a record.
    pub(super) fn border(self, bytes: &[u8]) -> Option<usize> {
        let mut last = None;
        let mut from = 0;
        loop {
            // Outside of quotes: up to the next quote that opens a value, every line end is a border.
            let opening = self.next_opening(bytes, from);
            let outside = &bytes[from..opening.unwrap_or(bytes.len())];
            last = line_end(outside, opening.is_none()).map(|end| from + end).or(last);
            let Some(opening) = opening else { return last };
            let Some(closing) = self.closing(bytes, opening + 1) else { return last };
            from = closing + 1;
        }
    }

    /// The quote that closes a value whose inside begins at `from`, if it is there for sure.
    fn closing(self, bytes: &[u8], mut from: usize) -> Option<usize> {
        loop {
            let quote = from + bytes.get(from..)?.iter().position(|byte| *byte == self.quote)?;
            if *bytes.get(quote + 1)? != self.quote {
                return Some(quote);
            }
            from = quote + 2;
        }
    }

    /// The values of the first record, and the place behind it.
    pub(super) fn first_record(self, bytes: &[u8]) -> (Vec<String>, usize) {
        let blank = bytes.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        let mut values = Vec::new();
        let mut at = blank;
        while at < bytes.len() {
            let span;
            (span, at) = if bytes.get(at) == Some(&self.quote) {
                self.quoted(bytes, at, &mut None)
            } else {
                let end = self.value_end(bytes, at);
                (Span::plain(at, end), end)
            };
            let value = String::from_utf8_lossy(bytes.get(span.range()).unwrap_or_default());
            values.push(self.unquoted(span, &value).into_owned());
            if bytes.get(at) != Some(&self.delimiter) {
                break;
            }
            at += 1;
            if at == bytes.len() {
                values.push(String::new());
            }
        }
        let end = bytes.get(at..).unwrap_or_default();
        let line_end = if end.starts_with(b"\r\n") { 2 } else { end.len().min(1) };
        (values, at + line_end)
    }

    /// The value without the doubling of the quotes in it.
    pub(super) fn unquoted<'a>(self, span: Span, value: &'a str) -> Cow<'a, str> {
        if !span.has_doubled_quotes() {
            return Cow::Borrowed(value);
        }
        let quote = char::from(self.quote).to_string();
        Cow::Owned(value.replace(&quote.repeat(2), &quote))
    }

    fn next_opening(self, bytes: &[u8], mut from: usize) -> Option<usize> {
        loop {
            let quote = from + bytes.get(from..)?.iter().position(|byte| *byte == self.quote)?;
            let opens = match quote.checked_sub(1).and_then(|before| bytes.get(before)) {
                None => true,
                Some(before) => *before == self.delimiter || matches!(before, b'\n' | b'\r'),
            };
            if opens {
                return Some(quote);
            }
            from = quote + 1;
        }
    }
}

fn repeated(byte: u8) -> u64 {
    u64::from(byte) * 0x0101_0101_0101_0101
}

/// The place behind the last line end. With `open`, a carriage return at the very end does not count: the rest of the
/// line end may follow.
fn line_end(bytes: &[u8], open: bool) -> Option<usize> {
    let newline = bytes.iter().rposition(|byte| *byte == b'\n');
    let before = if open { bytes.len().saturating_sub(1) } else { bytes.len() };
    let old_end = || bytes[..before].iter().rposition(|byte| *byte == b'\r');
    newline.or_else(old_end).map(|end| end + 1)
}

/// The highest bit of each byte that is zero.
fn zero_bytes(word: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    !(((word & LOW) + LOW) | word | LOW)
}
