//! The parts of the overview.

use super::grid::{Cell, Column, Grid};
use super::{Ink, server_sign};
use crate::commands::server::versions;
use crate::commands::top::model::{Model, Part};
use crate::commands::top::picture::{Listed, Picture};
use crate::moment::lasting;
use flow_api::{Request, Server, ServerState, Time};
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

/// From this width on there is room for more columns.
const WIDE: u16 = 110;

/// The servers.
pub fn servers(frame: &mut Frame<'_>, area: Rect, model: &Model, ink: Ink, now: Time) {
    let mut columns = vec![
        Column("SERVER", 0),
        Column("STATE", 13),
        Column("ADDRESS", 22),
        Column("EPOCH", 5),
        Column("SINCE", 12),
        Column("RUNNING", 7),
    ];
    let is_wide = area.width >= WIDE;
    if is_wide {
        columns.extend([Column("MEMORY", 8), Column("PROJECTS", 36)]);
    }
    let all = model.picture.iter().flat_map(|picture| &picture.servers);
    let rows = all.map(|server| {
        let mut row = server_row(server, ink, now);
        if is_wide {
            let memory = server.memory.map(|bytes| format!("{} MiB", bytes >> 20)).unwrap_or_default();
            let drift = if server.drift.is_empty() { Style::new() } else { ink.paint(Color::Yellow) };
            row.extend([(memory, Style::new()), (versions(server), drift)]);
        }
        row
    });
    let rows = rows.collect();
    grid(model, Part::Servers, columns, rows, "no servers").draw(frame, area_above_gap(area));
}

fn server_row(server: &Server, ink: Ink, now: Time) -> Vec<Cell> {
    let name = if server.this_server { format!("{} *", server.name) } else { server.name.clone() };
    let gone = server.terminated.filter(|_| server.state == ServerState::Terminated);
    let since = match gone {
        Some(at) => format!("{} ago", between(at, now)),
        None => between(server.started, now),
    };
    let plain = Style::new();
    vec![
        (name, plain),
        (server_sign(server), ink.server(server)),
        (server.address.clone(), plain),
        (server.epoch.to_string(), plain),
        (since, plain),
        (server.requests_running.to_string(), plain),
    ]
}

/// The requests.
pub fn requests(frame: &mut Frame<'_>, area: Rect, model: &Model, ink: Ink, now: Time) {
    let failed = model.listed == Listed::Failed;
    let (title, what) = match model.listed {
        Listed::UnderWay => ("FLOW, under way", "CHECKPOINT"),
        Listed::Waiting => ("FLOW, waiting", "CHECKPOINT"),
        Listed::Failed => ("FLOW, failed", "ERROR"),
        Listed::All => ("FLOW, all", "CHECKPOINT"),
    };
    let wide = if area.width >= WIDE { 30 } else { 12 };
    let columns = vec![
        Column("REQUEST", 7),
        Column("STATE", 15),
        Column(title, 0),
        Column("OWNER", 7),
        Column("TRY", 3),
        Column(what, wide),
        Column("AGE", 11),
    ];
    let all = model.picture.iter().flat_map(|picture| &picture.requests);
    let rows = all.map(|request| request_row(request, failed, ink, now)).collect();
    let nothing = match model.listed {
        Listed::UnderWay => "nothing is under way",
        Listed::Waiting => "nothing waits",
        Listed::Failed => "nothing failed",
        Listed::All => "no requests",
    };
    grid(model, Part::Requests, columns, rows, nothing).draw(frame, area_above_gap(area));
}

fn request_row(request: &Request, failed: bool, ink: Ink, now: Time) -> Vec<Cell> {
    let plain = Style::new();
    let error = request.error.as_ref().map(|error| format!("{} {}", error.code, error.message));
    let what = if failed { error } else { request.checkpoint.clone() };
    vec![
        (request.id.to_string(), plain),
        match request.stalled {
            Some(_) => ("Stalled".to_owned(), ink.stalled()),
            None => (request.state.as_str().to_owned(), ink.request(request.state)),
        },
        (format!("{}/{}", request.project, request.flow), plain),
        (request.owner.as_ref().map(|owner| owner.name.clone()).unwrap_or_default(), plain),
        (request.attempt.to_string(), plain),
        (what.unwrap_or_default(), plain),
        (between(request.created, request.ended.unwrap_or(now)), plain),
    ]
}

/// The takeovers.
pub fn takeovers(frame: &mut Frame<'_>, area: Rect, model: &Model, ink: Ink, now: Time) {
    let columns = vec![Column("TAKEOVER", 10), Column("LOST", 16), Column("SURVIVOR", 16), Column("REQUESTS", 0)];
    let row = |picture: &Picture| -> Vec<Vec<Cell>> {
        let all = picture.takeovers.iter().map(|takeover| {
            let time = takeover.at.0.to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string();
            let requests = takeover.requests.map(|count| format!("{count}, ")).unwrap_or_default();
            let plain = Style::new();
            vec![
                (time, plain),
                (takeover.lost.clone(), ink.paint(Color::Red)),
                (format!("→ {}", takeover.survivor), ink.paint(Color::Green)),
                (format!("{requests}{} ago", between(takeover.at, now)), plain),
            ]
        });
        all.collect()
    };
    let rows = model.picture.as_ref().map(row).unwrap_or_default();
    grid(model, Part::Takeovers, columns, rows, "none seen").draw(frame, area);
}

fn grid(model: &Model, part: Part, columns: Vec<Column>, rows: Vec<Vec<Cell>>, nothing: &'static str) -> Grid {
    let chosen = match part {
        Part::Servers => model.rows.servers,
        Part::Requests => model.rows.requests,
        Part::Takeovers => model.rows.takeovers,
    };
    Grid { columns, rows, chosen, has_keys: model.part == part, nothing }
}

/// The area without its last line, so that what comes below stands apart.
fn area_above_gap(area: Rect) -> Rect {
    Rect { height: area.height.saturating_sub(1), ..area }
}

fn between(from: Time, to: Time) -> String {
    lasting(to.as_millisecond() - from.as_millisecond())
}
