//! Printing: text for people or JSON for programs, never a mixture.

mod table;

pub use table::{colours, records_table, state_cell, table};

use crate::outcome::{Failure, Outcome};
use flow_api::TestResult;
use serde::Serialize;
use std::io::{IsTerminal, Write};

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

    /// What a server found when it tested whether something works, which is the whole answer.
    pub fn tested(self, result: &TestResult) -> Outcome {
        self.answer(result, || match &result.code {
            None => format!("{} ({} ms)", result.message, result.milliseconds),
            Some(code) => format!("{} [{code}]", result.message),
        });
        Outcome::good_if(result.works)
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

/// A number of things, in words: `1 request`, `3 requests`.
pub fn counted(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

fn print_line(text: &str) {
    // A reader that closed the pipe (`cairn … | head`) is no reason to panic.
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
