//! Running a plan: on a thread of its own, which hands over the batches as they come.

use super::compile::Compiled;
use super::session::runtime;
use super::telling::{Place, RecordError};
use crate::arrow::datatypes::SchemaRef;
use crate::arrow::error::ArrowError;
use crate::arrow::record_batch::RecordBatch;
use crate::expression::messages::evaluation_error;
use crate::stream::append::under;
use crate::{Batches, DataError, Spool, Stream};
use datafusion::common::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::execute_stream;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::SessionConfig;
use futures::StreamExt;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// Batches that wait for the reader. More would only take memory.
const AHEAD: usize = 2;

/// The streams that a run of a plan reads, by their place.
struct Inputs(Vec<Source>);

/// One of them, and how far it has been read.
struct Source {
    stream: Stream,
    /// How many places of the plan read it.
    reads: usize,
    /// Records in the batches that it gave, and how many of them are in the last one.
    given: AtomicU64,
    last: AtomicU64,
}

impl Source {
    fn new(stream: Stream, reads: usize) -> Self {
        Self { stream, reads, given: AtomicU64::new(0), last: AtomicU64::new(0) }
    }

    /// All of a run happens on one thread.
    fn gave(&self, rows: u64) {
        self.given.fetch_add(rows, Ordering::Relaxed);
        self.last.store(rows, Ordering::Relaxed);
    }

    /// The number, from 1, of the record at `row` of the last batch, if that one has `rows` records.
    fn number(&self, row: usize, rows: usize) -> Option<u64> {
        let last = self.last.load(Ordering::Relaxed);
        let before = self.given.load(Ordering::Relaxed) - last;
        (self.reads == 1 && last == rows as u64).then_some(before + row as u64 + 1)
    }
}

/// A table of a plan: whatever stream a run has at that place.
#[derive(Debug)]
pub(super) struct Input {
    place: usize,
    schema: SchemaRef,
}

impl Input {
    pub(super) fn new(place: usize, schema: SchemaRef) -> Self {
        Self { place, schema }
    }
}

impl PartitionStream for Input {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Reading blocks; the thread is there for nothing else.
    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let inputs = context.session_config().get_extension::<Inputs>();
        let place = self.place;
        let missing = || DataError::Internal { message: format!("a plan has no input {place}") };
        let source = inputs.as_ref().and_then(|inputs| inputs.0.get(place)).ok_or_else(missing);
        let batches = source.and_then(|source| source.stream.batches());
        let batches = batches.unwrap_or_else(|error| Box::new(std::iter::once(Err(error))));
        let batches = batches.map(move |batch| {
            if let (Ok(batch), Some(source)) = (&batch, inputs.as_ref().and_then(|inputs| inputs.0.get(place))) {
                source.gave(batch.num_rows() as u64);
            }
            batch.map_err(|error| DataFusionError::External(Box::new(error)))
        });
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), futures::stream::iter(batches)))
    }
}

/// The result of a plan over `inputs` under `schema`, computed while it is read.
pub(super) fn stream(compiled: Arc<Compiled>, schema: SchemaRef, inputs: Vec<Stream>, spool: Spool) -> Stream {
    let result = Arc::clone(&schema);
    Stream::flowing(schema, move || {
        let run = Run { compiled: Arc::clone(&compiled), schema: Arc::clone(&result), spool: spool.clone() };
        run.start(inputs.clone())
    })
}

/// One run of a plan.
struct Run {
    compiled: Arc<Compiled>,
    schema: SchemaRef,
    spool: Spool,
}

/// What the thread tells the reader.
enum Told {
    Batch(RecordBatch),
    Failed(DataError),
    End,
}

impl Run {
    fn start(self, inputs: Vec<Stream>) -> Result<Batches, DataError> {
        let (teller, told) = sync_channel(AHEAD);
        let thread = Builder::new().name("plan".to_owned()).spawn(move || {
            let last = match self.run(inputs, &teller) {
                Ok(()) => Told::End,
                Err(error) => Told::Failed(error),
            };
            // The reader may have stopped reading.
            let _ = teller.send(last);
        });
        let thread =
            thread.map_err(|error| DataError::Internal { message: format!("no thread for a plan: {error}") })?;
        Ok(Box::new(Reader { told, thread: Some(thread) }))
    }

