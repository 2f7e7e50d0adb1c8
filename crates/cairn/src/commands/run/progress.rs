//! Tells of a local run while it runs: lines for people, with bars for what takes its time, or events for programs.

mod bars;
mod events;

use crate::output::{Output, counted};
use bars::Bars;
use events::Events;
use flow_engine::{Observer, OutletStream, RunEvent, RunEventKind};
use flow_model::{ComponentId, Flow};
use flow_store::{Level, LogEntry, RequestState, event};
use serde_json::Value;
use std::time::Duration;

/// How many records of a stream a trace shows.
const TRACED: usize = 5;

/// Tells what happens to a request.
pub struct Progress {
    flow: Flow,
    trace: bool,
    output: Output,
    bars: Bars,
    events: Events,
}

impl Progress {
    /// For the given flow; with the first records on every link if `trace`.
    pub fn new(flow: &Flow, trace: bool, output: Output) -> Self {
        let bars = Bars::new(output.is_terminal() && !output.is_json());
        Self { flow: flow.clone(), trace, output, bars, events: Events::new(flow, trace) }
    }

    fn name<'a>(&'a self, id: &'a ComponentId) -> &'a str {
        self.flow.components.get(id).map_or(id.as_str(), |component| component.name.as_str())
    }

    fn is_checkpoint(&self, id: &ComponentId) -> bool {
        self.flow.components.get(id).is_some_and(|component| component.kind == "Checkpoint")
    }

    /// What is told of an event, if it is told. Of iterations only what fails is, unless they are traced.
    fn line(&self, seen: &RunEvent) -> Option<String> {
        let failed = matches!(seen.what, RunEventKind::ComponentFailed { .. } | RunEventKind::Logged(_));
        if !seen.iteration.is_empty() && !self.trace && !failed {
            return None;
        }
        let within = if seen.iteration.is_empty() { String::new() } else { format!("  in {}", seen.iteration) };
        Some(match &seen.what {
            RunEventKind::AttemptStarted { .. } if seen.attempt == 1 => return None,
            RunEventKind::AttemptStarted { .. } => format!("attempt {}", seen.attempt),
            // That it was saved has been told.
            RunEventKind::ComponentFinished { component, .. } if self.is_checkpoint(component) => return None,
            RunEventKind::ComponentFinished { component, outlets, elapsed, note } => {
                let note = note.clone().unwrap_or_else(|| counts(outlets));
                format!("  ✓ {:<24} {:>9}  {note}{within}", self.name(component), took(*elapsed))
            }
            RunEventKind::ComponentFailed { component, error, handled, elapsed, .. } => {
                let handled = if *handled { " (handled by the flow)" } else { "" };
                let (name, took) = (self.name(component), took(*elapsed));
                format!("  ✗ {name:<24} {took:>9}  {} [{}]{handled}{within}", error.message, error.code)
            }
            RunEventKind::CheckpointSaved { component, rows } => {
                format!("  ⛰ {:<24} {:>9}  saved {}{within}", self.name(component), "", counted(*rows, "record"))
            }
            RunEventKind::WaitStarted { component, remaining } => {
                format!("  … {:<24} {:>9}  waits for {} s{within}", self.name(component), "", remaining.as_secs())
            }
            RunEventKind::Logged(entry) => return self.logged(entry),
            RunEventKind::AttemptEnded { request, .. } if request.state == RequestState::WaitingForRetry => {
                let settings = &request.settings;
                let seconds = Duration::from_millis(settings.interval_ms(request.retries_used)).as_secs_f64();
                format!("retry {} of {} in {seconds} s", request.retries_used, settings.retry_count)
            }
            RunEventKind::ComponentStarted { .. }
            | RunEventKind::Progress { .. }
            | RunEventKind::Iterations { .. }
            | RunEventKind::ComponentStopped { .. }
            | RunEventKind::AttemptEnded { .. } => return None,
        })
    }

    /// What a component itself writes into the log; the other entries tell of events that have been told.
    fn logged(&self, entry: &LogEntry) -> Option<String> {
        let mark = match entry.level {
            Level::Info => "›",
            Level::Warning => "!",
            Level::Error => "‼",
        };
        let lines = entry.message.lines().map(|line| format!("  {mark} {line}"));
        (entry.event == event::LOGGED).then(|| lines.collect::<Vec<_>>().join("\n"))
    }

    /// The first records of what a component put out, with where each stream goes.
    fn traced(&self, component: &ComponentId, outlets: &[OutletStream]) -> Vec<String> {
        let mut lines = Vec::new();
        for outlet in outlets {
            let targets = self
                .flow
                .links
                .iter()
                .filter(|link| link.from.component == *component && link.from.port == outlet.outlet);
            let targets: Vec<&str> = targets.map(|link| self.name(&link.to.component)).collect();
            let to = if targets.is_empty() { "nowhere".to_owned() } else { targets.join(", ") };
            lines.push(format!("      {} → {to}: {}", outlet.outlet, records(outlet)));
            let first = outlet.stream.first(TRACED).and_then(|first| first.to_json_rows(TRACED));
            match first {
                Ok(rows) => lines.extend(rows.into_iter().map(|row| format!("        {}", Value::from(row)))),
                Err(error) => lines.push(format!("        {error}")),
            }
        }
        lines
    }
}

impl Observer for Progress {
    fn observe(&self, seen: &RunEvent) {
        if self.output.is_json() {
            if let Some(value) = self.events.value(seen) {
                self.output.value(&value);
            }
            return;
        }
        let mut lines: Vec<String> = self.line(seen).into_iter().collect();
        if let RunEventKind::ComponentFinished { component, outlets, .. } = &seen.what
            && self.trace
        {
            lines.extend(self.traced(component, outlets));
        }
        self.bars.below(|| lines.iter().for_each(|line| self.output.line(line)));
        self.bars.follow(seen, |component| self.name(component).to_owned());
    }

    fn sees_all_outlets(&self) -> bool {
        self.trace
    }
}

fn counts(outlets: &[OutletStream]) -> String {
    let count = |outlet: &OutletStream| match outlet.outlet.as_str() {
        "out" => records(outlet),
        name => format!("{name}: {}", records(outlet)),
    };
    outlets.iter().map(count).collect::<Vec<_>>().join(", ")
}

fn records(outlet: &OutletStream) -> String {
    outlet.rows.map_or_else(|| "records".to_owned(), |rows| counted(rows, "record"))
}

fn took(time: Duration) -> String {
    match milliseconds(time) {
        short if short < 10_000.0 => format!("{short:.1} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}
