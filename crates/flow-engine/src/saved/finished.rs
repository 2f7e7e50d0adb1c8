//! Which iterations of a ForEach have finished, and where their results are kept.

use flow_store::PointPlace;
use std::collections::BTreeMap;

/// So many iterations share an entry of the map.
const CHUNK: u64 = 512;
/// What a chunk says of an iteration: nothing is known of it, it finished without a result, or else it finished and its
/// result is kept at the place less [`PLACES`].
const UNKNOWN: u64 = 0;
const NO_RESULT: u64 = 1;
const PLACES: u64 = 2;

/// Which iterations have finished, in eight bytes each, for there may be millions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Finished {
    chunks: BTreeMap<u64, Box<[u64; CHUNK as usize]>>,
}

impl Finished {
    /// Notes that an iteration has finished, with a result if it gave one.
    pub(crate) fn add(&mut self, number: u64, result: Option<PointPlace>) {
        let chunk = self.chunks.entry(number / CHUNK).or_insert_with(|| Box::new([UNKNOWN; CHUNK as usize]));
        chunk[place_in_chunk(number)] = result.map_or(NO_RESULT, |place| place.0.saturating_add(PLACES));
    }

    /// Adds all of `later`, which hold where both know of an iteration.
    pub(crate) fn extend(&mut self, later: Self) {
        if self.chunks.is_empty() {
            *self = later;
            return;
        }
        for (number, chunk) in later.chunks {
            let own = self.chunks.entry(number).or_insert_with(|| Box::new([UNKNOWN; CHUNK as usize]));
            for (own, later) in own.iter_mut().zip(*chunk).filter(|(_, later)| *later != UNKNOWN) {
                *own = later;
            }
        }
    }

    /// The result of an iteration that has finished, if it gave one; none if it has not finished.
    pub(crate) fn result(&self, number: u64) -> Option<Option<PointPlace>> {
        let chunk = self.chunks.get(&(number / CHUNK))?;
        match chunk[place_in_chunk(number)] {
            UNKNOWN => None,
            NO_RESULT => Some(None),
            place => Some(Some(PointPlace(place - PLACES))),
        }
    }

    /// Whether an iteration has finished.
    pub(crate) fn contains(&self, number: u64) -> bool {
        self.result(number).is_some()
    }

    /// The results that were given from an iteration on, in the order of the iterations.
    pub(crate) fn results_from(&self, number: u64) -> impl Iterator<Item = (u64, PointPlace)> {
        let chunks = self.chunks.range(number / CHUNK..).flat_map(|(chunk, places)| {
            let numbers = chunk.saturating_mul(CHUNK)..;
            numbers.zip(places.iter()).filter(|(_, place)| **place >= PLACES)
        });
        chunks.filter(move |(at, _)| *at >= number).map(|(at, place)| (at, PointPlace(place - PLACES)))
    }

    /// Forgets iterations that come long before this one.
    pub(crate) fn forget_before(&mut self, number: u64) {
        while let Some(first) = self.chunks.first_entry().filter(|first| *first.key() < number / CHUNK) {
            first.remove();
        }
    }
}

fn place_in_chunk(number: u64) -> usize {
    usize::try_from(number % CHUNK).unwrap_or(0)
}
