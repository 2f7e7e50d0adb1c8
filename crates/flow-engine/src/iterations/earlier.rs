//! What earlier attempts left of the iterations of a ForEach. Results are read as they are needed, some at a time.

use crate::saved::{SavedInside, SavedScope};
use flow_store::{PointPlace, SavedPoint};
use std::collections::BTreeMap;

/// So many results are read at a time.
const READ_AHEAD: usize = 64;

/// What earlier attempts left of iterations that have not begun in this one.
pub(crate) struct Earlier {
    saved: SavedInside,
    /// Results that have been read.
    at_hand: BTreeMap<u64, SavedPoint>,
    reading: bool,
}

/// What is left of one iteration.
pub(crate) enum Left {
    /// It has not finished; if it has begun, it goes on from this.
    Unfinished(Option<SavedScope>),
    /// It finished without a result.
    NoResult,
    /// It finished with the result in this saved point.
    Result(Box<SavedPoint>),
    /// It finished, and its result has to be read, best with those of the next ones. No other iteration is to begin
    /// until they are given to [`Earlier::add`].
    ToRead(Vec<(u64, PointPlace)>),
}

/// Results that have been read, by iteration.
pub(crate) type ReadResults = Vec<(u64, SavedPoint)>;

impl Earlier {
    pub(super) fn new(saved: SavedInside) -> Self {
        Self { saved, at_hand: BTreeMap::new(), reading: false }
    }

    /// Whether results are being read.
    pub(crate) fn is_reading(&self) -> bool {
        self.reading
    }

    /// What is left of an iteration, which begins now; they come in their order.
    pub(crate) fn take(&mut self, number: u64) -> Left {
        self.saved.finished.forget_before(number);
        match self.saved.finished.result(number) {
            None => Left::Unfinished(self.saved.begun.remove(&number)),
            Some(None) => Left::NoResult,
            Some(Some(_)) => match self.at_hand.remove(&number) {
                Some(point) => Left::Result(Box::new(point)),
                None => {
                    self.reading = true;
                    Left::ToRead(self.saved.finished.results_from(number).take(READ_AHEAD).collect())
                }
            },
        }
    }

    /// Takes in results that have been read.
    pub(crate) fn add(&mut self, results: ReadResults) {
        self.reading = false;
        self.at_hand.extend(results);
    }
}
