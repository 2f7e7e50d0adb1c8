//! Flowing streams that a component passed on: it counts as running until they have been read, and what fails while they
//! are read is its own error.

use crate::engine::Inner;
use crate::observe::Seen;
use crate::progress::Progress;
use crate::{OutletStream, RunEventKind};
use flow_data::arrow::datatypes::SchemaRef;
use flow_data::arrow::record_batch::RecordBatch;
use flow_data::{Batches, DataError, Stream, Tap};
use flow_model::ComponentId;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// What is heard of a stream that flows on from a component.
pub(crate) struct Listening {
    engine: Arc<Inner>,
    seen: Seen,
    progress: Arc<Progress>,
    component: ComponentId,
    outlet: String,
    schema: SchemaRef,
    pub(crate) note: Option<String>,
    pub(crate) begun: Instant,
    rows: AtomicU64,
    failed: Mutex<Option<DataError>>,
    /// Its first records, for observers.
    first: Mutex<Option<RecordBatch>>,
}

impl Listening {
    pub(crate) fn new(
        engine: &Arc<Inner>,
        (seen, progress): (Seen, Arc<Progress>),
        component: &ComponentId,
        (outlet, schema): (&str, &SchemaRef),
        (note, begun): (Option<String>, Instant),
    ) -> Arc<Self> {
        Arc::new(Self {
            engine: Arc::clone(engine),
            seen,
            progress,
            component: component.clone(),
            outlet: outlet.to_owned(),
            schema: Arc::clone(schema),
            note,
            begun,
            rows: AtomicU64::new(0),
            failed: Mutex::default(),
            first: Mutex::default(),
        })
    }

    /// The stream with this ear on it.
    pub(crate) fn on(self: &Arc<Self>, stream: &Stream) -> Stream {
        let tapped = stream.tapped(Arc::clone(self) as Arc<dyn Tap>);
        if self.engine.observer.is_none() {
            return tapped;
        }
        let (this, schema) = (Arc::clone(self), Arc::clone(stream.schema()));
        Stream::flowing(schema, move || {
            let this = Arc::clone(&this);
            let keep_first = move |batch: Result<RecordBatch, DataError>| {
                if let Ok(batch) = &batch {
                    this.first.lock().get_or_insert_with(|| batch.slice(0, batch.num_rows().min(OutletStream::SHOWN)));
                }
                batch
            };
            Ok(Box::new(tapped.batches()?.map(keep_first)) as Batches)
        })
    }

    /// What failed before this place, if anything did.
    pub(crate) fn failure(&self) -> Option<DataError> {
        self.failed.lock().clone()
    }

    /// What is known of the stream.
    pub(crate) fn outlet(&self) -> OutletStream {
        let first = self.first.lock().clone();
        OutletStream {
            outlet: self.outlet.clone(),
            stream: Stream::new(Arc::clone(&self.schema), first.into_iter().collect()),
            rows: Some(self.rows.load(Ordering::Relaxed)),
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }
}

impl Tap for Listening {
    fn opened(&self) {
        self.rows.store(0, Ordering::Relaxed);
    }

    fn rows(&self, rows: u64) {
        self.progress.moved();
        let rows = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        if self.seen.is_time_for_progress() {
            let component = self.component.clone();
            self.engine.tell(&self.seen, || RunEventKind::Progress { component, rows });
        }
    }

    fn failed(&self, error: &DataError) {
        self.failed.lock().get_or_insert_with(|| error.clone());
    }

    fn ended(&self) {}
}
