//! Where computed streams are kept: in memory up to a limit, beyond it in a file that goes with the last who needs it.

use super::stored::StoredFile;
use super::{Batches, Stream};
use crate::DataError;
use crate::arrow::datatypes::SchemaRef;
use crate::arrow::record_batch::RecordBatch;
use crate::codec::FrameWriter;
use crate::plan::PlanCache;
use datafusion::execution::runtime_env::RuntimeEnv;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Keeps computed streams, and lends plans (sort, aggregate, join …) the memory that they work in. A process has one;
/// clones share its limits.
#[derive(Debug, Clone)]
pub struct Spool(Arc<Shared>);

/// How much a [`Spool`] may hold in memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolLimits {
    /// One stream; beyond it the stream goes to a file.
    pub stream: usize,
    /// All streams of the process together; beyond it the next one goes to a file.
    pub streams: usize,
    /// All plans of the process together; beyond it they spill to files.
    pub plans: usize,
}

impl Default for SpoolLimits {
    fn default() -> Self {
        Self { stream: 16 << 20, streams: 128 << 20, plans: 160 << 20 }
    }
}

#[derive(Debug)]
struct Shared {
    /// None: everything stays in memory.
    folder: Option<PathBuf>,
    limits: SpoolLimits,
    held: AtomicUsize,
    most_held: AtomicUsize,
    pub(super) runtime: OnceLock<Arc<RuntimeEnv>>,
    plans: PlanCache,
}

/// Memory that a held stream takes from its spool; given back with the last clone of the stream.
#[derive(Debug)]
pub(super) struct Reservation {
    spool: Spool,
    bytes: usize,
}

impl Spool {
    /// A spool whose files are in `folder`, which should be on a real disk and is made when it is first needed. The files
    /// have no names: they are gone with the process, however it ends.
    pub fn new(folder: impl Into<PathBuf>, limits: SpoolLimits) -> Self {
        Self::with(Some(folder.into()), limits)
    }

    /// A spool that keeps everything in memory without a limit, for tests.
    pub fn in_memory() -> Self {
        let limits = SpoolLimits { stream: usize::MAX, streams: usize::MAX, ..SpoolLimits::default() };
        Self::with(None, limits)
    }

    fn with(folder: Option<PathBuf>, limits: SpoolLimits) -> Self {
        let (held, most_held) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (runtime, plans) = (OnceLock::new(), PlanCache::default());
        Self(Arc::new(Shared { folder, limits, held, most_held, runtime, plans }))
    }

    /// The bytes of memory that streams kept here take now.
    pub fn held(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }

    /// The most bytes that they ever took at once.
    pub fn most_held(&self) -> usize {
        self.0.most_held.load(Ordering::Relaxed)
    }

    /// The limits.
    pub fn limits(&self) -> SpoolLimits {
        self.0.limits
    }

    pub(crate) fn folder(&self) -> Option<&PathBuf> {
        self.0.folder.as_ref()
    }

    pub(crate) fn plans(&self) -> &PlanCache {
        &self.0.plans
    }

    pub(crate) fn runtime(&self) -> &OnceLock<Arc<RuntimeEnv>> {
        &self.0.runtime
    }

    /// Begins to collect a stream batch by batch.
    pub fn collect(&self, schema: SchemaRef) -> Collector {
        let reservation = Reservation { spool: self.clone(), bytes: 0 };
        Collector { schema, rows: 0, batches: Vec::new(), reservation, file: None }
    }

    pub(super) fn keep(&self, schema: SchemaRef, batches: Batches) -> Result<Stream, DataError> {
        let mut collector = self.collect(schema);
        for batch in batches {
            collector.push(batch?)?;
        }
        collector.finish()
    }

    /// A file without a name.
    fn file(&self) -> Result<File, DataError> {
        let failed = |error: std::io::Error, folder: &PathBuf| DataError::File {
            message: format!("the folder {} for large streams cannot be used: {error}", folder.display()),
        };
        let folder = self.0.folder.clone().unwrap_or_else(std::env::temp_dir);
        std::fs::create_dir_all(&folder).map_err(|error| failed(error, &folder))?;
        tempfile::tempfile_in(&folder).map_err(|error| failed(error, &folder))
    }
}

impl Reservation {
    /// Takes more memory, if the limits allow it.
    fn grow(&mut self, bytes: usize) -> bool {
        let shared = &self.spool.0;
        if self.bytes.saturating_add(bytes) > shared.limits.stream {
            return false;
        }
        let within = |held: usize| held.checked_add(bytes).filter(|held| *held <= shared.limits.streams);
        let Ok(before) = shared.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within) else { return false };
        shared.most_held.fetch_max(before + bytes, Ordering::Relaxed);
        self.bytes += bytes;
        true
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.spool.0.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A stream that is being collected: in memory up to the limits of its [`Spool`], then in a file.
pub struct Collector {
    schema: SchemaRef,
    rows: usize,
    batches: Vec<RecordBatch>,
    reservation: Reservation,
    file: Option<FrameWriter<File>>,
}

impl Collector {
    /// Adds the records of a batch of the stream's schema.
    pub fn push(&mut self, batch: RecordBatch) -> Result<(), DataError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows();
        if self.file.is_none() {
            if self.reservation.grow(batch.get_array_memory_size()) {
                self.batches.push(batch);
                return Ok(());
            }
            self.file = Some(self.open_file()?);
        }
        self.file.as_mut().map_or(Ok(()), |file| file.write(&batch))
    }

    /// How many records there are so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The stream of all the records.
    pub fn finish(self) -> Result<Stream, DataError> {
        match self.file {
            None => Ok(Stream::held_under(self.schema, self.batches, Some(Arc::new(self.reservation)))),
            Some(file) => {
                let (file, length) = file.finish()?;
                let stored = StoredFile::new(file, length, self.rows);
                Ok(Stream::stored(self.schema, Arc::new(stored)))
            }
        }
    }

    /// Moves what was collected into a file.
    fn open_file(&mut self) -> Result<FrameWriter<File>, DataError> {
        let mut file = FrameWriter::plain(self.reservation.spool.file()?, &self.schema)?;
        for batch in std::mem::take(&mut self.batches) {
            file.write(&batch)?;
        }
        self.reservation = Reservation { spool: self.reservation.spool.clone(), bytes: 0 };
        Ok(file)
    }
}

#[cfg(test)]
mod tests;
