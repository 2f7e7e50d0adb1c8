//! One request.

use super::Ink;
use super::grid::cut;
use crate::commands::top::model::{Model, Opened};
use crate::moment::{clock, lasting};
use crate::output::counted;
use flow_api::{Attempt, LogEntry, RequestDetail, SavedPoint};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

/// The most attempts that are shown.
const ATTEMPTS: usize = 5;
/// The most saved points that are shown.
const POINTS: usize = 5;

/// The request that is opened.
pub fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, ink: Ink) {
    let width = usize::from(area.width);
    let mut lines = match &model.opened {
        None => vec![Line::raw(format!("request {} …", model.opening.unwrap_or_default()))],
        Some(opened) => facts(opened, width, ink),
    };
    if let Some(opened) = &model.opened {
        lines.push(heading("LOG"));
        let room = usize::from(area.height).saturating_sub(lines.len());
        let skipped = opened.log.len().saturating_sub(room);
        lines.extend(opened.log.iter().skip(skipped).map(|entry| log_line(entry, width, ink)));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn facts(opened: &Opened, width: usize, ink: Ink) -> Vec<Line<'static>> {
    let RequestDetail { request, inputs, attempts, saved_points, .. } = &opened.detail;
    let owner = request.owner.as_ref().map(|owner| format!(", owner {}", owner.name)).unwrap_or_default();
    let head = format!("request {} {}/{} {}{owner}", request.id, request.project, request.flow, request.state.as_str());
    let mut lines = vec![Line::styled(cut(&head, width), ink.request(request.state).add_modifier(Modifier::BOLD))];
    let mut fact = |text: String, style: Style| lines.push(Line::styled(cut(&text, width), style));
    fact(format!("made {} by {}", clock(request.created), request.requested_by), Style::new());
    if let Some(since) = request.stalled {
        let way_out = format!("cairn request take-over {}", request.id);
        fact(format!("stalled since {}: {way_out}", clock(since)), ink.stalled());
    }
    if !inputs.is_empty() {
        fact(format!("inputs {}", serde_json::Value::from(inputs.clone())), Style::new());
    }
    if let Some(error) = &request.error {
        let place = error.component.as_ref().map(|component| format!(" at {component}")).unwrap_or_default();
        fact(format!("{} [{}]{place}", error.message, error.code), ink.paint(Color::Red));
    }
    if let Some(reply) = &request.reply {
        fact(format!("reply {reply}"), Style::new());
    }
    lines.push(heading("ATTEMPTS"));
    let skipped = attempts.len().saturating_sub(ATTEMPTS);
    lines.extend(attempts.iter().skip(skipped).map(|attempt| Line::raw(cut(&attempt_text(attempt), width))));
    if !saved_points.is_empty() {
        lines.push(heading("SAVED POINTS"));
        let skipped = saved_points.len().saturating_sub(POINTS);
        lines.extend(saved_points.iter().skip(skipped).map(|point| Line::raw(cut(&point_text(point), width))));
    }
    lines
}

fn heading(text: &'static str) -> Line<'static> {
    Line::styled(text, Ink::dim())
}

fn attempt_text(attempt: &Attempt) -> String {
    let took = attempt.ended.map(|ended| lasting(ended.as_millisecond() - attempt.started.as_millisecond()));
    let end = match (attempt.end, took) {
        (Some(end), Some(took)) => format!("{end:?} after {took}"),
        _ => "running".to_owned(),
    };
    let error = attempt.error.as_ref().map(|error| format!(": {}", error.message)).unwrap_or_default();
    format!(" #{} {} {} {end}{error}", attempt.attempt, clock(attempt.started), attempt.owner.name)
}

fn point_text(point: &SavedPoint) -> String {
    let within = if point.iteration.is_empty() { String::new() } else { format!(" in {}", point.iteration) };
    format!(" {} {:?} {}{within}, {}", point.number, point.kind, point.name, counted(point.rows, "record"))
}

fn log_line(entry: &LogEntry, width: usize, ink: Ink) -> Line<'static> {
    let time = clock(entry.at);
    let time = time.split_once(' ').map_or(time.as_str(), |(_, time)| time);
    let text = format!(" {time} {} #{} {}", entry.server, entry.attempt, entry.message);
    let style = match entry.level.as_str() {
        "error" => ink.paint(Color::Red),
        "warning" => ink.paint(Color::Yellow),
        _ => Style::new(),
    };
    Line::styled(cut(&text, width), style)
}
