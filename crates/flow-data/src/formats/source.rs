//! Where formats read from: files and bytes, unpacked and in UTF-8.

use crate::DataError;
use crate::stream::stored::Cursor;
use bytes::{Buf, Bytes};
use encoding_rs::{Decoder, DecoderResult, UTF_8};
use std::fmt;
use std::fs::File;
use std::io::{self, Cursor as BytesCursor, Read};
use std::sync::Arc;

/// Something that can be read from the start again and again.
#[derive(Clone)]
pub struct Source(Kind);

#[derive(Clone)]
enum Kind {
    File(Arc<File>),
    Bytes(Bytes),
    Opening(Arc<Opening>),
}

type Opening = dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync;

/// How a file is packed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// Gzip, one or several members.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Compression {
    /// What the ending of a file's name says: `.gz` and `.zst`.
    pub fn of_name(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        match lower.rsplit('.').next() {
            Some("gz" | "gzip") => Self::Gzip,
            Some("zst" | "zstd") => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// How text is written in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

impl Default for Encoding {
    fn default() -> Self {
        Self(UTF_8)
    }
}

impl Encoding {
    /// The encoding that browsers know by this label: `utf-8`, `windows-1252`, `iso-8859-15`, `utf-16le`, `shift_jis` …
    pub fn for_label(label: &str) -> Option<Self> {
        encoding_rs::Encoding::for_label_no_replacement(label.trim().as_bytes()).map(Self)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    pub(super) fn is_utf8(self) -> bool {
        self.0 == UTF_8
    }

    /// The bytes of a text; `None` if it holds a character that the encoding does not have.
    pub(super) fn bytes(self, text: &str) -> Option<Vec<u8>> {
        // encoding_rs writes UTF-8 where browsers do so instead of UTF-16.
        let wide = |order: fn(u16) -> [u8; 2]| Some(text.encode_utf16().flat_map(order).collect());
        match self.0.name() {
            "UTF-16LE" => wide(u16::to_le_bytes),
            "UTF-16BE" => wide(u16::to_be_bytes),
            _ => match self.0.encode(text) {
                (bytes, _, false) => Some(bytes.into_owned()),
                (_, _, true) => None,
            },
        }
    }
}

impl Source {
    /// An open file. It stays the same file, whatever happens to its name.
    pub fn file(file: File) -> Self {
        Self(Kind::File(Arc::new(file)))
    }

    /// Bytes in memory.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Bytes(bytes.into()))
    }

    /// Whatever `open` opens, each time from the start.
    pub fn opening(open: impl Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync + 'static) -> Self {
        Self(Kind::Opening(Arc::new(open)))
    }

    /// The bytes as they are.
    pub(super) fn raw(&self) -> Result<Box<dyn Read + Send>, DataError> {
        match &self.0 {
            Kind::File(file) => Ok(Box::new(Cursor { file: Arc::clone(file), at: 0, end: u64::MAX })),
            Kind::Bytes(bytes) => Ok(Box::new(bytes.clone().reader())),
            Kind::Opening(open) => open().map_err(read_error),
        }
    }

    /// The file itself or the bytes, for formats that are read from their end.
    pub(super) fn whole(&self, most: u64) -> Result<Whole, DataError> {
        match &self.0 {
            Kind::File(file) => Ok(Whole::File(file.try_clone().map_err(read_error)?)),
            Kind::Bytes(bytes) => Ok(Whole::Bytes(bytes.clone())),
            Kind::Opening(_) => Ok(Whole::Bytes(read_whole(self.raw()?, most)?.into())),
        }
    }

    /// The bytes, unpacked.
    pub(super) fn unpacked(&self, compression: Compression) -> Result<Box<dyn Read + Send>, DataError> {
        let raw = self.raw()?;
        Ok(match compression {
            Compression::None => raw,
            Compression::Gzip => {
                Box::new(flate2::read::MultiGzDecoder::new(io::BufReader::with_capacity(1 << 16, raw)))
            }
            Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(raw).map_err(read_error)?),
        })
    }

    /// The text in UTF-8, unpacked and without a byte order mark. Bytes that are said to be UTF-8 come as they are: the
    /// formats name the record that is not.
    pub(super) fn text(&self, compression: Compression, encoding: Encoding) -> Result<Box<dyn Read + Send>, DataError> {
        let mut input = self.unpacked(compression)?;
        let mut start = Vec::with_capacity(3);
        input.by_ref().take(3).read_to_end(&mut start).map_err(read_error)?;
        let marked = encoding_rs::Encoding::for_bom(&start);
        let (encoding, mark) = marked.map_or((encoding.0, 0), |(encoding, mark)| (encoding, mark));
        let input = Read::chain(BytesCursor::new(start.split_off(mark)), input);
        if encoding == UTF_8 {
            return Ok(Box::new(input));
        }
        Ok(Box::new(Transcoding::new(input, encoding)))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::File(file) => f.debug_tuple("File").field(file).finish(),
            Kind::Bytes(bytes) => f.debug_tuple("Bytes").field(&bytes.len()).finish(),
            Kind::Opening(_) => f.write_str("Opening"),
        }
    }
}

