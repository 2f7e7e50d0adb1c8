//! Reading a part of a log: what follows a place, or what came before one, without reading the whole of it.

use super::files;
use flow_api::{LogLevel, ServerLog, ServerLogLine};
use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// So much of a log is looked through for one page at most, in bytes; then the page ends, be it empty.
const LOOKED_AT: u64 = 32 << 20;
/// A longer line is no line of ours.
const LONGEST_LINE: u64 = 1 << 20;
/// So often reading begins again because the oldest file was removed meanwhile.
const TRIES: usize = 5;

/// A place in a log: a file and how far into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    file: u64,
    offset: u64,
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let (file, offset) = text.split_once('-')?;
        Some(Self { file: file.parse().ok()?, offset: offset.parse().ok()? })
    }

    fn text(self) -> String {
        format!("{}-{}", self.file, self.offset)
    }
}

/// Which lines to read.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// What follows this place.
    pub after: Option<&'a str>,
    /// What came before this place; without either, the end of the log.
    pub before: Option<&'a str>,
    /// Only with this text, in whichever case.
    pub text: Option<&'a str>,
    /// Only as important as this.
    pub level: Option<LogLevel>,
    /// At most so many.
    pub limit: usize,
}

/// That a cursor is not one.
#[derive(Debug)]
pub struct NoSuchPlace;

/// Reads a part of the log in `folder`. Blocks.
pub fn read(folder: &Path, wanted: &Wanted<'_>) -> Result<Result<ServerLog, NoSuchPlace>, Error> {
    let mut tries = 1..=TRIES;
    loop {
        let answer = read_once(folder, wanted);
        let was_removed = answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound);
        if !was_removed || tries.next().is_none() {
            return answer;
        }
    }
}

fn read_once(folder: &Path, wanted: &Wanted<'_>) -> Result<Result<ServerLog, NoSuchPlace>, Error> {
    let files = files(folder)?;
    let parse = |text: Option<&str>| text.map(|text| Place::parse(text).ok_or(NoSuchPlace)).transpose();
    let (after, before) = match (parse(wanted.after), parse(wanted.before)) {
        (Ok(after), Ok(before)) => (after, before),
        _ => return Ok(Err(NoSuchPlace)),
    };
    let matcher = Matcher { text: wanted.text.map(str::to_lowercase), level: wanted.level };
    let mut reader = Reader { files: &files, matcher, limit: wanted.limit, looked_at: 0 };
    match after {
        Some(after) => reader.forward(after),
        None => reader.backward(before),
    }
    .map(Ok)
}

struct Matcher {
    text: Option<String>,
    level: Option<LogLevel>,
}

impl Matcher {
    fn line(&self, text: &str) -> Option<ServerLogLine> {
        let line: ServerLogLine = serde_json::from_str(text).ok()?;
        let important = self.level.is_none_or(|level| line.level >= level);
        let has_text = self.text.as_ref().is_none_or(|wanted| {
            let has = |text: &str| text.to_lowercase().contains(wanted);
            has(&line.message)
                || has(&line.target)
                || line
                    .fields
                    .iter()
                    .any(|(name, value)| has(name) || value.as_str().map_or_else(|| has(&value.to_string()), has))
        });
        (important && has_text).then_some(line)
    }
}

struct Reader<'a> {
    files: &'a [(u64, std::path::PathBuf)],
    matcher: Matcher,
    limit: usize,
    looked_at: u64,
}

impl Reader<'_> {
    fn forward(&mut self, after: Place) -> Result<ServerLog, Error> {
        let mut items = Vec::new();
        let mut next = after;
        for (number, path) in self.files.iter().filter(|(number, _)| *number >= after.file) {
            let offset = if *number == after.file { after.offset } else { 0 };
            let mut place = Place { file: *number, offset };
            let mut file = open_at(path, offset)?;
            while items.len() < self.limit && self.looked_at < LOOKED_AT {
                let Some((text, bytes)) = next_line(&mut file)? else { break };
                place.offset += bytes;
                self.looked_at += bytes;
                items.extend(self.matcher.line(&text));
            }
            next = place;
            if items.len() >= self.limit || self.looked_at >= LOOKED_AT {
                break;
            }
        }
        Ok(ServerLog { items, next: next.text(), previous: Some(after.text()) })
    }

    fn backward(&mut self, before: Option<Place>) -> Result<ServerLog, Error> {
        let end = match before {
            Some(place) => place,
            None => self.end()?,
        };
        // The newest first, turned round at the end.
        let mut items: Vec<ServerLogLine> = Vec::new();
        let mut first = end;
        'files: for (number, path) in self.files.iter().rev().filter(|(number, _)| *number <= end.file) {
            let until = if *number == end.file { end.offset } else { std::fs::metadata(path)?.len() };
            let lines = lines_until(path, until)?;
            for (offset, text) in lines.into_iter().rev() {
                if items.len() >= self.limit || self.looked_at >= LOOKED_AT {
                    break 'files;
                }
                first = Place { file: *number, offset };
                self.looked_at += text.len() as u64;
                items.extend(self.matcher.line(&text));
            }
        }
        items.reverse();
        let oldest = self.files.first().map(|(number, _)| Place { file: *number, offset: 0 });
        let previous = oldest.filter(|oldest| first > *oldest).map(|_| first.text());
        Ok(ServerLog { items, next: end.text(), previous })
    }

    fn end(&self) -> Result<Place, Error> {
        let Some((number, path)) = self.files.last() else { return Ok(Place { file: 1, offset: 0 }) };
        // A line that is being written belongs to what follows.
        let whole = lines_until(path, std::fs::metadata(path)?.len())?;
        let offset = whole.last().map_or(0, |(offset, text)| offset + text.len() as u64 + 1);
        Ok(Place { file: *number, offset })
    }
}

fn open_at(path: &Path, offset: u64) -> Result<BufReader<File>, Error> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    Ok(BufReader::new(file))
}

/// The next whole line and how many bytes it takes with its end; none when it is not whole yet.
fn next_line(file: &mut BufReader<File>) -> Result<Option<(String, u64)>, Error> {
    let mut bytes = Vec::new();
    file.take(LONGEST_LINE).read_until(b'\n', &mut bytes)?;
    let read = bytes.len() as u64;
    if bytes.pop() != Some(b'\n') {
        return Ok(None);
    }
    Ok(Some((String::from_utf8_lossy(&bytes).into_owned(), read)))
}

/// The whole lines of a file up to an offset, each with the offset that it begins at.
fn lines_until(path: &Path, until: u64) -> Result<Vec<(u64, String)>, Error> {
    let mut file = open_at(path, 0)?;
    let (mut lines, mut offset) = (Vec::new(), 0);
    while offset < until {
        let Some((text, bytes)) = next_line(&mut file)? else { break };
        lines.push((offset, text));
        offset += bytes;
    }
    Ok(lines)
}
