//! Streams that are computed while they are read: an origin that gives portions, and what is done to each of them.

use super::reading::Reading;
use super::{Batches, Tap};
use crate::DataError;
use crate::arrow::record_batch::RecordBatch;
use std::sync::Arc;

/// A stream that is not computed yet.
#[derive(Clone)]
pub(crate) struct Flow {
    origin: Arc<dyn Origin>,
    stages: Arc<[Stage]>,
}

/// Where a flowing stream comes from. It can be opened again and again.
pub(crate) trait Origin: Send + Sync {
    /// The portions from the start, in order. To give one should be cheap; its work may be done on another thread, and
    /// at the same time as that of others.
    fn open(&self) -> Result<Portions, DataError>;
}

pub(crate) type Portions = Box<dyn Iterator<Item = Result<Portion, DataError>> + Send>;

/// A part of a stream.
pub(crate) enum Portion {
    /// A batch that is there.
    Ready(RecordBatch),
    /// One that has to be computed.
    Work(Box<dyn FnOnce() -> Computed + Send>),
    /// None: the origin failed.
    Failed(DataError),
}

/// What came of the work of a portion.
#[derive(Default)]
pub(crate) struct Computed {
    pub(crate) batches: Vec<RecordBatch>,
    /// Records of the origin that it went through, with those that it left out.
    pub(crate) rows: u64,
    /// Lines of the origin that it went through.
    pub(crate) lines: u64,
    /// What stopped it, behind `batches`. Records and lines count from the start of the portion.
    pub(crate) failed: Option<DataError>,
}

/// What happens to the batches of an origin.
#[derive(Clone)]
pub(crate) enum Stage {
    Map(Arc<Mapping>),
    Tap(Arc<dyn Tap>),
    /// Errors from before here name this place.
    About(Arc<str>),
}

pub(crate) type Mapping = dyn Fn(&RecordBatch) -> Result<RecordBatch, DataError> + Send + Sync;

/// A portion behind all stages.
pub(crate) struct Staged {
    pub(crate) batches: Vec<RecordBatch>,
    /// Records that arrived at each stage.
    pub(crate) arrived: Vec<u64>,
    pub(crate) rows: u64,
    pub(crate) lines: u64,
    pub(crate) failed: Option<Failure>,
}

/// What stopped a stream.
pub(crate) enum Failure {
    /// The origin had no more portions to give; records and lines count from the start of the stream.
    Origin(DataError),
    /// The work of a portion; they count from its start.
    Work(DataError),
    /// The stage of this place; records count from the first that arrived there with this portion.
    Stage(usize, DataError),
}

impl Flow {
    pub(crate) fn new(origin: impl Origin + 'static) -> Self {
        Self { origin: Arc::new(origin), stages: Arc::new([]) }
    }

    pub(crate) fn with(&self, stage: Stage) -> Self {
        Self { origin: Arc::clone(&self.origin), stages: self.stages.iter().cloned().chain([stage]).collect() }
    }

    pub(crate) fn read(&self) -> Result<Batches, DataError> {
        for stage in self.stages.iter() {
            if let Stage::Tap(tap) = stage {
                tap.opened();
            }
        }
        match self.origin.open() {
            Ok(portions) => Ok(Box::new(Reading::new(portions, Arc::clone(&self.stages)))),
            Err(error) => Err(self.told(error)),
        }
    }

    fn told(&self, error: DataError) -> DataError {
        tell(&self.stages, error)
    }

    pub(crate) fn same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.origin, &other.origin) && Arc::ptr_eq(&self.stages, &other.stages)
    }
}

/// Takes an error through these stages up to the first tap, which is told of it, unless one has heard it.
pub(super) fn tell(stages: &[Stage], mut error: DataError) -> DataError {
    if error.is_upstream() {
        return error;
    }
    for stage in stages {
        match stage {
            Stage::Map(_) => {}
            Stage::About(place) => error = error.about(place.as_ref()),
            Stage::Tap(tap) => {
                tap.failed(&error);
                return DataError::Upstream { error: Box::new(error) };
            }
        }
    }
    error
}

/// Does the work of a portion and takes its batches through all stages.
pub(super) fn staged(portion: Portion, stages: &[Stage]) -> Staged {
    let computed = match portion {
        Portion::Ready(batch) => {
            let rows = batch.num_rows() as u64;
            Computed { batches: vec![batch], rows, ..Computed::default() }
        }
        Portion::Work(work) => work(),
        Portion::Failed(error) => return Staged::failed(Failure::Origin(error), stages),
    };
    let Computed { batches, rows, lines, failed } = computed;
    let mut result = Staged {
        batches: Vec::with_capacity(batches.len()),
        arrived: vec![0; stages.len()],
        rows,
        lines,
        failed: failed.map(Failure::Work),
    };
    for batch in batches {
        match through(batch, stages, &mut result.arrived) {
            Ok(batch) if batch.num_rows() == 0 => {}
            Ok(batch) => result.batches.push(batch),
            Err(failed) => {
                result.failed = Some(failed);
                break;
            }
        }
    }
    result
}

impl Staged {
    pub(super) fn failed(failure: Failure, stages: &[Stage]) -> Self {
        Self { batches: Vec::new(), arrived: vec![0; stages.len()], rows: 0, lines: 0, failed: Some(failure) }
    }
}

/// Takes a batch through all stages.
fn through(mut batch: RecordBatch, stages: &[Stage], arrived: &mut [u64]) -> Result<RecordBatch, Failure> {
    for (place, (stage, arrived)) in stages.iter().zip(arrived).enumerate() {
        if batch.num_rows() == 0 {
            break;
        }
        let before = *arrived;
        *arrived += batch.num_rows() as u64;
        if let Stage::Map(map) = stage {
            batch = map(&batch).map_err(|error| Failure::Stage(place, error.after(before)))?;
        }
    }
    Ok(batch)
}

/// An origin of batches that are there, or that come one after another from a closure.
impl<F: Fn() -> Result<Batches, DataError> + Send + Sync> Origin for F {
    fn open(&self) -> Result<Portions, DataError> {
        Ok(Box::new(self()?.map(|batch| batch.map(Portion::Ready))))
    }
}
