//! A stream: the table of records that travels on a link.
//!
//! A stream is *held* (its batches are in memory), *stored* (they are in a file), or *flowing* (it is computed each time
//! it is read). Reading blocks the thread while it reads or computes.

pub(crate) mod append;
pub(crate) mod flow;
mod reading;
mod records;
mod spool;
pub(crate) mod stored;

use crate::DataError;
use crate::arrow::compute::concat_batches;
use crate::arrow::datatypes::SchemaRef;
use crate::arrow::record_batch::RecordBatch;
use flow::{Flow, Stage};
pub use spool::{Collector, Spool, SpoolLimits};
use std::fmt;
use std::sync::Arc;
use stored::StoredFile;

/// The batches of a stream in order, none of them empty. After an error nothing more comes.
pub type Batches = Box<dyn Iterator<Item = Result<RecordBatch, DataError>> + Send>;

/// Held streams of at most so many records are mapped at once; for larger ones that would hold both in memory.
const MAPPED_AT_ONCE: usize = 16 * 1024;

/// Hears what passes a place of a flowing stream while it is read.
pub trait Tap: Send + Sync {
    /// The stream is read from the start; a stream may be read several times.
    fn opened(&self) {}
    /// So many more records passed.
    fn rows(&self, rows: u64);
    /// Reading failed before this place. The reader gets the error as [`DataError::Upstream`]; taps further on do not
    /// hear of it.
    fn failed(&self, error: &DataError);
    /// All records have passed. A reader that stops earlier drops the batches without it.
    fn ended(&self);
}

/// A table of records with a schema. Immutable and cheap to clone.
#[derive(Clone)]
pub struct Stream {
    schema: SchemaRef,
    form: Form,
}

#[derive(Clone)]
enum Form {
    Held { batches: Arc<[RecordBatch]>, rows: usize, reservation: Option<Arc<spool::Reservation>> },
    Stored(Arc<StoredFile>),
    Flowing(Flow),
}

