//! XML in: elements as records. Nothing outside of the document is ever read, and no entities but the predefined ones are
//! known, so that a document cannot grow.

mod shape;
mod write;

use super::Encoding;
use super::bad::OnBadRecord;
use super::chunks::LONGEST_RECORD;
use super::columns::Column;
use super::json::{Fields, Parsed, Text};
use super::source::read_error;
use crate::arrow::datatypes::SchemaRef;
use crate::stream::flow::{Computed, Flow, Origin, Portion, Portions};
use crate::{DataError, Stream};
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use quick_xml::{Error, XmlVersion};
use serde_json::{Map, Value};
use shape::Shapes;
use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
pub(super) use write::{check, write};

/// The most elements within one another.
const DEEPEST: usize = 100;
/// Bytes at the beginning in which a document declares its encoding.
const DECLARATION: u64 = 256;
/// Records of one portion.
const PORTION: usize = 1_000;

/// The records of an XML text. `records` are the names of the elements that lead to them, from the root: `orders/order`.
/// Attributes become members named `@name`, text beside them `#text`; elements that repeat become lists.
pub fn xml_to_json(text: &str, records: &str) -> Result<Vec<Value>, DataError> {
    let values = Records::new(text.as_bytes(), records).collect::<Result<Vec<_>, _>>()?;
    let shapes = Shapes::of(&values);
    Ok(values.into_iter().map(|value| shapes.aligned(value)).collect())
}

/// An XML document with records in it.
pub(super) struct Xml {
    text: Text,
    records: String,
    shapes: Arc<Shapes>,
    fields: Arc<Fields>,
    on_bad: OnBadRecord,
}

impl Xml {
    pub(super) fn open(
        text: Text,
        records: &str,
        columns: &[Column],
        sample: usize,
        on_bad: OnBadRecord,
    ) -> Result<Stream, DataError> {
        let text = (text.0.clone(), text.1, declared(&text)?);
        let mut found = Records::new(text.0.text(text.1, text.2)?, records);
        let (mut values, mut whole) = (Vec::new(), true);
        while let Some(value) = found.next() {
            // What is wrong further on is an error when it is read.
            match value {
                Ok(value) => values.push(value),
                Err(error) if values.is_empty() => return Err(error),
                Err(_) => break,
            }
            if found.read() >= sample as u64 {
                whole = false;
                break;
            }
        }
        let shapes = Arc::new(Shapes::of(&values));
        let values: Vec<Value> = values.into_iter().map(|value| shapes.aligned(value)).collect();
        let fields = Arc::new(Fields::of(&values, whole, columns));
        let schema: SchemaRef = Arc::clone(&fields.schema);
        let origin = Self { text, records: records.to_owned(), shapes, fields, on_bad };
        Ok(Stream::of_flow(schema, Flow::new(origin)))
    }
}

/// The encoding that the document declares, unless another than UTF-8 was asked for.
fn declared((source, compression, asked): &Text) -> Result<Encoding, DataError> {
    if !asked.is_utf8() {
        return Ok(*asked);
    }
    let mut beginning = Vec::new();
    source.unpacked(*compression)?.take(DECLARATION).read_to_end(&mut beginning).map_err(read_error)?;
    let beginning = String::from_utf8_lossy(&beginning);
    let declaration =
        beginning.trim_start_matches('\u{feff}').strip_prefix("<?xml").and_then(|rest| rest.split("?>").next());
    let label = declaration.and_then(|text| text.split("encoding").nth(1)).and_then(|rest| {
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest.get(1..)?.split(quote).next()
    });
    // UTF-16 shows in the bytes themselves: a document that declares it and is readable is not.
    let known = label.filter(|label| !label.to_ascii_lowercase().starts_with("utf-16")).and_then(Encoding::for_label);
    Ok(known.unwrap_or(*asked))
}

