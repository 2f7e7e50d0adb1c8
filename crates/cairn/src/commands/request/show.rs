//! Requests as text for people.

use crate::moment::{clock, lasting};
use crate::output::{state_cell, table};
use comfy_table::Cell;
use flow_api::{Attempt, Request, RequestDetail, SavedPoint};

/// One request on one line.
pub fn request_line(request: &Request) -> String {
    let mut line = format!("request {} {}/{} {}", request.id, request.project, request.flow, request.state.as_str());
    if let Some(owner) = &request.owner {
        line.push_str(&format!(", owner {}", owner.name));
    }
    if request.priority != 0 {
        line.push_str(&format!(", priority {}", request.priority));
    }
    if let Some(since) = request.stalled {
        line.push_str(&format!(", stalled: no progress since {}", clock(since)));
    }
    if let Some(error) = &request.error {
        line.push_str(&format!(": {} [{}]", error.message, error.code));
    }
    if let Some(reason) = &request.waits_for {
        line.push_str(&format!(", waits: {reason}"));
    }
    line
}

/// Requests as a table.
pub fn list_text(requests: &[Request]) -> String {
    if requests.is_empty() {
        return "no requests".to_owned();
    }
    let rows = requests.iter().map(|request| {
        [
            Cell::new(request.id),
            match request.stalled {
                Some(_) => state_cell("Running (stalled)"),
                None => state_cell(request.state.as_str()),
            },
            Cell::new(format!("{}/{}", request.project, request.flow)),
            Cell::new(request.owner.as_ref().map(|owner| owner.name.as_str()).unwrap_or_default()),
            Cell::new(request.priority),
            Cell::new(request.attempt),
            Cell::new(request.checkpoint.as_deref().unwrap_or_default()),
            Cell::new(request.error.as_ref().map(|error| error.code.as_str()).unwrap_or_default()),
            Cell::new(clock(request.updated)),
        ]
    });
    table(["id", "state", "flow", "owner", "priority", "attempt", "checkpoint", "error", "updated"], rows)
}

/// One request with all there is to see.
pub fn detail_text(detail: &RequestDetail) -> String {
    let request = &detail.request;
    let mut text = request_line(request);
    text.push_str(&format!(
        "\nversion {}, started by {}, created {}",
        request.version,
        request.requested_by,
        clock(request.created)
    ));
    if !detail.inputs.is_empty() {
        text.push_str(&format!("\ninputs {}", serde_json::Value::from(detail.inputs.clone())));
    }
    if let Some(reply) = &request.reply {
        text.push_str(&format!("\nreply {reply}"));
    }
    text.push_str(&format!("\n\n{}", attempts(&detail.attempts)));
    if !detail.saved_points.is_empty() {
        text.push_str(&format!("\n\n{}", saved_points(&detail.saved_points)));
    }
    text
}

fn attempts(attempts: &[Attempt]) -> String {
    let rows = attempts.iter().map(|attempt| {
        let took = attempt.ended.map(|ended| lasting(ended.as_millisecond() - attempt.started.as_millisecond()));
        let error = attempt.error.as_ref().map(|error| match &error.component {
            Some(component) => format!("{component}: {} [{}]", error.message, error.code),
            None => format!("{} [{}]", error.message, error.code),
        });
        [
            attempt.attempt.to_string(),
            attempt.owner.name.clone(),
            clock(attempt.started),
            took.unwrap_or_default(),
            attempt.end.map_or_else(|| "running".to_owned(), |end| format!("{end:?}")),
            attempt
                .version
                .as_deref()
                .map(|version| version.get(..7).unwrap_or(version))
                .unwrap_or_default()
                .to_owned(),
            error.unwrap_or_default(),
        ]
    });
    table(["attempt", "owner", "started", "took", "end", "other version", "error"], rows)
}

fn saved_points(points: &[SavedPoint]) -> String {
    let rows = points.iter().map(|point| {
        let place = match point.iteration.as_str() {
            "" => point.component.clone(),
            iteration => format!("{iteration}/{}", point.component),
        };
        [
            point.number.to_string(),
            format!("{:?}", point.kind),
            point.name.clone(),
            place,
            point.attempt.to_string(),
            point.rows.to_string(),
            point.bytes.to_string(),
        ]
    });
    table(["saved point", "kind", "name", "component", "attempt", "records", "bytes"], rows)
}
