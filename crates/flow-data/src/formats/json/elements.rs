//! The records of a JSON document as pieces of its text, found without holding more of it than a piece.

use super::super::chunks::LONGEST_RECORD;
use super::super::source::read_error;
use crate::DataError;
use std::io::{BufRead, BufReader, Read};

/// Pieces are about so large, in bytes.
const PIECE: usize = 512 * 1024;

/// The texts of some records, one after another with what is between them.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    /// Where each record ends.
    pub(super) ends: Vec<usize>,
    /// Lines that end before its first byte, of those that it counts; and all that it counts.
    pub(super) head: u64,
    pub(super) lines: u64,
}

/// The records in a document, piece by piece.
pub(super) struct Elements<R> {
    scanner: Scanner<R>,
    /// How many objects the list is in.
    depth: usize,
    state: State,
    /// Lines counted in the pieces so far.
    counted: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first record of a list.
    First,
    /// Behind a record of a list.
    Next,
    /// Before the only record.
    Only,
    Ended,
}

impl<R: Read> Elements<R> {
    /// Goes to the records that `path` leads to.
    pub(super) fn open(input: R, path: &[String]) -> Result<Self, DataError> {
        let mut scanner = Scanner { input: BufReader::with_capacity(64 * 1024, input), line: 1 };
        for (depth, name) in path.iter().enumerate() {
            if !scanner.enter(name)? {
                let way = path.get(..=depth).unwrap_or_default().join(".");
                return Err(DataError::Malformed {
                    row: None,
                    line: None,
                    message: format!("the document has no “{way}”"),
                });
            }
        }
        let state = match scanner.next_mark()? {
            Some(b'[') => {
                scanner.bump()?;
                State::First
            }
            Some(b'{') => State::Only,
            _ => {
                let place =
                    if path.is_empty() { "the document".to_owned() } else { format!("“{}”", path.join(".")) };
                return Err(scanner.wrong(&format!("{place} holds neither records nor a record")));
            }
        };
        Ok(Self { scanner, depth: path.len(), state, counted: 0 })
    }

    fn piece(&mut self) -> Result<Option<Piece>, DataError> {
        let mut piece = Piece { head: self.scanner.line - 1 - self.counted, ..Piece::default() };
        while piece.bytes.len() < PIECE && self.state != State::Ended {
            self.scanner.skip_blank(Some(&mut piece.bytes))?;
            match (self.state, self.scanner.peek()?) {
                (State::Only, _) => {
                    self.scanner.value(Some(&mut piece.bytes))?;
                    piece.ends.push(piece.bytes.len());
                    self.close()?;
                }
                (State::First | State::Next, Some(b']')) => {
                    self.scanner.bump()?;
                    self.close()?;
                }
                (State::Next, Some(b',')) => {
                    self.scanner.bump()?;
                    self.scanner.skip_blank(Some(&mut piece.bytes))?;
                    self.record(&mut piece)?;
                }
                (State::First, Some(_)) => self.record(&mut piece)?,
                (_, found) => return Err(self.scanner.unexpected(found, "“,” or “]”")),
            }
        }
        piece.lines = self.scanner.line - 1 - self.counted;
        self.counted += piece.lines;
        Ok((!piece.ends.is_empty() || piece.lines > 0).then_some(piece))
    }

    fn record(&mut self, piece: &mut Piece) -> Result<(), DataError> {
        self.scanner.value(Some(&mut piece.bytes))?;
        piece.ends.push(piece.bytes.len());
        self.state = State::Next;
        Ok(())
    }

    /// Reads what is behind the records, so that a document that was cut off does not pass for whole.
    fn close(&mut self) -> Result<(), DataError> {
        self.state = State::Ended;
        for _ in 0..self.depth {
            loop {
                match self.scanner.next_mark()? {
                    Some(b'}') => {
                        self.scanner.bump()?;
                        break;
                    }
                    Some(b',') => {
                        self.scanner.bump()?;
                        self.scanner.name()?;
                        self.scanner.next_mark()?;
                        self.scanner.value(None)?;
                    }
                    found => return Err(self.scanner.unexpected(found, "“,” or “}”")),
                }
            }
        }
        match self.scanner.next_mark()? {
            None => Ok(()),
            found => Err(self.scanner.unexpected(found, "the end of the document")),
        }
    }
}

impl<R: Read> Iterator for Elements<R> {
    type Item = Result<Piece, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Ended {
            return None;
        }
        let piece = self.piece();
        if piece.is_err() {
            self.state = State::Ended;
        }
        piece.transpose()
    }
}

/// Goes through a JSON text without understanding more of it than where values end.
struct Scanner<R> {
    input: BufReader<R>,
    /// The line, from 1.
    line: u64,
}

impl<R: Read> Scanner<R> {
    fn peek(&mut self) -> Result<Option<u8>, DataError> {
        Ok(self.input.fill_buf().map_err(read_error)?.first().copied())
    }

