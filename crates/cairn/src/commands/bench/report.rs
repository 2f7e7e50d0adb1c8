//! What a benchmark prints: one JSON object with every figure's median and spread, or the same as a table.

use crate::output::{Output, table};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The result of a benchmark.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The benchmark's name.
    pub bench: &'static str,
    /// What this machine can do, probed in turn with the load (medians), and what its host withheld meanwhile.
    pub yardsticks: BTreeMap<String, f64>,
    /// How often everything was measured.
    pub runs: u32,
    /// What was measured.
    pub figures: BTreeMap<String, Figure>,
}

/// One measured figure over all runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// The value in the middle.
    pub median: f64,
    /// The least value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
    /// What it is measured in; `ratio` for a share of a yardstick.
    pub unit: &'static str,
}

/// Collects values, run after run.
#[derive(Debug, Default)]
pub struct Samples {
    values: BTreeMap<String, (&'static str, Vec<f64>)>,
}

impl Samples {
    /// Adds one run's value of the figure `key`.
    pub fn add(&mut self, key: impl Into<String>, unit: &'static str, value: f64) {
        self.values.entry(key.into()).or_insert_with(|| (unit, Vec::new())).1.push(value);
    }

    /// The figures of all runs so far.
    pub fn figures(&self) -> BTreeMap<String, Figure> {
        self.values.iter().map(|(key, (unit, values))| (key.clone(), Figure::of(values, unit))).collect()
    }

    /// The medians of all runs so far.
    pub fn medians(&self) -> BTreeMap<String, f64> {
        self.values.iter().map(|(key, (_, values))| (key.clone(), rounded(median(values)))).collect()
    }
}

impl Figure {
    fn of(values: &[f64], unit: &'static str) -> Self {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self { median: rounded(median(values)), min: rounded(least), max: rounded(greatest), unit }
    }
}

/// The yardstick of what the host withheld.
const STOLEN: &str = "stolen_percent";

impl Report {
    /// Tells how much of the processors the host withheld while this was measured, in percent, where that is known.
    pub fn note_stolen(&mut self, percent: Option<f64>) {
        self.yardsticks.extend(percent.map(|percent| (STOLEN.to_owned(), rounded(percent))));
    }

    /// Prints it.
    pub fn print(&self, output: Output) {
        output.answer(self, || self.text());
    }

    fn text(&self) -> String {
        let yardsticks = self.yardsticks.iter().map(|(name, value)| {
            let unit = if name == STOLEN { "%" } else { "1/s" };
            [format!("yardstick {name}"), value.to_string(), String::new(), String::new(), unit.to_owned()]
        });
        let figures = self.figures.iter().map(|(key, figure)| {
            let Figure { median, min, max, unit } = figure;
            [key.clone(), median.to_string(), min.to_string(), max.to_string(), (*unit).to_owned()]
        });
        table([self.bench, "median", "min", "max", "unit"], yardsticks.chain(figures))
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// A value at this share of all values, in milliseconds.
pub fn quantile_ms(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index within the slice")]
    let at = (last as f64 * share).round() as usize;
    times.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
}

/// Three digits after the point for small values, none for large ones: more would be noise.
fn rounded(value: f64) -> f64 {
    if value.abs() >= 1000.0 { value.round() } else { (value * 1000.0).round() / 1000.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_medians_with_their_spread() {
        let mut samples = Samples::default();
        for value in [4.0, 1.0, 3.0, 2.0] {
            samples.add("latency_ms", "ms", value);
        }
        let expected = Figure { median: 2.5, min: 1.0, max: 4.0, unit: "ms" };
        assert_eq!(samples.figures()["latency_ms"], expected);
    }

    #[test]
    fn the_report_has_the_agreed_form() {
        let mut samples = Samples::default();
        samples.add("kill_to_resumed_ms", "ms", 12.0);
        let mut report = Report {
            bench: "failover",
            yardsticks: BTreeMap::from([("F".to_owned(), 4300.0)]),
            runs: 1,
            figures: samples.figures(),
        };
        report.note_stolen(Some(12.3456));
        assert!(report.text().lines().any(|line| line.contains("stolen_percent") && line.ends_with('%')));
        let expected = serde_json::json!({
            "bench": "failover", "yardsticks": {"F": 4300.0, "stolen_percent": 12.346}, "runs": 1,
            "figures": {"kill_to_resumed_ms": {"median": 12.0, "min": 12.0, "max": 12.0, "unit": "ms"}},
        });
        assert_eq!(serde_json::to_value(&report).unwrap(), expected);
    }
}
