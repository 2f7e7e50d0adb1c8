//! What happens, as JSON for programs: one object a line.

use super::{TRACED, milliseconds};
use flow_engine::{OutletStream, RunEvent, RunEventKind};
use flow_model::{ComponentId, Flow};
use flow_store::event;
use serde_json::{Value, json};

/// Makes JSON of events.
pub(super) struct Events {
    flow: Flow,
    trace: bool,
}

impl Events {
    /// For the given flow; with the first records of every stream if `trace`.
    pub(super) fn new(flow: &Flow, trace: bool) -> Self {
        Self { flow: flow.clone(), trace }
    }

    /// The event, if it is told.
    pub(super) fn value(&self, seen: &RunEvent) -> Option<Value> {
        let mut value = self.what(seen)?;
        value["attempt"] = json!(seen.attempt);
        if !seen.iteration.is_empty() {
            value["iteration"] = json!(seen.iteration);
        }
        Some(value)
    }

    fn what(&self, seen: &RunEvent) -> Option<Value> {
        Some(match &seen.what {
            RunEventKind::AttemptStarted { settled, .. } => json!({"event": "attempt-started", "settled": settled}),
            RunEventKind::ComponentStarted { component } => {
                json!({"event": "component-started", "component": component})
            }
            RunEventKind::Progress { component, rows } => {
                json!({"event": "progress", "component": component, "records": rows})
            }
            RunEventKind::Iterations { component, done, of } => {
                json!({"event": "iterations", "component": component, "done": done, "of": of})
            }
            RunEventKind::ComponentFinished { component, outlets, elapsed, note } => json!({
                "event": "component-finished", "component": component, "ms": milliseconds(*elapsed), "note": note,
                "outlets": outlets.iter().map(|outlet| self.outlet(component, outlet)).collect::<Vec<_>>(),
            }),
            RunEventKind::ComponentStopped { component, outlets } => json!({
                "event": "component-stopped", "component": component,
                "outlets": outlets.iter().map(|outlet| self.outlet(component, outlet)).collect::<Vec<_>>(),
            }),
            RunEventKind::ComponentFailed { component, error, handled, elapsed, .. } => json!({
                "event": "component-failed", "component": component, "ms": milliseconds(*elapsed),
                "code": error.code, "message": error.message, "handled": handled,
            }),
            RunEventKind::CheckpointSaved { component, rows } => {
                json!({"event": "checkpoint-saved", "component": component, "records": rows})
            }
            RunEventKind::WaitStarted { component, remaining } => {
                json!({"event": "wait-started", "component": component, "ms": milliseconds(*remaining)})
            }
            // The other entries tell of one of the other events.
            RunEventKind::Logged(entry) if entry.event != event::LOGGED => return None,
            RunEventKind::Logged(entry) => json!({
                "event": "logged", "component": entry.component, "level": entry.level, "message": entry.message,
            }),
            RunEventKind::AttemptEnded { request, error } => {
                json!({"event": "attempt-ended", "state": request.state, "error": error})
            }
        })
    }

    fn outlet(&self, component: &ComponentId, outlet: &OutletStream) -> Value {
        let mut value = json!({"outlet": outlet.outlet, "records": outlet.rows});
        if self.trace {
            let leads = |link: &&flow_model::Link| link.from.component == *component && link.from.port == outlet.outlet;
            let to: Vec<String> = self.flow.links.iter().filter(leads).map(|link| link.to.to_string()).collect();
            value["to"] = json!(to);
            value["first"] = match outlet.stream.first(TRACED).and_then(|first| first.to_json_rows(TRACED)) {
                Ok(rows) => json!(rows),
                Err(error) => json!({ "error": error.to_string() }),
            };
        }
        value
    }
}