impl Origin for Xml {
    fn open(&self) -> Result<Portions, DataError> {
        let (source, compression, encoding) = &self.text;
        let mut records = Records::new(source.text(*compression, *encoding)?, &self.records);
        let (fields, shapes, on_bad) = (Arc::clone(&self.fields), Arc::clone(&self.shapes), self.on_bad);
        let mut failed = None;
        let portions = std::iter::from_fn(move || {
            if let Some(error) = failed.take() {
                return Some(Err(error));
            }
            let mut values = Vec::new();
            for record in records.by_ref().take(PORTION) {
                match record {
                    Ok(value) => values.push(value),
                    Err(error) if values.is_empty() => return Some(Err(error)),
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                }
            }
            (!values.is_empty()).then_some(Ok(values))
        });
        Ok(Box::new(portions.map(move |values| {
            let (values, fields, shapes): (Vec<Value>, _, _) = (values?, Arc::clone(&fields), Arc::clone(&shapes));
            Ok(Portion::Work(Box::new(move || {
                let parsed = values.into_iter().map(|value| Parsed { value: Ok(shapes.aligned(value)), line: 0 });
                match fields.decode(parsed.collect(), 0) {
                    Ok(decoded) => decoded.computed(on_bad),
                    Err(error) => Computed { failed: Some(error), ..Computed::default() },
                }
            })))
        })))
    }
}

/// The records of a document, one by one.
struct Records<R> {
    reader: Reader<BufReader<Rationed<R>>>,
    ration: Arc<AtomicUsize>,
    buffer: Vec<u8>,
    /// The names that lead to a record.
    path: Vec<String>,
    /// The elements around the place, from the root.
    way: Vec<String>,
    /// Whether the element around the records was there.
    arrived: bool,
    row: u64,
    ended: bool,
}

/// An element that is being read.
#[derive(Default)]
struct Element {
    name: String,
    members: Map<String, Value>,
    text: String,
}

impl<R: Read> Records<R> {
    fn new(input: R, records: &str) -> Self {
        let ration = Arc::new(AtomicUsize::new(0));
        let input = Rationed { inner: input, left: Arc::clone(&ration) };
        let path = records.split('/').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Self {
            reader: Reader::from_reader(BufReader::with_capacity(64 * 1024, input)),
            ration,
            buffer: Vec::new(),
            path,
            way: Vec::new(),
            arrived: false,
            row: 0,
            ended: false,
        }
    }

    /// Bytes read so far.
    fn read(&self) -> u64 {
        self.reader.buffer_position()
    }

