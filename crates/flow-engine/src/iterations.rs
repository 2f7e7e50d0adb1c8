//! The iterations of a ForEach: records for the next one, and what came out of those that have finished, in order. Only
//! what is under way is in memory.

mod earlier;

use crate::saved::SavedInside;
use crate::scope::ScopeId;
use flow_components::Iterations;
use flow_data::arrow::compute::concat_batches;
use flow_data::arrow::datatypes::SchemaRef;
use flow_data::arrow::record_batch::RecordBatch;
use flow_data::{Batches, Collector, DataError, Spool, Stream};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

pub(crate) use earlier::{Earlier, Left, ReadResults};

/// How far iterations may run ahead of the first one that has not finished; what they give is in memory.
const AHEAD: u64 = 1024;
/// Small results are put together into batches of so many records, or of so many results.
const GATHERED_ROWS: usize = 8192;
const GATHERED_BATCHES: usize = 1024;
/// So many parts of the result with different fields are made one.
const PARTS: usize = 64;

/// A ForEach under way.
pub(crate) struct Iterating {
    pub(crate) settings: Iterations,
    pub(crate) feed: Feed,
    /// The number of the next iteration.
    pub(crate) next: u64,
    /// The iterations under way; without a scope while what is saved of them is loaded.
    pub(crate) under_way: BTreeMap<u64, Option<ScopeId>>,
    pub(crate) results: Results,
    /// What earlier attempts left.
    pub(crate) earlier: Earlier,
    /// When an observer was last told how far it is.
    pub(crate) told: Instant,
}

impl Iterating {
    pub(crate) fn new(
        settings: Iterations,
        input: &Stream,
        saved: SavedInside,
        spool: Spool,
    ) -> Result<Self, DataError> {
        Ok(Self {
            feed: Feed::new(input, settings.size)?,
            settings,
            next: 0,
            under_way: BTreeMap::new(),
            results: Results::new(spool),
            earlier: Earlier::new(saved),
            told: Instant::now(),
        })
    }

    /// Whether another iteration may begin now.
    pub(crate) fn has_room(&self) -> bool {
        let few = self.under_way.len() < self.settings.parallel && self.next - self.results.next < AHEAD;
        few && !self.earlier.is_reading()
    }

    /// Whether all that have begun have finished.
    pub(crate) fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }
}

/// The input of a ForEach, in portions.
pub(crate) struct Feed {
    schema: SchemaRef,
    /// None while another thread reads, and at the end.
    source: Option<Batches>,
    /// Whether reading the source holds nobody up.
    is_held: bool,
    size: usize,
    /// The batch that the next records come from, and how many of it are taken.
    batch: Option<(RecordBatch, usize)>,
    /// What there is of the next portion.
    portion: Vec<RecordBatch>,
    rows: usize,
    ended: bool,
}

/// What a [`Feed`] has.
pub(crate) enum Fed {
    /// The records of the next iteration.
    Records(Stream),
    /// The next batch has to be read from this, on another thread; see [`Feed::read`].
    ToRead(Batches),
    /// That is being done.
    Reading,
    /// Nothing more.
    End,
}

impl Feed {
    fn new(input: &Stream, size: usize) -> Result<Self, DataError> {
        Ok(Self {
            schema: Arc::clone(input.schema()),
            source: Some(input.batches()?),
            is_held: input.held().is_some(),
            size: size.max(1),
            batch: None,
            portion: Vec::new(),
            rows: 0,
            ended: false,
        })
    }

    /// Whether another thread reads it.
    pub(crate) fn is_reading(&self) -> bool {
        self.source.is_none() && !self.ended
    }

    pub(crate) fn next(&mut self) -> Result<Fed, DataError> {
        loop {
            if let Some((batch, taken)) = &mut self.batch {
                let here = (self.size - self.rows).min(batch.num_rows() - *taken);
                self.portion.push(batch.slice(*taken, here));
                *taken += here;
                self.rows += here;
                if *taken == batch.num_rows() {
                    self.batch = None;
                }
                if self.rows == self.size {
                    return Ok(self.portion());
                }
            } else if self.ended {
                return Ok(if self.portion.is_empty() { Fed::End } else { self.portion() });
            } else {
                match self.source.take() {
                    None => return Ok(Fed::Reading),
                    Some(source) if !self.is_held => return Ok(Fed::ToRead(source)),
                    Some(mut source) => {
                        let batch = source.next().transpose()?;
                        self.read(source, batch);
                    }
                }
            }
        }
    }

