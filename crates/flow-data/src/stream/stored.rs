//! A stream in a file in the checkpoint format: one of a spool, or a saved point.

use super::Batches;
use crate::DataError;
use crate::codec::Frames;
use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// What is read ahead for the small parts; the bodies of batches are read at once.
const AHEAD: usize = 16 * 1024;

/// A file that holds a stream. Any number of readers may read it at the same time.
#[derive(Debug)]
pub(crate) struct StoredFile {
    file: Arc<File>,
    /// Where the stream ends in it.
    length: u64,
    rows: usize,
    ear: Option<Ear>,
}

/// Told of each batch that is read.
#[derive(Clone)]
struct Ear(Arc<dyn Fn() + Send + Sync>);

impl std::fmt::Debug for Ear {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        text.write_str("Ear")
    }
}

impl StoredFile {
    pub(crate) fn new(file: File, length: u64, rows: usize) -> Self {
        Self::shared(Arc::new(file), length, rows)
    }

    pub(crate) fn shared(file: Arc<File>, length: u64, rows: usize) -> Self {
        Self { file, length, rows, ear: None }
    }

    /// The same file, with somebody told of each batch that is read from it.
    pub(crate) fn read_under(&self, ear: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { file: Arc::clone(&self.file), length: self.length, rows: self.rows, ear: Some(Ear(ear)) }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The batches, read as they are asked for.
    pub(crate) fn batches(&self) -> Batches {
        let cursor = Cursor { file: Arc::clone(&self.file), at: 0, end: self.length };
        let frames = Frames::new(BufReader::with_capacity(AHEAD, cursor), self.length);
        match self.ear.clone() {
            None => Box::new(frames),
            Some(Ear(ear)) => Box::new(frames.inspect(move |_| ear())),
        }
    }
}

/// Reads a part of a file without moving the place that others read at.
pub(crate) struct Cursor {
    pub(crate) file: Arc<File>,
    pub(crate) at: u64,
    pub(crate) end: u64,
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let read = self.file.read_at(&mut buffer[..wanted], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// The batches of a stream in the checkpoint format, as they are asked for.
impl<R: Read + Send> Iterator for Frames<R> {
    type Item = Result<crate::arrow::record_batch::RecordBatch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}
