//! Draws the model. 80 columns and 24 lines are enough for all of it; more room shows more rows and more columns.

mod grid;
mod opened;
mod parts;

use super::keys::HELP;
use super::model::{Change, Model, Part};
use crate::commands::server::shown_state;
use crate::output::counted;
use flow_api::{RequestState, Server, ServerState, Time};
use grid::cut;
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

/// The eighths of a line's height, for the curve of the throughput.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The most servers and takeovers that are shown when there is room for more requests.
const FEW: u16 = 6;

/// How things look: with colours or without.
#[derive(Debug, Clone, Copy)]
pub struct Ink {
    /// Whether colours are used. Signs and words stand beside them, so nothing is lost without.
    pub colours: bool,
}

impl Ink {
    fn paint(self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }

    fn dim() -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    fn bold() -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    fn request(self, state: RequestState) -> Style {
        match state {
            RequestState::Running => self.paint(Color::Green),
            RequestState::Error => self.paint(Color::Red).add_modifier(Modifier::BOLD),
            RequestState::Waiting | RequestState::WaitingForRetry => self.paint(Color::Yellow),
            RequestState::Queued | RequestState::Finished | RequestState::Cancelled => Style::new(),
        }
    }

    /// A request that runs and gets nowhere.
    fn stalled(self) -> Style {
        self.paint(Color::Red).add_modifier(Modifier::BOLD)
    }

    fn server(self, server: &Server) -> Style {
        match server.state {
            ServerState::Running if !server.problems.is_empty() => self.paint(Color::Red),
            ServerState::Running => self.paint(Color::Green),
            ServerState::Draining => self.paint(Color::Yellow),
            ServerState::Terminated => self.paint(Color::Red),
        }
    }
}

/// Draws everything, as it is at the time `now`.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ink: Ink, now: Time) {
    let [head, body, foot] =
        Layout::vertical([Constraint::Length(3), Constraint::Min(0), Constraint::Length(1)]).areas(frame.area());
    frame.render_widget(Paragraph::new(heading(model, ink, head.width, now)), head);
    frame.render_widget(Paragraph::new(foot_line(model, ink, foot.width)), foot);
    if model.opening.is_some() {
        opened::draw(frame, body, model, ink);
    } else {
        draw_parts(frame, body, model, ink, now);
    }
    if model.help {
        draw_help(frame);
    }
}

fn draw_parts(frame: &mut Frame<'_>, area: Rect, model: &Model, ink: Ink, now: Time) {
    let rows = |part: Part| u16::try_from(model.count(part)).unwrap_or(u16::MAX);
    // A part takes a line for its head and one to stand apart.
    let share = area.height / 4;
    let servers = rows(Part::Servers).clamp(1, share.clamp(1, FEW)) + 2;
    let takeovers = rows(Part::Takeovers).clamp(1, share.clamp(1, FEW).saturating_sub(1).max(1)) + 1;
    let heights = [Constraint::Length(servers), Constraint::Min(3), Constraint::Length(takeovers)];
    let [servers, requests, takeovers] = Layout::vertical(heights).areas(area);
    parts::servers(frame, servers, model, ink, now);
    parts::requests(frame, requests, model, ink, now);
    parts::takeovers(frame, takeovers, model, ink, now);
}

