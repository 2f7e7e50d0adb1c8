//! Printing: text for people or JSON for programs, never a mixture.

use crate::outcome::Failure;
use comfy_table::{ContentArrangement, Table, presets::NOTHING};
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// The narrowest terminal, in columns, that tables are fitted to.
const NARROWEST: u16 = 40;

/// Knows for whom to print.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// For programs if `json`, else for people.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads the output.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Whether a person sits at the other end and can be asked.
    pub fn is_terminal(self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// The answer of a command: `value` for programs, else what `text` makes.
    pub fn answer<T: Serialize + ?Sized>(self, value: &T, text: impl FnOnce() -> String) {
        if self.json {
            self.value(value);
        } else {
            print_line(text().trim_end());
        }
    }

    /// A JSON document that is the answer for people and programs alike: indented for people.
    pub fn document(self, value: &serde_json::Value) {
        if self.json {
            self.value(value);
        } else {
            print_line(&format!("{value:#}"));
        }
    }

    /// A text that is the answer as it is, such as the content of a file.
    pub fn text(self, text: &str) {
        print_line(text.trim_end_matches('\n'));
    }

    /// A remark beside the answer, for people; goes where errors go.
    pub fn remark(self, text: &str) {
        if !self.json {
            // Nothing is left to be done if not even this can be written.
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// A line for people only.
    pub fn line(self, text: impl AsRef<str>) {
        if !self.json {
            print_line(text.as_ref());
        }
    }

    /// A JSON value on a line of its own, for programs only.
    pub fn value<T: Serialize + ?Sized>(self, value: &T) {
        if self.json
            && let Ok(text) = serde_json::to_string(value)
        {
            print_line(&text);
        }
    }

    /// Why a command could not do its work; goes where errors go.
    pub fn failure(self, failure: &Failure) {
        let line =
            if self.json { serde_json::json!({ "error": failure }).to_string() } else { format!("error: {failure}") };
        // Nothing is left to be done if not even this can be written.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

/// A plain table without borders, for people.
pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    // Some terminals do not know their width and say 0: long lines are better than one letter a line.
    if table.width().is_some_and(|width| width < NARROWEST) {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table.set_header(head.map(str::to_uppercase));
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn print_line(text: &str) {
    // A reader that closed the pipe (`cairn … | head`) is no reason to panic.
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
