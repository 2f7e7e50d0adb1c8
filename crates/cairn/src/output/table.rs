//! Tables for people: columns without borders. At a terminal every record has one line, long texts are cut, and states
//! have colours; in a file or a pipe nothing is cut and there are no colours.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Row, Table};

/// The narrowest terminal, in columns, that tables are fitted to. Some do not know their width and say 0.
const NARROWEST: u16 = 40;

/// A table of what Cairn knows. Columns in which every text is a number are aligned to the right.
pub fn table<const N: usize, C: Into<Cell>>(head: [&str; N], rows: impl IntoIterator<Item = [C; N]>) -> String {
    let head = head.map(str::to_uppercase).to_vec();
    text(head, rows.into_iter().map(|row| row.map(Into::into).to_vec()).collect())
}

/// A table of a user's own records, with the names of their fields.
pub fn records_table(fields: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    text(fields.to_vec(), rows.into_iter().map(|row| row.into_iter().map(Cell::new).collect()).collect())
}

fn text(head: Vec<String>, rows: Vec<Vec<Cell>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_truncation_indicator("…");
    let fits = table.is_tty() && table.width().is_none_or(|width| width >= NARROWEST);
    table.set_content_arrangement(if fits { ContentArrangement::Dynamic } else { ContentArrangement::Disabled });
    if !colours() {
        let width = table.width();
        table.force_no_tty();
        if let Some(width) = width {
            table.set_width(width);
        }
    }
    let is_numeric = |at: usize| rows.iter().all(|row| row.get(at).is_none_or(|cell| is_number(&cell.content())));
    let numeric: Vec<bool> = (0..head.len()).map(is_numeric).collect();
    table.set_header(head.into_iter().map(|name| Cell::new(name).add_attribute(Attribute::Dim)));
    for row in rows {
        let mut row = Row::from(row);
        if fits {
            row.max_height(1);
        }
        table.add_row(row);
    }
    for (column, numeric) in table.column_iter_mut().zip(numeric) {
        column.set_padding((0, 2));
        if numeric {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A state as a cell: what needs attention and what goes well have colours beside their words.
pub fn state_cell(state: &str) -> Cell {
    let cell = Cell::new(state);
    match state {
        "Running" => cell.fg(Color::Green),
        "Error" | "Running (stalled)" | "Terminated" | "Not ready" => cell.fg(Color::Red),
        "Waiting" | "WaitingForRetry" | "Draining" | "Maintenance" => cell.fg(Color::Yellow),
        _ => cell,
    }
}

/// Whether the user wants colours (no-color.org). Where there is no terminal the library uses none anyway.
pub fn colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn is_number(text: &str) -> bool {
    text.is_empty() || text.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, '.' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_numbers_stand_at_the_right() {
        let rows = [["7", "Running", "a long name that a pipe gets whole"], ["1200", "Error", ""]];
        let text = table(["id", "state", "flow"], rows);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines, ["  ID  STATE    FLOW", "   7  Running  a long name that a pipe gets whole", "1200  Error",]);
    }
}
