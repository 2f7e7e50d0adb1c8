//! How the writing to the checkpoint database goes, for Prometheus: the store counts, and is asked at each look.

use flow_store::StoreStatistics;
use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use std::fmt::Error;
use std::sync::Arc;

/// What the store had written at the last look.
#[derive(Debug, Default)]
pub struct Written(Mutex<StoreStatistics>);

impl Written {
    /// Takes note of what it has written by now.
    pub fn note(&self, statistics: StoreStatistics) {
        *self.0.lock() = statistics;
    }

    /// What brings it to a registry.
    pub fn collector(self: &Arc<Self>) -> Box<dyn Collector> {
        Box::new(Arc::clone(self))
    }
}

impl Collector for Written {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let statistics = self.0.lock().clone();
        let counters = [
            ("cairn_store_commands", "Commands that were made durable", statistics.commands),
            ("cairn_store_commands_failed", "Commands that failed", statistics.failed),
        ];
        for (name, help, value) in counters {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            metric.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
        }
        let help = "Commands that wait for the next commit";
        let mut metric = encoder.encode_descriptor("cairn_store_queue", help, None, MetricType::Gauge)?;
        metric.encode_gauge(&statistics.waiting)?;
        let mut histogram = |name: &str, help: &str, sum: f64, buckets: &[(f64, u64)]| {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
            metric.encode_histogram::<NoLabelSet>(sum, statistics.commits, buckets, None)
        };
        let sizes = buckets(&StoreStatistics::BATCH_SIZES, 1.0, &statistics.batches);
        let help = "How many commands were made durable together";
        histogram("cairn_store_batch_commands", help, statistics.commands as f64, &sizes)?;
        let times = buckets(&StoreStatistics::COMMIT_TIMES_US, 1e-6, &statistics.commit_times);
        let help = "How long making a batch durable took, from its beginning";
        histogram("cairn_store_commit_seconds", help, statistics.commit_us as f64 * 1e-6, &times)
    }
}

/// Counts with their upper bounds in another unit; what is above all bounds comes last.
fn buckets(bounds: &[u64], unit: f64, counts: &[u64]) -> Vec<(f64, u64)> {
    let bounds = bounds.iter().map(|bound| *bound as f64 * unit).chain([f64::MAX]);
    bounds.zip(counts.iter().copied()).collect()
}
