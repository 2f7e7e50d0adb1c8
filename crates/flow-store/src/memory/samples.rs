//! Samples in memory.

use super::MemoryStore;
use crate::sample::{ALL_KEPT_MS, SAMPLES_KEPT_MS, THINNED_MS};
use crate::{Owner, Sample, SampleStore, StoreError, TakeoverRecord, Timestamp};
use async_trait::async_trait;
use std::collections::BTreeMap;

/// The last of these samples in each `step_ms` of each epoch, in the order of time.
fn last_of_each<'a>(samples: impl Iterator<Item = &'a Sample>, step_ms: u64) -> Vec<Sample> {
    let step = i64::try_from(step_ms.max(1)).unwrap_or(i64::MAX);
    let mut last: BTreeMap<(&Owner, i64), &Sample> = BTreeMap::new();
    for sample in samples {
        let of_step = last.entry((&sample.owner, sample.at.0.div_euclid(step))).or_insert(sample);
        if sample.at >= of_step.at {
            *of_step = sample;
        }
    }
    let mut samples: Vec<Sample> = last.into_values().cloned().collect();
    samples.sort_by(|a, b| (a.at, &a.owner).cmp(&(b.at, &b.owner)));
    samples
}

#[async_trait]
impl SampleStore for MemoryStore {
    async fn samples(&self, from: Timestamp, step_ms: u64) -> Result<Vec<Sample>, StoreError> {
        self.read(|state| Ok(last_of_each(state.samples.iter().filter(|sample| sample.at >= from), step_ms)))
    }

    async fn takeovers(&self, from: Timestamp, limit: usize) -> Result<Vec<TakeoverRecord>, StoreError> {
        self.read(|state| {
            let since: Vec<_> = state.takeovers.iter().filter(|takeover| takeover.at >= from).collect();
            Ok(since.into_iter().rev().take(limit).rev().cloned().collect())
        })
    }

    async fn thin_samples(&self) -> Result<u64, StoreError> {
        self.change(|state, now| {
            let (oldest, all_since) = (now.minus_ms(SAMPLES_KEPT_MS), now.minus_ms(ALL_KEPT_MS));
            state.takeovers.retain(|takeover| takeover.at >= oldest);
            let before = state.samples.len();
            let old = state.samples.iter().filter(|sample| sample.at >= oldest && sample.at < all_since);
            let mut kept = last_of_each(old, THINNED_MS);
            kept.extend(state.samples.iter().filter(|sample| sample.at >= all_since).cloned());
            state.samples = kept;
            Ok((before - state.samples.len()) as u64)
        })
    }
}
