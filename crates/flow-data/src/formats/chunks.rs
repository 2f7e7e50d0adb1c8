//! A text in pieces that end where a record ends, so that each can be decoded by itself, on any thread.

use super::source::read_error;
use crate::DataError;
use std::io::Read;

/// The size of a piece, in bytes.
const CHUNK: usize = 512 * 1024;

/// The longest record of formats with a record a line: one that is longer is an error, before it takes more memory.
/// Tests, which are not optimised, have a lower limit.
pub(crate) const LONGEST_RECORD: usize = if cfg!(test) { 4 << 20 } else { 64 << 20 };

/// A piece of a text.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    pub(crate) bytes: Vec<u8>,
    /// Whether it begins the text, and whether it ends it.
    pub(crate) first: bool,
    pub(crate) last: bool,
}

/// Finds where the last whole record of the bytes ends; the bytes begin a record.
pub(crate) type Border = Box<dyn Fn(&[u8]) -> Option<usize> + Send>;

/// Cuts a text into pieces.
pub(crate) struct Chunks<R> {
    input: R,
    border: Border,
    /// What came behind the last border.
    rest: Vec<u8>,
    lines: u64,
    begun: bool,
    ended: bool,
    longest: usize,
}

impl<R: Read> Chunks<R> {
    pub(crate) fn new(input: R, border: Border) -> Self {
        Self { input, border, rest: Vec::new(), lines: 0, begun: false, ended: false, longest: LONGEST_RECORD }
    }

    #[cfg(test)]
    pub(crate) fn with_longest(self, longest: usize) -> Self {
        Self { longest, ..self }
    }

    fn cut(&mut self) -> Result<Option<Chunk>, DataError> {
        let mut bytes = std::mem::take(&mut self.rest);
        let mut wanted = CHUNK;
        let first = !std::mem::replace(&mut self.begun, true);
        loop {
            wanted = wanted.max(bytes.len().saturating_mul(2)).min(self.longest + 1);
            let missing = wanted.saturating_sub(bytes.len());
            bytes.reserve(missing);
            let read = self.input.by_ref().take(missing as u64).read_to_end(&mut bytes).map_err(read_error)?;
            if read < missing {
                self.ended = true;
                let chunk = Chunk { bytes, first, last: true };
                return Ok((first || !chunk.bytes.is_empty()).then_some(chunk));
            }
            if let Some(border) = (self.border)(&bytes) {
                self.rest = Vec::with_capacity(CHUNK.max(bytes.len() - border));
                self.rest.extend_from_slice(&bytes[border..]);
                bytes.truncate(border);
                self.lines += count_lines(&bytes);
                return Ok(Some(Chunk { bytes, first, last: false }));
            }
            if bytes.len() > self.longest {
                return Err(DataError::RecordTooLong { line: self.lines + 1, most: self.longest });
            }
        }
    }
}

impl<R: Read> Iterator for Chunks<R> {
    type Item = Result<Chunk, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let cut = self.cut();
        self.ended |= cut.is_err();
        cut.transpose()
    }
}

/// How many lines end in the bytes.
pub(crate) fn count_lines(bytes: &[u8]) -> u64 {
    // Counting in pieces of bytes lets the compiler count many at once.
    bytes.chunks(192).map(|piece| u64::from(piece.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>())).sum()
}

/// The border behind the last line.
pub(crate) fn line_border(bytes: &[u8]) -> Option<usize> {
    bytes.iter().rposition(|byte| *byte == b'\n').map(|end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_behind_a_line_and_lose_nothing() {
        let text: Vec<u8> = (0..200_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        let chunks: Vec<Chunk> = Chunks::new(&text[..], Box::new(line_border)).collect::<Result<_, _>>().unwrap();
        assert!(chunks.len() > 3);
        assert!(chunks.iter().all(|chunk| chunk.bytes.ends_with(b"\n")));
        assert!(chunks[0].first && chunks.last().unwrap().last && !chunks[1].first && !chunks[1].last);
        assert_eq!(chunks.concat_bytes(), text);
        assert_eq!(count_lines(&text), 200_000);
    }

    trait Concat {
        fn concat_bytes(&self) -> Vec<u8>;
    }

    impl Concat for Vec<Chunk> {
        fn concat_bytes(&self) -> Vec<u8> {
            self.iter().flat_map(|chunk| chunk.bytes.iter().copied()).collect()
        }
    }

    #[test]
    fn an_endless_line_is_an_error_before_it_takes_memory() {
        let endless = std::io::repeat(b'x');
        let input = std::io::Read::chain(&b"one\ntwo\n"[..], endless);
        let mut chunks = Chunks::new(input, Box::new(line_border)).with_longest(2 << 20);
        let mut found = Vec::new();
        let error = loop {
            match chunks.next().unwrap() {
                Ok(chunk) => found.extend(chunk.bytes),
                Err(error) => break error,
            }
        };
        assert_eq!(found, b"one\ntwo\n");
        assert_eq!(error.to_string(), "line 3: the record that begins here is longer than 2 MiB");
        assert!(chunks.next().is_none());
    }
}
