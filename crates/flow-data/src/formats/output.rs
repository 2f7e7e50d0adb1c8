//! Writing text in another encoding, packed.

use super::{Compression, Encoding};
use crate::DataError;
use std::io::{self, Write};

/// Writes bytes, packed or not.
pub(super) enum Packed<W: Write> {
    Plain(W),
    Gzip(flate2::write::GzEncoder<W>),
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Packed<W> {
    pub(super) fn new(output: W, compression: Compression) -> Result<Self, DataError> {
        Ok(match compression {
            Compression::None => Self::Plain(output),
            Compression::Gzip => Self::Gzip(flate2::write::GzEncoder::new(output, flate2::Compression::default())),
            Compression::Zstd => {
                Self::Zstd(zstd::stream::write::Encoder::new(output, 3).map_err(|error| write_error(&error))?)
            }
        })
    }

    /// Writes the end.
    pub(super) fn finish(self) -> Result<(), DataError> {
        let finished = match self {
            Self::Plain(mut output) => output.flush(),
            Self::Gzip(encoder) => encoder.finish().and_then(|mut output| output.flush()),
            Self::Zstd(encoder) => encoder.finish().and_then(|mut output| output.flush()),
        };
        finished.map_err(|error| write_error(&error))
    }
}

impl<W: Write> Write for Packed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(output) => output.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(output) => output.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}

/// Takes UTF-8 and writes it in an encoding.
pub(super) struct Encoded<W> {
    output: W,
    encoding: Encoding,
    /// The beginning of a character whose rest has not come yet.
    begun: Vec<u8>,
}

impl<W: Write> Encoded<W> {
    pub(super) fn new(output: W, encoding: Encoding) -> Self {
        Self { output, encoding, begun: Vec::new() }
    }

    pub(super) fn finish(self) -> W {
        self.output
    }
}

impl<W: Write> Write for Encoded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.encoding.is_utf8() {
            return self.output.write(bytes);
        }
        self.begun.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.begun) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let rest = self.begun.split_off(whole);
        let text = String::from_utf8_lossy(&self.begun);
        let encoded = self.encoding.bytes(&text).ok_or_else(|| {
            let missing = text.chars().find(|c| self.encoding.bytes(c.encode_utf8(&mut [0; 4])).is_none());
            let message = format!(
                "the encoding {} does not have the character “{}”",
                self.encoding.name(),
                missing.unwrap_or('\u{fffd}')
            );
            io::Error::new(io::ErrorKind::InvalidData, DataError::Encoding { message })
        })?;
        self.output.write_all(&encoded)?;
        self.begun = rest;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

pub(super) fn write_error(error: &io::Error) -> DataError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<DataError>()) {
        Some(own) => own.clone(),
        None => DataError::File { message: format!("the file cannot be written: {error}") },
    }
}