    fn run(&self, inputs: Vec<Stream>, teller: &SyncSender<Told>) -> Result<(), DataError> {
        let mut ready = Vec::with_capacity(inputs.len());
        for (stream, reads) in inputs.into_iter().zip(&self.compiled.reads) {
            // What is read in several places is computed once.
            ready.push(Source::new(if *reads > 1 { stream.hold(&self.spool)? } else { stream }, *reads));
        }
        let inputs = Arc::new(Inputs(ready));
        let failure = |error: DataFusionError| self.failure(error, &inputs);
        // What a sort sets apart for merging its files; several sorts of one plan must fit.
        let for_merging = (self.spool.limits().plans / 16).clamp(1 << 20, 10 << 20);
        let config = SessionConfig::new()
            .with_target_partitions(1)
            .with_sort_spill_reservation_bytes(for_merging)
            .with_extension(Arc::clone(&inputs));
        let context = TaskContext::default().with_session_config(config).with_runtime(runtime(&self.spool)?);
        let driver = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|error| DataError::Internal { message: format!("no runtime for a plan: {error}") })?;
        driver.block_on(async {
            let plan = reset_plan_states(Arc::clone(&self.compiled.physical)).map_err(failure)?;
            let mut batches = execute_stream(plan, Arc::new(context)).map_err(failure)?;
            while let Some(batch) = batches.next().await {
                let batch = under(&self.schema, &batch.map_err(failure)?)?;
                if batch.num_rows() > 0 && teller.send(Told::Batch(batch)).is_err() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Why the plan failed. An error of an input comes through as it was.
    fn failure(&self, error: DataFusionError, inputs: &Inputs) -> DataError {
        if let Some(own) = cause::<DataError>(&error) {
            return own;
        }
        if let Some(failed) = cause::<RecordError>(&error) {
            return self.told(&failed, inputs);
        }
        match error.find_root() {
            DataFusionError::ResourcesExhausted(what) => DataError::TooLarge {
                message: format!(
                    "the memory for plans is not enough for this one: make it smaller (fewer fields, or filter first): {}",
                    what.lines().next().unwrap_or_default()
                ),
            },
            _ => DataError::Evaluate { row: None, message: evaluation_error(&error) },
        }
    }

    /// The error with the number of its record, and with the input that it is one of where there are several.
    fn told(&self, failed: &RecordError, inputs: &Inputs) -> DataError {
        match failed.place() {
            Place::Unknown => failed.told(None),
            Place::Numbered(row) => failed.told(Some(row)),
            Place::LastOf { input, row, rows } => {
                let told = failed.told(inputs.0.get(input).and_then(|source| source.number(row, rows)));
                match self.compiled.inputs.get(input) {
                    Some(name) if told.row().is_some() && self.compiled.inputs.len() > 1 => told.about(name),
                    _ => told,
                }
            }
        }
    }
}

/// The reader's end.
struct Reader {
    told: Receiver<Told>,
    /// None when all was told.
    thread: Option<JoinHandle<()>>,
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let thread = self.thread.take()?;
        match self.told.recv() {
            Ok(Told::Batch(batch)) => {
                self.thread = Some(thread);
                Some(Ok(batch))
            }
            Ok(Told::Failed(error)) => Some(Err(error)),
            Ok(Told::End) => None,
            // It ended without a word.
            Err(_) => {
                let panic = thread.join().err();
                let text = panic.as_ref().and_then(|panic| panic.downcast_ref::<String>());
                let text = text.map_or("unknown", String::as_str);
                Some(Err(DataError::Internal { message: format!("a plan ended with an internal error: {text}") }))
            }
        }
    }
}

/// The error of this type among the causes of an error.
fn cause<E: Error + Clone + 'static>(error: &DataFusionError) -> Option<E> {
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(here) = source {
        if let Some(found) = here.downcast_ref::<E>() {
            return Some(found.clone());
        }
        source = match here.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::External(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::Shared(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::ArrowError(inner, _)) => Some(inner.as_ref()),
            _ => match here.downcast_ref::<ArrowError>() {
                Some(ArrowError::ExternalError(inner)) => Some(inner.as_ref()),
                _ => here.source(),
            },
        };
    }
    None
}