    fn event(&mut self) -> Result<Event<'static>, DataError> {
        self.buffer.clear();
        // One event may take no more than this.
        self.ration.store(LONGEST_RECORD, Ordering::Relaxed);
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => Ok(event.into_owned()),
            Err(error) => Err(self.wrong(error)),
        }
    }

    fn wrong(&self, error: impl Into<Error>) -> DataError {
        match error.into() {
            Error::Io(error) => read_error(io::Error::new(error.kind(), error.to_string())),
            other => self.malformed(&format!("the document is not XML: {other}")),
        }
    }

    fn malformed(&self, message: &str) -> DataError {
        let message = format!("{message} (byte {})", self.reader.buffer_position());
        DataError::Malformed { row: Some(self.row + 1), line: None, message }
    }

    fn is_record(&self) -> bool {
        // Without a path the root is the only record.
        if self.path.is_empty() { self.way.len() == 1 } else { self.way == self.path }
    }

    fn record(&mut self) -> Result<Option<Value>, DataError> {
        loop {
            match self.event()? {
                Event::Start(start) => {
                    self.way.push(start.name().into_inner().to_owned());
                    self.arrived |= self.way.len() + 1 >= self.path.len() && self.path.starts_with(&self.way);
                    if self.way.len() > DEEPEST {
                        return Err(self.malformed("elements lie too deep within one another"));
                    }
                    if self.is_record() {
                        let element = self.element(&start)?;
                        let value = self.rest(element)?;
                        self.way.pop();
                        self.row += 1;
                        return Ok(Some(value));
                    }
                }
                Event::Empty(start) => {
                    self.way.push(start.name().into_inner().to_owned());
                    self.arrived |= self.way.len() + 1 >= self.path.len() && self.path.starts_with(&self.way);
                    let is_record = self.is_record();
                    self.way.pop();
                    if is_record {
                        let value = finished(self.element(&start)?);
                        self.row += 1;
                        return Ok(Some(as_record(value)));
                    }
                }
                Event::End(_) => {
                    self.way.pop();
                }
                Event::DocType(text) if text.contains("<!ENTITY") => {
                    return Err(self.malformed("the document declares entities of its own, which are not read"));
                }
                Event::Eof if !self.way.is_empty() => {
                    let open = self.way.last().map_or("", String::as_str);
                    return Err(self.malformed(&format!("the document ends within <{open}>")));
                }
                Event::Eof => {
                    if !self.arrived && !self.path.is_empty() {
                        let message = format!("the document has no elements “{}”", self.path.join("/"));
                        return Err(DataError::Malformed { row: None, line: None, message });
                    }
                    return Ok(None);
                }
                _ => {}
            }
        }
    }

    /// An element with its attributes.
    fn element(&self, start: &BytesStart<'_>) -> Result<Element, DataError> {
        let mut element = Element { name: start.name().into_inner().to_owned(), ..Element::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| self.wrong(error))?;
            let name = attribute.key.into_inner();
            if name == "xmlns" || name.starts_with("xmlns:") {
                continue;
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| self.wrong(error))?;
            element.members.insert(format!("@{name}"), Value::from(value.as_ref()));
        }
        Ok(element)
    }

    /// Reads a record to its end.
    fn rest(&mut self, record: Element) -> Result<Value, DataError> {
        let begun = self.reader.buffer_position();
        let mut open = vec![record];
        loop {
            let event = self.event()?;
            if self.reader.buffer_position() - begun > LONGEST_RECORD as u64 {
                return Err(self.malformed(&format!("the record is longer than {} MiB", LONGEST_RECORD >> 20)));
            }
            let Some(inner) = open.last_mut() else { return Ok(Value::Null) };
            match event {
                Event::Start(start) => {
                    let element = self.element(&start)?;
                    open.push(element);
                    if self.way.len() + open.len() > DEEPEST {
                        return Err(self.malformed("elements lie too deep within one another"));
                    }
                }
                Event::Empty(start) => {
                    let element = self.element(&start)?;
                    let name = element.name.clone();
                    add(&mut inner.members, name, finished(element));
                }
                Event::End(_) => {
                    let Some(element) = open.pop() else { return Ok(Value::Null) };
                    match open.last_mut() {
                        None => return Ok(as_record(finished(element))),
                        Some(outer) => {
                            let name = element.name.clone();
                            add(&mut outer.members, name, finished(element));
                        }
                    }
                }
                Event::Text(text) => inner.text.push_str(&text.xml_content(XmlVersion::Implicit1_0)),
                Event::CData(text) => inner.text.push_str(&text),
                Event::GeneralRef(name) => match name.resolve_char_ref() {
                    Ok(Some(character)) => inner.text.push(character),
                    Err(error) => return Err(self.wrong(error)),
                    Ok(None) => match quick_xml::escape::resolve_predefined_entity(&name) {
                        Some(text) => inner.text.push_str(text),
                        None => return Err(self.malformed(&format!("the entity &{}; is not known", &*name))),
                    },
                },
                Event::Eof => return Err(self.malformed("the document ends within a record")),
                _ => {}
            }
        }
    }
}

impl<R: Read> Iterator for Records<R> {
    type Item = Result<Value, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let record = self.record();
        self.ended = !matches!(record, Ok(Some(_)));
        record.transpose()
    }
}

/// What an element is as JSON: its text, or its members and its text beside them.
fn finished(mut element: Element) -> Value {
    let text = element.text.trim();
    match (element.members.is_empty(), text.is_empty()) {
        (true, true) => Value::Null,
        (true, false) => Value::from(text),
        (false, empty) => {
            if !empty {
                element.members.insert("#text".to_owned(), Value::from(text));
            }
            Value::Object(element.members)
        }
    }
}

/// A record has fields, if only its text.
fn as_record(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(members),
        Value::Null => Value::Object(Map::new()),
        text => Value::Object([("#text".to_owned(), text)].into_iter().collect()),
    }
}

/// Adds a member; one that is there already becomes a list.
fn add(members: &mut Map<String, Value>, name: String, value: Value) {
    match members.get_mut(&name) {
        None => {
            members.insert(name, value);
        }
        Some(Value::Array(items)) => items.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

/// Reads no more than a ration, which the reader of events renews with each of them.
struct Rationed<R> {
    inner: R,
    left: Arc<AtomicUsize>,
}

impl<R: Read> Read for Rationed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            let message = format!("a part of the document is longer than {} MiB", LONGEST_RECORD >> 20);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let wanted = buffer.len().min(left);
        let read = self.inner.read(&mut buffer[..wanted])?;
        self.left.fetch_sub(read, Ordering::Relaxed);
        Ok(read)
    }
}