/// A source as a whole.
pub(super) enum Whole {
    File(File),
    Bytes(Bytes),
}

/// Reads everything, if it is no more than `most` bytes.
pub(super) fn read_whole(input: impl Read, most: u64) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    input.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(read_error)?;
    if bytes.len() as u64 > most {
        let message = format!("it is larger than {} MiB, the most that can be held at once", most >> 20);
        return Err(DataError::TooLarge { message });
    }
    Ok(bytes)
}

/// An error of reading. Errors of our own come through as they are.
pub(super) fn read_error(error: io::Error) -> DataError {
    let message = error.to_string();
    match error.into_inner().map(|inner| inner.downcast::<DataError>()) {
        Some(Ok(own)) => *own,
        _ => DataError::File { message: format!("the file cannot be read: {message}") },
    }
}

/// Reads text of another encoding as UTF-8.
struct Transcoding<R> {
    input: R,
    decoder: Decoder,
    encoding: &'static encoding_rs::Encoding,
    raw: Vec<u8>,
    raw_at: usize,
    /// Raw bytes read before those in `raw`.
    before: u64,
    text: Vec<u8>,
    text_at: usize,
    /// Whether the input is at its end, and whether the decoder is.
    read_all: bool,
    given_all: bool,
}

const PIECE: usize = 64 * 1024;

impl<R: Read> Transcoding<R> {
    fn new(input: R, encoding: &'static encoding_rs::Encoding) -> Self {
        Self {
            input,
            decoder: encoding.new_decoder_without_bom_handling(),
            encoding,
            raw: Vec::new(),
            raw_at: 0,
            before: 0,
            text: Vec::new(),
            text_at: 0,
            read_all: false,
            given_all: false,
        }
    }

    /// Makes more text. At the end there is none.
    fn more(&mut self) -> io::Result<()> {
        self.text.clear();
        self.text_at = 0;
        while self.text.is_empty() && !self.given_all {
            if self.raw_at == self.raw.len() && !self.read_all {
                self.before += self.raw.len() as u64;
                self.raw.clear();
                self.raw_at = 0;
                self.input.by_ref().take(PIECE as u64).read_to_end(&mut self.raw)?;
                self.read_all = self.raw.len() < PIECE;
            }
            self.text.resize(4 * PIECE, 0);
            let raw = self.raw.get(self.raw_at..).unwrap_or_default();
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(raw, &mut self.text, self.read_all);
            self.raw_at += read;
            self.text.truncate(written);
            match result {
                DecoderResult::InputEmpty => self.given_all = self.read_all,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    let place = self.before + self.raw_at as u64;
                    let message = format!("the bytes up to number {place} are no {} text", self.encoding.name());
                    return Err(io::Error::new(io::ErrorKind::InvalidData, DataError::Encoding { message }));
                }
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcoding<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.text_at == self.text.len() {
            self.more()?;
        }
        let ready = self.text.get(self.text_at..).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        self.text_at += count;
        Ok(count)
    }
}