impl Stream {
    /// A stream of `batches`, each of which has the schema `schema`. Batches without records are dropped.
    pub fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self::held_under(schema, batches, None)
    }

    fn held_under(schema: SchemaRef, batches: Vec<RecordBatch>, reservation: Option<Arc<spool::Reservation>>) -> Self {
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let batches = batches.into_iter().filter(|batch| batch.num_rows() > 0).collect();
        Self { schema, form: Form::Held { batches, rows, reservation } }
    }

    /// A stream without records.
    pub fn empty(schema: SchemaRef) -> Self {
        Self::new(schema, Vec::new())
    }

    /// A stream that is computed each time it is read: `open` gives its batches from the start.
    pub fn flowing(schema: SchemaRef, open: impl Fn() -> Result<Batches, DataError> + Send + Sync + 'static) -> Self {
        Self::of_flow(schema, Flow::new(open))
    }

    pub(crate) fn of_flow(schema: SchemaRef, flow: Flow) -> Self {
        Self { schema, form: Form::Flowing(flow) }
    }

    pub(crate) fn stored(schema: SchemaRef, file: Arc<StoredFile>) -> Self {
        Self { schema, form: Form::Stored(file) }
    }

    /// The fields of every record.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many records there are; not known while the stream is flowing.
    pub fn rows(&self) -> Option<usize> {
        match &self.form {
            Form::Held { rows, .. } => Some(*rows),
            Form::Stored(file) => Some(file.rows()),
            Form::Flowing(_) => None,
        }
    }

    /// Whether it is computed each time it is read.
    pub fn is_flowing(&self) -> bool {
        matches!(self.form, Form::Flowing(_))
    }

    /// The batches, if they are in memory. None of them is empty.
    pub fn held(&self) -> Option<&[RecordBatch]> {
        match &self.form {
            Form::Held { batches, .. } => Some(batches),
            Form::Stored(_) | Form::Flowing(_) => None,
        }
    }

    /// The batches from the start. Unless the stream is held, reading them blocks the thread.
    pub fn batches(&self) -> Result<Batches, DataError> {
        match &self.form {
            Form::Held { batches, .. } => {
                let batches = Arc::clone(batches);
                Ok(Box::new((0..batches.len()).map(move |place| Ok(batches[place].clone()))))
            }
            Form::Stored(file) => Ok(file.batches()),
            Form::Flowing(flow) => flow.read(),
        }
    }

    /// The bytes of memory that the records take; none unless the stream is held.
    pub fn memory(&self) -> usize {
        self.held().map_or(0, |batches| batches.iter().map(RecordBatch::get_array_memory_size).sum())
    }

    /// The bytes that the records take, in memory or in a file; not known while the stream is flowing.
    pub fn size(&self) -> Option<usize> {
        match &self.form {
            Form::Held { .. } => Some(self.memory()),
            Form::Stored(file) => Some(usize::try_from(file.length()).unwrap_or(usize::MAX)),
            Form::Flowing(_) => None,
        }
    }

    /// Computes the stream if it is flowing: into memory up to the limits of the spool, else into a file.
    pub fn hold(&self, spool: &Spool) -> Result<Self, DataError> {
        match &self.form {
            Form::Flowing(flow) => spool.keep(Arc::clone(&self.schema), flow.read()?),
            Form::Held { .. } | Form::Stored(_) => Ok(self.clone()),
        }
    }

    /// The same stream, whose errors name `place` when it is computed: the file that it is read from.
    #[must_use]
    pub fn about(&self, place: &str) -> Self {
        match &self.form {
            Form::Flowing(flow) => Self::of_flow(Arc::clone(&self.schema), flow.with(Stage::About(place.into()))),
            Form::Held { .. } | Form::Stored(_) => self.clone(),
        }
    }

    /// The same stream with somebody listening. Of a stream that is not flowing there is nothing to hear.
    #[must_use]
    pub fn tapped(&self, tap: Arc<dyn Tap>) -> Self {
        match &self.form {
            Form::Flowing(flow) => Self::of_flow(Arc::clone(&self.schema), flow.with(Stage::Tap(tap))),
            Form::Held { .. } | Form::Stored(_) => self.clone(),
        }
    }

    /// Whether it is in a file, and so may be of any size.
    pub fn is_stored(&self) -> bool {
        matches!(self.form, Form::Stored(_))
    }

    /// The same stream; if it is in a file, `ear` is told of each batch that is read. See [`Self::tapped`] for those that
    /// flow; those in memory are read at once.
    #[must_use]
    pub fn read_under(&self, ear: Arc<dyn Fn() + Send + Sync>) -> Self {
        match &self.form {
            Form::Stored(file) => Self::stored(Arc::clone(&self.schema), Arc::new(file.read_under(ear))),
            Form::Held { .. } | Form::Flowing(_) => self.clone(),
        }
    }

    /// The stream of what `map` makes of each batch, in order; it may give more or fewer records than it got. It works
    /// at once on small held streams, else while the result is read, on several batches at the same time. Records in its
    /// errors count from the start of the batch; here they become those of the stream.
    pub fn map_batches(
        &self,
        schema: SchemaRef,
        map: impl Fn(&RecordBatch) -> Result<RecordBatch, DataError> + Send + Sync + 'static,
    ) -> Result<Self, DataError> {
        let flow = match &self.form {
            Form::Held { batches, rows, .. } if *rows <= MAPPED_AT_ONCE => {
                let mut before = 0;
                let mut mapped = Vec::with_capacity(batches.len());
                for batch in batches.iter() {
                    mapped.push(map(batch).map_err(|error| error.after(before))?);
                    before += batch.num_rows() as u64;
                }
                return Ok(Self::new(schema, mapped));
            }
            Form::Flowing(flow) => flow.clone(),
            Form::Held { .. } | Form::Stored(_) => {
                let stream = self.clone();
                Flow::new(move || stream.batches())
            }
        };
        Ok(Self::of_flow(schema, flow.with(Stage::Map(Arc::new(map)))))
    }

    /// The first `len` records, or as many as there are. Reads no more than that.
    pub fn first(&self, len: usize) -> Result<Self, DataError> {
        self.slice(0, len)
    }

    /// The `len` records from `offset` on, or as many of them as there are. They are in memory, so `len` should be small
    /// unless the stream is held; then nothing is copied.
    pub fn slice(&self, offset: usize, len: usize) -> Result<Self, DataError> {
        let (mut skip, mut left) = (offset, len);
        let mut taken = Vec::new();
        let mut take = |batch: &RecordBatch| {
            if skip >= batch.num_rows() {
                skip -= batch.num_rows();
                return true;
            }
            let here = left.min(batch.num_rows() - skip);
            taken.push(batch.slice(skip, here));
            (skip, left) = (0, left - here);
            left > 0
        };
        match &self.form {
            Form::Held { batches, reservation, .. } => {
                if len > 0 {
                    batches.iter().all(&mut take);
                }
                Ok(Self::held_under(Arc::clone(&self.schema), taken, reservation.clone()))
            }
            Form::Stored(_) | Form::Flowing(_) => {
                for batch in self.batches()?.take(if len == 0 { 0 } else { usize::MAX }) {
                    if !take(&batch?) {
                        break;
                    }
                }
                Ok(Self::new(Arc::clone(&self.schema), taken))
            }
        }
    }

    /// The whole stream as one batch in memory.
    pub fn to_batch(&self) -> Result<RecordBatch, DataError> {
        let together = |batches: &[RecordBatch]| match batches {
            [only] => Ok(only.clone()),
            batches => {
                concat_batches(&self.schema, batches).map_err(|error| DataError::Type { message: error.to_string() })
            }
        };
        match self.held() {
            Some(batches) => together(batches),
            None => together(&self.batches()?.collect::<Result<Vec<_>, _>>()?),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Stream");
        text.field("schema", &self.schema);
        match &self.form {
            Form::Held { batches, .. } => text.field("held", batches),
            Form::Stored(file) => text.field("stored", file),
            Form::Flowing(_) => text.field("flowing", &()),
        };
        text.finish()
    }
}

/// Held streams are equal if their batches are; others only to their own clones.
impl PartialEq for Stream {
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema
            && match (&self.form, &other.form) {
                (Form::Held { batches: one, .. }, Form::Held { batches: another, .. }) => one == another,
                (Form::Stored(one), Form::Stored(another)) => Arc::ptr_eq(one, another),
                (Form::Flowing(one), Form::Flowing(another)) => one.same_as(another),
                _ => false,
            }
    }
}

#[cfg(test)]
mod tests;
