//! Rows of columns that fit the screen.

use super::Ink;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// A column: its head, and how wide it is. One column of a grid is 0 wide and takes what is left.
pub struct Column(pub &'static str, pub usize);

/// A text in a row, and how it looks.
pub type Cell = (String, Style);

/// A grid of rows under a head.
pub struct Grid {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// The chosen row.
    pub chosen: usize,
    /// Whether the arrow keys move here.
    pub has_keys: bool,
    /// What stands in the place of no rows.
    pub nothing: &'static str,
}

impl Grid {
    /// Draws the grid so that the chosen row is in sight.
    pub fn draw(self, frame: &mut Frame<'_>, area: Rect) {
        let width = usize::from(area.width);
        let taken: usize = self.columns.iter().map(|column| column.1 + 1).sum::<usize>() + 1;
        let rest = width.saturating_sub(taken).max(8);
        let widths: Vec<usize> =
            self.columns.iter().map(|column| if column.1 == 0 { rest } else { column.1 }).collect();
        let style = if self.has_keys { Ink::bold() } else { Ink::dim() };
        let heads = self.columns.iter().map(|column| (column.0.to_owned(), style)).collect();
        let mut lines = vec![line(if self.has_keys { "▸" } else { " " }, &widths, heads)];
        let room = usize::from(area.height).saturating_sub(lines.len());
        let first = (self.chosen + 1).saturating_sub(room);
        if self.rows.is_empty() {
            lines.push(Line::styled(format!(" {}", self.nothing), Ink::dim()));
        }
        for (at, row) in self.rows.into_iter().enumerate().skip(first).take(room) {
            let row = line(" ", &widths, row);
            let is_chosen = self.has_keys && at == self.chosen;
            lines.push(if is_chosen { row.patch_style(Style::new().add_modifier(Modifier::REVERSED)) } else { row });
        }
        frame.render_widget(Paragraph::new(lines), area);
    }
}

fn line(sign: &'static str, widths: &[usize], cells: Vec<Cell>) -> Line<'static> {
    let mut spans = vec![Span::raw(sign)];
    for ((text, style), width) in cells.into_iter().zip(widths) {
        let text = cut(&text, *width);
        let gap = width.saturating_sub(Span::raw(text.as_str()).width()) + 1;
        spans.push(Span::styled(text, style));
        spans.push(Span::raw(" ".repeat(gap)));
    }
    Line::from(spans)
}

/// The text, or its beginning with `…` where it is wider than `width` columns. Line breaks become spaces.
pub fn cut(text: &str, width: usize) -> String {
    let text = text.replace(['\n', '\r', '\t'], " ");
    if Span::raw(text.as_str()).width() <= width {
        return text;
    }
    let mut out = String::new();
    let mut used = 1;
    for letter in text.chars() {
        used += Span::raw(letter.to_string()).width();
        if used > width {
            break;
        }
        out.push(letter);
    }
    out.push('…');
    out
}