/// Who answers, and the requests by state.
fn heading(model: &Model, ink: Ink, width: u16, now: Time) -> Vec<Line<'static>> {
    let time = now.0.to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string();
    let Some(picture) = &model.picture else {
        let doing = if model.trouble.is_some() { "no server answers yet" } else { "looking …" };
        return vec![Line::from(vec![Span::styled("Cairn", Ink::bold()), Span::raw(format!("  {doing}"))])];
    };
    let work = picture.servers.iter().filter(|server| server.state == ServerState::Running).count();
    let all = picture.servers.len();
    let servers = format!("  {work} of {} work{}", counted(all as u64, "server"), if all == 1 { "s" } else { "" });
    let style = if work < picture.servers.len() { ink.paint(Color::Yellow) } else { Style::new() };
    let address = format!("  {}", picture.address);
    let held = if model.held { "  HELD" } else { "" };
    let used = 5 + servers.len() + address.len() + held.len() + time.len();
    let gap = " ".repeat(usize::from(width).saturating_sub(used).max(1));
    let title = Line::from(vec![
        Span::styled("Cairn", Ink::bold()),
        Span::styled(servers, style),
        Span::styled(address, Ink::dim()),
        Span::styled(held, Ink::bold()),
        Span::raw(gap),
        Span::raw(time),
    ]);
    let counts = |states: &[RequestState]| -> Vec<Span<'static>> {
        let told = states.iter().flat_map(|state| {
            let count = picture.counts.get(state).copied().unwrap_or_default();
            let style = if count == 0 { Ink::dim() } else { ink.request(*state) };
            [Span::styled(format!("{} {}", state.as_str(), thousands(count)), style), Span::raw("   ")]
        });
        told.collect()
    };
    let under_way =
        counts(&[RequestState::Running, RequestState::Queued, RequestState::Waiting, RequestState::WaitingForRetry]);
    let mut ended = counts(&[RequestState::Finished, RequestState::Error, RequestState::Cancelled]);
    let rate = model.curve.back().map(|rate| format!("{rate:.1}/s ")).unwrap_or_default();
    let so_far: usize = ended.iter().map(Span::width).sum::<usize>() + rate.len();
    let room = usize::from(width).saturating_sub(so_far);
    ended.push(Span::styled(rate, Ink::bold()));
    ended.push(Span::styled(curve(model, room), ink.paint(Color::Cyan)));
    vec![title, Line::from(under_way), Line::from(ended)]
}

/// The throughput of the last looks, as high as the highest of them.
fn curve(model: &Model, room: usize) -> String {
    let highest = model.curve.iter().copied().fold(0.0, f64::max);
    let bar = |rate: &f64| match (rate / highest * 8.0).ceil() {
        height if height >= 1.0 => BARS.get(height as usize - 1).copied().unwrap_or('█'),
        _ => ' ',
    };
    let skipped = model.curve.len().saturating_sub(room);
    model.curve.iter().skip(skipped).map(bar).collect()
}

fn foot_line(model: &Model, ink: Ink, width: u16) -> Line<'static> {
    let (text, style) = if let Some((change, id)) = model.question {
        let what = match change {
            Change::Cancel => "Cancel",
            Change::ReExecute => "Re-execute",
        };
        (format!("{what} request {id}? y n"), Ink::bold())
    } else if let Some(told) = &model.told {
        (told.clone(), Ink::bold())
    } else if let Some(trouble) = &model.trouble {
        (trouble.clone(), ink.paint(Color::Red).add_modifier(Modifier::BOLD))
    } else if model.opening.is_some() {
        ("Esc back  c cancel  r re-execute  ? help  q quit".to_owned(), Ink::dim())
    } else {
        ("↑↓ choose  ←→ list  Enter open  c cancel  r re-execute  Tab part  ? help  q quit".to_owned(), Ink::dim())
    };
    Line::styled(cut(&text, usize::from(width)), style)
}

fn draw_help(frame: &mut Frame<'_>) {
    let lines: Vec<Line<'_>> = HELP.iter().map(|(keys, what)| Line::raw(format!(" {keys:<13} {what}"))).collect();
    let area = frame.area();
    let (width, height) = (area.width.min(70), area.height.min(HELP.len() as u16 + 2));
    let middle = Rect { x: (area.width - width) / 2, y: (area.height - height) / 2, width, height };
    frame.render_widget(Clear, middle);
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" Keys ")), middle);
}

/// The sign and the word of a server's state.
fn server_sign(server: &Server) -> String {
    let sign = match server.state {
        ServerState::Running if !server.problems.is_empty() => '▲',
        ServerState::Running => '●',
        ServerState::Draining => '◐',
        ServerState::Terminated => '✕',
    };
    format!("{sign} {}", shown_state(server))
}

/// A number with its thousands apart: `1 204`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests;