    /// Takes in a batch that was read from the source; none at its end.
    pub(crate) fn read(&mut self, source: Batches, batch: Option<RecordBatch>) {
        match batch {
            Some(batch) => {
                self.batch = Some((batch, 0)).filter(|(batch, _)| batch.num_rows() > 0);
                self.source = Some(source);
            }
            None => self.ended = true,
        }
    }

    fn portion(&mut self) -> Fed {
        self.rows = 0;
        Fed::Records(Stream::new(Arc::clone(&self.schema), std::mem::take(&mut self.portion)))
    }
}

/// What the iterations gave, put together in their order.
pub(crate) struct Results {
    /// The first iteration whose result is not taken in yet.
    pub(crate) next: u64,
    /// Results of iterations that finished before others which come before them.
    early: BTreeMap<u64, Option<Stream>>,
    gathered: Gathered,
}

impl Results {
    fn new(spool: Spool) -> Self {
        Self { next: 0, early: BTreeMap::new(), gathered: Gathered::new(spool) }
    }

    /// Takes in what an iteration gave, if anything.
    pub(crate) fn add(&mut self, number: u64, result: Option<Stream>) -> Result<(), DataError> {
        self.early.insert(number, result);
        while let Some(result) = self.early.remove(&self.next) {
            self.next += 1;
            if let Some(result) = result {
                self.gathered.add(&result)?;
            }
        }
        Ok(())
    }

    /// All of them as one stream; none if no iteration gave anything.
    pub(crate) fn finish(self) -> Result<Option<Stream>, DataError> {
        self.gathered.finish()
    }
}

/// A stream that is put together from many small ones.
struct Gathered {
    spool: Spool,
    /// Parts that are complete.
    parts: Vec<Stream>,
    part: Option<Part>,
}

/// Records with the same fields.
struct Part {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    rows: usize,
    collector: Collector,
}

impl Gathered {
    fn new(spool: Spool) -> Self {
        Self { spool, parts: Vec::new(), part: None }
    }

    fn add(&mut self, stream: &Stream) -> Result<(), DataError> {
        let schema = stream.schema();
        let fits = |part: &Part| Arc::ptr_eq(&part.schema, schema) || part.schema == *schema;
        if !self.part.as_ref().is_some_and(fits) {
            self.end_part()?;
        }
        let part = self.part.get_or_insert_with(|| Part {
            schema: Arc::clone(schema),
            batches: Vec::new(),
            rows: 0,
            collector: self.spool.collect(Arc::clone(schema)),
        });
        match stream.held() {
            Some(batches) => batches.iter().try_for_each(|batch| part.add(batch.clone())),
            None => stream.batches()?.try_for_each(|batch| part.add(batch?)),
        }
    }

    fn end_part(&mut self) -> Result<(), DataError> {
        let Some(mut part) = self.part.take() else { return Ok(()) };
        part.put_together()?;
        self.parts.push(part.collector.finish()?);
        if self.parts.len() >= PARTS {
            self.parts = vec![Stream::append(&self.parts)?.hold(&self.spool)?];
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Option<Stream>, DataError> {
        self.end_part()?;
        if self.parts.is_empty() { Ok(None) } else { Stream::append(&self.parts).map(Some) }
    }
}

impl Part {
    fn add(&mut self, batch: RecordBatch) -> Result<(), DataError> {
        self.rows += batch.num_rows();
        self.batches.push(batch);
        if self.rows >= GATHERED_ROWS || self.batches.len() >= GATHERED_BATCHES { self.put_together() } else { Ok(()) }
    }

    fn put_together(&mut self) -> Result<(), DataError> {
        let batch = match self.batches.as_slice() {
            [] => return Ok(()),
            [only] => only.clone(),
            several => {
                concat_batches(&self.schema, several).map_err(|error| DataError::Type { message: error.to_string() })?
            }
        };
        self.batches.clear();
        self.rows = 0;
        self.collector.push(batch)
    }
}
