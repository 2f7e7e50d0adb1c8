//! Requests as text for people.

use crate::output::table;
use flow_api::{Attempt, LogEntry, Request, RequestDetail, Requests, SavedPoint, Time};

/// One request on one line.
pub fn request_line(request: &Request) -> String {
    let mut line = format!("request {} {}/{} {}", request.id, request.project, request.flow, request.state.as_str());
    if let Some(owner) = &request.owner {
        line.push_str(&format!(", owner {}", owner.name));
    }
    if let Some(error) = &request.error {
        line.push_str(&format!(": {} [{}]", error.message, error.code));
    }
    line
}

/// Requests as a table.
pub fn list_text(listed: &Requests) -> String {
    if listed.requests.is_empty() {
        return "no requests".to_owned();
    }
    let rows = listed.requests.iter().map(|request| {
        [
            request.id.to_string(),
            request.state.as_str().to_owned(),
            format!("{}/{}", request.project, request.flow),
            request.owner.as_ref().map(|owner| owner.name.clone()).unwrap_or_default(),
            request.attempt.to_string(),
            request.checkpoint.clone().unwrap_or_default(),
            clock(request.updated),
        ]
    });
    let mut text = table(["id", "state", "flow", "owner", "attempt", "checkpoint", "updated"], rows);
    if let Some(next) = listed.next {
        text.push_str(&format!("\nmore: --before {next}"));
    }
    text
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

/// One line of a log.
pub fn log_line(entry: &LogEntry) -> String {
    let place = entry.component.as_deref().unwrap_or("-");
    format!("{} {} #{} {place} {}: {}", clock(entry.at), entry.server, entry.attempt, entry.event, entry.message)
}

fn attempts(attempts: &[Attempt]) -> String {
    let rows = attempts.iter().map(|attempt| {
        [
            attempt.attempt.to_string(),
            attempt.owner.name.clone(),
            clock(attempt.started),
            attempt.ended.map(clock).unwrap_or_default(),
            attempt.end.map_or_else(|| "running".to_owned(), |end| format!("{end:?}")),
        ]
    });
    table(["attempt", "owner", "started", "ended", "end"], rows)
}

fn saved_points(points: &[SavedPoint]) -> String {
    let rows = points.iter().map(|point| {
        [
            point.number.to_string(),
            format!("{:?}", point.kind),
            point.component.clone(),
            point.attempt.to_string(),
            point.rows.to_string(),
            point.bytes.to_string(),
        ]
    });
    table(["saved point", "kind", "component", "attempt", "records", "bytes"], rows)
}

fn clock(time: Time) -> String {
    time.0.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}