    fn bump(&mut self) -> Result<(), DataError> {
        if self.peek()? == Some(b'\n') {
            self.line += 1;
        }
        self.input.consume(1);
        Ok(())
    }

    /// The next character that is no blank.
    fn next_mark(&mut self) -> Result<Option<u8>, DataError> {
        self.skip_blank(None)?;
        self.peek()
    }

    fn skip_blank(&mut self, mut into: Option<&mut Vec<u8>>) -> Result<(), DataError> {
        while let Some(blank) = self.peek()?.filter(u8::is_ascii_whitespace) {
            // Line ends are kept for the numbers of lines; other blanks may be endless.
            if let (b'\n', Some(into)) = (blank, into.as_deref_mut()) {
                into.push(blank);
                too_long(into.len(), self.line)?;
            }
            self.bump()?;
        }
        Ok(())
    }

    /// Goes behind the colon of the member `name` of the object that comes next; false if it has none.
    fn enter(&mut self, name: &str) -> Result<bool, DataError> {
        match self.next_mark()? {
            Some(b'{') => self.bump()?,
            None => return Err(self.unexpected(None, "an object")),
            Some(_) => return Ok(false),
        }
        loop {
            match self.next_mark()? {
                Some(b'}') => return Ok(false),
                Some(b'"') => {}
                found => return Err(self.unexpected(found, "a name")),
            }
            if self.name()? == name {
                return Ok(true);
            }
            self.next_mark()?;
            self.value(None)?;
            match self.next_mark()? {
                Some(b',') => self.bump()?,
                Some(b'}') => return Ok(false),
                found => return Err(self.unexpected(found, "“,” or “}”")),
            }
        }
    }

    /// A name and the colon behind it.
    fn name(&mut self) -> Result<String, DataError> {
        match self.next_mark()? {
            Some(b'"') => {}
            found => return Err(self.unexpected(found, "a name")),
        }
        let mut text = Vec::new();
        self.value(Some(&mut text))?;
        let name = serde_json::from_slice(&text).map_err(|_| self.wrong("a name is no JSON text"))?;
        match self.next_mark()? {
            Some(b':') => self.bump()?,
            found => return Err(self.unexpected(found, "“:”")),
        }
        Ok(name)
    }

    /// Goes behind a value, whose text goes into `into`.
    fn value(&mut self, mut into: Option<&mut Vec<u8>>) -> Result<(), DataError> {
        let (mut depth, mut in_text, mut escaped, mut begun) = (0_u64, false, false, false);
        let from = into.as_ref().map_or(0, |into| into.len());
        loop {
            let buffer = self.input.fill_buf().map_err(read_error)?;
            if buffer.is_empty() {
                return match begun && depth == 0 && !in_text {
                    true => Ok(()),
                    false => Err(self.wrong("the document ends within a value")),
                };
            }
            let mut used = 0;
            let mut ended = false;
            for byte in buffer {
                if in_text {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => in_text = false,
                        _ => {}
                    }
                    used += 1;
                    if !in_text && depth == 0 {
                        ended = true;
                        break;
                    }
                    continue;
                }
                match byte {
                    b'"' if begun && depth == 0 => ended = true,
                    b'"' => in_text = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' | b',' | b':' if depth == 0 => ended = true,
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            used += 1;
                            ended = true;
                        }
                    }
                    blank if blank.is_ascii_whitespace() && depth == 0 => ended = true,
                    _ => {}
                }
                if ended {
                    break;
                }
                begun = true;
                used += 1;
            }
            let passed = buffer.get(..used).unwrap_or_default();
            self.line += super::super::chunks::count_lines(passed);
            if let Some(into) = into.as_deref_mut() {
                into.extend_from_slice(passed);
                too_long(into.len() - from, self.line)?;
            }
            self.input.consume(used);
            if ended {
                return match used > 0 || begun {
                    true => Ok(()),
                    false => {
                        let found = self.peek()?;
                        Err(self.unexpected(found, "a value"))
                    }
                };
            }
        }
    }

    fn unexpected(&self, found: Option<u8>, expected: &str) -> DataError {
        let found = match found {
            Some(byte) if byte.is_ascii_graphic() => format!("“{}”", char::from(byte)),
            Some(_) => "something else".to_owned(),
            None => "the end".to_owned(),
        };
        self.wrong(&format!("the document is not JSON: {expected} is expected, but there is {found}"))
    }

    fn wrong(&self, message: &str) -> DataError {
        DataError::Malformed { row: None, line: Some(self.line), message: message.to_owned() }
    }
}

fn too_long(length: usize, line: u64) -> Result<(), DataError> {
    match length > LONGEST_RECORD {
        true => Err(DataError::RecordTooLong { line, most: LONGEST_RECORD }),
        false => Ok(()),
    }
}
