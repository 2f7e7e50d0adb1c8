//! Tells of a local run while it runs.

use crate::output::Output;
use flow_engine::{Observer, OutletStream, RunEvent, RunEventKind};
use flow_model::{ComponentId, Flow};
use flow_store::RequestState;
use serde_json::{Value, json};
use std::time::Duration;

/// How many records of a stream a trace shows.
const TRACED: usize = 5;

/// Prints a line for everything that happens.
pub struct Progress {
    flow: Flow,
    trace: bool,
    output: Output,
}

impl Progress {
    /// For the given flow; with the first records of every stream if `trace`.
    pub fn new(flow: &Flow, trace: bool, output: Output) -> Self {
        Self { flow: flow.clone(), trace, output }
    }

    fn name<'a>(&'a self, id: &'a ComponentId) -> &'a str {
        self.flow.components.get(id).map_or(id.as_str(), |component| component.name.as_str())
    }

    fn is_checkpoint(&self, id: &ComponentId) -> bool {
        self.flow.components.get(id).is_some_and(|component| component.kind == "Checkpoint")
    }

    fn line(&self, event: &RunEvent) -> Option<String> {
        Some(match &event.what {
            RunEventKind::AttemptStarted { .. } if event.attempt == 1 => return None,
            RunEventKind::AttemptStarted { .. } => format!("attempt {}", event.attempt),
            RunEventKind::ComponentStarted { .. } => return None,
            // That it was saved has been told.
            RunEventKind::ComponentFinished { component, .. } if self.is_checkpoint(component) => return None,
            RunEventKind::ComponentFinished { component, outlets, elapsed, note } => {
                let note = note.clone().unwrap_or_else(|| counts(outlets));
                format!("  ✓ {:<24} {:>9}  {note}", self.name(component), took(*elapsed))
            }
            RunEventKind::ComponentFailed { component, error, handled, elapsed } => {
                let handled = if *handled { " (handled by the flow)" } else { "" };
                format!(
                    "  ✗ {:<24} {:>9}  {} [{}]{handled}",
                    self.name(component),
                    took(*elapsed),
                    error.message,
                    error.code
                )
            }
            RunEventKind::CheckpointSaved { component, rows } => {
                format!("  ⛰ {:<24} {:>9}  saved {}", self.name(component), "", records(*rows))
            }
            RunEventKind::WaitStarted { component, remaining } => {
                format!("  … {:<24} {:>9}  waits for {} s", self.name(component), "", remaining.as_secs())
            }
            RunEventKind::AttemptEnded { request, .. } if request.state == RequestState::WaitingForRetry => {
                let settings = &request.settings;
                let seconds = Duration::from_millis(settings.retry_interval_ms).as_secs_f64();
                format!("retry {} of {} in {seconds} s", request.retries_used, settings.retry_count)
            }
            RunEventKind::Logged(_) | RunEventKind::AttemptEnded { .. } => return None,
        })
    }

    fn value(&self, event: &RunEvent) -> Option<Value> {
        let attempt = event.attempt;
        Some(match &event.what {
            // Each of its lines tells of one of the other events.
            RunEventKind::Logged(_) => return None,
            RunEventKind::AttemptStarted { settled } => {
                json!({"event": "attempt-started", "attempt": attempt, "settled": settled})
            }
            RunEventKind::ComponentStarted { component } => {
                json!({"event": "component-started", "attempt": attempt, "component": component})
            }
            RunEventKind::ComponentFinished { component, outlets, elapsed, note } => json!({
                "event": "component-finished", "attempt": attempt, "component": component, "ms": milliseconds(*elapsed),
                "note": note, "outlets": outlets.iter().map(|outlet| self.outlet(outlet)).collect::<Vec<_>>(),
            }),
            RunEventKind::ComponentFailed { component, error, handled, elapsed } => json!({
                "event": "component-failed", "attempt": attempt, "component": component, "ms": milliseconds(*elapsed),
                "code": error.code, "message": error.message, "handled": handled,
            }),
            RunEventKind::CheckpointSaved { component, rows } => {
                json!({"event": "checkpoint-saved", "attempt": attempt, "component": component, "records": rows})
            }
            RunEventKind::WaitStarted { component, remaining } => json!({
                "event": "wait-started", "attempt": attempt, "component": component, "ms": milliseconds(*remaining),
            }),
            RunEventKind::AttemptEnded { request, error } => {
                json!({"event": "attempt-ended", "attempt": attempt, "state": request.state, "error": error})
            }
        })
    }

    fn outlet(&self, outlet: &OutletStream) -> Value {
        let mut value = json!({"outlet": outlet.outlet, "records": outlet.stream.rows()});
        if self.trace {
            value["first"] = json!(outlet.stream.to_json_rows(TRACED).unwrap_or_default());
        }
        value
    }

    fn traced(&self, outlets: &[OutletStream]) {
        for outlet in outlets {
            for row in outlet.stream.to_json_rows(TRACED).unwrap_or_default() {
                self.output.line(format!("      {} {}", outlet.outlet, Value::from(row)));
            }
        }
    }
}

impl Observer for Progress {
    fn observe(&self, event: &RunEvent) {
        if self.output.is_json() {
            if let Some(value) = self.value(event) {
                self.output.value(&value);
            }
            return;
        }
        if let Some(line) = self.line(event) {
            self.output.line(line);
        }
        if let RunEventKind::ComponentFinished { outlets, .. } = &event.what
            && self.trace
        {
            self.traced(outlets);
        }
    }
}

fn counts(outlets: &[OutletStream]) -> String {
    let count = |outlet: &OutletStream| match outlet.outlet.as_str() {
        "out" => records(outlet.stream.rows().unwrap_or_default()),
        name => format!("{name}: {}", records(outlet.stream.rows().unwrap_or_default())),
    };
    outlets.iter().map(count).collect::<Vec<_>>().join(", ")
}

fn records(number: usize) -> String {
    if number == 1 { "1 record".to_owned() } else { format!("{number} records") }
}

fn took(time: Duration) -> String {
    format!("{:.1} ms", milliseconds(time))
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}
